import { LIVE_SLOTS, type LiveSlot, type Screen } from "./screen.ts";
import { wrap } from "./text-layout.ts";

/** The line being typed, as far as painting around it needs to know. */
export interface PromptLine {
  /** Rows between the first row of the prompt and the cursor. */
  cursorRow(): number;
  /** Draws prompt and typed text, from the cursor on. */
  redraw(): void;
}

interface LiveScreen extends Screen {
  /** Draws the foot anew around a change of the prompt or of what is typed. */
  changePrompt(change: () => void): void;
  /** Takes back the line that was typed and sent, `rows` high; who handles it prints it where it belongs. */
  takeBack(rows: number): void;
  /** Erases the prompt and, from now on, draws none. */
  withoutPrompt(): void;
}

/**
 * A screen with a foot that is erased and drawn again below whatever is
 * printed: the unfinished row of a streaming reply, status lines, and the
 * prompt. So a card never lands inside a row of the reply, and what a person is
 * typing stays whole.
 */
export function createLiveScreen(options: {
  readonly write: (text: string) => void;
  /** Width of the terminal in columns. */
  readonly columns: () => number;
  readonly prompt: PromptLine;
}): LiveScreen {
  const { write, columns, prompt } = options;
  const slots = new Map<LiveSlot, readonly string[]>();
  let tail = "";
  let rowsAbove = 0;
  let prompted = true;

  const cursorRow = (): number => (prompted ? prompt.cursorRow() : 0);

  /** `down`: rows from the prompt's first row to the cursor. */
  const paint = (finished: readonly string[], down = cursorRow()): void => {
    const up = down + rowsAbove;
    const foot = [...(tail === "" ? [] : [tail]), ...LIVE_SLOTS.flatMap((slot) => slots.get(slot) ?? [])];
    const lines = [...finished, ...foot].map((line) => `${line}\n`).join("");
    write(`${up > 0 ? `\x1b[${up}A` : ""}\r\x1b[J${lines}`);
    rowsAbove = foot.length;
    if (prompted) prompt.redraw();
  };

  return {
    changePrompt(change) {
      const down = cursorRow();
      change();
      paint([], down);
    },
    print: (text) => paint(text.split("\n")),
    stream(text) {
      const rows = wrap(tail + text, columns() - 1);
      tail = rows.pop() ?? "";
      paint(rows);
    },
    endStream() {
      if (tail === "") return;
      const last = tail;
      tail = "";
      paint([last]);
    },
    live(slot, lines) {
      if (lines.length === 0 && !slots.has(slot)) return;
      if (lines.length === 0) slots.delete(slot);
      else slots.set(slot, lines);
      paint([]);
    },
    takeBack: (rows) => paint([], rows),
    withoutPrompt() {
      const down = cursorRow();
      prompted = false;
      paint([], down);
    },
  };
}

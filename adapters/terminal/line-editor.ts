import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { MAX_HISTORY, readHistory, writeHistory } from "./history-file.ts";
import type { PromptLine } from "./live-screen.ts";
import { rowsOf } from "./text-layout.ts";

interface LineEditor extends PromptLine {
  setPrompt(prompt: string): void;
  /** What is typed and not sent yet. */
  typed(): string;
  /** Throws away what is typed. */
  clear(): void;
  close(): void;
}

/** Editing of one line on a real terminal: keys, history and completion by Node's readline. */
export function createLineEditor(options: {
  readonly input: Readable;
  readonly output: Writable;
  /** Width of the terminal in columns. */
  readonly columns: () => number;
  readonly historyFile?: string | undefined;
  /** False for a line that history should not keep, such as an answer. */
  readonly remembers: (line: string) => boolean;
  /** Replacements for the last word of what stands before the cursor, and that word. */
  readonly complete: (line: string) => [string[], string];
  /** A line was sent; it takes `rows` rows, and the cursor is below them. */
  readonly onLine: (line: string, rows: number) => void;
  readonly onInterrupt: () => void;
  /** Ctrl-D, or the terminal is gone. */
  readonly onEnd: () => void;
}): LineEditor {
  const { input, output, historyFile } = options;
  let open = true;
  const editor = createInterface({
    input,
    output,
    terminal: true,
    history: historyFile === undefined ? [] : readHistory(historyFile),
    historySize: MAX_HISTORY,
    removeHistoryDuplicates: true,
    completer: (line: string): [string[], string] => options.complete(line),
  });
  // Readline counts the rows down to the cursor, but not while a paste comes in (Node 24), and it cannot know what
  // was erased around it. The count has no documented name; a wrong one misplaces lines longer than a row.
  const setRow = (prevRows: number): void => {
    Object.assign(editor, { prevRows });
  };
  const onKey = (): void => {
    if (open) setRow(editor.getCursorPos().rows);
  };
  input.on("keypress", onKey);
  editor.on("line", (line) => options.onLine(line, rowsOf(editor.getPrompt() + line, options.columns())));
  editor.on("history", (lines: string[]) => {
    if (!options.remembers(lines[0] ?? "")) lines.shift();
    else if (historyFile !== undefined) writeHistory(historyFile, lines);
  });
  editor.on("SIGINT", options.onInterrupt);
  let ending = false;
  // A terminal that is gone fails once more where it is given back.
  editor.on("error", () => {
    if (ending) return;
    ending = true;
    editor.close();
  });
  editor.on("close", () => {
    open = false;
    input.off("keypress", onKey);
    options.onEnd();
  });
  return {
    cursorRow: () => editor.getCursorPos().rows,
    redraw() {
      if (!open) return;
      setRow(0);
      editor.prompt(true);
    },
    setPrompt: (prompt) => editor.setPrompt(prompt),
    typed: () => editor.line,
    clear() {
      editor.write(null, { ctrl: true, name: "e" });
      editor.write(null, { ctrl: true, name: "u" });
    },
    close: () => editor.close(),
  };
}

/** Lines at the foot of the screen, by what they tell of, in the order in which they stand there. */
export const LIVE_SLOTS = ["reply", "running", "command", "waiting"] as const;
export type LiveSlot = (typeof LIVE_SLOTS)[number];

/** Where everything is printed. Texts are already harmless and laid out. */
export interface Screen {
  /** Prints whole lines, never into the middle of another one. */
  print(text: string): void;
  /** Continues the agent's reply. */
  stream(text: string): void;
  /** Ends the reply's last line. */
  endStream(): void;
  /** Replaces lines that only matter now; nothing is shown where lines cannot be erased again. */
  live(slot: LiveSlot, lines: readonly string[]): void;
}

/** A screen of which nothing is ever erased: a pipe, a file, a dumb terminal. */
export function createPlainScreen(write: (text: string) => void): Screen {
  let midLine = false;
  let held = "";
  const flush = (): void => {
    if (held !== "") write(held);
    held = "";
  };
  return {
    print(text) {
      held += `${text}\n`;
      if (!midLine) flush();
    },
    stream(text) {
      const lineEnd = text.lastIndexOf("\n") + 1;
      if (lineEnd > 0) {
        write(text.slice(0, lineEnd));
        flush();
        midLine = false;
      }
      if (lineEnd === text.length) return;
      write(text.slice(lineEnd));
      midLine = true;
    },
    endStream() {
      if (midLine) write("\n");
      midLine = false;
      flush();
    },
    live: () => undefined,
  };
}

import type { Runtime } from "./runtime.ts";

/** Shows that something slow goes on: a line that is rewritten on a terminal, two plain lines elsewhere. */
export interface Progress {
  update(text: string): void;
  /** Replaces the display by a last line. */
  end(text: string): void;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;

export function createProgress(label: string, { stdout, clock }: Pick<Runtime, "stdout" | "clock">): Progress {
  const started = clock();
  let text = "";
  let frame = 0;
  if (stdout.isTTY !== true) {
    stdout.write(`${label} …\n`);
    return { update: () => undefined, end: (last) => void stdout.write(`${last}\n`) };
  }
  const draw = (): void => {
    frame = (frame + 1) % FRAMES.length;
    const seconds = Math.round((clock() - started) / 1_000);
    const line = `${FRAMES[frame]} ${label} … ${seconds} s${text === "" ? "" : `  ${text}`}`;
    stdout.write(`\r\u001B[2K${line.slice(0, (stdout.columns || 80) - 1)}`);
  };
  const timer = setInterval(draw, FRAME_MS);
  draw();
  return {
    update(next) {
      text = next;
    },
    end(last) {
      clearInterval(timer);
      stdout.write(`\r\u001B[2K${last}\n`);
    },
  };
}

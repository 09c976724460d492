import type { Steps } from "../models-setup/set-up-model.ts";
import { createProgress } from "./progress.ts";
import type { Runtime } from "./runtime.ts";

export interface SetupProgress extends Required<Steps> {
  end(): void;
}

/** Plain lines come at every tenth of a download. */
const PART = 10;

/** How far a set-up is: a line that is rewritten on a terminal, a few plain lines elsewhere, nothing for a script. */
export function setupProgress(runtime: Pick<Runtime, "stdout" | "clock">, quiet: boolean): SetupProgress {
  if (quiet) return { onPull: () => undefined, onStep: () => undefined, end: () => undefined };
  const { stdout } = runtime;
  if (stdout.isTTY !== true) {
    let last = "";
    const furthest = new Map<string, number>();
    const say = (line: string): void => {
      if (line !== last) stdout.write(`${line}\n`);
      last = line;
    };
    return {
      onPull: (name, { step, doneBytes, totalBytes }) => {
        const share = percent(doneBytes, totalBytes);
        if (share === undefined) return say(`${name}: ${step}`);
        const part = Math.floor(share / PART) * PART;
        // A small part that comes to light late would take it back.
        if (part <= (furthest.get(name) ?? -1)) return;
        furthest.set(name, part);
        say(`${name}: ${part} % of ${gigabytes(totalBytes)}`);
      },
      onStep: (name, step) => say(`${name}: ${step}`),
      end: () => undefined,
    };
  }
  const progress = createProgress("Setting up", runtime);
  return {
    onPull: (name, { step, doneBytes, totalBytes }) => {
      const share = percent(doneBytes, totalBytes);
      const word = share === undefined ? step : `${share} % of ${gigabytes(totalBytes)}`;
      progress.update(`${name}: ${word}`);
    },
    onStep: (name, step) => progress.update(`${name}: ${step}`),
    end: () => progress.end("Tried."),
  };
}

const percent = (done: number | undefined, total: number | undefined): number | undefined =>
  done === undefined || total === undefined || total === 0 ? undefined : Math.floor((100 * done) / total);

const gigabytes = (bytes = 0): string => `${(bytes / 1e9).toFixed(1)} GB`;

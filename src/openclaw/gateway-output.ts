import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { hideSecrets } from "../logger.ts";

/** How far a start has come, in the order in which OpenClaw says these lines. */
const PHASES: readonly (readonly [said: RegExp, phase: string])[] = [
  [/loading configuration/, "reading its configuration"],
  [/resolving authentication/, "setting up its token"],
  [/\bstarting\.\.\./, "preparing its state"],
  [/spawn broker ready/, "loading its plugins"],
  [/starting HTTP server/, "opening its port"],
  [/http server listening/, "starting its services"],
  [/starting channels and sidecars/, "almost there"],
];

const LINES_KEPT = 12;

export interface GatewayOutput {
  /** Takes in a stream of the gateway's output, to its end. */
  read(stream: Readable): void;
  /** The last lines, without colours and secrets. */
  lastLines(): readonly string[];
  close(): void;
}

/** Appends what a gateway prints to `logFile` (0600, secrets hidden) and tells the phases of its start. */
export function createGatewayOutput(options: {
  readonly logFile: string;
  readonly secrets: readonly string[];
  readonly onPhase: (phase: string) => void;
}): GatewayOutput {
  const log = createWriteStream(options.logFile, { flags: "a", mode: 0o600 });
  // The folder may be removed while the last lines are still coming.
  log.on("error", () => undefined);
  const kept: string[] = [];

  const take = (raw: string): void => {
    const line = hideSecrets(stripVTControlCharacters(raw).trimEnd(), options.secrets);
    if (line === "") return;
    log.write(`${line}\n`);
    kept.push(line);
    if (kept.length > LINES_KEPT) kept.shift();
    const phase = PHASES.find(([said]) => said.test(line))?.[1];
    if (phase !== undefined) options.onPhase(phase);
  };

  return {
    read(stream) {
      let rest = "";
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) take(line);
      });
      stream.once("end", () => take(rest));
    },
    lastLines: () => [...kept],
    close: () => log.end(),
  };
}

import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { continues, joinLines } from "./typed-line.ts";
import { untilAborted } from "./until-aborted.ts";

/**
 * The lines of a pipe or a file, as they are asked for; a line that goes on in
 * the next is given with it. Blank lines are left out. Ends with the input,
 * with `stop`, or when the input breaks.
 */
export async function* readLines(input: Readable, stop: AbortSignal): AsyncGenerator<string, void> {
  const begun: string[] = [];
  for await (const line of rawLines(input, stop)) {
    begun.push(line);
    if (continues(line)) continue;
    const whole = joinLines(begun.splice(0));
    if (whole.trim() !== "") yield whole;
  }
  const rest = joinLines(begun);
  if (rest.trim() !== "") yield rest;
}

async function* rawLines(input: Readable, stop: AbortSignal): AsyncGenerator<string, void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  try {
    for await (const chunk of untilAborted<string | Buffer>(input, stop)) {
      const lines = (rest + (typeof chunk === "string" ? chunk : decoder.write(chunk))).split(/\r?\n/);
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } catch {
    // An input that breaks has ended, as far as a conversation is concerned.
  } finally {
    // Otherwise a read that is under way would keep the process alive.
    if (stop.aborted) input.destroy();
  }
  if (rest !== "" && !stop.aborted) yield rest;
}

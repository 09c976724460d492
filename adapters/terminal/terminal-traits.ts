import type { Readable, Writable } from "node:stream";
import { WriteStream } from "node:tty";

/** What a pair of streams can do. */
interface TerminalTraits {
  /** Keys arrive one by one and lines can be erased. */
  readonly interactive: boolean;
  readonly colour: boolean;
  readonly ascii: boolean;
}

/** Reads the traits off the streams and the environment (TERM, NO_COLOR, FORCE_COLOR, LC_ALL, LC_CTYPE, LANG). */
export function terminalTraits(
  input: Readable & { readonly isTTY?: boolean },
  output: Writable & { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv,
): TerminalTraits {
  const dumb = env["TERM"] === "dumb";
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"];
  return {
    interactive: input.isTTY === true && output.isTTY === true && !dumb,
    colour: output.isTTY === true && WriteStream.prototype.getColorDepth.call(output, env) > 1,
    // No locale at all is common in containers, whose terminals read UTF-8 all the same.
    ascii: dumb || (locale !== undefined && locale !== "" && !/utf-?8/i.test(locale)),
  };
}

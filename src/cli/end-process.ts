import type { Writable } from "node:stream";

/** What a library still holds open when a command is over, such as a socket, has this long to be closed, ms. */
const GRACE_MS = 1_000;

/**
 * Ends this process, whose work is done, with `exitCode`. It comes to its end by itself,
 * so that what was printed to `streams` reaches a reader however slow it is; what then
 * keeps it alive is told to `onHeld` in Node's names of it, and cut off. `process.exit`
 * right away would cut off the output too, and now and then wait forever for a thread
 * that compiles, which waits for it in turn (https://github.com/nodejs/node/issues/54918).
 */
export function endProcess(
  exitCode: number,
  streams: readonly Writable[],
  onHeld: (held: readonly string[]) => void,
): void {
  process.exitCode = exitCode;
  // What one that broke has not taken, nobody waits for: its callback comes too.
  const taken = streams.map((stream) => new Promise<void>((resolve) => stream.write("", () => resolve())));
  void Promise.all(taken).then(() => {
    const cutOff = (): void => {
      onHeld(process.getActiveResourcesInfo());
      process.exit();
    };
    setTimeout(cutOff, GRACE_MS).unref();
  });
}

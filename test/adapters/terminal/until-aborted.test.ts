import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { untilAborted } from "../../../adapters/terminal/until-aborted.ts";

async function* forever(onEnd: () => void = () => undefined): AsyncGenerator<{ readonly text: string }> {
  try {
    for (let count = 0; ; count += 1) {
      // As a stream gives them: not before the event loop went round.
      await new Promise((resolve) => setImmediate(resolve));
      yield { text: `piece ${count}` };
    }
  } finally {
    onEnd();
  }
}

it("gives the pieces as they come, and takes its listener off when nobody wants more", async () => {
  const stop = new AbortController();
  const got: string[] = [];
  let ended = false;
  for await (const { text } of untilAborted(
    forever(() => {
      ended = true;
    }),
    stop.signal,
  )) {
    got.push(text);
    if (got.length === 3) break;
  }
  expect(got).toEqual(["piece 0", "piece 1", "piece 2"]);
  await expect.poll(() => ended).toBe(true);
});

it("ends at once though the next piece never comes", async () => {
  const stop = new AbortController();
  const never = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<string>>(() => undefined) }),
  };
  const ended = untilAborted(never, stop.signal).next();
  setImmediate(() => stop.abort());
  expect(await ended).toEqual({ done: true, value: undefined });
});

it("passes on what the source throws", async () => {
  const broken = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("unplugged")) }),
  };
  await expect(untilAborted(broken, new AbortController().signal).next()).rejects.toThrow("unplugged");
});

it("holds no piece that was used", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const seen: WeakRef<object>[] = [];
  let stillThere = Number.POSITIVE_INFINITY;
  for await (const piece of untilAborted(forever(), new AbortController().signal)) {
    seen.push(new WeakRef(piece));
    if (seen.length < 200) continue;
    // A WeakRef holds what it was made for until its turn of the event loop is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    stillThere = seen.filter((reference) => reference.deref() !== undefined).length;
    break;
  }
  expect(stillThere).toBeLessThan(10);
});

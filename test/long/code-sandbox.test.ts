import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { runCode } from "../../src/bench/code-sandbox.ts";

const children = (): string[] =>
  readdirSync("/proc/self/task").flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, "utf8")
      .split(" ")
      .filter((pid) => pid !== ""),
  );

/** What the judges of answers meet: right, wrong, endless, greedy, talkative. */
const CODES = [
  "function f(n) { return n + 1; }",
  "function f(n) { return 'x'.repeat(1e5); }",
  "function f() { const all = []; for (;;) all.push(new Array(1000).fill(1)); }",
  "function f() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }",
  "function f() { throw new Error('x'.repeat(1e6)); }",
  "function f(",
];

// The system's list of processes is read from /proc.
it.skipIf(process.platform !== "linux")(
  "the parent keeps its memory over 200 items, four at a time, and leaves no process",
  async () => {
    const calls = Array.from({ length: 10 }, (_, index) => [index]);
    const items = Array.from({ length: 200 }, (_, index) => CODES[index % CODES.length] ?? "").values();
    const memory: number[] = [];
    let done = 0;
    const lane = async (): Promise<void> => {
      for (const code of items) {
        const outcomes = await runCode({ code, entry: "f", calls, deadlineMs: 300 });
        expect(outcomes).toHaveLength(10);
        if (++done % 20 === 0) {
          globalThis.gc?.();
          memory.push(process.memoryUsage().rss / 1e6);
        }
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    await sleep(100);
    expect(children()).toEqual([]);
    // What 200 items left behind would be seen at once: one of them may bring 4 MB of results.
    const early = Math.max(...memory.slice(0, 3));
    expect(Math.max(...memory.slice(-3)), memory.map(Math.round).join(", ")).toBeLessThan(early + 40);
  },
);

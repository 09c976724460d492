import { describe, expect, it } from "vitest";
import { runCode } from "../../src/bench/code-sandbox.ts";

describe("the sandbox", () => {
  it("calls a function", async () => {
    const outcomes = await runCode({
      code: "function f(a, b) { return [a + b, {x: null}]; }",
      entry: "f",
      calls: [
        [1, 2],
        [3, 4],
      ],
      deadlineMs: 500,
    });
    expect(outcomes).toEqual([
      { kind: "returned", value: ["a", 3, ["o", ["x", null]]] },
      { kind: "returned", value: ["a", 7, ["o", ["x", null]]] },
    ]);
  });
});

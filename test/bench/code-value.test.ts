import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSameValue, showValue } from "../../src/bench/code-value.ts";

/** As the sandbox writes it. */
const written = (value: unknown): unknown => {
  if (Array.isArray(value)) return ["a", ...value.map(written)];
  if (typeof value !== "object" || value === null) return value;
  return ["o", ...Object.entries(value).map(([key, each]) => [key, written(each)])];
};

describe("a value of the sandbox", () => {
  it("is the same as itself, in whatever order its keys are", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(isSameValue(written(value), value)).toBe(true);
        if (typeof value === "object" && value !== null && !Array.isArray(value)) {
          expect(isSameValue(written(Object.fromEntries(Object.entries(value).reverse())), value)).toBe(true);
        }
      }),
    );
  });

  it.each<readonly [unknown, unknown]>([
    [[7], [7, 8]],
    [[7, 8], [7]],
    [
      [7, 8],
      [8, 7],
    ],
    [[], {}],
    [{}, []],
    [[], null],
    [{ a: 1 }, {}],
    [{}, { a: 1 }],
    [{ a: 1 }, { a: 1, b: null }],
    [{ a: 1 }, { b: 1 }],
    [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }],
    [1, "1"],
    ["1", 1],
    [1, true],
    [0, false],
    [null, 0],
    ["", null],
    ["a", "A"],
    [["o"], {}],
    [1, 1.000001],
    [0, 1e-12],
  ])("%j is not %j", (value, right) => {
    expect(isSameValue(written(value), right)).toBe(false);
  });

  it.each([
    [0.1 + 0.2, 0.3],
    [-0, 0],
    [1e21, 1e21 + 1],
    [2 / 3, 0.666666666667],
  ])("%d is %d but for rounding", (value, right) => {
    expect(isSameValue(value, right)).toBe(true);
  });

  it.each([null, "x", "NaN", ["x", "NaN"], [], {}])("what JSON does not have is not %j", (right) => {
    expect(isSameValue(["x", "NaN"], right)).toBe(false);
  });

  it("is shown shortly", () => {
    expect(showValue(written({ a: [1, "x", null], b: { c: {} } }))).toBe('{a: [1, "x", null], b: {c: {}}}');
    expect(showValue(["x", "a promise"])).toBe("a promise");
    expect(showValue(["a", ["x", "undefined"], 1])).toBe("[undefined, 1]");
    expect(showValue(written("x".repeat(100)))).toHaveLength(60);
  });
});

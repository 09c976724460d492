import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatModelRef, parseModelRef, sameModel } from "../../src/models/model-ref.ts";

describe("model ref", () => {
  it.each([
    ["ollama/qwen2.5-coder:32b", { provider: "ollama", model: "qwen2.5-coder:32b" }],
    ["openrouter/meta/llama-3.1", { provider: "openrouter", model: "meta/llama-3.1" }],
    ["a/b", { provider: "a", model: "b" }],
  ])("reads %s", (text, ref) => {
    expect(parseModelRef(text)).toEqual(ref);
  });

  it.each(["", "/", "a/", "/b", "plain", "a /b", "a/b c", "a/\u0000b", "a/b\n", "a/\u0085"])("refuses %j", (text) => {
    expect(parseModelRef(text)).toBeUndefined();
  });

  it("gives back what it was given", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (provider, model) => {
        const ref = parseModelRef(`${provider}/${model}`);
        if (ref === undefined) return;
        expect(formatModelRef(ref)).toBe(`${provider}/${model}`);
        expect(ref.provider).not.toContain("/");
      }),
    );
  });

  it("never throws, and what it accepts survives a round trip", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const ref = parseModelRef(text);
        if (ref !== undefined) expect(parseModelRef(formatModelRef(ref))).toEqual(ref);
      }),
    );
  });

  it("compares both halves", () => {
    expect(sameModel({ provider: "a", model: "b" }, { provider: "a", model: "b" })).toBe(true);
    expect(sameModel({ provider: "a", model: "b" }, { provider: "x", model: "b" })).toBe(false);
    expect(sameModel(undefined, undefined)).toBe(false);
  });
});

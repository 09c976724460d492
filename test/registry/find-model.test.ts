import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatModelRef } from "../../src/models/model-ref.ts";
import { findModel, rankModels } from "../../src/registry/find-model.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import { testProfile } from "./test-profile.ts";

const profile = (text: string, name = text, aliases: string[] = []): ModelProfile =>
  testProfile(text, { name, aliases });

const models = [
  profile("anthropic/claude-sonnet-5", "Claude Sonnet 5", ["Sonnet"]),
  profile("anthropic/claude-haiku-4-5", "Claude Haiku 4.5"),
  profile("ollama/qwen2.5-coder:32b", "Qwen2.5-Coder 32B"),
  profile("ollama/qwen2.5:7b", "Qwen2.5 7B"),
  profile("ollama/llama3.1:70b", "Llama 3.1 70B", ["big"]),
  profile("lmstudio/llama3.1:70b", "Llama on the other box"),
  profile("ollama/mistral:latest", "Mistral"),
  profile("openrouter/meta/codellama", "Code Llama"),
];

describe("finding a model by what was typed", () => {
  it.each([
    ["anthropic/claude-sonnet-5", "anthropic/claude-sonnet-5"],
    ["ANTHROPIC/Claude-Sonnet-5", "anthropic/claude-sonnet-5"],
    ["sonnet", "anthropic/claude-sonnet-5"],
    ["BIG", "ollama/llama3.1:70b"],
    ["qwen2.5-coder:32b", "ollama/qwen2.5-coder:32b"],
    ["coder:32b", "ollama/qwen2.5-coder:32b"],
    ["32b", "ollama/qwen2.5-coder:32b"],
    ["7b", "ollama/qwen2.5:7b"],
    ["coder", "ollama/qwen2.5-coder:32b"],
    ["haiku", "anthropic/claude-haiku-4-5"],
    ["mistral", "ollama/mistral:latest"],
    ["meta/codellama", "openrouter/meta/codellama"],
    ["  haiku ", "anthropic/claude-haiku-4-5"],
  ])("%s is %s", (typed, ref) => {
    const search = findModel(typed, models);
    expect(search.kind === "found" ? formatModelRef(search.profile.ref) : search.kind).toBe(ref);
  });

  it.each([
    ["qwen", ["ollama/qwen2.5-coder:32b", "ollama/qwen2.5:7b"]],
    ["llama3.1:70b", ["ollama/llama3.1:70b", "lmstudio/llama3.1:70b"]],
    ["claude", ["anthropic/claude-sonnet-5", "anthropic/claude-haiku-4-5"]],
  ])("%s is ambiguous", (typed, refs) => {
    const search = findModel(typed, models);
    expect(search.kind === "ambiguous" ? search.matches.map(({ ref }) => formatModelRef(ref)) : search.kind).toEqual(
      refs,
    );
  });

  it.each([
    ["sonet", "anthropic/claude-sonnet-5"],
    ["qwne2.5-coder", "ollama/qwen2.5-coder:32b"],
    ["mitsral", "ollama/mistral:latest"],
    ["hiaku", "anthropic/claude-haiku-4-5"],
  ])("%s is unknown, and suggests %s first", (typed, ref) => {
    const search = findModel(typed, models);
    expect(
      search.kind === "unknown" ? search.suggestions.map((found) => formatModelRef(found.ref))[0] : search.kind,
    ).toBe(ref);
  });

  it("guesses nothing from one letter, an empty name, or the middle of a word", () => {
    for (const typed of ["q", "", " ", "oder", "onnet-", "ama3.1:7"])
      expect(findModel(typed, models).kind).toBe("unknown");
  });

  it("always finds a model by its full ref, and never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom(...models), (typed, one) => {
        expect(findModel(formatModelRef(one.ref), models)).toMatchObject({ kind: "found", profile: one });
        expect(["found", "ambiguous", "unknown"]).toContain(findModel(typed, models).kind);
      }),
    );
  });

  it("offers everything when nothing is typed, best match first otherwise", () => {
    expect(rankModels("", models)).toEqual(models);
    expect(rankModels("llama", models)[0]?.ref.model).toContain("llama");
  });
});

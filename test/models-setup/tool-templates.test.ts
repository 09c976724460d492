import { describe, expect, it } from "vitest";
import { isChatMl, isOurs, TOOL_TEMPLATES, withToolsName } from "../../src/models-setup/tool-templates.ts";

describe("withToolsName", () => {
  it.each([
    ["qwen2.5-coder:32b", "qwen2.5-coder-tools:32b"],
    ["qwen2.5-coder", "qwen2.5-coder-tools"],
    ["ann/coder:7b-q8_0", "ann/coder-tools:7b-q8_0"],
    ["localhost:5000/ann/coder", "localhost:5000/ann/coder-tools"],
    ["hf.co/ann/Coder-GGUF:Q4_K_M", "hf.co/ann/Coder-GGUF-tools:Q4_K_M"],
  ])("%s -> %s", (name, expected) => expect(withToolsName(name)).toBe(expected));
});

describe.each(TOOL_TEMPLATES.map(({ does, template }) => [does, template] as const))(
  "the template that %s",
  (_, template) => {
    it("closes what it opens", () => {
      const opened = template.match(/\{\{-? *(if|range) /g) ?? [];
      const closed = template.match(/\{\{-? *end *\}\}/g) ?? [];
      expect(closed).toHaveLength(opened.length);
    });

    it("is known again, as ChatML and as Clutch's own", () => {
      expect(isChatMl(template)).toBe(true);
      expect(isOurs(`${template}\n`)).toBe(true);
    });
  },
);

it("tool calls of earlier turns begin as Ollama is to recognise new ones", () => {
  // Ollama takes the text behind `if .ToolCalls`, up to an action or a brace, for the tag that begins a call.
  const tags = TOOL_TEMPLATES.map(({ template }) =>
    /\{\{- if \.ToolCalls \}\}\s*\{\{- range \.ToolCalls \}\}([^{]*)\{/.exec(template)?.[1]?.trim(),
  );
  expect(tags).toEqual(["[tool_call]", ""]);
  expect(isOurs(undefined)).toBe(false);
  expect(isChatMl(undefined)).toBe(false);
});

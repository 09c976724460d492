import { readFileSync } from "node:fs";
import { calcPrice, findProvider } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { createCatalogue } from "../../src/usage/price-catalogue.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const catalogue = createCatalogue();

describe("the catalogue", () => {
  it("is named by the release that is installed", () => {
    const path = new URL("../../node_modules/@pydantic/genai-prices/package.json", import.meta.url);
    const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
    const rate = catalogue.rateFor({ provider: "anthropic", model: "claude-opus-5" }, NOW, 10);
    expect(rate?.source).toBe(`genai-prices ${version}`);
  });

  it("would answer for another model, which is why its answer is compared", () => {
    const answer = calcPrice({}, "claude-sonnet-5-5", { providerId: "anthropic" });
    expect(answer?.model.id).toBe("claude-sonnet-5");
    expect(catalogue.rateFor({ provider: "anthropic", model: "claude-sonnet-5-5" }, NOW, 10)).toBeUndefined();
  });

  it("prices every Claude model by its own id, and by no longer one", () => {
    const models = findProvider({ providerId: "anthropic" })?.models ?? [];
    expect(models.length).toBeGreaterThan(20);
    for (const { id } of models) {
      expect(catalogue.rateFor({ provider: "anthropic", model: id }, NOW, 10), id).toBeDefined();
      for (const longer of [`${id}-5`, `${id}-preview`, `${id}.1`, `${id}:free`]) {
        if (models.some((other) => other.id === longer)) continue;
        expect(catalogue.rateFor({ provider: "anthropic", model: longer }, NOW, 10), longer).toBeUndefined();
      }
    }
  });

  it("prices a model of another region of Bedrock as the region's, not as the global one", () => {
    const models = findProvider({ providerId: "aws" })?.models ?? [];
    const regional = models.filter(({ id }) => id.startsWith("regional.anthropic."));
    expect(regional.length).toBeGreaterThan(10);
    for (const { id, prices } of regional) {
      const model = id.replace("regional.", "us.");
      const rate = catalogue.rateFor({ provider: "amazon-bedrock", model }, NOW, 10);
      expect([rate?.input, rate?.output], model).toEqual(
        Array.isArray(prices) ? expect.anything() : [prices["input_mtok"], prices["output_mtok"]],
      );
    }
  });

  it("has no rate of zero", () => {
    for (const provider of ["anthropic", "openai", "google", "openrouter", "groq", "mistral", "deepseek"]) {
      for (const { id } of findProvider({ providerId: provider })?.models ?? []) {
        const rate = catalogue.rateFor({ provider, model: id }, NOW, 10);
        if (rate === undefined) continue;
        expect(Math.min(rate.input, rate.output, rate.cacheRead ?? 1, rate.cacheWrite ?? 1), id).toBeGreaterThan(0);
      }
    }
  });
});

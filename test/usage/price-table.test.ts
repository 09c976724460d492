import { describe, expect, it } from "vitest";
import { parseModelRef } from "../../src/models/model-ref.ts";
import { createPriceBook } from "../../src/usage/price-book.ts";
import { costOf, promptTokens } from "../../src/usage/price-cost.ts";

const book = createPriceBook({ stated: () => new Map(), configuredCost: () => undefined, clock: () => 0 });

type Tokens = readonly [input: number, output: number, cacheRead?: number, cacheWrite?: number];
type Case = readonly [model: string, at: string, tokens: Tokens, usd: number | undefined];

function usdOf(model: string, at: string, [input, output, cacheRead = 0, cacheWrite = 0]: Tokens): number | undefined {
  const ref = parseModelRef(model) ?? { provider: "", model };
  const tokens = { input, output, cacheRead, cacheWrite };
  const rate = book.rateFor(ref, Date.parse(at), promptTokens(tokens));
  return rate && costOf(tokens, rate);
}

const M = 1_000_000;
const NOV = "2026-11-22";

/** Every amount was worked out by hand from the published rates, $ per million tokens, named above each group. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  "Anthropic's price list of November 2026: input, output, cache read, five-minute write": [
    // Fable 5.1: 10, 50, 0.25, 12.5; Fable 5: cache read 1
    ["anthropic/claude-fable-5-1", NOV, [M, M], 60],
    ["anthropic/claude-fable-5-1", NOV, [0, 0, M, M], 12.75],
    ["anthropic/claude-fable-5", NOV, [0, 0, M, M], 13.5],
    ["anthropic/claude-mythos-5-1", NOV, [1000, 1000, 40_000, 0], 0.07],
    ["anthropic/claude-mythos-5", NOV, [1000, 1000, 40_000, 0], 0.1],
    // Opus 5.5: 4, 20, 0.2, 5
    ["anthropic/claude-opus-5-5", NOV, [M, M], 24],
    ["anthropic/claude-opus-5-5", NOV, [1234, 567, 89_000, 4321], 0.055681],
    // Opus 5, 4.8, 4.7, 4.6, 4.5: 5, 25, 0.5, 6.25, flat over the whole window
    ["anthropic/claude-opus-5", NOV, [M, M, M, M], 36.75],
    ["anthropic/claude-opus-4-8", NOV, [900_000, 1000], 4.525],
    ["anthropic/claude-opus-4-7", NOV, [0, 0, 10_000, 10_000], 0.0675],
    ["anthropic/claude-opus-4-6", NOV, [100_000, 10_000], 0.75],
    ["anthropic/claude-opus-4-5", NOV, [1, 1, 1, 1], 0.00003675],
    // Sonnet 5: 2, 10, 0.2, 2.5; the rise of September 2026 was cancelled
    ["anthropic/claude-sonnet-5", NOV, [M, M], 12],
    ["anthropic/claude-sonnet-5", "2026-08-31T23:59:59Z", [M, M], 12],
    ["anthropic/claude-sonnet-5", "2026-09-01", [M, M, M], 12.2],
    // Haiku 4.5: 1, 5, 0.1, 1.25; Opus 4.1: 15, 75, 1.5, 18.75; Haiku 3.5: 0.8, 4, 0.08, 1
    ["anthropic/claude-haiku-4-5", NOV, [M, M, M, M], 7.35],
    ["anthropic/claude-opus-4-1", NOV, [M, M, M, M], 110.25],
    ["anthropic/claude-3-5-haiku-latest", NOV, [M, M, M, M], 5.88],
    // OpenClaw's own record of a call at 3, 15, 0.3: total 0.024744
    ["anthropic/claude-sonnet-4-6", NOV, [8073, 33, 100, 0], 0.024744],
  ],
  "Sonnet 5.5: cache reads 0.20 until 6 October 2026, 0.10 since (anthropic.com/claude-haiku-5-5)": [
    ["anthropic/claude-sonnet-5-5", "2026-09-30", [M, M, M, M], 14.7],
    ["anthropic/claude-sonnet-5-5", "2026-10-06T23:59:59.999Z", [0, 0, 60_000, 0], 0.012],
    ["anthropic/claude-sonnet-5-5", "2026-10-07T00:00:00Z", [0, 0, 60_000, 0], 0.006],
    ["anthropic/claude-sonnet-5-5", NOV, [0, 0, 0, 60_000], 0.15],
    ["anthropic/claude-sonnet-5-5", NOV, [M, M, M, M], 14.6],
    // 600 in and 20 out, 200 times over, is $0.28
    ["anthropic/claude-sonnet-5-5", NOV, [120_000, 4000], 0.28],
  ],
  "Haiku 5.5: 0.10, 0.50, 0.01, 0.125 up to 100,000 tokens of prompt, five times that beyond": [
    ["anthropic/claude-haiku-5-5", NOV, [99_999, 1000], 0.0104999],
    ["anthropic/claude-haiku-5-5", NOV, [100_000, 1000], 0.0105],
    ["anthropic/claude-haiku-5-5", NOV, [100_001, 1000], 0.0525005],
    ["anthropic/claude-haiku-5-5", NOV, [1000, 0, 90_000, 9000], 0.002125],
    ["anthropic/claude-haiku-5-5", NOV, [1000, 0, 90_001, 9000], 0.01062505],
    // The answer is not part of the prompt.
    ["anthropic/claude-haiku-5-5", NOV, [100_000, 100_000], 0.06],
    // 600 in and 20 out, 200 requests: $0.014
    ["anthropic/claude-haiku-5-5", NOV, [600, 20], 0.00007],
  ],
  "tiers at 200,000: Sonnet 4.5 is 3, 15, 0.3, 3.75 and twice (output half) as much again beyond": [
    ["anthropic/claude-sonnet-4-5", NOV, [200_000, 1000], 0.615],
    ["anthropic/claude-sonnet-4-5", NOV, [200_001, 1000], 1.222506],
    ["anthropic/claude-sonnet-4-5", NOV, [50_000, 0, 100_000, 50_000], 0.3675],
    ["anthropic/claude-sonnet-4-5", NOV, [50_001, 0, 100_000, 50_000], 0.735006],
    // Sonnet 4.6 and Opus 4.6 lost their tiers on 13 March 2026.
    ["anthropic/claude-sonnet-4-6", "2026-03-12T23:59:59Z", [300_000, 0], 1.8],
    ["anthropic/claude-sonnet-4-6", "2026-03-13T00:00:00Z", [300_000, 0], 0.9],
    ["anthropic/claude-opus-4-6", "2026-03-12", [300_000, 1000], 3.0375],
    ["anthropic/claude-opus-4-6", "2026-03-13", [300_000, 1000], 1.525],
    // Gemini 2.5 Pro: 1.25, 10, 0.125; beyond 200,000 2.5, 15, 0.25
    ["google/gemini-2.5-pro", NOV, [200_000, 1000], 0.26],
    ["google/gemini-2.5-pro", NOV, [200_001, 1000], 0.5150025],
    // Gemini 3.1 Pro: 2, 12, 0.2; beyond 200,000 4, 18, 0.4
    ["google/gemini-3.1-pro-preview", NOV, [100_000, 1000, 100_000], 0.232],
    ["google/gemini-3.1-pro-preview", NOV, [100_000, 1000, 100_001], 0.4580004],
  ],
  "OpenAI: GPT-6 Sol 2, 10, 0.2, 2.5, beyond 272,000 4, 15, 0.4, 5; Luna 0.1, 0.5": [
    ["openai/gpt-6-sol", NOV, [272_000, 1000], 0.554],
    ["openai/gpt-6-sol", NOV, [272_001, 1000], 1.103004],
    ["openai/gpt-6-luna", NOV, [10_000, 2000], 0.002],
    // GPT-5.6 Sol came down on 21 August 2026, from 5, 30 to 4, 20; Luna on 30 July, from 1, 6 to 0.2, 1.2
    ["openai/gpt-5.6-sol", "2026-08-20T23:59:59Z", [100_000, 10_000], 0.8],
    ["openai/gpt-5.6-sol", "2026-08-21T00:00:00Z", [100_000, 10_000], 0.6],
    ["openai/gpt-5.6-luna", "2026-07-29", [M / 10, M / 10], 0.7],
    ["openai/gpt-5.6-luna", "2026-07-30", [M / 10, M / 10], 0.14],
    // o3: 10, 40 until 9 June 2025, then 2, 8
    ["openai/o3", "2025-06-09", [1000, 1000], 0.05],
    ["openai/o3", "2025-06-10", [1000, 1000], 0.01],
    ["openai/gpt-5", NOV, [M, M, M], 11.375],
    ["openai/gpt-4o-2024-05-13", NOV, [M, M], 20],
    ["openai/gpt-4o", NOV, [M, M], 12.5],
    // Nobody publishes what reading GPT-4 Turbo's cache costs.
    ["openai/gpt-4-turbo", NOV, [1000, 1000], 0.04],
    ["openai/gpt-4-turbo", NOV, [1000, 1000, 1], undefined],
  ],
  "others, on a day and at an hour": [
    // Gemini 3.6 Flash: 0.75, 3.75 until the end of 2026, then 1.5, 7.5
    ["google/gemini-3.6-flash", "2026-12-31T23:59:59Z", [M, M], 4.5],
    ["google/gemini-3.6-flash", "2027-01-01T00:00:00Z", [M, M], 9],
    // DeepSeek V4 Pro: 0.66, 1.98, 0.022; twice that from 1 to 4 and from 6 to 10 o'clock UTC
    ["deepseek/deepseek-v4-pro", "2026-11-22T00:59:59Z", [M, M, M], 2.662],
    ["deepseek/deepseek-v4-pro", "2026-11-22T01:00:00Z", [M, M, M], 5.324],
    ["deepseek/deepseek-v4-pro", "2026-11-22T09:59:59Z", [M, M, M], 5.324],
    ["deepseek/deepseek-v4-pro", "2026-11-22T10:00:00Z", [M, M, M], 2.662],
    ["mistral/mistral-large-2512", NOV, [M, M], 2],
    ["groq/llama-3.3-70b-versatile", NOV, [M, M], 1.38],
    ["xai/grok-4.5", NOV, [10_000, 1000], 0.026],
    ["moonshot/kimi-k3", NOV, [M, M, M], 18.3],
    ["zai/glm-5.3", NOV, [M, M, M], 6.06],
    ["cerebras/gpt-oss-120b", NOV, [M, M], 1.1],
  ],
  "an aggregator's price is its own": [
    // GPT-OSS 120B: OpenRouter 0.039, 0.18; Groq 0.15, 0.6; Bedrock 0.15, 0.6
    ["openrouter/openai/gpt-oss-120b", NOV, [M, M], 0.219],
    ["groq/openai/gpt-oss-120b", NOV, [M, M], 0.75],
    ["openrouter/anthropic/claude-opus-5.5", NOV, [M, M], 24],
    ["openrouter/anthropic/claude-sonnet-5.5", NOV, [M, M], undefined],
    ["openrouter/claude-opus-5-5", NOV, [M, M], undefined],
    // Bedrock's regions are a tenth dearer than `global.`: Opus 4.6 at 5.5, 27.5 and 5, 25
    ["amazon-bedrock/us.anthropic.claude-opus-4-6-v1", NOV, [M, M], 33],
    ["amazon-bedrock/us.anthropic.claude-opus-4-6-v1:0", NOV, [M, M], 33],
    ["amazon-bedrock/global.anthropic.claude-opus-4-6-v1", NOV, [M, M], 30],
    ["bedrock/eu.anthropic.claude-sonnet-5", NOV, [M, M], 13.2],
    ["fireworks/accounts/fireworks/models/kimi-k2p6", NOV, [M, M, M], 5.11],
  ],
  "other names of the same model": [
    ["anthropic/claude-sonnet-4", NOV, [M, M], 18],
    ["anthropic/claude-sonnet-4-20250514", NOV, [M, M], 18],
    ["anthropic/claude-opus-4", NOV, [M, M], 90],
    ["anthropic/claude-haiku-4-5-20251001", NOV, [M, M], 6],
    ["anthropic/claude-opus-4-5-20251101", NOV, [M, M], 30],
    ["anthropic/claude-sonnet-4-5-20250929", NOV, [1000, 1000], 0.018],
    ["openai/gpt-4o-2024-11-20", NOV, [M, M], 12.5],
    ["xai/grok-4", NOV, [M, M], 18],
  ],
  "names that only look like a known model, and what nobody prices": [
    ["anthropic/claude-sonnet-5-6", NOV, [M, M], undefined],
    ["anthropic/claude-sonnet-5-5-20260928", NOV, [M, M], undefined],
    ["anthropic/claude-sonnet-50", NOV, [M, M], undefined],
    ["anthropic/claude-haiku-4-5-mini", NOV, [M, M], undefined],
    ["anthropic/claude-opus-4-10", NOV, [M, M], undefined],
    ["amazon-bedrock/us.anthropic.claude-sonnet-5-5", NOV, [M, M], undefined],
    ["amazon-bedrock/global.anthropic.claude-sonnet-5-5", NOV, [M, M], undefined],
    ["openai/gpt-5.2-codex", NOV, [M, M], undefined],
    ["openai/gpt-6", NOV, [M, M], undefined],
    ["openai/claude-opus-5", NOV, [M, M], undefined],
    ["google/claude-sonnet-5", NOV, [M, M], undefined],
    ["google/claude-sonnet-5-5", NOV, [M, M], undefined],
    ["openrouter/openai/gpt-oss-120b:free", NOV, [M, M], undefined],
    ["openrouter/openrouter/auto", NOV, [M, M], undefined],
    // The catalogue lists them without a price.
    ["google/gemma-3", NOV, [M, M], undefined],
    // Reasoning is charged apart from the answer, images apart from text.
    ["openrouter/perplexity/sonar-deep-research", NOV, [M, M], undefined],
    ["google/gemini-2.5-flash-image", NOV, [M, M], undefined],
    // What a provider's name contains says nothing: the catalogue would take these for the vendors.
    ["my-openai-proxy/gpt-5", NOV, [M, M], undefined],
    ["anthropic-vertex/claude-opus-5", NOV, [M, M], undefined],
    ["litellm/anthropic/claude-opus-5", NOV, [M, M], undefined],
    ["azure/claude-opus-5", NOV, [M, M], undefined],
    ["github-copilot/claude-opus-5", NOV, [M, M], undefined],
    ["ollama/qwen2.5-coder:32b", NOV, [M, M], undefined],
    ["ollama/gpt-oss:20b", NOV, [M, M], undefined],
    ["__proto__/constructor", NOV, [M, M], undefined],
  ],
};

describe.each(Object.entries(CASES))("%s", (_rates, cases) => {
  // Without a tolerance: the amounts are the doubles nearest to the decimal numbers.
  it.each(cases)("%s on %s, tokens %j: %s USD", (model, at, tokens, usd) => {
    expect(usdOf(model, at, tokens)).toBe(usd);
  });
});

import { describe, expect, it } from "vitest";
import type { ModelRef } from "../../src/models/model-ref.ts";
import { createCallPricer, type UnpricedCall } from "../../src/usage/call-pricer.ts";
import { createPriceBook, type PriceBookParts } from "../../src/usage/price-book.ts";
import { parsePeriod } from "../../src/usage/usage-period.ts";
import { createUsageReports } from "../../src/usage/usage-report.ts";
import type { ElectricityRate } from "../../src/usage/usage-savings.ts";
import { recount } from "./recount.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const anthropic = (model: string): ModelRef => ({ provider: "anthropic", model });
const [SONNET, HAIKU] = [anthropic("claude-sonnet-5"), anthropic("claude-haiku-5-5")];

const local = (more: Partial<UnpricedCall> = {}): UnpricedCall => ({
  id: "1",
  at: NOW - 60_000,
  sessionKey: "agent:main:main",
  agentId: "main",
  channel: undefined,
  model: { provider: "ollama", model: "qwen3:30b" },
  locality: "local",
  cause: "chat",
  tokens: { input: 100_000, output: 10_000, cacheRead: 0, cacheWrite: 0 },
  durationMs: 3_600_000,
  outcome: "answered",
  fallback: false,
  ...more,
});

async function savings(
  calls: readonly UnpricedCall[],
  baselineOf: (agentId: string) => ModelRef | undefined,
  { electricity, ...book }: Partial<PriceBookParts> & { readonly electricity?: ElectricityRate } = {},
) {
  const pricer = createCallPricer({
    book: createPriceBook({ stated: () => new Map(), configuredCost: () => undefined, clock: () => NOW, ...book }),
    baselineOf,
  });
  const reports = createUsageReports({
    ledger: recount(calls.map(pricer.price)),
    electricity,
    unattributed: async () => [],
    countedUpTo: () => undefined,
  });
  const { savings: found } = await reports.report(parsePeriod("7d", NOW, "UTC"), {});
  return { ...found, low: Number(found.low.toFixed(9)), high: Number(found.high.toFixed(9)) };
}

const at = (watts: number, pricePerKWh: number, currency = "USD") => ({
  electricity: { watts, pricePerKWh, currency },
});

describe("savings", () => {
  it("lie between all of the prompt cached and none of it", async () => {
    // Sonnet 5: 100,000 x 2 + 10,000 x 10, or 100,000 x 0.2 + 10,000 x 10, per million.
    expect(await savings([local()], () => SONNET)).toMatchObject({
      ...{ compared: 1, uncompared: 0, low: 0.12, high: 0.3, electricity: undefined },
      baselines: [{ model: SONNET, calls: 1, low: 0.12, high: 0.3 }],
    });
  });

  it("are less by the electricity, and may be a loss at one end or both", async () => {
    // An hour at 130 W and $0.15 is $0.0195.
    expect(await savings([local()], () => SONNET, at(130, 0.15))).toMatchObject({ low: 0.1005, high: 0.2805 });
    // Haiku 5.5 asks $0.006 to $0.015 for the same.
    expect(await savings([local()], () => HAIKU, at(130, 0.15))).toMatchObject({ low: -0.0135, high: -0.0045 });
    expect(await savings([local()], () => HAIKU, at(100, 0.1))).toMatchObject({ low: -0.004, high: 0.005 });
  });

  it.each([
    [SONNET, 15_000, 0.15, 0.29275, 1.51675],
    [HAIKU, 15_000, 0.15, 0.01155, 0.07275],
    [HAIKU, 60_000, 0.4, -0.019_866_667, 0.041_333_333],
  ])("are those of the example in docs/usage.md: %j, %d ms, $%d a kWh", async (model, durationMs, price, low, high) => {
    const tokens = { input: 17_000, output: 400, cacheRead: 0, cacheWrite: 0 };
    const calls = Array.from({ length: 40 }, (_, index) => local({ id: String(index), tokens, durationMs }));
    expect(await savings(calls, () => model, at(130, price))).toMatchObject({ low, high });
  });

  it("are not touched by electricity in another currency", async () => {
    expect(await savings([local()], () => SONNET, at(130, 0.3, "EUR"))).toMatchObject({
      ...{ low: 0.12, high: 0.3 },
      electricity: { cost: 0.039, currency: "EUR", untimed: 0 },
    });
  });

  it("price each call at its own tier, up to the edge and beyond it, which no sum would", async () => {
    const call = (input: number) =>
      local({ id: String(input), tokens: { input, output: 0, cacheRead: 0, cacheWrite: 0 } });
    // 100,000 x 0.10, and 100,001 x 0.50: half of the sum would be at the edge as well.
    expect(await savings([call(100_000), call(100_001)], () => HAIKU)).toMatchObject({ high: 0.060_000_5 });
  });

  it("compare each agent with its own baseline", async () => {
    const calls = [local(), local({ id: "2", agentId: "ops" }), local({ id: "3", agentId: "ops" })];
    expect(await savings(calls, (agentId) => (agentId === "main" ? SONNET : HAIKU))).toMatchObject({
      ...{ compared: 3, low: 0.132, high: 0.33 },
      baselines: [
        { model: HAIKU, calls: 2, low: 0.012, high: 0.03 },
        { model: SONNET, calls: 1 },
      ],
    });
  });

  it("are not known of calls without a baseline, without its price, or of unknown size", async () => {
    const unknown = { compared: 0, baselines: [], low: 0, high: 0 };
    expect(await savings([local()], () => undefined, at(130, 1))).toMatchObject({ ...unknown, uncompared: 1 });
    expect(await savings([local()], () => anthropic("claude-next"))).toMatchObject({ ...unknown, uncompared: 1 });
    const unsized = local({ tokens: undefined });
    expect(await savings([unsized], () => SONNET)).toMatchObject({ ...unknown, uncompared: 0 });
  });

  it("leave out what calls took that nothing is compared with, and count those that nobody timed", async () => {
    const calls = [local(), local({ id: "2", agentId: "other" }), local({ id: "3", durationMs: undefined })];
    const found = await savings(calls, (agentId) => (agentId === "main" ? SONNET : undefined), at(130, 0.15));
    expect(found).toMatchObject({ compared: 2, uncompared: 1, electricity: { untimed: 1 } });
    expect(found.electricity?.cost).toBeCloseTo(0.0195, 9);
  });

  it("are less by what a person stated for the local model", async () => {
    const price = {
      ...{ origin: "stated" as const, source: "lease", date: "2026-11-01" },
      value: { tiers: [{ input: 0.5, output: 0.5, cacheRead: 0, cacheWrite: 0 }] },
    };
    const stated = () => new Map([["qwen3:30b", { price }]]);
    expect(await savings([local()], () => SONNET, { stated })).toMatchObject({ low: 0.065, high: 0.245 });
  });
});

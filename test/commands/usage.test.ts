import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import type { AccessLevel } from "../../commands/command.ts";
import { createDispatcher } from "../../commands/dispatcher.ts";
import type { Services } from "../../commands/services.ts";
import { usageCommand } from "../../commands/usage.ts";
import type { Chart } from "../../src/charts/chart.ts";
import { type DotChart, isDotChart } from "../../src/charts/dot-chart.ts";
import { ClutchError } from "../../src/errors.ts";
import type { UsageCall } from "../../src/models/usage-call.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import { createUsage, type UsageParts } from "../../src/usage/usage.ts";
import { testProfile } from "../registry/test-profile.ts";
import { recount } from "../usage/recount.ts";
import { sampleCalls } from "../usage/sample-calls.ts";

const NOW = Date.parse("2026-11-22T16:20:00Z");
const HERE = "agent:main:discord:channel:1";
const SAMPLE = sampleCalls(NOW, HERE);

interface Room {
  readonly calls?: readonly UsageCall[];
  readonly level?: AccessLevel;
  readonly isOn?: boolean;
  readonly find?: () => Promise<{ readonly key: string; readonly agentId: string }>;
  readonly models?: readonly ModelProfile[];
  readonly parts?: Partial<UsageParts>;
}

function room({ calls = SAMPLE, level = "operator", isOn = false, models = [], find, parts }: Room = {}) {
  const asked: unknown[] = [];
  const services = {
    usage: createUsage({
      ledger: recount(calls),
      electricity: { watts: 130, pricePerKWh: 0.15, currency: "USD" },
      unattributed: async (period) => {
        asked.push(period);
        return [];
      },
      countedUpTo: () => NOW - 60_000,
      zone: "UTC",
      clock: () => NOW,
      ...parts,
    }),
    finder: { find: find ?? (async () => ({ key: HERE, agentId: "main" })) },
    localOnly: { isOn: () => isOn },
    budgets: { spend: async () => undefined },
    registry: { known: () => ({ agentIds: ["main", "ops"], models }) },
  } as unknown as Services;
  const dispatcher = createDispatcher({
    commands: [usageCommand],
    services,
    levelOf: () => level,
    logger: pino({ level: "silent" }),
  });
  const ask = (line: string) =>
    dispatcher.run({
      line: `/usage ${line}`,
      confirmed: false,
      person: { platform: "discord", id: "1" },
      conversation: { platform: "discord", channel: "1", kind: "channel", person: "1" },
    });
  return {
    ask,
    asked,
    complete: (option: string, typed: string) =>
      dispatcher.complete("usage", option, typed, { platform: "discord", id: "1" }),
  };
}

const field = (card: Card, name: string) => card.fields?.find((each) => each.name === name)?.value;
const countIn = (where: (call: UsageCall) => boolean) =>
  SAMPLE.filter((call) => call.at >= Date.parse("2026-11-16T00:00:00Z") && where(call)).length;

const barsOf = ({ chart }: { readonly chart?: Chart | DotChart }): Chart["bars"] =>
  chart === undefined || isDotChart(chart) ? [] : chart.bars;

describe("/usage", () => {
  it("shows an operator everything of 7 days, and the conversation beside it, to nobody else", async () => {
    const { ask, asked } = room();
    const { card, ok, visibility } = await ask("");
    expect({ ok, visibility }).toEqual({ ok: true, visibility: "private" });
    const all = countIn(() => true);
    const local = countIn(({ locality }) => locality === "local");
    expect(card.title).toBe(
      `Last 7 days: ${Math.round((100 * local) / all)} % of calls local, at least $1.84 spent, $1.33 to $6.01 saved`,
    );
    expect(field(card, "Calls")).toBe(`${local} of ${all} local`);
    expect(field(card, "This conversation")).toMatch(
      new RegExp(`^\\d+ % of ${countIn(({ sessionKey }) => sessionKey === HERE)} local, \\$0\\.0\\d+\\+$`),
    );
    expect(field(card, "The 7 days before")).toMatch(/^\d+ % of \d+ local, \$1\.\d\d\+$/);
    expect(field(card, "Heartbeats and jobs")).toMatch(/^\$0\.0\d+\+ for 46 calls$/);
    expect(field(card, "Fell back to the cloud")).toBe("2 calls that nobody asked for: anthropic/claude-sonnet-5 (2)");
    expect(field(card, "Not known")).toBe("4 calls of unknown size; no price of acme/anvil-1 (3 calls)");
    expect(card.tone).toBe("warning");
    expect(card.table?.columns).toEqual(["Model", "Where", "Calls", "Tokens", "Cost"]);
    expect(card.table?.rows.at(-1)).toEqual(["anvil-1", "cloud", "3", "19.6k", "?"]);
    expect(card.footer).toContain("against anthropic/claude-sonnet-5 (genai-prices 0.1.8, 2026-09-23)");
    expect(card.footer).toContain("less $0.015 of electricity (130 W at 0.15 USD a kWh)");
    expect(card.footer).toContain("other tokenizers count differently");
    expect(card.footer).toContain("Counted up to 2026-11-22 16:19. Days of UTC");
    expect(asked).toHaveLength(1);
  });

  it("shows a viewer the conversation alone", async () => {
    const { ask, asked } = room({ level: "viewer" });
    for (const line of ["", "scope:here"]) {
      const { card } = await ask(line);
      expect(card.title).toMatch(/^This conversation, last 7 days: /);
      expect(field(card, "Calls")).toMatch(new RegExp(` of ${countIn(({ sessionKey }) => sessionKey === HERE)} local`));
      expect(field(card, "This conversation")).toBeUndefined();
    }
    // What the wall saw is the system's.
    expect(asked).toEqual([]);
    for (const line of ["scope:all", "scope:agent", "scope:agent agent:ops", "export:csv", "export:json by:day"]) {
      expect((await ask(line)).error?.code).toBe("not_allowed");
    }
  });

  it("shows an agent's calls, of whichever conversation", async () => {
    const { ask } = room();
    const main = countIn(({ agentId }) => agentId === "main");
    expect((await ask("scope:agent")).card.title).toMatch(/^Agent main, last 7 days: /);
    expect(field((await ask("scope:agent")).card, "Calls")).toMatch(new RegExp(` of ${main} local$`));
    expect((await ask("scope:agent agent:ops")).card.title).toMatch(/^Agent ops, /);
    expect((await ask("scope:agent agent:opz")).error).toMatchObject({ code: "unknown_agent" });
    expect((await ask("scope:all agent:ops")).error).toMatchObject({ code: "bad_option" });
  });

  it("shows everything also where this conversation cannot be told, and says why", async () => {
    const find = () => Promise.reject(new ClutchError("ambiguous_agent", "Several agents may be meant here: a, b."));
    const { card, ok } = await room({ find }).ask("");
    expect(ok).toBe(true);
    expect(field(card, "This conversation")).toBe("Several agents may be meant here: a, b.");
    expect((await room({ find, level: "viewer" }).ask("")).error?.code).toBe("ambiguous_agent");
    expect((await room({ find }).ask("scope:all")).ok).toBe(true);
  });

  it.each([
    ["model", "Model", "ollama/qwen3-coder:30b"],
    ["agent", "Agent", "ops"],
    ["cause", "Cause", "chat"],
    ["day", "Day", "2026-11-16"],
    ["channel", "Channel", "discord"],
  ])("by:%s tells calls apart by it", async (by, head, first) => {
    const { card } = await room().ask(`by:${by}`);
    expect(card.table?.columns).toEqual([head, "Calls", "Local", "Tokens", "Cost"]);
    expect(card.table?.rows[0]?.[0]).toBe(first);
    const total = (card.table?.rows ?? []).reduce((sum, [, calls]) => sum + Number(calls), 0);
    expect(total).toBe(countIn(() => true));
  });

  it("says that local-only mode is on", async () => {
    expect((await room({ isOn: true }).ask("")).card.body?.[0]).toMatch(/^Local-only mode is on/);
    expect((await room().ask("")).card.body).toEqual([]);
  });

  it("says that demo servers are no expense", async () => {
    const models = [testProfile("ollama/qwen3-coder:30b", { demo: true })];
    expect((await room({ models }).ask("")).card.body?.[0]).toMatch(/^Demo servers answered: .* nothing was paid\.$/);
    expect((await room({ models: [testProfile("ollama/other", { demo: true })] }).ask("")).card.body).toEqual([]);
  });

  it("names connections that no call explains", async () => {
    const unattributed = async () => [
      { host: "api.anthropic.com", connections: 3 },
      { host: "api.openai.com", connections: 1 },
    ];
    const { card } = await room({ parts: { unattributed } }).ask("scope:all");
    expect(field(card, "Not known")).toMatch(
      /; unattributed: 3 connections to api\.anthropic\.com, 1 connection to api\.openai\.com$/,
    );
    expect(card.tone).toBe("warning");
  });

  it("refuses what is no period, and offers those there are", async () => {
    const { ask, complete } = room();
    expect((await ask("soon")).error).toMatchObject({ code: "bad_option" });
    expect((await ask("this month")).error?.code).toBe("bad_option");
    expect((await ask("this-month")).card.title).toMatch(/^This month: /);
    expect((await ask('period:"last month"')).card.title).toMatch(/^Last month: /);
    expect(complete("period", "").map(({ value }) => value)).toContain("last month");
    expect(complete("agent", "o").map(({ value }) => value)).toEqual(["ops"]);
  });
});

describe("money on the card", () => {
  const rate = { input: 1, output: 1, cacheRead: 1, cacheWrite: 1, source: "override", date: "2026-11-01" };
  const base = SAMPLE.find(({ locality }) => locality === "local") as UsageCall;
  const one = (more: Partial<UsageCall>): UsageCall => ({
    ...base,
    at: NOW - 1_000,
    id: JSON.stringify(more),
    ...more,
  });
  const cloud = { locality: "cloud", baseline: undefined } as const;
  const compared = (low: number, high: number) =>
    one({ baseline: { model: { provider: "anthropic", model: "claude-5" }, low, high, prices: "x, 2026-11-01" } });
  const cardOf = async (calls: readonly UsageCall[], currency?: string) => {
    const electricity = currency === undefined ? undefined : { watts: 1_000, pricePerKWh: 1, currency };
    return (await room({ calls, parts: { electricity } }).ask("scope:all")).card;
  };

  it.each<[string, readonly UsageCall[], string]>([
    ["nothing", [compared(1, 1)], "100 % of calls local, nothing spent, $1.00 saved"],
    ["a known amount", [one({ ...cloud, rate, usd: 2.5 })], "0 % of calls local, $2.50 spent"],
    [
      "at least an amount",
      [one({ ...cloud, rate, usd: 2.5 }), one({ ...cloud, rate: undefined, usd: undefined })],
      "0 % of calls local, at least $2.50 spent",
    ],
    [
      "never $0 where a price or a size is not known",
      [one({ ...cloud, rate: undefined, usd: undefined })],
      "0 % of calls local, an unknown amount spent",
    ],
    [
      "nor of calls that may have run in the cloud",
      [one({ locality: "unknown", rate: undefined, usd: undefined, tokens: undefined, baseline: undefined })],
      "0 % of calls local, an unknown amount spent",
    ],
    [
      "nothing for local calls of unknown size",
      [one({ tokens: undefined, usd: undefined, baseline: undefined })],
      "100 % of calls local, nothing spent",
    ],
    [
      "what a person stated for a local model",
      [one({ rate, usd: 0.5, baseline: undefined })],
      "100 % of calls local, $0.50 spent",
    ],
  ])("spent: %s", async (_, calls, headline) => {
    expect((await cardOf(calls)).title).toBe(`Last 7 days: ${headline}`);
  });

  it("says plainly where local was dearer, or may have been", async () => {
    // An hour at 1,000 W and $1.
    const hour = { ...compared(0.25, 0.75), durationMs: 3_600_000 };
    const dearer = await cardOf([hour], "USD");
    expect(dearer.title).toContain("nothing spent, nothing saved");
    expect(dearer.body).toEqual([
      "Local calls were dearer than anthropic/claude-5 would have been: by $0.25 to $0.75, electricity counted.",
    ]);
    const maybe = await cardOf([{ ...compared(0.25, 1.5), durationMs: 3_600_000 }], "USD");
    expect(maybe.title).toContain("at most $0.50 saved");
    expect(maybe.body).toEqual([
      "With all of each prompt from its cache, anthropic/claude-5 would have been $0.75 cheaper than local calls, electricity counted.",
    ]);
  });

  it("keeps electricity apart that is in another currency", async () => {
    const card = await cardOf([{ ...compared(0.25, 0.75), durationMs: 3_600_000 }], "EUR");
    expect(card.title).toContain("$0.25 to $0.75 saved");
    expect(field(card, "Electricity")).toBe("EUR 1, not taken off");
    expect(card.body).toEqual([]);
  });

  it("says what is not compared, and why nothing is", async () => {
    const alone = await cardOf([one({ baseline: undefined })]);
    expect(alone.title).toBe("Last 7 days: 100 % of calls local, nothing spent");
    expect(alone.footer).toContain("no cloud model with a known price is configured to compare with (usage.baseline)");
    const both = await cardOf([compared(1, 2), one({ baseline: undefined })]);
    expect(both.footer).toContain("Saved: 1 call against anthropic/claude-5 (x, 2026-11-01)");
    expect(both.footer).toContain("1 call compared with nothing");
    expect(both.footer).toContain("electricity not configured");
  });
});

describe("at the extremes", () => {
  it("does not take what is not counted yet for nothing", async () => {
    const { card } = await room({ calls: [], parts: { countedUpTo: () => undefined } }).ask("");
    expect(card.title).toBe("Last 7 days: nothing is counted yet");
  });

  it("says that there was nothing", async () => {
    const { card } = await room({ calls: [] }).ask("");
    expect(card).toMatchObject({ tone: "info", title: "Last 7 days: no model was asked" });
    expect(card.chart).toBeUndefined();
    expect(card.table).toBeUndefined();
    expect(field(card, "This conversation")).toBe("no calls");
  });

  it("draws no course of one day", async () => {
    const { card } = await room().ask("today");
    expect(card.title).toMatch(/^Today: /);
    expect(card.chart).toBeUndefined();
  });

  it("copes with long names, and tells models of one name apart", async () => {
    const long = "x".repeat(200);
    const names = ["ollama/same", "vllm/same", `ollama/${long}`, ...[1, 2, 3, 4].map((each) => `a/m${each}`)];
    const calls = names.flatMap((name, index) => {
      const [provider = "", model = ""] = name.split("/");
      return Array.from({ length: 20 - index }, (_, number) => ({
        ...(SAMPLE[0] as UsageCall),
        id: `${name}${number}`,
        at: NOW - 1_000,
        agentId: long,
        model: { provider, model },
      }));
    });
    const { card } = await room({ calls }).ask("scope:all");
    const names5 = card.table?.rows.map(([name]) => name);
    expect(names5).toEqual(["ollama/same", "vllm/same", `${"x".repeat(29)}…`, "m1", "m2", "2 more"]);
    const grouped = await room({ calls }).ask("scope:all by:agent");
    expect(grouped.card.table?.rows[0]?.[0]).toHaveLength(30);
  });

  it("shows 400 days: the chart all of them, a table the newest and the rest as one", async () => {
    const calls = Array.from({ length: 400 }, (_, day) => ({
      ...(SAMPLE[0] as UsageCall),
      at: NOW - day * 86_400_000,
    }));
    const { card } = await room({ calls }).ask("400d by:day");
    expect(barsOf(card)).toHaveLength(400);
    expect(barsOf(card)[0]?.label).toBe("2025-10-19");
    expect(card.table?.rows).toHaveLength(32);
    expect(card.table?.rows[0]?.[0]).toBe("369 earlier");
  });

  it("has a chart whose words stand alone", async () => {
    const { card } = await room().ask("");
    expect(card.chart).toMatchObject({
      title: "Calls a day, last 7 days",
      unit: "calls",
      series: [{ name: "local" }, { name: "cloud" }],
    });
    expect(barsOf(card).map(({ label }) => label)).toEqual([16, 17, 18, 19, 20, 21, 22].map((day) => `${day} Nov`));
    const sums = [0, 1].map((index) => barsOf(card).reduce((total, { values }) => total + (values[index] ?? 0), 0));
    expect(sums).toEqual([
      countIn(({ locality }) => locality === "local"),
      countIn(({ locality }) => locality !== "local"),
    ]);
    expect(card.chart?.alt).toMatch(
      /^Calls a day in the last 7 days: 145 of 227 calls were local \(64 %\)\. Most on 16 Nov: 41, 66 % local; last on 22 Nov: 9, 56 % local\.$/,
    );
  });
});

describe("an export", () => {
  it("has a row for each call of the period", async () => {
    const { card, visibility } = await room().ask("export:csv");
    expect(visibility).toBe("private");
    expect(card.title).toBe(`Last 7 days: ${countIn(() => true)} calls`);
    expect(card.file).toMatchObject({ name: "clutch-usage-2026-11-16-to-2026-11-22.csv", mediaType: "text/csv" });
    expect(card.file?.text.trimEnd().split("\r\n")).toHaveLength(countIn(() => true) + 1);
  });

  it("has a row for each sum, of the scope that was asked for", async () => {
    const { card } = await room().ask("yesterday export:json by:model scope:here");
    expect(card.file).toMatchObject({
      name: "clutch-usage-2026-11-21-to-2026-11-21-by-model.json",
      mediaType: "application/json",
    });
    const rows = JSON.parse(card.file?.text ?? "");
    const here = SAMPLE.filter(
      ({ at, sessionKey }) => sessionKey === HERE && new Date(at).toISOString().startsWith("2026-11-21"),
    );
    expect(rows.reduce((sum: number, { calls }: { calls: number }) => sum + calls, 0)).toBe(here.length);
    expect(card.title).toBe(`Yesterday: ${rows.length} sums by model`);
  });

  it("of nothing is a file all the same", async () => {
    const { card } = await room({ calls: [] }).ask("export:json");
    expect(card).toMatchObject({ title: "Last 7 days: 0 calls", file: { text: "[]\n" } });
  });

  it("says which calls are kept in sums alone", async () => {
    const ledger = { ...recount(SAMPLE), calls: recount(SAMPLE.slice(-10)).calls };
    const { card } = await room({ parts: { ledger } }).ask("export:csv");
    expect(card.body?.[0]).toMatch(/^\d+ calls of that time are kept in sums alone: by:day has them\.$/);
  });

  it("that is too large for a chat is refused, with a way", async () => {
    const many = {
      ...recount(SAMPLE),
      calls: async function* () {
        for (let number = 0; number < 60_000; number++) yield SAMPLE[0] as UsageCall;
      },
    };
    const { error } = await room({ parts: { ledger: many } }).ask("export:csv");
    expect(error).toMatchObject({ code: "bad_option" });
    expect(error?.hint).toContain("clutch usage --export csv");
  });
});

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type UsageOptions, usage } from "../../src/cli/usage.ts";
import { usageImport } from "../../src/cli/usage-import.ts";
import { type RepriceOptions, usageReprice } from "../../src/cli/usage-reprice.ts";
import { ClutchError } from "../../src/errors.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import { openStore } from "../../src/store/open-store.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { createCallPricer } from "../../src/usage/call-pricer.ts";
import type { UsageCollector } from "../../src/usage/usage-collector.ts";
import { parsePeriod } from "../../src/usage/usage-period.ts";
import { testProfile } from "../registry/test-profile.ts";
import { ALL_TIME, allCalls } from "../store/usage-calls.ts";
import { figuresOf } from "../usage/recount.ts";
import { sampleCalls } from "../usage/sample-calls.ts";

const NOW = Date.parse("2026-11-22T16:20:00Z");
const SAMPLE = sampleCalls(NOW);
let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "clutch-usage-"));
  const config = { store: `sqlite:${join(cwd, "own.db")}`, usage: { timeZone: "UTC" } };
  await writeFile(join(cwd, "clutch.config.json"), JSON.stringify(config));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function openOwn() {
  const store = await openStore(`sqlite:${join(cwd, "own.db")}`, { clock: () => NOW });
  return { ledger: createUsageLedger(store.db, () => NOW), store };
}

async function keep(calls = SAMPLE): Promise<void> {
  const { ledger, store } = await openOwn();
  await ledger.record(calls);
  await store.close();
}

function machine() {
  const stdout = Object.assign(new PassThrough(), { columns: 100 });
  const stderr = new PassThrough();
  let out = "";
  stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const runtime = {
    env: { LANG: "C.UTF-8", NO_COLOR: "1" },
    ...{ cwd, home: cwd, stdin: new PassThrough(), stdout, stderr },
    fetch: () => Promise.reject(new Error("no network is needed")),
    clock: () => NOW,
    signal: new AbortController().signal,
  };
  return { runtime, said: () => ({ out, err: String(stderr.read() ?? "") }) };
}

async function run(options: UsageOptions = {}) {
  const { runtime, said } = machine();
  return { code: await usage(options, runtime), ...said() };
}

const inPeriod = SAMPLE.filter(({ at }) => at >= Date.parse("2026-11-16T00:00:00Z"));

describe("clutch usage", () => {
  it("prints the card of everything, with blocks for bars and nothing to press", async () => {
    await keep();
    const { code, out, err } = await run();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("Last 7 days: 64 % of calls local, at least $1.84 spent");
    expect(out).toMatch(/16 Nov {2}█+▒+ 41/);
    expect(out).toContain("qwen3-coder:30b");
    expect(out).not.toContain("/usage");
  });

  it("looks at an agent or a conversation alone, and tells apart", async () => {
    await keep();
    expect((await run({ agent: "ops" })).out).toContain("Agent ops, last 7 days: ");
    expect((await run({ scope: "agent", agent: "ops", period: "yesterday" })).out).toContain("Agent ops, yesterday: ");
    expect((await run({ session: "agent:main:main" })).out).toContain("This conversation, last 7 days: ");
    expect((await run({ by: "cause" })).out).toContain("heartbeat");
  });

  it("says all of it to a script, in names that are always there", async () => {
    await keep();
    const { code, out } = await run({ json: true, by: "agent" });
    const { ok, report, groups, error } = JSON.parse(out);
    expect({ code, ok, error }).toEqual({ code: 0, ok: true, error: null });
    expect(report.figures.all).toEqual({
      ...figuresOf(inPeriod),
      usd: expect.closeTo(figuresOf(inPeriod).usd, 9),
      baseLow: expect.any(Number),
      baseHigh: expect.any(Number),
    });
    expect(report).toMatchObject({ days: { first: "2026-11-16" }, countedUpTo: null, savings: { electricity: null } });
    expect(groups.by).toBe("agent");
    expect(groups.rows.map(({ name }: { name: string }) => name)).toEqual(["ops", "main"]);
    expect(JSON.parse((await run({ json: true })).out).groups).toBeNull();
  });

  it("prints a file of any size", async () => {
    await keep();
    const csv = (await run({ export: "csv" })).out.trimEnd().split("\r\n");
    expect(csv).toHaveLength(inPeriod.length + 1);
    const rows = JSON.parse((await run({ export: "json", by: "day" })).out);
    expect(rows.reduce((sum: number, { calls }: { calls: number }) => sum + calls, 0)).toBe(inPeriod.length);
  });

  it("says until when everything is counted", async () => {
    await keep();
    const { ledger, store } = await openOwn();
    await ledger.setCursor("counted", String(NOW - 60_000));
    await store.close();
    expect((await run()).out).toContain("Counted up to 2026-11-22 16:19");
  });

  it("makes no store where there is none", async () => {
    expect(await run()).toMatchObject({ code: 0, out: expect.stringContaining("Last 7 days: nothing is counted yet") });
    expect((await run({ export: "json" })).out).toBe("[]\n");
    expect(existsSync(join(cwd, "own.db"))).toBe(false);
  });

  it.each<[UsageOptions, string]>([
    [{ period: "soon" }, "is no period"],
    [{ scope: "here" }, "--scope here"],
    [{ scope: "agent" }, "--scope agent needs a name"],
    [{ scope: "all", agent: "ops" }, "--scope all"],
    [{ session: "agent:main:main", agent: "ops" }, "--session is one conversation"],
    [{ by: "colour" }, "“by” cannot be “colour”"],
    [{ export: "xml" }, "“export” cannot be “xml”"],
  ])("refuses %j", async (options, why) => {
    const { code, out, err } = await run(options);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(why);
    const json = await run({ ...options, json: true });
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, report: null, error: { code: "bad_option" } });
  });

  it("tells a zone that is none", async () => {
    await writeFile(join(cwd, "clutch.config.json"), JSON.stringify({ usage: { timeZone: "Mars/Base" } }));
    expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining("Mars/Base") });
  });
});

describe("clutch usage reprice", () => {
  const opus = { provider: "anthropic", model: "claude-opus-5" };
  const pricer = createCallPricer({
    book: {
      rateFor: ({ provider, model }) =>
        provider === "ollama"
          ? undefined
          : {
              input: 1,
              output: 1,
              cacheRead: 0.5,
              cacheWrite: 1,
              source: model === "anvil-1" ? "override" : "new",
              date: "2026-11-22",
            },
    },
    baselineOf: () => opus,
  });

  const registry: Pick<ModelRegistry, "find"> = {
    find: ({ provider }) =>
      provider === "ollama"
        ? testProfile("ollama/qwen3-coder:30b", { locality: { kind: "local", evidence: "" } })
        : undefined,
  };

  async function reprice(options: RepriceOptions = {}) {
    const { runtime, said } = machine();
    const code = await usageReprice(options, runtime, async (_runtime, _secrets, work) => {
      const { ledger, store } = await openOwn();
      await work({ ledger, pricer, registry, period: (text) => parsePeriod(text, NOW, "UTC") });
      await store.close();
    });
    return { code, ...said() };
  }

  const kept = async () => {
    const { ledger, store } = await openOwn();
    const calls = await allCalls(ledger);
    const [sum] = await ledger.totals({ ...ALL_TIME, by: [], zone: "UTC" });
    await store.close();
    return { calls, sum };
  };

  it("shows what would change, and writes nothing without a yes", async () => {
    await keep();
    const before = await kept();
    const { code, out, err } = await reprice();
    expect(code).toBe(2);
    expect(out).toMatch(/\d+ calls would have another price: \$\d/);
    expect(out).toMatch(/acme\/anvil-1 +\d+ +\d+ +\$0 → \$0\.\d+ +\d+ → 0 +none/);
    expect(out).toMatch(/ollama\/qwen3-coder:30b .* → /);
    expect(err).toContain("--yes");
    expect(await kept()).toEqual(before);
  });

  it("writes what it showed, row for row, and finds nothing to do then", async () => {
    await keep();
    const shown = JSON.parse((await reprice({ json: true })).out);
    expect(shown).toMatchObject({ ok: false, written: 0, error: { code: "confirmation_required" } });
    const done = JSON.parse((await reprice({ json: true, yes: true })).out);
    const changed = shown.changes.reduce((sum: number, row: { changed: number }) => sum + row.changed, 0);
    expect(done).toMatchObject({ ok: true, written: changed, changes: shown.changes, error: null });

    const { calls, sum } = await kept();
    expect(calls).toEqual(calls.map((call) => pricer.price(call)));
    const usd = (of: "before" | "after") =>
      shown.changes.reduce((total: number, row: Record<typeof of, { usd: number }>) => total + row[of].usd, 0);
    expect(sum?.usd).toBeCloseTo(usd("after"), 9);
    expect(sum?.unpriced).toBe(0);
    expect((await reprice()).out).toContain("Every call that is kept has the prices of now");
  });

  it("says which calls turn out to have been local", async () => {
    const call = SAMPLE.find(({ model }) => model.provider === "ollama");
    if (call === undefined) throw new Error("there is a local call");
    const unplaced = { locality: "unknown", rate: undefined, usd: undefined, baseline: undefined } as const;
    await keep([{ ...call, ...unplaced }]);
    expect((await reprice()).out).toContain("1 call would count as local: where the model ran could not be told");
    await reprice({ yes: true });
    expect((await kept()).calls).toMatchObject([{ locality: "local", usd: 0, baseline: { model: opus } }]);
  });

  it("keeps to a period", async () => {
    await keep();
    await reprice({ yes: true, period: "7d" });
    const { calls } = await kept();
    const isNew = calls.filter(
      ({ baseline, rate }) => baseline?.model.model === "claude-opus-5" || rate?.source === "new",
    );
    expect(isNew.every(({ at }) => at >= Date.parse("2026-11-16T00:00:00Z"))).toBe(true);
    expect(isNew.length).toBeGreaterThan(100);
  });

  it("keeps the stamp of a rate that says the same, though it was read on another day", async () => {
    const rate = { input: 1, output: 1, cacheRead: 0.5, cacheWrite: 1, source: "openclaw", date: "2026-11-01" };
    const call = SAMPLE.find(({ locality }) => locality === "cloud");
    if (call === undefined) throw new Error("there is a cloud call");
    const stamped = createCallPricer({ book: { rateFor: () => rate }, baselineOf: () => undefined });
    await keep([stamped.price(call)]);
    const { runtime, said } = machine();
    const today = createCallPricer({
      book: { rateFor: () => ({ ...rate, date: "2026-11-22" }) },
      baselineOf: () => undefined,
    });
    await usageReprice({}, runtime, async (_runtime, _secrets, work) => {
      const { ledger, store } = await openOwn();
      await work({ ledger, pricer: today, registry, period: (text) => parsePeriod(text, NOW, "UTC") });
      await store.close();
    });
    expect(said().out).toContain("Every call that is kept has the prices of now");
  });
});

describe("clutch usage import", () => {
  type CatchUp = UsageCollector["catchUp"];

  async function importing(catchUp: CatchUp, options: { json?: boolean } = {}, stop?: AbortController) {
    const { runtime, said } = machine();
    const signal = stop?.signal ?? runtime.signal;
    const code = await usageImport(options, { ...runtime, signal }, (_runtime, _secrets, work) => work({ catchUp }));
    return { code, ...said() };
  }

  it("says what it counted, or that there was nothing", async () => {
    const done = await importing(async ({ onProgress } = {}) => {
      onProgress?.({ sessions: 2, done: 1, calls: 700 });
      return { added: 1_204, completed: 3 };
    });
    expect(done.code).toBe(0);
    expect(done.out).toContain("Reading what was asked before …");
    expect(done.out).toContain("1,204 calls counted");
    expect(done.out).toContain("3 calls of unknown size have their size now.");
    const again = await importing(async () => ({ added: 0, completed: 0 }));
    expect(again.out).toContain("Everything that OpenClaw still knows is counted");
  });

  it("may be stopped, and says what stays", async () => {
    const stop = new AbortController();
    const catchUp: CatchUp = async ({ onProgress, signal } = {}) => {
      onProgress?.({ sessions: 9, done: 1, calls: 40 });
      stop.abort();
      signal?.throwIfAborted();
      return { added: 0, completed: 0 };
    };
    const { code, err, out } = await importing(catchUp, {}, stop);
    expect(code).toBe(2);
    expect(out).toContain("Stopped.");
    expect(err).toContain("Stopped; 40 calls were read and stay counted.");
    const json = await importing(catchUp, { json: true }, stop);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, added: 40, error: { code: "interrupted" } });
  });

  it("prints one line for a script", async () => {
    const { code, out } = await importing(async () => ({ added: 7, completed: 1 }), { json: true });
    expect({ code, said: JSON.parse(out) }).toEqual({
      code: 0,
      said: { ok: true, added: 7, completed: 1, error: null },
    });
  });

  it("tells what stood in the way", async () => {
    const busy = new ClutchError("changed_meanwhile", "Another Clutch reads.", { hint: "Wait." });
    expect(await importing(() => Promise.reject(busy))).toMatchObject({
      code: 2,
      err: "✗ Another Clutch reads.\n  Wait.\n",
    });
  });
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { benchNotice } from "../../commands/bench-notice.ts";
import { workOf } from "../../commands/model-advise.ts";
import type { BenchNews } from "../../src/bench/bench-worker.ts";
import { readAnswers } from "../../src/bench/run-log.ts";
import { QWEN, SONNET } from "../bench/answers.ts";
import { benchLab, knowsNot, numberIn } from "./bench-lab.ts";

const PATIENCE = { timeout: 60_000, interval: 50 };
const text = ({ body = [] }: { readonly body?: readonly string[] }): string => body.join("\n");

describe("/bench run", () => {
  it("asks first: what is asked, what it takes and costs; nothing is begun before the yes", async () => {
    const lab = await benchLab();
    const { card, needsConfirmation, visibility } = await lab.type("/bench run");
    expect({ needsConfirmation, visibility }).toEqual({ needsConfirmation: true, visibility: "private" });
    expect(card.title).toBe("Bench Claude Sonnet 5 and Qwen2.5 Coder 32B?");
    const fields = Object.fromEntries(card.fields?.map(({ name, value }) => [name, value]) ?? []);
    expect(fields["Suites"]).toBe("extraction, sums, level quick");
    expect(fields["Asks"]).toMatch(/^\d+ questions: 24 items of each model/);
    expect(fields["Takes"]).toContain("nobody knows how fast");
    expect(fields["Costs"]).toMatch(/^about \$[\d.]+, at most \$[\d.]+$/);
    expect(card.table?.rows.map(([name, where]) => [name, where])).toEqual([
      ["Claude Sonnet 5", "cloud"],
      ["Qwen2.5 Coder 32B", "local"],
    ]);
    expect(await lab.runs.list({ limit: 5 })).toEqual([]);
    expect([...lab.local.asked, ...lab.cloud.asked]).toEqual([]);
  });

  it("shows how it goes on, and ends in a card with the sentence, the chart, the speed and each n", async () => {
    const lab = await benchLab();
    const { card, ok, visibility } = await lab.agree("/bench run extraction qwen sonnet");
    expect({ ok, visibility }).toEqual({ ok: true, visibility: "public" });
    expect(card.title).toBe("Bench 1: extraction");
    expect(text(card)).toMatch(
      /^For extraction your Qwen2\.5 Coder 32B is worse than Claude Sonnet 5 by \d+ to \d+ points \(n=12\)/,
    );
    expect(card.chart?.alt).toContain("extraction (n=12): Qwen2.5 Coder 32B 0 (0-");
    expect(card.table?.columns).toEqual(["Model", "Prompt", "Begins after", "Tokens/s", "n"]);
    expect(card.table?.rows.length).toBeGreaterThan(3);
    expect(lab.cards.length).toBeGreaterThan(0);
    for (const { meter } of lab.cards) expect(meter?.text).toMatch(/^\d+ of \d+ questions$/);
    expect((await lab.audit.list({ limit: 5 })).map(({ action, target }) => [action, target])).toEqual([
      ["bench.run", "bench 1"],
    ]);
    // What was found out is known to the registry.
    expect((await lab.measurements.all()).map(({ kind }) => kind)).toContain("speed");
  });

  it("goes on after the process was killed, and the result is posted where it was asked for", async () => {
    const lab = await benchLab({ items: 40 });
    lab.state.watched = true;
    const stop = new AbortController();
    const asked = lab.agree("/bench run sums qwen sonnet", stop.signal);
    const run = await vi.waitFor(async () => {
      const [open] = await lab.runs.list({ state: "open", limit: 1 });
      if (open === undefined) throw new Error("not begun");
      return open;
    }, PATIENCE);
    stop.abort();
    expect((await asked).error?.code).toBe("deadline");

    const child = spawn(process.execPath, [
      join(import.meta.dirname, "bench-watch-child.ts"),
      lab.folder,
      lab.local.url,
      lab.cloud.url,
    ]);
    child.stderr.pipe(process.stderr);
    await vi.waitFor(async () => expect((await readAnswers(lab.runs, run.id)).length).toBeGreaterThan(5), PATIENCE);
    child.kill("SIGKILL");
    await once(child, "exit");
    const before = await readAnswers(lab.runs, run.id);
    expect(before.length).toBeLessThan(80);
    const shown = await lab.type("/bench");
    expect(shown.card.title).toMatch(/^Bench 1 is running: \d+ of \d+$/);
    expect(shown.card.actions?.map(({ line }) => line)).toEqual(["/bench", "/bench cancel"]);

    // The dead process has its lease for a while.
    lab.state.waitedMs += 21_000;
    const news: BenchNews[] = [];
    const watch = (isDelivered: boolean) =>
      lab.bench.watch(async (found) => {
        news.push(found);
        return isDelivered;
      });
    // The platform does not take it the first time, and the process ends; whoever comes next tells it, once.
    for (const [times, isDelivered] of [
      [1, false],
      [2, true],
    ] as const) {
      const worker = watch(isDelivered);
      await vi.waitFor(() => expect(news).toHaveLength(times), PATIENCE);
      await worker.stop();
    }
    expect(await lab.runs.untold(0)).toEqual([]);
    const after = await readAnswers(lab.runs, run.id);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(new Set(after.map(({ model, itemId }) => `${model.model} ${itemId}`)).size).toBe(80);
    const [ended] = news;
    const notice =
      ended && (await benchNotice(ended, { results: lab.bench.results, readSession: async () => undefined }));
    expect(notice?.to.conversation).toMatchObject({ platform: "discord", channel: "77" });
    expect(notice?.card.title).toBe("Bench 1: sums");
    expect(notice?.card.chart).toBeDefined();
  }, 120_000);

  it("is cancelled from wherever, and keeps what was answered", async () => {
    const lab = await benchLab({
      local: (chat) => ({ ...knowsNot(chat), promptMs: numberIn(chat) === undefined ? 0 : 200 }),
    });
    lab.state.watched = true;
    const worker = lab.bench.watch(async () => undefined);
    const asked = lab.agree("/bench run sums qwen");
    await vi.waitFor(async () => expect((await readAnswers(lab.runs, 1)).length).toBeGreaterThan(2), PATIENCE);
    const { card } = await lab.type("/bench cancel");
    expect(card.title).toBe("Bench 1 was cancelled");
    expect((await asked).card.title).toBe("Bench 1 was cancelled");
    await worker.stop();
    expect(await lab.runs.read(1)).toMatchObject({ state: "cancelled" });
    const results = await lab.type("/bench results 1");
    expect(text(results.card)).toMatch(/It was cancelled: \d+ of 12 answers are there\./);
    expect((await lab.type("/bench cancel")).error?.code).toBe("no_bench");
  }, 60_000);
});

describe("what is refused", () => {
  it.each([
    ["/bench run nosuchmodel", "unknown_model", "has no model “nosuchmodel”"],
    ["/bench run suite:poetry", "bad_option", "There is no suite “poetry”"],
    ["/bench compare qwen", "bad_option", "A comparison is of two models."],
    ["/bench compare qwen qwen2.5-coder:32b", "bad_option", "are the same model"],
    ["/bench results twelve", "bad_option", "is no number of a bench"],
    ["/bench results 12", "no_bench", "no bench with the number 12"],
    ["/bench compare qwen sonnet", "no_bench", "Nothing was measured of ollama/qwen2.5-coder:32b yet."],
    ["/bench cancel", "no_bench", "No bench is open"],
    ["/bench history level:full", "bad_option", "/bench history does not take “level:”"],
    ["/bench qwen", "bad_option", "cannot be “qwen”"],
  ])("%s", async (line, code, message) => {
    const lab = await benchLab();
    const { error, ok } = await lab.type(line);
    expect({ ok, code: error?.code }).toEqual({ ok: false, code });
    expect(error?.message).toContain(message);
    expect(await lab.runs.list({ limit: 5 })).toEqual([]);
  });

  it("a second bench while one is open", async () => {
    const lab = await benchLab();
    const words = { suites: ["sums"], level: "quick", models: [QWEN] } as const;
    await lab.bench.start((await lab.bench.prepare(words)).plan, { actor: "discord:1" });
    const { error } = await lab.type("/bench run");
    expect(error).toMatchObject({ code: "bench_running", fault: false });
    expect(error?.hint).toContain("/bench cancel");
  });

  it("a model in the cloud while local-only mode is on; without a name only local ones are taken", async () => {
    const lab = await benchLab();
    lab.state.locked = true;
    expect((await lab.type("/bench run sums sonnet")).error?.code).toBe("local_only");
    const { card } = await lab.type("/bench run");
    expect(card.title).toBe("Bench Qwen2.5 Coder 32B?");
    expect(lab.cloud.asked).toEqual([]);
  });

  it("all suites while a file of the person's is wrong, with its line; those that are right can be used", async () => {
    const lab = await benchLab({ own: ["mine.yaml"] });
    writeFileSync(join(lab.folder, "mine.yaml"), "suite: mine\ntitle: Mine\ntask: poetry\nitems: []\n");
    const { error } = await lab.type("/bench run");
    expect(error?.code).toBe("bad_suite");
    expect(error?.message).toContain("mine.yaml, line 3");
    expect((await lab.type("/bench run sums qwen")).needsConfirmation).toBe(true);
  });

  it("nothing, but asks, where a conversation would have to wait for its model", async () => {
    const lab = await benchLab();
    lab.state.evictions = [{ model: "llama3.1:70b", usedBy: ["agent:main:main"] }];
    const { card } = await lab.type("/bench run sums qwen");
    expect(text(card)).toContain("It would push llama3.1:70b out of memory, which a conversation uses");
  });

  describe("with a yes to", () => {
    const IN_USE = [{ model: "llama3.1:70b", usedBy: ["agent:main:main"] }];
    const AGAIN = "Nothing was begun: this is not what was shown before, so it needs another yes.";
    type BenchLab = Awaited<ReturnType<typeof benchLab>>;

    it.each<[string, Partial<BenchLab["state"]>, string]>([
      ["no conversation that waits", { evictions: IN_USE }, "It would push llama3.1:70b out"],
      ["a lower price", { dearer: 1_000 }, "It may cost up to"],
      ["a known price", { priced: false }, "Nobody states a price for Claude Sonnet 5"],
    ])("%s, nothing more: it is asked again", async (_, change, question) => {
      const lab = await benchLab();
      await lab.type("/bench run sums qwen sonnet");
      Object.assign(lab.state, change);
      const again = await lab.type("/bench run sums qwen sonnet", true);
      expect(again).toMatchObject({ ok: false, needsConfirmation: true });
      expect(again.card.body?.[0]).toBe(AGAIN);
      expect(text(again.card)).toContain(question);
      expect(await lab.runs.list({ limit: 9 })).toEqual([]);
      expect((await lab.type("/bench run sums qwen sonnet", true)).ok).toBe(true);
    });

    it("what a terminal showed long ago, that and nothing more", async () => {
      const lab = await benchLab();
      await lab.type("/bench run sums qwen sonnet");
      lab.state.waitedMs += 20 * 60_000;
      lab.state.evictions = IN_USE;
      const again = await lab.type("/bench run sums qwen sonnet", true);
      expect(again).toMatchObject({ ok: false, needsConfirmation: true });
      expect(again.card.body?.[0]).toBe(AGAIN);
      expect(await lab.runs.list({ limit: 9 })).toEqual([]);
      lab.state.waitedMs += 20 * 60_000;
      expect((await lab.type("/bench run sums qwen sonnet", true)).ok).toBe(true);
      const [run] = await lab.runs.list({ limit: 1 });
      expect(run?.plan).toMatchObject({ consent: { evict: true } });
    });

    it("other models, nothing of these", async () => {
      const lab = await benchLab();
      await lab.type("/bench run sums qwen");
      expect((await lab.type("/bench run sums sonnet", true)).card.body?.[0]).toBe(AGAIN);
    });

    it("what the card showed, that, though it would be less by now", async () => {
      const lab = await benchLab({ askAboveUsd: 0 });
      lab.state.evictions = IN_USE;
      lab.state.dearer = 2;
      const { card } = await lab.type("/bench run sums qwen sonnet");
      const shown = /It may cost up to \$([\d.]+)/.exec(text(card))?.[1];
      lab.state.evictions = [];
      lab.state.dearer = 1;
      expect((await lab.type("/bench run sums qwen sonnet", true)).ok).toBe(true);
      const [run] = await lab.runs.list({ limit: 1 });
      expect(run?.plan).toMatchObject({ consent: { evict: true, usd: expect.closeTo(Number(shown), 2) } });
    });

    it("everything beforehand, as a script says it, all that it takes", async () => {
      const lab = await benchLab({ askAboveUsd: 0 });
      lab.state.evictions = IN_USE;
      expect((await lab.type("/bench run sums qwen sonnet", true)).ok).toBe(true);
    });
  });

  it("nothing, but says so, where it may cost more than is spent without asking, or nobody knows what", async () => {
    const dear = await benchLab({ askAboveUsd: 0 });
    expect(text((await dear.type("/bench run sums sonnet")).card)).toMatch(
      /^It may cost up to \$[\d.]+, which is more than the \$0 that are spent without asking/,
    );
    const unpriced = await benchLab({ priced: false });
    const { card } = await unpriced.type("/bench run sums sonnet");
    expect(text(card)).toBe("Nobody states a price for Claude Sonnet 5, so what that costs is not known.");
    expect(card.actions?.[0]?.style).toBe("danger");
  });
});

describe("/model advise", () => {
  it("says how to measure where nothing was, and the best for this conversation's work where something was", async () => {
    const lab = await benchLab();
    const before = await lab.type("/model advise");
    expect(before.card.title).toContain("Nothing was measured here yet");
    expect(text(before.card)).toContain("following instructions");
    await lab.agree("/bench run sums qwen sonnet");
    const { card } = await lab.type("/model advise task:reasoning");
    expect(card.title).toBe("Claude Sonnet 5 fits this conversation, and is its model already");
    expect(card.table?.rows.map(([task, model, score]) => [task, model, score])).toEqual([
      ["reasoning", "Claude Sonnet 5 (now)", "100 (n=12)"],
    ]);
    lab.setLocked(true);
    const locked = await lab.type("/model advise task:reasoning");
    expect(text(locked.card)).toContain("only local models are looked at");
    expect(locked.card.title).toBe("No model is good enough for all that is done here");
    expect((await lab.type("/model advise once")).error?.code).toBe("bad_option");
    expect((await lab.type("/model qwen task:code")).error?.code).toBe("bad_option");
  });

  it.each([
    [{ calls: 0, of: 0, tokens: 0 }, ["instructions"]],
    [{ calls: 1, of: 30, tokens: 12_000 }, ["instructions"]],
    [{ calls: 6, of: 30, tokens: 12_000 }, ["instructions", "tools"]],
    [{ calls: 6, of: 30, tokens: 60_000 }, ["instructions", "tools", "recall"]],
  ])("tells the work by tools and length: %o", ({ calls, of, tokens }, tasks) => {
    const messages = Array.from({ length: of }, (_, at) => ({
      by: "model" as const,
      stopReason: at < calls ? "toolUse" : "stop",
    }));
    expect(workOf(messages, tokens).tasks).toEqual(tasks);
  });
});

describe("what is looked at", () => {
  it("before anything was measured says how to measure", async () => {
    const lab = await benchLab();
    for (const line of ["/bench", "/bench history", "/bench advice"]) {
      const { card, ok } = await lab.type(line);
      expect(ok, line).toBe(true);
      expect(text(card), line).toContain("/bench run");
    }
  });

  it("compares two models over several benches, advises, and tells what changed", async () => {
    const lab = await benchLab();
    await lab.agree("/bench run sums qwen");
    await lab.agree("/bench run sums sonnet");
    const compared = await lab.type("/bench compare qwen sonnet");
    expect(compared.card.title).toBe("Qwen2.5 Coder 32B and Claude Sonnet 5");
    expect(text(compared.card)).toContain("is worse than Claude Sonnet 5");
    expect(text(compared.card)).toContain("of benches 1, 2.");
    const { card: advice } = await lab.type("/bench advice");
    expect(advice.table?.rows).toEqual([
      [
        "reasoning",
        "Claude Sonnet 5",
        "100 (n=12)",
        expect.stringMatching(/^\$/),
        expect.stringContaining("longest of 12"),
      ],
    ]);
    await lab.agree("/bench run sums sonnet");
    const { card: history } = await lab.type("/bench history");
    expect(history.table?.rows.map(([id, , , suites, models, answers]) => [id, suites, models, answers])).toEqual([
      ["3", "sums", "Claude Sonnet 5", "12"],
      ["2", "sums", "Claude Sonnet 5", "12"],
      ["1", "sums", "Qwen2.5 Coder 32B", "12"],
    ]);
    expect(text(history)).toContain("Claude Sonnet 5 has not changed beyond chance against the run before");
    expect(SONNET.provider).toBe("anthropic");
  }, 60_000);
});

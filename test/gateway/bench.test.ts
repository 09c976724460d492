import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAgentAsker } from "../../src/bench/ask-agent.ts";
import { createBenchTargets } from "../../src/bench/bench-targets.ts";
import { createPeople } from "../../src/bench/people.ts";
import { planRun } from "../../src/bench/plan-run.ts";
import { readAnswers } from "../../src/bench/run-log.ts";
import type { RunPlan } from "../../src/bench/run-plan.ts";
import { createBenchRunner } from "../../src/bench/runner.ts";
import { parseModelRef } from "../../src/models/model-ref.ts";
import { followSessions, type SessionEvents } from "../../src/openclaw/session-events.ts";
import { createTimedTurns } from "../../src/openclaw/timed-turns.ts";
import { createServerMonitor } from "../../src/registry/server-monitor.ts";
import type { Answer, ReceivedChat } from "../../src/sandbox/stand-in.ts";
import { redirectionBy } from "../../src/sessions/models-in-use.ts";
import { createBenchRuns } from "../../src/store/bench-runs.ts";
import { createLeases } from "../../src/store/leases.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { someSuite } from "../bench/bench-items.ts";
import { gradeNumber, RATE } from "../bench/lab-parts.ts";
import { type AttachedClutch, type Lab, PERSONA, QWEN, SONNET, startLab, turns } from "./harness.ts";

const logger = pino({ level: "silent" });
const PERSON = "agent:main:discord:channel:4400";
const suites = [someSuite(2)];
/** Requests of the bench, in the order in which they came. */
let asked: ReceivedChat[] = [];
let lab: Lab;
let clutch: AttachedClutch;
let store: Store;
let events: SessionEvents;

const questionOf = (chat: ReceivedChat): string | undefined => /Question (\d+):/.exec(turns(chat).at(-1) ?? "")?.[1];
/** Knows every answer; `how` is for questions of the bench, `person` for all others. */
const answerWith = (
  how: () => Partial<Answer> = () => ({}),
  person: (chat: ReceivedChat) => Answer | undefined = () => undefined,
) =>
  lab.answerWith((chat) => {
    const question = questionOf(chat);
    if (question === undefined) return person(chat);
    asked.push(chat);
    return { text: `It is ${Number(question) + 1}.`, ...how() };
  });

beforeAll(async () => {
  lab = await startLab();
  clutch = await lab.attach();
  clutch.app.watch(async () => undefined);
  store = await openStore(`sqlite:${join(lab.dir, `bench-${randomUUID()}.db`)}`, { clock: Date.now });
  events = followSessions(clutch.app.connection, logger);
  answerWith();
  await clutch.call("sessions.create", { key: PERSON, agentId: "main", model: QWEN });
  expect(await clutch.say(PERSON, "Good morning.")).toContain("answers message");
}, 240_000);
afterAll(async () => {
  events?.close();
  await store?.close();
  await lab?.stop();
});

/** A runner over this gateway and a run of it. */
async function bench(models: readonly string[], through: RunPlan["through"]) {
  const { app } = clutch;
  const runs = createBenchRuns(store.db, Date.now);
  const isRedirected = redirectionBy(app.services.registry, app.localOnly.isKeptLocal);
  const targets = createBenchTargets({
    registry: app.services.registry,
    monitor: createServerMonitor({ fetch: globalThis.fetch, clock: Date.now, logger }),
    openclaw: app.openclaw,
    isRedirected,
    machine: () => undefined,
    resolve: async () => [],
    isLocalOnly: () => false,
    fetch: globalThis.fetch,
  });
  const runner = createBenchRunner({
    runs,
    leases: createLeases(store.db, Date.now),
    suites: async () => suites,
    targets,
    grade: gradeNumber,
    people: createPeople({ openclaw: app.openclaw, events, isRedirected, hostOf: targets.hostOf }),
    isLocalOnly: () => false,
    rate: () => RATE,
    askAgent: createAgentAsker(createTimedTurns(app.connection, logger)),
    load: () => 0,
    clock: Date.now,
    logger,
  });
  const refs = models.flatMap((name) => parseModelRef(name) ?? []);
  const plan = planRun({
    suites,
    level: "quick",
    models: await Promise.all(refs.map((ref) => targets.planned(ref))),
    seed: 1,
    speed: false,
    through,
    consent: { usd: 10, evict: false },
  });
  const { id } = await runs.begin({ actor: "discord:owner", plan });
  return {
    work: (signal = new AbortController().signal) => runner.work(id, { signal }),
    answers: () => readAnswers(runs, id),
  };
}

/** All that a person could come across: sessions, what they hold, what they cost, files, and Clutch's own ledger. */
async function traces() {
  const { sessions } = (await clutch.call("sessions.list", { limit: 200 })) as {
    sessions: { key: string; updatedAt: number }[];
  };
  const history = (await clutch.call("chat.history", { sessionKey: PERSON, limit: 200 })) as { messages: unknown[] };
  const calls: unknown[] = [];
  for await (const { sessionKey, model, tokens } of clutch.app.ledger.calls({ from: 0, to: Number.MAX_SAFE_INTEGER })) {
    calls.push({ sessionKey, model, tokens });
  }
  return {
    sessions: sessions.map(({ key, updatedAt }) => ({ key, updatedAt })),
    messages: history.messages,
    usage: await fresh("sessions.usage", { limit: 200, range: "7d", agentScope: "all" }),
    cost: await fresh("usage.cost", { days: 1 }),
    calls,
    files: await filesIn(join(lab.dir, "work")),
  };
}

/** Totals, once OpenClaw has counted all that it knows. */
async function fresh(method: string, params: object): Promise<unknown> {
  for (;;) {
    const reply = (await clutch.call(method, params)) as {
      totals: unknown;
      cacheStatus: { status: string; pendingFiles: number };
    };
    if (reply.cacheStatus.status === "fresh" && reply.cacheStatus.pendingFiles === 0) return reply.totals;
    await sleep(500);
  }
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashed = files.map(async (path) => [
    path,
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  ]);
  return Object.fromEntries(await Promise.all(hashed)) as Record<string, string>;
}

describe("a bench through OpenClaw", () => {
  it("is answered by the agent with its prompt and tools, and leaves no trace with people", async () => {
    // The ledger has the person's call by now.
    await expect.poll(async () => (await traces()).calls.length, { timeout: 60_000, interval: 500 }).toBe(1);
    const before = await traces();
    asked = [];
    const run = await bench([QWEN, SONNET], { kind: "openclaw", agentId: "main" });
    expect(await run.work()).toEqual({ kind: "done", left: [] });

    const answers = await run.answers();
    expect(answers).toHaveLength(4);
    for (const answer of answers) {
      expect(answer).toMatchObject({ passed: true, outcome: "answered" });
      expect(answer.tokens.input).toBeGreaterThan(3_000);
      expect(answer.tokens.output).toBeGreaterThan(0);
      expect(answer.timings.firstTokenMs).toBeGreaterThan(0);
      expect(answer.timings.totalMs).toBeGreaterThanOrEqual(answer.timings.firstTokenMs ?? 0);
    }
    expect(answers.filter(({ usd }) => usd === 0)).toHaveLength(2);
    expect(asked).toHaveLength(4);
    for (const chat of asked) {
      expect(chat.system).toContain(PERSONA);
      expect((chat.body["tools"] as unknown[]).length).toBeGreaterThan(3);
      // Each in a conversation of its own.
      expect(turns(chat)).toHaveLength(1);
    }
    expect(new Set(asked.map(({ server }) => server))).toEqual(new Set(["ollama", "anthropic"]));

    expect(await traces()).toEqual(before);
    // Neither does anything of it come later.
    await sleep(3_000);
    expect(await traces()).toEqual(before);
  });

  it("that is cut short in a turn leaves none either, and the turn does not go on", async () => {
    const before = await traces();
    asked = [];
    answerWith(() => ({ delayMs: 60_000 }));
    const stop = new AbortController();
    const run = await bench([SONNET], { kind: "openclaw", agentId: "main" });
    const work = run.work(stop.signal);
    await expect.poll(() => asked.length, { timeout: 60_000 }).toBe(1);
    const reason = new Error("enough");
    stop.abort(reason);
    await expect(work).rejects.toBe(reason);
    expect(await traces()).toEqual(before);
    expect(await run.answers()).toEqual([]);
    answerWith();
    expect(await run.work()).toEqual({ kind: "done", left: [] });
    expect(await run.answers()).toHaveLength(2);
    expect(await traces()).toEqual(before);
  });
});

describe("a bench of a model that a person talks to", () => {
  it("stops in the middle of its item when their turn begins, and goes on after it", async () => {
    asked = [];
    let isFirst = true;
    answerWith(() => {
      const slow = isFirst;
      isFirst = false;
      return slow ? { delayMs: 60_000 } : {};
    });
    const run = await bench([QWEN], { kind: "servers" });
    const work = run.work();
    await expect.poll(() => asked.length, { timeout: 60_000 }).toBe(1);
    // As long as the person waits, the bench does.
    const lunch = "And what is for lunch?";
    const waits = Promise.withResolvers<number>();
    answerWith(
      () => ({}),
      (chat) => {
        if (!JSON.stringify(chat.body).includes(lunch)) return undefined;
        setTimeout(() => waits.resolve(asked.length), 1_000);
        return { text: "This answers message of lunch.", delayMs: 2_000 };
      },
    );
    expect(await clutch.say(PERSON, lunch)).toContain("answers message");
    expect(await waits.promise).toBe(1);
    expect(await work).toEqual({ kind: "done", left: [] });
    // The one that was stopped was asked again.
    expect(asked).toHaveLength(3);
    const answers = await run.answers();
    expect(answers.map(({ passed }) => passed)).toEqual([true, true]);
    expect(Math.max(...answers.map(({ timings }) => timings.totalMs))).toBeLessThan(60_000);
  });
});

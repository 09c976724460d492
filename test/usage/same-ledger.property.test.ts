import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { createAllSessions } from "../../src/openclaw/all-sessions.ts";
import { createGuardClient } from "../../src/openclaw/guard-client.ts";
import { createJobRuns } from "../../src/openclaw/job-runs.ts";
import { createModelMessages, readMessageEvent } from "../../src/openclaw/model-messages.ts";
import { createOpenClaw } from "../../src/openclaw/openclaw.ts";
import type { ModelRegistry, RegistrySnapshot } from "../../src/registry/model-registry.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { createCallWriter } from "../../src/usage/call-writer.ts";
import { createGuardReader } from "../../src/usage/guard-reader.ts";
import { createHistoryReader } from "../../src/usage/history-reader.ts";
import { createMessageObserver } from "../../src/usage/observe-messages.ts";
import { createTranscriptReader } from "../../src/usage/transcript-reader.ts";
import { openTemp } from "../store/temp-store.ts";
import { type MadeCall, type PretendRun, pretendOpenClaw } from "./pretend-openclaw.ts";

const KEYS = ["agent:main:main", "agent:main:discord:channel:1", "agent:keeper:subagent:x", "agent:main:cron:j:run:1"];

const registry = {
  current: async () => ({ defaultAgentId: "main", modelConfig: NO_CONFIG }) as unknown as RegistrySnapshot,
  find: ({ provider }: { provider: string }) => ({ bookedAs: provider === "ollama" ? "local" : "cloud" }),
} as unknown as Pick<ModelRegistry, "current" | "find">;
const NO_CONFIG = { agentModels: new Map(), channelModels: new Map(), defaultModel: { fallbacks: [] } };

type World = ReturnType<typeof pretendOpenClaw>;

/** One life of a Clutch that counts: it hears events while it lives, and is gone without a word. */
async function live(world: World, ledger: ReturnType<typeof createUsageLedger>, clock: () => number) {
  const { connection, logger } = world;
  const messages = createModelMessages(connection, logger);
  const guard = createGuardReader({ guard: createGuardClient(connection), ledger });
  const observer = createMessageObserver({ guard, registry, isKeptLocal: () => false });
  const pricer = {
    price: (call: object) => ({ ...call, rate: undefined, usd: undefined, baseline: undefined }) as UsageCall,
  };
  const writer = createCallWriter({ ledger, pricer, registry, openclaw: createOpenClaw(connection), clock });
  const transcripts = createTranscriptReader({ messages, ledger, clock });
  const readHistory = createHistoryReader({
    ...{ sessions: createAllSessions(connection), jobRuns: createJobRuns(connection) },
    ...{ transcripts, guard, observer, writer, ledger, clock, logger },
  });
  const heard: Parameters<Parameters<typeof connection.onEvent>[0]>[0][] = [];
  const forget = connection.onEvent((event) => void heard.push(event));
  return {
    /** Writes down some of what was heard, as it comes or with a look at the guard and the transcript. */
    async write(looks: boolean) {
      for (const event of heard.splice(0)) {
        const read = readMessageEvent(event);
        if (read?.kind === "said") {
          writer.noteSession(read.row as never);
          await writer.write(await observer.observe([read.message], read.row));
        } else if (read?.kind === "hidden" && looks)
          await writer.write(await observer.observe(await transcripts.glance(read.sessionKey), undefined));
      }
      if (looks) await guard.read(async (calls) => void (await writer.write(calls)));
    },
    catchUp: () => readHistory(),
    die: forget,
  };
}

const call = fc.record({
  model: fc.constantFrom("anthropic/claude-sonnet-5" as const, "ollama/qwen:7b" as const),
  input: fc.integer({ min: 1, max: 99_999 }),
  outcome: fc.constantFrom("answered" as const, "answered" as const, "failed" as const, "aborted" as const),
  message: fc.constantFrom("shown" as const, "shown" as const, "hidden" as const, "dropped" as const),
});
const run: fc.Arbitrary<PretendRun> = fc.record({
  sessionKey: fc.constantFrom(...KEYS),
  askedBy: fc.constantFrom(undefined, undefined, "heartbeat"),
  calls: fc.array(call, { minLength: 1, maxLength: 4 }),
}) as fc.Arbitrary<PretendRun>;
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ run }) },
  { weight: 3, arbitrary: fc.record({ write: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ catchUp: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 2, arbitrary: fc.constant({ die: true }) },
  { weight: 2, arbitrary: fc.record({ cut: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ reset: fc.constantFrom(...KEYS.slice(0, 3)) }) },
  { weight: 1, arbitrary: fc.record({ fork: fc.constantFrom(...KEYS.slice(0, 3)) }) },
);

/** Plays the steps, and what the ledger has after a last look at everything. */
async function play(steps: readonly object[], hasGuard: boolean) {
  const { store } = await openTemp("sqlite::memory:");
  let now = Date.UTC(2026, 10, 28);
  const clock = () => now;
  const ledger = createUsageLedger(store.db, clock);
  const world = pretendOpenClaw({ hasGuard, clock });
  let clutch = await live(world, ledger, clock);
  for (const each of steps as Partial<Record<string, never>>[]) {
    now += 1_000;
    if (each["run"] !== undefined) world.run(each["run"]);
    else if (each["write"] !== undefined) await clutch.write(each["write"]);
    else if (each["catchUp"] !== undefined) {
      // The connection may break anywhere in it.
      world.failAfter(each["catchUp"]);
      await clutch.catchUp().catch(() => undefined);
      world.failAfter(Number.POSITIVE_INFINITY);
    } else if (each["cut"] !== undefined) world.cut(each["cut"]);
    else if (each["reset"] !== undefined) world.reset(each["reset"]);
    else if (each["fork"] !== undefined) world.fork(each["fork"], `agent:main:dashboard:${now}`);
    else {
      clutch.die();
      clutch = await live(world, ledger, clock);
    }
  }
  now += 60_000;
  await clutch.catchUp();
  const again = await clutch.catchUp();
  const found = await Array.fromAsync(ledger.calls({ from: 0, to: Number.MAX_SAFE_INTEGER }));
  return { world, found, again };
}

const asMade = ({ model, sessionKey, tokens, outcome, fallback, cause }: UsageCall, hasGuard = true): string =>
  JSON.stringify([
    ...[`${model.provider}/${model.model}`, tokens?.input, outcome],
    // Of what was forked before it was reset there is the copy alone.
    ...(hasGuard ? [sessionKey, fallback, cause] : []),
  ]);
const asFound = ({ model, sessionKey, input, outcome, fallback, askedBy }: MadeCall, hasGuard = true): string => {
  const byKey = sessionKey.includes("subagent") ? "sub-agent" : sessionKey.includes("cron") ? "cron" : undefined;
  return JSON.stringify([
    ...[model, input, outcome],
    ...(hasGuard ? [sessionKey.replace(/:run:.*/, ""), fallback, byKey ?? askedBy ?? "chat"] : []),
  ]);
};

describe("whatever is heard, read, lost and read again, in whatever order", () => {
  it("with a guard every call is in the ledger once, with all that anybody knows of it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
        const { world, found, again } = await play(steps, true);
        expect(found.map((each) => asMade(each)).sort()).toEqual(world.made.map((each) => asFound(each)).sort());
        expect(again).toEqual({ added: 0, completed: 0 });
      }),
      { numRuns: 150 },
    );
  });

  it("without one, nothing is counted twice, and all that the transcripts still have is counted", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
        const { world, found, again } = await play(steps, false);
        const left = world.made.map((each) => asFound(each, false));
        for (const each of found.map((row) => asMade(row, false))) {
          const index = left.indexOf(each);
          expect(index, `${each} was counted though it was not made, or twice`).toBeGreaterThanOrEqual(0);
          left.splice(index, 1);
        }
        const inputs = new Set(found.flatMap(({ tokens }) => tokens?.input ?? []));
        const kept = world.transcripts() as { role: string; usage?: { input: number } }[];
        for (const { usage } of kept) if (usage !== undefined && usage.input > 0) expect(inputs).toContain(usage.input);
        expect(again).toEqual({ added: 0, completed: 0 });
      }),
      { numRuns: 150 },
    );
  });
});

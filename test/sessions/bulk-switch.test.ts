import { expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import { type BulkContext, createBulkSwitch } from "../../src/sessions/bulk-switch.ts";
import type { SessionModels } from "../../src/sessions/session-models.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openTemp } from "../store/temp-store.ts";

const QWEN = { provider: "ollama", model: "qwen3:8b" };
const keys = Array.from({ length: 10 }, (_, n) => `agent:main:discord:channel:${n}`);
const plan = { toChange: keys, toKeep: [], already: 0, leftAlone: 0 };
const about = (more: Partial<BulkContext> = {}): BulkContext => ({
  actor: "discord:1",
  place: "agent:main:main",
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...more,
});

async function bulkWith(
  switchSession: SessionModels["switchSession"],
  pages: readonly (readonly string[])[] = [],
  reaches = false,
) {
  const { store, time } = await openTemp();
  return createBulkSwitch({
    openclaw: {
      async checkReach() {
        if (!reaches) return;
        throw new ClutchError("gateway_protocol", "OpenClaw would make it a default too, so nothing was changed.");
      },
      listSessions: async (offset: number) => ({
        sessions: (pages[offset] ?? []).map((key) => ({ key })),
        next: offset + 1 < pages.length ? offset + 1 : undefined,
      }),
    } as unknown as OpenClaw,
    sessions: { switchSession } as unknown as SessionModels,
    temporary: { inForce: async () => new Map(), keep: () => expect.fail("nothing is temporary") },
    journal: createChangeJournal(store.db, () => time.now),
    registry: { current: async () => ({ routing: { mainKey: "home" } }) } as unknown as ModelRegistry,
  });
}

it("tells exactly what was done, what was so already and what failed with which code", async () => {
  const bulk = await bulkWith(async (key) => {
    if (key.endsWith(":3")) throw new ClutchError("session_changed", "reset");
    if (key.endsWith(":4")) throw new Error("a fault");
    return !key.endsWith(":5");
  });
  const progress: string[] = [];
  const result = await bulk.run(plan, QWEN, about({ onProgress: (done, of) => progress.push(`${done}/${of}`) }));
  expect(result).toMatchObject({ done: 7, already: 1, untouched: 0 });
  expect([...result.failures].sort((one, other) => one.key.localeCompare(other.key))).toEqual([
    { key: keys[3], code: "session_changed" },
    { key: keys[4], code: "internal" },
  ]);
  expect(progress).toEqual(keys.map((_, n) => `${n + 1}/10`));
});

it("has few at once, each once, all under one batch", async () => {
  let running = 0;
  let most = 0;
  const seen: string[] = [];
  const batches = new Set<string | undefined>();
  const bulk = await bulkWith(async (key, _, { batch, place }) => {
    expect(place).toBe("agent:main:main");
    most = Math.max(most, ++running);
    seen.push(key);
    batches.add(batch);
    await Promise.resolve();
    running--;
    return true;
  });
  await bulk.run(plan, QWEN, about());
  expect([...seen].sort()).toEqual(keys);
  expect(batches.size).toBe(1);
  expect([...batches][0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(most).toBeLessThanOrEqual(4);
});

it("begins nothing more once it is stopped, and says how many were left", async () => {
  const stop = new AbortController();
  let begun = 0;
  const bulk = await bulkWith(async () => {
    if (++begun === 3) stop.abort();
    return true;
  });
  const result = await bulk.run(plan, QWEN, about({ signal: stop.signal }));
  expect(result.done).toBe(begun);
  expect(result.untouched).toBe(10 - begun);
  expect(begun).toBeLessThan(8);
});

it("counts a session once that moves to another page while the list is read, and knows the main key", async () => {
  const bulk = await bulkWith(
    async () => true,
    [
      [keys[0] ?? "", "agent:main:home", "agent:main:cron:x"],
      [],
      [keys[0] ?? "", keys[1] ?? "", "agent:keeper:home", "agent:main:dashboard:1", "global"],
    ],
  );
  expect(await bulk.plan(QWEN)).toEqual({
    toChange: [keys[0], "agent:main:home", keys[1], "agent:keeper:home", "global"],
    toKeep: [],
    already: 0,
    leftAlone: 2,
  });
  expect((await bulk.plan(QWEN, "keeper")).toChange).toEqual(["agent:keeper:home"]);
  expect(await bulk.plan(null)).toEqual({ toChange: [], toKeep: [], already: 5, leftAlone: 2 });
});

it("is refused before anybody is asked where OpenClaw would make the model a default too; taking pins away is not", async () => {
  const bulk = await bulkWith(async () => true, [keys], true);
  await expect(bulk.plan(QWEN)).rejects.toMatchObject({ code: "gateway_protocol" });
  expect(await bulk.plan(null)).toMatchObject({ already: 10 });
});

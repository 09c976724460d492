import { expect, it } from "vitest";
import { createConfiguredDefaults } from "../../src/agents/configured-defaults.ts";
import { parseModelRef } from "../../src/models/model-ref.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openTemp } from "../store/temp-store.ts";

const NEW = "ollama/qwen";
const OLD = "anthropic/sonnet";
const MINUTE = 60_000;

async function openLab(model: string, patched: () => Promise<void> = async () => undefined) {
  const { store, time } = await openTemp();
  const clock = (): number => time.now;
  const journal = createChangeJournal(store.db, clock);
  const audit = createAuditLog(store.db, clock);
  const config = { agents: { entries: { main: { model } } } };
  const openclaw = {
    readConfig: async () => structuredClone({ hash: "1", config }),
    async patchConfig(patch: typeof config) {
      Object.assign(config, patch);
      await patched();
    },
  } as unknown as OpenClaw;
  const registry = { invalidate: () => undefined } as unknown as ModelRegistry;
  const defaults = createConfiguredDefaults({ openclaw, registry, journal, audit, clock });
  const begun = { scope: "agent", target: "main", actor: "discord:1", before: OLD, after: NEW } as const;
  return { store, defaults, journal, audit, time, id: await journal.intend(begun) };
}

it("a change that another process took for lost meanwhile can be undone all the same", async () => {
  const { defaults, journal } = await openLab(OLD, async () => {
    for (const { id } of await journal.unfinished()) await journal.failed(id, "interrupted");
  });
  const set = await defaults.set({ kind: "agent", agentId: "main" }, parseModelRef(NEW) ?? null, {
    actor: "discord:1",
  });
  expect(set.changed).toBe(true);
  expect(await journal.lastUndoable({ target: "main" })).toMatchObject({ state: "done", before: OLD, after: NEW });
});

it("a change that was made and cannot be written down is told as both", async () => {
  const lab = await openLab(OLD, () => lab.store.close());
  await expect(
    lab.defaults.set({ kind: "agent", agentId: "main" }, parseModelRef(NEW) ?? null, { actor: "discord:1" }),
  ).rejects.toMatchObject({ message: expect.stringContaining(`now names ${NEW}. It could not be written down.`) });
});

it.each([
  { before: OLD, scope: "agent", hint: `/model ${OLD} scope:agent` },
  { before: null, scope: "agent", hint: "/model default scope:agent" },
  { before: null, scope: "global", hint: "take it out of OpenClaw's configuration" },
] as const)("says how to go back to $before of $scope over another's choice", async ({ before, scope, hint }) => {
  const { defaults } = await openLab("ollama/other");
  const change = {
    id: 9,
    at: 0,
    state: "done",
    scope,
    target: "main",
    actor: "discord:1",
    before,
    after: NEW,
  } as const;
  await expect(defaults.undo(change, { actor: "discord:2" })).rejects.toMatchObject({
    code: "changed_meanwhile",
    hint: expect.stringContaining(hint),
  });
});

it.each([
  { what: "was made", model: NEW, state: "done", result: "ok", code: undefined },
  { what: "was not made", model: OLD, state: "failed", result: "failed", code: "interrupted" },
])("a change that a crash left open and that $what is settled so, once", async ({ model, state, result, code }) => {
  const { defaults, journal, audit, time } = await openLab(model);
  await defaults.settleUnfinished(MINUTE);
  expect(await journal.unfinished()).toHaveLength(1);

  time.now += 2 * MINUTE;
  await defaults.settleUnfinished(MINUTE);
  await defaults.settleUnfinished(MINUTE);
  expect(await journal.unfinished()).toEqual([]);
  expect((await journal.latest("main"))?.state).toBe(state);
  const entries = await audit.list();
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({ action: "model.default.agent", from: OLD, to: NEW, result });
  expect(entries[0]?.code ?? undefined).toBe(code);
});

it("an undo that would overwrite another's choice is refused, and that is audited", async () => {
  const { defaults, journal, audit, id } = await openLab("ollama/other");
  await journal.done(id);
  const change = await journal.latest("main");
  if (change === undefined) throw new Error("nothing was journalled");
  await expect(defaults.undo(change, { actor: "discord:2", place: "here" })).rejects.toMatchObject({
    code: "changed_meanwhile",
  });
  expect(await audit.list()).toMatchObject([
    { actor: "discord:2", action: "model.undo", from: "ollama/other", to: OLD, result: "refused" },
  ]);
});

import { expect, it } from "vitest";
import { createConfiguredDefaults } from "../../src/agents/configured-defaults.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openTemp } from "../store/temp-store.ts";

const NEW = "ollama/qwen";
const OLD = "anthropic/sonnet";
const MINUTE = 60_000;

async function openLab(model: string) {
  const { store, time } = await openTemp();
  const clock = (): number => time.now;
  const journal = createChangeJournal(store.db, clock);
  const audit = createAuditLog(store.db, clock);
  const openclaw = {
    readConfig: async () => ({ hash: "1", config: { agents: { entries: { main: { model } } } } }),
  } as unknown as OpenClaw;
  const registry = { invalidate: () => undefined } as unknown as ModelRegistry;
  const defaults = createConfiguredDefaults({ openclaw, registry, journal, audit, clock });
  const begun = { scope: "agent", target: "main", actor: "discord:1", before: OLD, after: NEW } as const;
  return { defaults, journal, audit, time, id: await journal.intend(begun) };
}

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

import { unlinkSync } from "node:fs";
import { pino } from "pino";
import { expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type { ModelRef } from "../../src/models/model-ref.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import type { SessionRow } from "../../src/openclaw/wire.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import type { SessionFinder } from "../../src/sessions/session-finder.ts";
import { createSessionModels } from "../../src/sessions/session-models.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openStore } from "../../src/store/open-store.ts";
import { createReturns } from "../../src/store/returns.ts";
import { tempFile } from "../store/temp-store.ts";

const KEY = "agent:main:main";
const QWEN = { provider: "ollama", model: "qwen3:8b" };
const about = { actor: "discord:1" };

/** A conversation whose switch meets `meanwhile` between the journal and what OpenClaw answers. */
async function sessionWith(meanwhile: (file: string) => void) {
  const file = tempFile();
  let now = 1_000;
  const clock = () => now;
  const open = async () => {
    const store = await openStore(`sqlite:${file}`, { clock });
    const journal = createChangeJournal(store.db, clock);
    const audit = createAuditLog(store.db, clock);
    const sessions = createSessionModels({
      openclaw: {
        readSession: async () => row,
        checkReach: async () => undefined,
        async setSessionModel(_key: string, model: ModelRef | null) {
          meanwhile(file);
          row = { ...row, ...(model === null ? { pinSource: undefined } : { model, pinSource: "user" }) } as SessionRow;
        },
      } as unknown as OpenClaw,
      finder: { agentOf: () => "main" } as unknown as SessionFinder,
      registry: {} as ModelRegistry,
      journal,
      audit,
      returns: createReturns(store.db),
      clock,
      logger: pino({ level: "silent" }),
    });
    return { store, journal, audit, sessions };
  };
  let row = { key: KEY, sessionId: "s", agentId: "main", running: false } as unknown as SessionRow;
  return { open, later: (ms: number) => (now += ms), pinned: () => row.pinSource === "user" };
}

it("a switch that is made while its store is lost says both, and the next Clutch writes it down", async () => {
  const { open, later, pinned } = await sessionWith(unlinkSync);
  const first = await open();
  const failed = first.sessions.switchSession(KEY, QWEN, about);
  await expect(failed).rejects.toMatchObject({
    code: "store_failed",
    message: expect.stringMatching(
      /^The switch was made: OpenClaw shows ollama\/qwen3:8b .* could not be written down/,
    ),
    hint: expect.stringContaining("/model undo does not know of it"),
  });
  expect(pinned()).toBe(true);
  // Closing it writes the file anew, with the intent.
  await first.store.close();

  later(60_000);
  const next = await open();
  expect(await next.journal.lastUndoable({ target: KEY })).toBeUndefined();
  expect(await next.sessions.settleUnfinished(1_000)).toBe(1);
  expect(await next.journal.lastUndoable({ target: KEY })).toMatchObject({ after: "ollama/qwen3:8b" });
  expect(await next.audit.list({ limit: 5 })).toMatchObject([{ result: "ok", to: "ollama/qwen3:8b" }]);
  await next.store.close();
});

it("one that OpenClaw refuses while its store is lost is told as refused", async () => {
  const { open, pinned } = await sessionWith((file) => {
    unlinkSync(file);
    throw new ClutchError("gateway_refused", "OpenClaw refused sessions.patch: not now");
  });
  const { sessions, store } = await open();
  await expect(sessions.switchSession(KEY, QWEN, about)).rejects.toMatchObject({ code: "gateway_refused" });
  expect(pinned()).toBe(false);
  await store.close();
});

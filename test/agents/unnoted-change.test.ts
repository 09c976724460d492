import { unlinkSync } from "node:fs";
import { expect, it } from "vitest";
import { createConfigChanges } from "../../src/agents/config-changes.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openStore } from "../../src/store/open-store.ts";
import { mergePatch } from "../openclaw/openclaw-merge.ts";
import { tempFile } from "../store/temp-store.ts";

it("a default that is set while its store is lost: both are told, and the next Clutch writes it down", async () => {
  const file = tempFile();
  let now = 1_000;
  const clock = () => now;
  let config: Record<string, unknown> = { agents: { defaults: { model: "a/old" } } };
  const open = async () => {
    const store = await openStore(`sqlite:${file}`, { clock });
    const changes = createConfigChanges({
      openclaw: {
        readConfig: async () => ({ hash: "h", config, authored: config }),
        async patchConfig(patch: Record<string, unknown>) {
          unlinkSync(file);
          config = mergePatch(config, patch, []) as Record<string, unknown>;
        },
      } as unknown as OpenClaw,
      registry: { invalidate: () => undefined } as unknown as ModelRegistry,
      journal: createChangeJournal(store.db, clock),
      audit: createAuditLog(store.db, clock),
      clock,
    });
    return { store, changes };
  };
  const first = await open();
  const slot = { path: ["agents", "defaults", "model"], value: "a/new" };
  const by = { actor: "discord:owner", place: "agent:main:main", about: "default", reason: "a test" };
  await expect(first.changes.apply([slot], by)).rejects.toMatchObject({
    code: "store_failed",
    message: expect.stringMatching(/^It is in OpenClaw's configuration: .*model.* could not be written down/),
  });
  await first.store.close();

  now += 60_000;
  const next = await open();
  await next.changes.settleUnfinished(1_000);
  expect(await next.changes.last("default")).toMatchObject({ state: "done" });
  await next.store.close();
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { createConfigChanges } from "../../src/agents/config-changes.ts";
import type { Slot } from "../../src/openclaw/config-slots.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openStore } from "../../src/store/open-store.ts";
import { mergePatch } from "../openclaw/openclaw-merge.ts";

type Config = Record<string, unknown>;

async function openLab(initial: Config) {
  const store = await openStore("sqlite::memory:", { clock: () => 1 });
  const gateway = { config: structuredClone(initial), patches: 0 };
  const openclaw = {
    readConfig: async () => ({
      hash: JSON.stringify(gateway.config),
      config: gateway.config,
      authored: structuredClone(gateway.config),
    }),
    patchConfig: async (patch: Config, _hash: string | undefined, replacePaths: readonly string[] = []) => {
      gateway.patches += 1;
      gateway.config = mergePatch(gateway.config, patch, replacePaths) as Config;
    },
  };
  const changes = createConfigChanges({
    openclaw: openclaw as never,
    registry: { invalidate: () => undefined },
    journal: createChangeJournal(store.db, () => 1),
    audit: createAuditLog(store.db, () => 1),
    clock: () => 1,
  });
  return { changes, gateway, close: store.close };
}

const PATHS = [
  ["proxy", "enabled"],
  ["proxy", "url"],
  ["channels", "discord", "commands", "native"],
  ["tools", "list"],
];
const value = fc.constantFrom<unknown>(true, false, "x", 7, ["a"], ["a", "b"]);
const slot = fc.record({ path: fc.constantFrom(...PATHS), value });
const context = { actor: "terminal:test", about: "ours" };
const apply = (changes: Awaited<ReturnType<typeof openLab>>["changes"], slots: readonly Slot[], about = "ours") =>
  changes.apply(slots, { ...context, about });

it("whatever was changed however often, all of it is shown and taken back, and nothing of another purpose", async () => {
  const start = fc.record({ tools: fc.constantFrom({ list: ["a"] }, {}), proxy: fc.constantFrom({ url: "x" }, {}) });
  await fc.assert(
    fc.asyncProperty(
      start,
      fc.array(fc.array(slot, { minLength: 1, maxLength: 3 }), { maxLength: 4 }),
      async (initial, rounds) => {
        const { changes, gateway, close } = await openLab(initial);
        await apply(changes, [{ path: ["other"], value: 1 }], "theirs");
        const before = structuredClone(gateway.config);
        for (const slots of rounds) await apply(changes, slots);
        const shown = await changes.outstanding("ours");
        const here = structuredClone(gateway.config);
        const { kept } = await changes.undoAll(context);
        expect(kept).toEqual([]);
        expect(gateway.config).toEqual(before);
        if (shown.length === 0) expect(here).toEqual(before);
        for (const { before: now, after } of shown) expect(now).not.toEqual(after);
        expect(await changes.outstanding("ours")).toEqual([]);
        await close();
      },
    ),
    { numRuns: 60 },
  );
});

it("all of it goes in one patch, since OpenClaw may restart for the first of several", async () => {
  const { changes, gateway, close } = await openLab({});
  await apply(changes, [{ path: ["proxy", "enabled"], value: true }]);
  await apply(changes, [{ path: ["proxy", "url"], value: "ours" }]);
  const { undone } = await changes.undoAll(context);
  expect(undone.map(({ name }) => name)).toEqual(["proxy.url", "proxy.enabled"]);
  expect([gateway.config, gateway.patches]).toEqual([{}, 3]);
  expect(await changes.last("ours")).toBeUndefined();
  await close();
});

it("what somebody changed since is neither shown nor touched, and does not stand in the way of the rest", async () => {
  const { changes, gateway, close } = await openLab({});
  await apply(changes, [{ path: ["proxy", "enabled"], value: true }]);
  await apply(changes, [{ path: ["proxy", "url"], value: "ours" }]);
  gateway.config = { proxy: { enabled: true, url: "theirs" } };
  expect((await changes.outstanding("ours")).map(({ name, after }) => [name, after])).toEqual([
    ["proxy.enabled", null],
  ]);
  const { undone, kept } = await changes.undoAll(context);
  expect(kept.map(({ name }) => name)).toEqual(["proxy.url"]);
  expect(undone.map(({ name }) => name)).toEqual(["proxy.enabled"]);
  expect(gateway.config).toEqual({ proxy: { url: "theirs" } });
  await close();
});

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LLAMA, QWEN, SONNET } from "./harness.ts";
import { HAIKU, type LeakLab, startLeakLab } from "./leak-lab.ts";
import { compaction, dreaming, job, type Path, title, tryPath, turn } from "./leak-paths.ts";
import type { Config } from "./locked-lab.ts";

/**
 * The most used ways to a model in the cloud: all lead there without the lock, and
 * none with it. `leaks-everywhere.test.ts` has the others, and each layer alone.
 */
let lab: LeakLab;
let authored: Config;
const pins = new Map<string, string>();
const ME = { actor: "discord:owner" };

const paths = (): readonly Path[] => [
  turn(lab, "a turn", "main"),
  turn(lab, "a turn of a pinned conversation", "keeper", SONNET),
  job(lab, "keeper"),
  title(lab),
  compaction(lab),
  dreaming(lab),
];

const authoredNow = async (): Promise<Config> => (await lab.clutch.app.openclaw.readConfig()).authored;
const pinOf = async (key: string): Promise<unknown> => {
  const { model, pinSource } = (await lab.clutch.app.openclaw.readSession(key)) ?? {};
  return { model, pinSource };
};

beforeAll(async () => {
  lab = await startLeakLab({
    change(config) {
      config.plugins.entries["memory-core"].config.dreaming.enabled = true;
      config.agents.entries.keeper.model = HAIKU;
      config.agents.defaults.model.fallbacks = [LLAMA];
    },
  });
});
afterAll(() => lab?.stop());

/** All at once, each by its own word: which models each path led to. */
async function tryAll() {
  const found = await Promise.all(paths().map(async (path) => [path.name, await tryPath(lab, path)] as const));
  return found.map(([name, { cloud, local }]) => [name, cloud.length > 0, local.length > 0]);
}

it("without the lock all paths lead to the cloud", async () => {
  const { said, escaped } = await lab.escaped(tryAll);
  expect(said).toEqual(paths().map(({ name }) => [name, true, false]));
  expect(escaped).toBeGreaterThan(0);
});

it("turning it on lets nothing out and proves itself", async () => {
  for (const model of [SONNET, HAIKU, QWEN, undefined]) pins.set(await lab.conversation("keeper", model), model ?? "");
  authored = await authoredNow();
  const { said, escaped } = await lab.escaped(() => lab.clutch.app.localOnly.turnOn(ME));
  expect(said.status).toMatchObject({ enforcement: "enforced", problems: [] });
  expect(escaped).toBe(0);
});

it("with the lock all paths lead to local models", async () => {
  const { said, escaped } = await lab.escaped(tryAll, 2_000);
  expect(said).toEqual(paths().map(({ name }) => [name, false, true]));
  expect(escaped).toBe(0);
});

it("so it does when the gateway starts again, from the first turn on", async () => {
  const { said, escaped } = await lab.escaped(async () => {
    await lab.gateway.restart();
    await lab.clutch.app.connection.ready(60_000);
    return tryPath(lab, turn(lab, "pinned", "keeper", SONNET));
  }, 2_000);
  expect(escaped).toBe(0);
  expect(said.local).not.toEqual([]);
  // What was proved of the gateway before says nothing of this one.
  expect((await lab.clutch.app.localOnly.status()).enforcement).toBe("partly");
  await lab.clutch.app.localOnly.reconcile();
  expect(await lab.clutch.app.localOnly.status()).toMatchObject({ enforcement: "enforced", problems: [] });
}, 240_000);

it("taken off for the others, text of the locked time stays here until it is released", async () => {
  const { localOnly } = lab.clutch.app;
  const [harmless = ""] = pins.keys();
  const secret = await lab.conversation("keeper", SONNET);
  const word = `heron${Date.now()}`;
  await lab.clutch.say(secret, `Nobody is to know of ${word}.`);
  const { status } = await localOnly.turnOff({ ...ME, restore: "others" });
  expect(status.enforcement).toBe("off");
  expect(status.kept.map(({ sessionKey }) => sessionKey)).toContain(secret.toLowerCase());

  expect(await lab.clutch.say(harmless, "Who answers?")).toMatch(/^claude-sonnet-5 answers/);
  expect(await lab.clutch.say(secret, "Who answers here?")).toMatch(/^(qwen|llama).* answers/);
  // A recap would come after the turn.
  await sleep(2_000);
  expect(askedInTheCloud(word)).toBe(false);
  expect((await localOnly.release(undefined, ME)).status.kept).toEqual([]);
  expect(await lab.clutch.say(secret, "And now?")).toMatch(/^claude-sonnet-5 answers/);
  expect(askedInTheCloud(word)).toBe(true);

  expect((await localOnly.turnOn(ME)).status.enforcement).toBe("enforced");
}, 240_000);

const askedInTheCloud = (word: string): boolean => lab.asked(word).some(({ server }) => server === "anthropic");

it("taken off, all is as it was, but for what people changed meanwhile", async () => {
  const [first = ""] = pins.keys();
  // One that nobody touched, and one of a helper call that the lock itself had changed.
  await lab.patch({ agents: { defaults: { compaction: { model: SONNET } }, entries: { keeper: { model: QWEN } } } });
  await lab.clutch.call("sessions.patch", { key: first, model: LLAMA });
  const { status, notes } = await lab.clutch.app.localOnly.turnOff({ ...ME, restore: "all" });
  expect(status.enforcement).toBe("off");
  expect(notes.join(" ")).toMatch(/compaction/i);

  const now = await authoredNow();
  const { agents } = authored;
  const theirs = {
    ...authored,
    agents: {
      ...agents,
      defaults: { ...agents.defaults, compaction: { ...agents.defaults.compaction, model: SONNET } },
      entries: { ...agents.entries, keeper: { ...agents.entries.keeper, model: QWEN } },
    },
  };
  expect(JSON.stringify(sorted(now))).toBe(JSON.stringify(sorted(theirs)));
  pins.set(first, LLAMA);
  for (const [key, model] of pins) {
    const [provider, ...id] = (model || QWEN).split("/");
    expect(await pinOf(key)).toEqual({
      model: { provider, model: id.join("/") },
      pinSource: model === "" ? undefined : "user",
    });
  }
  const { escaped, cloud } = await tryPath(lab, turn(lab, "pinned", "keeper", SONNET));
  expect(escaped).toBeGreaterThan(0);
  expect(cloud).toEqual([SONNET]);
});

/** Keys in one order, and without what OpenClaw notes about each write. */
function sorted(value: Config): Config {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .filter((key) => key !== "meta")
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

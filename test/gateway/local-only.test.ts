import { dirname } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isAtLeast } from "../../src/openclaw/version.ts";
import { LLAMA, QWEN, SONNET } from "./harness.ts";
import { interruptLock } from "./interrupt-lock.ts";
import { ABSENT, HAIKU, type LeakLab, startLeakLab } from "./leak-lab.ts";
import { job, type Path, title, tryPath, turn } from "./leak-paths.ts";
import type { Config } from "./locked-lab.ts";
import { openClawUnderTest } from "./openclaw-under-test.ts";

/** A sample of what the suites of leaks and crashes try in `npm run test:long`. */
let lab: LeakLab;
let before: Config;
/** An OpenClaw before 2026.9.1 makes titles of conversations as they go, not when it is asked to. */
let makesTitlesAlone: boolean;
const ME = { actor: "discord:owner" };

/** Ways to the cloud, each with the model that they lead to. */
const paths = (): readonly (readonly [path: Path, model: string])[] => [
  [turn(lab, "a turn of a pinned conversation", "keeper", SONNET), SONNET],
  [turn(lab, "a fallback to the cloud", "spare"), SONNET],
  [job(lab, "keeper"), HAIKU],
  ...(makesTitlesAlone ? [[title(lab), HAIKU] as const] : []),
];

/** All at once, each by its own word: which models each path led to. */
const tryAll = () =>
  lab.escaped(async () => {
    const found = paths().map(async ([path]) => {
      const { cloud, local } = await tryPath(lab, path);
      return { name: path.name, cloud, local };
    });
    return Promise.all(found);
  }, 1_000);
const asBefore = () => paths().map(([{ name }, model]) => ({ name, cloud: [model], local: [] }));

const configNow = async (): Promise<Config> => {
  // OpenClaw stamps the file whenever it is written; 2026.8.1 names plugins there that it enables by itself.
  const { meta: _, ...config }: Config = (await lab.clutch.app.openclaw.readConfig()).authored;
  const entries = Object.entries<object>(config.plugins.entries).filter(([, entry]) => Object.keys(entry).length > 0);
  return { ...config, plugins: { ...config.plugins, entries: Object.fromEntries(entries) } };
};

beforeAll(async () => {
  makesTitlesAlone = isAtLeast((await openClawUnderTest()).version, "2026.9.1");
  lab = await startLeakLab({
    change(config) {
      const { entries } = config.agents;
      entries.keeper.model = LLAMA;
      entries.spare = { ...entries.keeper, model: { primary: ABSENT, fallbacks: [SONNET] } };
    },
  });
  before = await configNow();
});
afterAll(() => lab?.stop());

it("without it all paths lead to the cloud", async () => {
  const { said, escaped } = await tryAll();
  expect(said).toEqual(asBefore());
  expect(escaped).toBeGreaterThan(0);
});

it("turns on, and proves it", async () => {
  const { said, escaped } = await lab.escaped(() => lab.clutch.app.localOnly.turnOn(ME));
  expect(said.status).toMatchObject({ enforcement: "enforced", problems: [] });
  // What cannot be tried is not called proved.
  expect(said.status.verification?.paths.find(({ path }) => path === "A title for a new conversation")).toMatchObject(
    makesTitlesAlone
      ? { result: "configured", detail: expect.stringContaining("nothing reached the canary") }
      : { result: "configured", detail: expect.stringContaining("does not know sessions.title.prepare") },
  );
  // Its call is in the guard's record.
  if (makesTitlesAlone) {
    expect(said.status.verification?.paths.find(({ path }) => path.startsWith("The side chat"))).toMatchObject({
      result: "proved",
      detail: expect.stringMatching(/the guard saw it go to ollama/),
    });
  }
  expect(escaped).toBe(0);
});

it("with it none of them does", async () => {
  const { said, escaped } = await tryAll();
  for (const { name, cloud, local } of said) {
    expect({ name, cloud }).toEqual({ name, cloud: [] });
    expect([[LLAMA], [QWEN]]).toContainEqual(local);
  }
  expect(escaped).toBe(0);
});

it("is finished by the next Clutch where one is killed that turns it off, and all is as before", async () => {
  const { url, token } = lab.gateway;
  const stateDirectory = dirname(lab.guardDirectory);
  const { store } = lab.clutch;
  const ahead = 60_000;
  const killed = { gateway: { url, token }, stateDirectory, store, ahead, action: "off" as const };
  expect((await interruptLock({ ...killed, stopAt: "answered: wall /open" }, "kill")).told).toBeUndefined();
  // The guard still holds.
  expect((await tryPath(lab, turn(lab, "a turn", "keeper", SONNET))).cloud).toEqual([]);

  const next = await lab.attach({}, {}, { store, stateDirectory, clock: () => Date.now() + 2 * ahead });
  const { localOnly, guard } = next.app;
  await localOnly.reconcile();
  expect(await localOnly.reconcile()).toEqual([]);
  expect(await localOnly.status()).toMatchObject({ enforcement: "off", problems: [] });
  expect([(await guard.status())?.state.on, (await lab.wallClient.status())?.closed]).toEqual([false, false]);
  expect(await configNow()).toEqual(before);
  expect((await tryAll()).said).toEqual(asBefore());
});

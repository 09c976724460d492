import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { guardCanaryCheck, guardInstalledCheck } from "../../src/doctor/guard-checks.ts";
import { helperCallsCheck } from "../../src/doctor/knowledge-checks.ts";
import { localOnlyCheck, networkCheck } from "../../src/doctor/local-only-checks.ts";
import { platformsCheck } from "../../src/doctor/platform-check.ts";
import { wallCheck } from "../../src/doctor/wall-check.ts";
import { ClutchError } from "../../src/errors.ts";
import { createGuardFiles } from "../../src/guard/guard-files.ts";
import type { LocalOnly } from "../../src/local-only/local-only.ts";
import type { LockStatus, PathProof } from "../../src/local-only/lock-status.ts";
import type { GatewayConnection } from "../../src/openclaw/connection.ts";
import type { GuardClient, GuardStatus } from "../../src/openclaw/guard-client.ts";
import { absent, fakeLock, GUARD, HELPERS, lockStatus, WALL } from "../commands/localonly-fixtures.ts";
import { forget, startWallLab, temporaryDirectory, type WallLab } from "../wall/wall-lab.ts";
import { attachedTo, findings, snapshotWith, testWorld } from "./test-world.ts";

let stateDirectory: string;
beforeEach(() => {
  stateDirectory = temporaryDirectory();
});
afterEach(() => forget(stateDirectory));

const guardStatus = (more: Partial<GuardStatus> = {}): GuardStatus => ({
  protocol: 1,
  directory: join(stateDirectory, "guard"),
  pid: 1,
  state: { on: false, id: "", at: 0, kept: {}, models: [], order: {}, tools: [] },
  escapes: [],
  canaries: [],
  canary: { port: 28_001, hits: 0, listening: true },
  proxy: { enabled: false },
  mayHear: true,
  heard: { modelResolve: 0, agentReply: 0, agentRun: 0 },
  ...more,
});

interface Parts {
  readonly guard?: GuardStatus;
  readonly plugin?: string;
  readonly lock?: LockStatus;
  readonly localOnly?: Partial<LocalOnly>;
  readonly hasStore?: boolean;
}

/** A Clutch whose guard, plugins and lock are as a test says. */
const world = ({ guard, plugin, lock = lockStatus(false), localOnly = {}, hasStore = true }: Parts) => {
  const connection = {
    state: () => ({ phase: "ready", serverVersion: "2026.9.6", scopes: [], missingScopes: [] }) as const,
    url: "ws://127.0.0.1:18789",
    request: async () => ({
      plugins: plugin === undefined ? [] : [{ id: "clutch-guard", state: plugin }],
      diagnostics: [],
    }),
  } as Partial<GatewayConnection> as GatewayConnection;
  const gateway = attachedTo(snapshotWith({}), {
    connection,
    hasStore,
    openclaw: { readConfig: async () => ({ hash: "", config: {}, authored: {} }) } as never,
    guard: { status: async () => guard } as Partial<GuardClient> as GuardClient,
    localOnly: { ...fakeLock(lock), ...localOnly },
  });
  return testWorld({ gateway, stateDirectory });
};

describe("local-only mode", () => {
  const judged = async (lock: LockStatus, hasStore = true) => findings(localOnlyCheck, world({ lock, hasStore }));

  it("is well where it is off, and where it is on and enforced", async () => {
    expect(await judged(lockStatus(false))).toMatchObject([{ state: "ok", found: expect.stringContaining("off") }]);
    expect(await judged(lockStatus(true))).toMatchObject([{ state: "ok", found: expect.stringContaining("enforced") }]);
  });

  it("says which layer is missing, and how it is installed", async () => {
    const partly = lockStatus(true, { enforcement: "partly", layers: [GUARD, absent(WALL), HELPERS] });
    expect(await judged(partly)).toMatchObject([
      { state: "warning", found: expect.stringContaining("The wall is missing"), remedy: "clutch wall install" },
    ]);
  });

  it("says where nobody watches over it, and where a change was interrupted", async () => {
    expect(await judged(lockStatus(true, { isWatched: false }))).toMatchObject([
      { state: "warning", remedy: expect.stringContaining("clutch start") },
    ]);
    const changing = lockStatus(true, { enforcement: "changing", problems: ["It was interrupted."] });
    expect(await judged(changing)).toMatchObject([
      {
        state: "warning",
        found: expect.stringContaining("It was interrupted."),
        remedy: expect.stringContaining("clutch localonly on"),
      },
    ]);
  });

  it("is broken with each reason", async () => {
    const broken = lockStatus(true, { enforcement: "broken", problems: ["The guard is open.", "The wall is gone."] });
    expect((await judged(broken)).map(({ state, found }) => [state, found])).toEqual([
      ["broken", "The guard is open."],
      ["broken", "The wall is gone."],
    ]);
  });

  it("is not judged without its journal", async () => {
    expect(await judged(lockStatus(true), false)).toMatchObject([{ state: "skipped" }]);
  });

  const proof = (result: PathProof["result"]): PathProof => ({
    path: "A child",
    heldBy: "",
    result,
    detail: "as seen",
  });
  const network = async (result: PathProof["result"], on: boolean, deep = true) => {
    const localOnly = { isOn: () => on, verifyNetwork: async () => [proof(result)] };
    const [found] = await findings(networkCheck, world({ localOnly }), { deep });
    return found;
  };

  it("lets canaries loose only where that is asked for, and a leak is broken", async () => {
    expect(await network("proved", true, false)).toMatchObject({
      state: "skipped",
      remedy: expect.stringContaining("--deep"),
    });
    expect(await network("proved", true)).toMatchObject({ name: "A child", state: "ok" });
    expect(await network("not covered", false)).toMatchObject({
      state: "ok",
      found: expect.stringContaining("would hold"),
    });
    expect(await network("leaks", true)).toMatchObject({ state: "broken", found: expect.stringContaining("as seen") });
  });
});

describe("the guard", () => {
  it("that was never installed is left out", async () => {
    expect(await findings(guardInstalledCheck, world({}))).toMatchObject([{ state: "skipped" }]);
    expect(await findings(guardCanaryCheck, world({}))).toMatchObject([{ state: "skipped" }]);
  });

  it("is well with its files, broken without, and broken where it may not hear", async () => {
    const files = createGuardFiles(join(stateDirectory, "guard"));
    files.write();
    const look = (more: Partial<GuardStatus> = {}) =>
      findings(guardInstalledCheck, world({ guard: guardStatus(more), plugin: "enabled" }));
    expect(await look()).toMatchObject([{ state: "ok", found: expect.stringContaining(files.version) }]);
    expect(await look({ mayHear: false })).toMatchObject([{ state: "broken", remedy: "clutch guard install" }]);
    expect(await look({ canary: { hits: 0, listening: false } })).toMatchObject([{ state: "warning" }]);
    rmSync(files.path, { recursive: true });
    expect(await look()).toMatchObject([{ state: "broken", found: expect.stringContaining("gone") }]);
  });

  it("that OpenClaw knows and does not run is broken", async () => {
    expect(await findings(guardInstalledCheck, world({ plugin: "error" }))).toMatchObject([
      { state: "broken", found: expect.stringContaining("does not run"), remedy: "clutch guard install" },
    ]);
  });
});

describe("the wall", () => {
  let lab: WallLab | undefined;
  afterEach(async () => {
    await lab?.stop();
    lab = undefined;
  });
  const pointed = (address: string, enabled = true) => guardStatus({ proxy: { enabled, address } });
  const look = async (parts: Parts) => {
    const [found] = await findings(wallCheck, world(parts));
    return found;
  };

  it("that was never installed is left out; one that OpenClaw is pointed at and that is not there is broken", async () => {
    expect(await look({ guard: pointed("", false) })).toMatchObject({ state: "skipped" });
    expect(await look({ guard: pointed("127.0.0.1:3128") })).toMatchObject({ state: "broken" });
  });

  it("is well where OpenClaw goes through it, and a warning where it does not", async () => {
    lab = await startWallLab({ allow: [], local: [] }, { directory: stateDirectory });
    const { listen } = lab.wall.status();
    expect(await look({ guard: pointed(listen) })).toMatchObject({
      state: "ok",
      found: expect.stringContaining("open"),
    });
    expect(await look({ guard: pointed(listen, false) })).toMatchObject({
      state: "warning",
      remedy: "clutch wall install",
    });
    expect(await look({ guard: pointed("127.0.0.1:1") })).toMatchObject({ state: "warning" });
  });

  it("is broken where it is open although the lock is on, or closed with nothing going through", async () => {
    lab = await startWallLab({ allow: [], local: [] }, { directory: stateDirectory });
    const { listen } = lab.wall.status();
    expect(await look({ guard: pointed(listen), lock: lockStatus(true) })).toMatchObject({ state: "broken" });
    await lab.client.close("lock-1");
    expect(await look({ guard: pointed(listen), lock: lockStatus(true) })).toMatchObject({ state: "ok" });
    expect(await look({ guard: pointed(listen, false) })).toMatchObject({
      state: "broken",
      found: expect.stringContaining("holds nothing"),
    });
  });

  it("can be looked at without the gateway", async () => {
    const alone = testWorld({ stateDirectory });
    expect(await findings(wallCheck, alone)).toMatchObject([{ state: "skipped" }]);
    lab = await startWallLab({ allow: [], local: [] }, { directory: stateDirectory });
    expect(await findings(wallCheck, alone)).toMatchObject([
      { state: "ok", found: expect.stringContaining("only the gateway") },
    ]);
    await lab.client.close("lock-1");
    await lab.stop();
    lab = undefined;
    expect(await findings(wallCheck, alone)).toMatchObject([
      { state: "warning", found: expect.stringContaining("left closed") },
    ]);
  });
});

describe("helpers and platforms", () => {
  it("calls that go to the cloud are named, and are no fault", async () => {
    const call = (name: string, kind: "cloud" | "local", off?: string) => ({
      ...{ kind: "recaps", name, set: false, off, at: {} },
      now: { text: "", model: undefined, locality: { kind, evidence: "" } },
    });
    const read = async () => [call("Recaps", "cloud"), call("Dreaming", "local"), call("Heartbeats", "cloud", "off")];
    const gateway = attachedTo(snapshotWith({}), { helpers: { read: read as never } });
    const [found] = await findings(helperCallsCheck, testWorld({ gateway }));
    expect(found).toMatchObject({
      state: "ok",
      found: expect.stringMatching(/^Recaps goes to the cloud.*scope:helpers/),
    });
    expect(found?.found).not.toMatch(/Dreaming|Heartbeats/);
  });

  it("one platform that fails harms no other, and each is told which bots are OpenClaw's", async () => {
    const request = async () => ({
      ts: 0,
      channelAccounts: {
        discord: [{ accountId: "a", probe: { bot: { id: "42" }, application: { id: "43" } } }],
        slack: "?",
      },
    });
    const connection = { request } as Partial<GatewayConnection> as GatewayConnection;
    const told: unknown[] = [];
    const platforms = async () => [
      {
        name: "Discord",
        async look({ bots }: { bots: unknown }) {
          told.push(bots);
          return [{ name: "token", state: "ok" as const, found: "Fine." }];
        },
      },
      {
        name: "Slack",
        async look() {
          throw new ClutchError("platform_unreachable", "Slack could not be reached.", { hint: "Wait." });
        },
      },
    ];
    const gateway = attachedTo(snapshotWith({}), { connection });
    expect(await findings(platformsCheck, testWorld({ platforms, gateway }))).toEqual([
      { name: "Discord: token", state: "ok", found: "Fine." },
      { name: "Slack", state: "broken", found: "Slack could not be reached.", remedy: "Wait." },
    ]);
    expect(told).toEqual([["42", "43"].map((id) => ({ platform: "discord", id }))]);
    expect(await findings(platformsCheck, testWorld())).toMatchObject([{ state: "skipped" }]);
  });
});

import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConfigChanges, SlotDifference } from "../../src/agents/config-changes.ts";
import { ClutchError } from "../../src/errors.ts";
import { createGuardFiles, type GuardFiles } from "../../src/guard/guard-files.ts";
import { createGuardInstaller, type GuardInstaller } from "../../src/guard/guard-installer.ts";
import { readGuardReport } from "../../src/guard/guard-report.ts";
import { formatSlot, readSlot, type Slot, withSlot } from "../../src/openclaw/config-slots.ts";
import type { GuardStatus } from "../../src/openclaw/guard-client.ts";
import type { Plugins } from "../../src/openclaw/plugins.ts";
import type { ScratchSession } from "../../src/openclaw/scratch-session.ts";
import type { Change } from "../../src/store/change-journal.ts";
import { forget, OFF, temporaryDirectory } from "./guard-code.ts";

/** OpenClaw with a guard in it, as far as the installer can tell. */
interface Gateway {
  config: unknown;
  /** What answers, and whether turns ask it. */
  guard: GuardStatus | undefined;
  asks: boolean;
  /** How often it was told to load the plugin anew. */
  reloads: number;
  /** Whether it can only do so by a restart. */
  restarts: boolean;
  /** What a gateway does at a reload or a change of its configuration. */
  load(): void;
  turn(): void;
  says: string[];
}

let root: string;
let directory: string;
let files: GuardFiles;
let gateway: Gateway;
let journal: Change[];

const STATUS: GuardStatus = {
  protocol: 1,
  directory: "",
  pid: 1,
  state: { ...OFF, kept: {}, models: [], order: {}, tools: [] },
  escapes: [],
  canaries: [],
  canary: { port: 20_000, hits: 0, listening: true },
  proxy: { enabled: false },
  mayHear: true,
  heard: { modelResolve: 0, agentReply: 0, agentRun: 0 },
};

beforeEach(() => {
  root = temporaryDirectory();
  directory = join(root, "guard");
  files = createGuardFiles(directory);
  journal = [];
  gateway = {
    config: { plugins: { allow: ["ollama"] } },
    guard: undefined,
    asks: true,
    reloads: 0,
    restarts: false,
    says: [],
    load() {
      const paths = readSlot(this.config, ["plugins", "load", "paths"]) as string[] | null;
      const isThere = paths?.includes(files.path) === true && existsSync(join(files.path, "index.js"));
      this.guard = isThere ? (this.guard ?? { ...STATUS, directory }) : undefined;
    },
    turn() {
      const { guard } = this;
      if (guard === undefined) return;
      const { canary, heard } = guard;
      const { modelResolve, agentReply, agentRun } = heard;
      this.guard = {
        ...guard,
        ...(this.asks
          ? { heard: { modelResolve: modelResolve + 1, agentReply: agentReply + 1, agentRun: agentRun + 1 } }
          : {}),
        ...(this.asks && guard.state.on
          ? { canaries: [{ runId: "r", sessionKey: "scratch", model: "ollama/qwen", met: "local", at: 1 }] }
          : { canary: { ...canary, hits: canary.hits + 1 } }),
      };
    },
  };
});
afterEach(() => forget(root));

/** The real ones have tests of their own, with a real gateway. */
const changes: Pick<ConfigChanges, "preview" | "apply" | "last" | "undo"> = {
  preview: async (slots) => differences(slots),
  async apply(slots, { about }) {
    const made = differences(slots);
    if (made.length === 0) return [];
    journal.push({ ...CHANGE, id: journal.length + 1, target: about, before: { config: gateway.config } });
    gateway.config = slots.reduce<unknown>(withSlot, gateway.config);
    gateway.load();
    return made;
  },
  last: async (about) => journal.findLast(({ target, undoneBy }) => target === about && undoneBy === undefined),
  async undo(change) {
    journal = journal.map((one) => (one.id === change.id ? { ...one, undoneBy: 99 } : one));
    gateway.config = (change.before as { config: unknown }).config;
    gateway.load();
    return { undone: [], kept: [] };
  },
};
const differences = (slots: readonly Slot[]): SlotDifference[] =>
  slots.flatMap(({ path, value }) => {
    const before = readSlot(gateway.config, path);
    return JSON.stringify(before) === JSON.stringify(value)
      ? []
      : [{ path, name: formatSlot(path), before, after: value }];
  });
const CHANGE: Change = {
  id: 0,
  at: 0,
  state: "done",
  actor: "terminal:owner",
  scope: "config",
  target: "guard",
  before: {},
  after: {},
};

const plugins: Plugins = {
  restarts: () => gateway.restarts,
  finds: async (path) => existsSync(path),
  about: async () => ({ state: undefined, says: gateway.says }),
  async reload() {
    gateway.reloads += 1;
    gateway.load();
    if (gateway.guard === undefined) throw new ClutchError("gateway_refused", "unknown plugin");
  },
};

const withScratchSession: ScratchSession = async (_, work) =>
  work({
    key: "scratch",
    async say() {
      gateway.turn();
      return { text: "", runId: "r", error: "connection refused" };
    },
  });

const installer = (more: { scratch?: ScratchSession; freePort?: number; files?: GuardFiles } = {}): GuardInstaller =>
  createGuardInstaller({
    changes,
    openclaw: {
      readConfig: async () => ({ hash: "h", config: {}, authored: gateway.config as Record<string, unknown> }),
      listAgents: async () => ({ defaultId: "main", ids: ["main"] }),
    },
    guard: { status: async () => gateway.guard },
    plugins,
    withScratchSession: more.scratch ?? withScratchSession,
    files: more.files ?? files,
    directory,
    freePort: async () => more.freePort ?? 20_000,
    patienceMs: 0,
  });
const report = () =>
  readGuardReport({ guard: { status: async () => gateway.guard }, plugins, files, directory, isHere: true });

describe("installing the guard", () => {
  it("writes, tells the agents that OpenClaw has prepared, and proves", async () => {
    const plan = await installer().plan();
    expect(plan).toMatchObject({ copy: "absent", path: files.path });
    expect(plan.config.map(({ name }) => name)).toContain("models.providers.clutch-canary");
    expect(existsSync(directory)).toBe(false);

    expect(await installer().install("terminal:owner")).toMatchObject({ wrote: true, canary: "passed" });
    expect(gateway.reloads).toBe(1);
    expect(gateway.config).toMatchObject({ plugins: { allow: ["ollama", "clutch-guard"] } });
    expect(await report()).toMatchObject({ copy: "same", problems: [] });

    expect(await installer().install("terminal:owner")).toMatchObject({ wrote: false, config: [], canary: "passed" });
    expect(gateway.reloads).toBe(1);
  });

  it("keeps the canary's port that was chosen once", async () => {
    await installer().install("terminal:owner");
    const other = installer({ freePort: 29_999 });
    expect((await other.plan()).config).toEqual([]);
  });

  it("reloads an update, and leaves the lock on", async () => {
    await installer().install("terminal:owner");
    writeFileSync(join(files.path, "hooks.js"), "// older\n");
    expect((await report()).problems).toEqual([expect.stringContaining("not those of this Clutch")]);
    gateway.guard = { ...(gateway.guard ?? STATUS), state: { ...STATUS.state, on: true, id: "one" } };
    const done = await installer().install("terminal:owner");
    expect(done).toMatchObject({
      wrote: true,
      config: [],
      canary: "stopped",
      status: { state: { on: true, id: "one" } },
    });
    expect(gateway.reloads).toBe(2);
  });

  it("tells that an OpenClaw restarts that cannot load it otherwise, once for each change", async () => {
    gateway.restarts = true;
    expect(await installer().plan()).toMatchObject({ restarts: true });
    expect(await installer().install("terminal:owner")).toMatchObject({ restarted: true, canary: "passed" });
    expect(gateway.reloads).toBe(1);

    expect(await installer().plan()).toMatchObject({ restarts: false });
    expect(await installer().install("terminal:owner")).toMatchObject({ restarted: false, wrote: false });
    expect(gateway.reloads).toBe(1);

    // Whoever starts after the files were gone finds them, and needs no second restart to be asked.
    gateway.guard = undefined;
    files.remove();
    expect(await installer().install("terminal:owner")).toMatchObject({ restarted: true, wrote: true });
    expect(gateway.reloads).toBe(2);

    gateway.asks = false;
    writeFileSync(join(files.path, "hooks.js"), "// older\n");
    await expect(installer().install("terminal:owner")).rejects.toThrow(/Everything is as it was before/);
    expect(gateway.reloads).toBe(4);
    gateway.asks = true;
    await installer().remove("terminal:owner");
    expect(gateway.reloads).toBe(5);
  });

  it("changes nothing where that OpenClaw would not find it, and so would not start again", async () => {
    gateway.restarts = true;
    const unseen = { ...files, path: "/nowhere/guard/plugin" };
    const before = gateway.config;
    await expect(installer({ files: unseen }).install("terminal:owner")).rejects.toMatchObject({
      code: "not_verified",
      message: expect.stringMatching(/does not find \/nowhere.*would not start again.*as it was before/),
    });
    expect([gateway.config, gateway.reloads, files.look()]).toEqual([before, 0, "absent"]);
  });

  it("leaves the files where that OpenClaw is told to load them, and could not start without", async () => {
    gateway.restarts = true;
    await installer().install("terminal:owner");
    files.remove();
    gateway.asks = false;
    await expect(installer().install("terminal:owner")).rejects.toThrow(/does not ask it/);
    expect(files.look()).toBe("same");
  });

  const broken: [string, () => void, RegExp][] = [
    [
      "OpenClaw does not see the files",
      () => {
        gateway.load = () => undefined;
      },
      /does not run the guard\. OpenClaw says: no such path/,
    ],
    [
      "turns do not ask it",
      () => {
        gateway.asks = false;
      },
      /does not ask it: a turn went past before_model_resolve, before_agent_reply, before_agent_run/,
    ],
    [
      "no turn reaches the canary",
      () => {
        gateway.turn = function turn(this: Gateway) {
          if (this.guard) this.guard = { ...this.guard, heard: { modelResolve: 9, agentReply: 9, agentRun: 9 } };
        };
      },
      /did not reach the canary \(connection refused\)/,
    ],
    [
      "its canary does not listen",
      () => {
        const { load } = gateway;
        gateway.load = function loaded(this: Gateway) {
          load.call(this);
          if (this.guard) this.guard = { ...this.guard, canary: { port: 20_000, hits: 0, listening: false } };
        };
      },
      /does not listen at port 20000/,
    ],
    [
      "it may not hear",
      () => {
        const { load } = gateway;
        gateway.load = function loaded(this: Gateway) {
          load.call(this);
          if (this.guard) this.guard = { ...this.guard, mayHear: false };
        };
      },
      /does not let the guard hear/,
    ],
  ];
  it.each(broken)("puts everything back where %s", async (_, change, message) => {
    const before = gateway.config;
    gateway.says = ["no such path"];
    change();
    await expect(installer().install("terminal:owner")).rejects.toMatchObject({
      code: "not_verified",
      message: expect.stringMatching(message),
    });
    expect(gateway.config).toEqual(before);
    expect(files.look()).toBe("absent");
    await expect(installer().install("terminal:owner")).rejects.toThrow(/Everything is as it was before\.$/);
  });

  it("goes back to the files of before where an update does not work", async () => {
    await installer().install("terminal:owner");
    writeFileSync(join(files.path, "hooks.js"), "// older\n");
    const older = readlinkSync(files.path);
    gateway.asks = false;
    await expect(installer().install("terminal:owner")).rejects.toThrow(/does not ask it/);
    expect(readlinkSync(files.path)).toBe(older);
    expect(readFileSync(join(files.path, "hooks.js"), "utf8")).toBe("// older\n");
    expect(gateway.reloads).toBe(3);
  });

  it("says where the canary is not allowed, and leaves the guard in", async () => {
    const scratch: ScratchSession = async () => {
      throw new ClutchError(
        "gateway_refused",
        "OpenClaw refused sessions.create: model not allowed: clutch-canary/canary",
      );
    };
    expect(await installer({ scratch }).install("terminal:owner")).toMatchObject({ canary: "not allowed" });
    expect(gateway.guard).toBeDefined();
  });

  it("leaves a guard alone whose state is elsewhere, and its lock with it", async () => {
    gateway.guard = { ...STATUS, directory: "/home/other/guard", state: { ...STATUS.state, on: true, id: "one" } };
    const before = gateway.config;
    await expect(installer().install("terminal:owner")).rejects.toMatchObject({
      code: "bad_config",
      message: expect.stringContaining("/home/other/guard"),
    });
    expect([gateway.config, files.look()]).toEqual([before, "absent"]);
  });

  it("changes nothing where OpenClaw forbids the guard", async () => {
    gateway.config = { plugins: { deny: ["clutch-guard"] } };
    await expect(installer().install("terminal:owner")).rejects.toMatchObject({ code: "bad_config" });
    expect(files.look()).toBe("absent");
  });
});

describe("removing the guard", () => {
  const state = (more: object) => {
    const { guard = STATUS } = gateway;
    gateway.guard = { ...guard, state: { ...guard.state, ...more } };
  };

  it("takes out what it put in", async () => {
    const before = gateway.config;
    await installer().install("terminal:owner");
    expect(await installer().remove("terminal:owner")).toMatchObject({ elsewhere: undefined });
    expect(gateway.config).toEqual(before);
    expect(existsSync(directory)).toBe(false);
    expect((await report()).problems).toEqual([expect.stringContaining("not installed")]);
  });

  it.each<[string, () => void, RegExp]>([
    ["it is on", () => state({ on: true }), /is on/],
    ["it keeps a conversation", () => state({ kept: { a: { why: "here", at: 1 } } }), /keeps conversations local/],
    [
      "it does not answer and was on",
      () => {
        gateway.guard = undefined;
        writeFileSync(join(directory, "guard.json"), '{"version":1,"on":true,"kept":{}}');
      },
      /is on/,
    ],
    [
      "it does not answer and kept a conversation",
      () => {
        gateway.guard = undefined;
        writeFileSync(join(directory, "guard.json"), '{"version":1,"on":false,"kept":{"a":{}}}');
      },
      /is on|keeps/,
    ],
  ])("is refused where %s", async (_, change, message) => {
    await installer().install("terminal:owner");
    const before = gateway.config;
    change();
    await expect(installer().remove("terminal:owner")).rejects.toMatchObject({
      code: "bad_config",
      message: expect.stringMatching(message),
    });
    expect([gateway.config, files.look()]).toEqual([before, "same"]);
  });

  it("leaves the files where it still runs", async () => {
    await installer().install("terminal:owner");
    gateway.load = () => undefined;
    await expect(installer().remove("terminal:owner")).rejects.toMatchObject({ code: "not_verified" });
    expect(files.look()).toBe("same");
  });

  it("takes out what a Clutch put in that nobody remembers", async () => {
    await installer().install("terminal:owner");
    journal = [];
    await installer().remove("terminal:owner");
    expect(gateway.config).toEqual({ plugins: { allow: ["ollama"], entries: {} }, models: { providers: {} } });
  });
});

describe("the report", () => {
  beforeEach(() => installer().install("terminal:owner"));
  const set = (more: Partial<GuardStatus>): void => {
    gateway.guard = { ...(gateway.guard ?? STATUS), ...more };
  };

  it.each<[string, () => void, RegExp]>([
    [
      "the files are gone while it runs",
      () => files.remove(),
      /are gone: it runs on, but the gateway would start without it/,
    ],
    [
      "OpenClaw does not run it",
      () => {
        gateway.guard = undefined;
        gateway.says = ["blocked plugin candidate"];
      },
      /does not run the guard.*OpenClaw says: blocked plugin candidate/,
    ],
    ["it may not hear", () => set({ mayHear: false }), /allowConversationAccess/],
    ["the canary does not listen", () => set({ canary: { port: 1, hits: 0, listening: false } }), /does not listen/],
    [
      "its state is damaged",
      () => set({ state: { ...STATUS.state, on: true, damage: "is damaged" } }),
      /is damaged, so it is on/,
    ],
    [
      "a call escaped",
      () => set({ escapes: [{ provider: "anthropic", model: "x", runId: "r", sessionKey: "k", at: 0 }] }),
      /A call went to anthropic\/x at 1970/,
    ],
  ])("says that %s", async (_, change, problem) => {
    expect((await report()).problems).toEqual([]);
    change();
    expect((await report()).problems).toEqual([expect.stringMatching(problem)]);
  });

  it("says that an OpenClaw would not start again that needs the files for it", async () => {
    gateway.restarts = true;
    files.remove();
    expect((await report()).problems).toEqual([
      expect.stringMatching(/are gone: it runs on, but this OpenClaw would not/),
    ]);
  });

  it("knows nothing of the files where the guard has its state elsewhere", async () => {
    set({ directory: "/home/other/guard" });
    expect(await report()).toMatchObject({ copy: undefined, problems: [] });
  });

  it("says that a guard answers that this Clutch does not understand", async () => {
    const strange = async (): Promise<never> => {
      throw new ClutchError("unexpected_reply", "not one that Clutch understands");
    };
    const { problems } = await readGuardReport({ guard: { status: strange }, plugins, files, directory, isHere: true });
    expect(problems).toEqual([expect.stringContaining("does not understand")]);
  });
});

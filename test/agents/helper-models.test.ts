import { beforeEach, describe, expect, it } from "vitest";
import { createConfigChanges } from "../../src/agents/config-changes.ts";
import { createHelperModels, type HelperModels } from "../../src/agents/helper-models.ts";
import { createJobModels, type JobModels } from "../../src/agents/job-models.ts";
import { ClutchError } from "../../src/errors.ts";
import { parseModelRef } from "../../src/models/model-ref.ts";
import type { Job } from "../../src/openclaw/jobs.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { RegistrySnapshot } from "../../src/registry/model-registry.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { type ChangeJournal, createChangeJournal } from "../../src/store/change-journal.ts";
import { openStore } from "../../src/store/open-store.ts";
import { listsLost, mergePatch } from "../openclaw/openclaw-merge.ts";

const SONNET = "anthropic/claude-sonnet-5";
const GPT = "openai/gpt-6";
const QWEN = "ollama/qwen3:8b";
const WINDOWS: Record<string, [number, "local" | "cloud"]> = {
  [SONNET]: [1_000_000, "cloud"],
  [GPT]: [400_000, "cloud"],
  [QWEN]: [32_768, "local"],
};
const owner = { actor: "discord:owner" };
const ref = (name: string) => {
  const parsed = parseModelRef(name);
  if (parsed === undefined) throw new Error(name);
  return parsed;
};

let config: Record<string, unknown>;
let jobs: Job[];
/** Jobs that the gateway refuses to change, and whether it has gone away. */
let refused: Set<string>;
let lost: boolean;
let helpers: HelperModels;
let jobModels: JobModels;
let journal: ChangeJournal;

/** A gateway in memory, which takes patches as OpenClaw does. */
const gateway = {
  readConfig: async () => ({ hash: JSON.stringify(config), config, authored: config }),
  async patchConfig(patch: Record<string, unknown>, hash: string | undefined, replacePaths: readonly string[] = []) {
    expect(hash).toBe(JSON.stringify(config));
    const next = mergePatch(config, patch, replacePaths) as Record<string, unknown>;
    expect(listsLost(config, patch, next).filter((path) => !replacePaths.includes(path))).toEqual([]);
    config = next;
  },
  async listJobs() {
    if (lost) throw new ClutchError("gateway_lost", "gone");
    return jobs;
  },
  async setJobModel({ id }: Pick<Job, "id">, model: string | null) {
    if (refused.has(id)) throw new ClutchError("gateway_refused", `no ${id}`);
    jobs = jobs.map((job) => (job.id === id ? { ...job, model: model ?? undefined } : job));
  },
};

const job = (id: string, more: Partial<Job> = {}): Job => ({
  id,
  name: id,
  agentId: "main",
  enabled: true,
  model: undefined,
  revision: undefined,
  boundToAccount: false,
  ...more,
});

beforeEach(async () => {
  config = {
    agents: { defaults: { model: SONNET, models: { [QWEN]: { alias: "small" } } }, entries: { main: {} } },
    plugins: { enabled: false },
  };
  [jobs, refused, lost] = [[], new Set(), false];
  const { db } = await openStore("sqlite::memory:", { clock: Date.now });
  journal = createChangeJournal(db, Date.now);
  const audit = createAuditLog(db, Date.now);
  const registry = {
    invalidate: () => undefined,
    current: async () => ({ agentIds: ["main"] }) as unknown as RegistrySnapshot,
    find: (model: { provider: string; model: string }) => {
      const [windowTokens, kind] = WINDOWS[`${model.provider}/${model.model}`] ?? [];
      if (kind === undefined) return undefined;
      return { windowTokens, locality: { kind, evidence: "it says so" } } as unknown as ModelProfile;
    },
  };
  jobModels = createJobModels({ jobs: gateway, journal, audit, clock: Date.now });
  helpers = createHelperModels({
    openclaw: gateway,
    jobs: gateway,
    changes: createConfigChanges({ openclaw: gateway, registry, journal, audit, clock: Date.now }),
    jobModels,
    registry,
    journal,
  });
});

const texts = async () => Object.fromEntries((await helpers.read()).map(({ name, now }) => [name, now.text]));
const agents = (defaults: Record<string, unknown>, entries: Record<string, unknown> = { main: {} }) => {
  config = { ...config, agents: { defaults: { model: SONNET, ...defaults }, entries } };
};
const kinds = async (target: string) => (await helpers.plan(ref(target))).warnings.map(({ kind }) => kind);
const undoLast = async () => helpers.undo((await helpers.last())?.batch ?? "", owner);

describe("what the silent calls use", () => {
  it.each([
    [SONNET, "anthropic/claude-haiku-4-5, chosen by OpenClaw"],
    [GPT, "openai/gpt-5.6-luna, chosen by OpenClaw"],
    [QWEN, "no recaps, titles by the agent's own model"],
  ])("recaps with %s: %s", async (model, text) => {
    agents({ model });
    expect(await texts()).toMatchObject({ "Recaps and titles": text });
  });

  it("names a model by an alias, and one that OpenClaw does not list as unknown", async () => {
    agents({ models: { [QWEN]: { alias: "small" } }, utilityModel: "Small", compaction: { model: "x/y" } });
    const [recaps, compaction] = await helpers.read();
    expect(recaps?.now).toMatchObject({ text: QWEN, locality: { kind: "local" } });
    expect(compaction?.now).toMatchObject({ text: "x/y", locality: { kind: "unknown" } });
    const { rows } = await helpers.plan(ref(QWEN));
    expect(rows[0]?.outcome).toBe("same");
  });
});

describe("warnings", () => {
  it("of a smaller window, unless heartbeats have sessions of their own", async () => {
    expect(await kinds(QWEN)).toEqual(["heartbeat-window", "compaction-window"]);
    agents({ heartbeat: { isolatedSession: true } });
    expect(await kinds(QWEN)).toEqual(["compaction-window"]);
    agents({ heartbeat: { isolatedSession: true } }, { main: { heartbeat: { isolatedSession: false } } });
    expect(await kinds(QWEN)).toEqual(["heartbeat-window", "compaction-window"]);
    agents({ model: QWEN });
    expect(await kinds(QWEN)).toEqual([]);
  });

  it("of the cloud, and of jobs that lose rights", async () => {
    agents({ model: SONNET });
    expect(await kinds(SONNET)).toEqual(["cloud"]);
    expect(await kinds("x/unheard-of")).toEqual(["cloud"]);
    jobs = [job("a", { boundToAccount: true }), job("b")];
    agents({ model: QWEN });
    const { warnings } = await helpers.plan(ref(QWEN));
    expect(warnings.map(({ kind }) => kind)).toEqual(["job-rights"]);
    expect(warnings[0]?.text).toContain("(a)");
    expect((await helpers.plan(null)).warnings).toEqual([]);
  });
});

describe("setting and undoing", () => {
  it("tells which jobs could not be set; the rest stands, and an undo takes it back", async () => {
    jobs = [job("a"), job("b", { model: GPT }), job("c")];
    refused = new Set(["b"]);
    const before = structuredClone({ config, jobs });
    const { rows, failure } = await helpers.set(ref(QWEN), owner);
    expect(rows.map(({ name, outcome, after }) => [name, outcome, after.text])).toEqual([
      ["Recaps and titles", "changed", QWEN],
      ["Compaction", "changed", QWEN],
      ["Heartbeats", "changed", QWEN],
      ["Job “a”", "changed", QWEN],
      ["Job “b”", "failed", GPT],
      ["Job “c”", "changed", QWEN],
    ]);
    expect(failure).toMatchObject({ code: "gateway_refused" });
    expect(jobs.map(({ model }) => model)).toEqual([QWEN, GPT, QWEN]);
    refused = new Set();
    const undone = await undoLast();
    expect(undone.rows.map(({ name }) => name)).not.toContain("Job “b”");
    expect({ config, jobs }).toEqual(before);
  });

  it("throws where nothing at all could be done", async () => {
    agents({ utilityModel: QWEN, compaction: { model: QWEN }, heartbeat: { model: QWEN } });
    [jobs, refused] = [[job("a")], new Set(["a"])];
    await expect(helpers.set(ref(QWEN), owner)).rejects.toMatchObject({ code: "gateway_refused" });
    expect(await helpers.last()).toBeUndefined();
  });

  it("keeps jobs that somebody changed or deleted since", async () => {
    jobs = [job("a"), job("b"), job("c")];
    await helpers.set(ref(QWEN), owner);
    jobs = jobs.flatMap((one) => (one.id === "a" ? [{ ...one, model: GPT }] : one.id === "b" ? [] : [one]));
    const { rows } = await undoLast();
    expect(rows.slice(3).map(({ name, outcome, why }) => [name, outcome, why])).toEqual([
      ["Job “a”", "kept", "set to something else since"],
      ["Job “c”", "changed", undefined],
      ["Job “b”", "kept", "the job is gone"],
    ]);
  });

  it("refuses an undo where everything was changed since", async () => {
    await helpers.set(ref(QWEN), owner);
    agents({ utilityModel: GPT, compaction: { model: GPT }, heartbeat: { model: GPT } });
    await expect(undoLast()).rejects.toMatchObject({ code: "changed_meanwhile" });
    expect(await texts()).toMatchObject({ Compaction: GPT });
  });

  it("settles jobs by what they say, where the gateway went away before it was looked at", async () => {
    jobs = [job("a")];
    const set = jobModels.set([{ job: job("a"), to: QWEN }], { about: "helpers", actor: "x:y", batch: "one" });
    lost = true;
    expect([...(await set).values()]).toMatchObject([{ code: "gateway_lost" }]);
    expect(await helpers.last()).toBeUndefined();
    lost = false;
    await jobModels.settleUnfinished(0);
    expect(await helpers.last()).toMatchObject({ batch: "one", state: "done" });
    await helpers.undo("one", owner);
    expect(jobs[0]?.model).toBeUndefined();
  });

  it("goes back to OpenClaw's own choice by null, and leaves off what is off", async () => {
    agents({ utilityModel: "", compaction: { model: QWEN } }, { main: { utilityModel: GPT } });
    const { rows } = await helpers.set(null, owner);
    expect(rows.map(({ name, outcome, after }) => [name, outcome, after.text])).toEqual([
      ["Recaps and titles", "left", "switched off"],
      ["Recaps and titles of main", "changed", "as all agents"],
      ["Compaction", "changed", `each conversation's own model, by default ${SONNET}`],
      ["Heartbeats", "same", `the agent's own model, ${SONNET}`],
    ]);
    await undoLast();
    expect(config["agents"]).toEqual({
      defaults: { model: SONNET, utilityModel: "", compaction: { model: QWEN } },
      entries: { main: { utilityModel: GPT } },
    });
  });
});

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createConfigChanges } from "../../src/agents/config-changes.ts";
import { createHelperModels, type HelperModels, type HelperPlan } from "../../src/agents/helper-models.ts";
import { createJobModels } from "../../src/agents/job-models.ts";
import { readSlot } from "../../src/openclaw/config-slots.ts";
import { createJobs, type Jobs } from "../../src/openclaw/jobs.ts";
import type { ReceivedChat } from "../../src/sandbox/stand-in.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, SONNET, startLab } from "./harness.ts";

const HAIKU = "anthropic/claude-haiku-4-5";
let lab: Lab;
let clutch: AttachedClutch;
let store: Store;
let helpers: HelperModels;
let jobs: Jobs;
let authoredAtFirst: Readonly<Record<string, unknown>>;
const owner = { actor: "discord:owner", reason: "a test" };
const target = { provider: "ollama", model: "qwen2.5-coder:32b" };

beforeAll(async () => {
  lab = await startLab((config) => {
    const { agents, models, plugins } = config as {
      agents: { defaults: Record<string, unknown> };
      models: { providers: Record<string, { models: unknown[] }> };
      plugins: Record<string, unknown>;
    };
    delete agents.defaults["utilityModel"];
    delete plugins["entries"];
    models.providers["anthropic"]?.models.push({
      id: "claude-haiku-4-5",
      name: "Claude Haiku 4.5",
      contextWindow: 200_000,
      maxTokens: 8_192,
      cost: { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 },
    });
    return config;
  });
  clutch = await lab.attach();
  await clutch.call("cron.add", {
    name: "Morning report",
    agentId: "main",
    schedule: { kind: "every", everyMs: 86_400_000 },
    sessionTarget: "isolated",
    wakeMode: "now",
    payload: { kind: "agentTurn", message: "Report, please." },
    delivery: { mode: "none" },
  });
  const { connection, openclaw, services } = clutch.app;
  store = await openStore(`sqlite:${join(lab.dir, "helpers.db")}`, { clock: Date.now });
  const journal = createChangeJournal(store.db, Date.now);
  const audit = createAuditLog(store.db, Date.now);
  const { registry } = services;
  authoredAtFirst = (await openclaw.readConfig()).authored;
  jobs = createJobs(connection);
  helpers = createHelperModels({
    openclaw,
    jobs,
    changes: createConfigChanges({ openclaw, registry, journal, audit, clock: Date.now }),
    jobModels: createJobModels({ jobs, journal, audit, clock: Date.now }),
    registry,
    journal,
  });
});

afterAll(async () => {
  await store?.close();
  await lab?.stop();
});

const KEY = "agent:main:discord:channel:500";
const all = () => [...lab.anthropic.chats, ...lab.ollama.chats];
const isCompaction = ({ messages }: ReceivedChat) => messages.at(-1)?.text.startsWith("<conversation>") === true;
const isReport = ({ messages }: ReceivedChat) => messages.some(({ text }) => text.includes("Report, please."));

/** The models that were asked something from now on, once `count` such calls have come in. */
async function asked(isMeant: (chat: ReceivedChat) => boolean, cause: () => Promise<unknown>, count = 1) {
  const before = new Set(all());
  await cause();
  const found = () => all().filter((chat) => !before.has(chat) && isMeant(chat));
  for (const deadline = Date.now() + 60_000; found().length < count; await sleep(100)) {
    if (Date.now() > deadline) throw new Error("nobody was asked within a minute");
  }
  return [...new Set(found().map(({ server, model }) => `${server}/${model}`))];
}

/** Each with a question of its own, since the recap of an earlier one may be late. */
let questions = 0;
async function recap() {
  questions += 1;
  const question = `What is for dinner on day ${questions}?`;
  const isMeant = ({ messages }: ReceivedChat): boolean => {
    const last = messages.at(-1)?.text ?? "";
    return last.startsWith('{"previousRecap"') && last.includes(question);
  };
  return asked(isMeant, () => clutch.say(KEY, question));
}
const compaction = () => asked(isCompaction, () => clutch.call("sessions.compact", { key: KEY }));
const report = async () => {
  const [job] = await jobs.listJobs();
  return asked(isReport, () => clutch.call("cron.run", { id: job?.id, mode: "force" }));
};
const agentsNow = async () => (await clutch.app.openclaw.readConfig()).authored["agents"];
const patch = async (change: Record<string, unknown>) => {
  const { hash } = await clutch.app.openclaw.readConfig();
  await clutch.app.openclaw.patchConfig(change, hash);
};
const outcomes = ({ rows }: HelperPlan) => rows.map(({ name, outcome, after }) => [name, outcome, after.text]);
const undoLast = async () => helpers.undo((await helpers.last())?.batch ?? "", owner);
const heartbeatsOf = async () => {
  const { jobs: listed } = (await clutch.call("cron.list", {})) as { jobs: { declarationKey?: string }[] };
  return listed.flatMap(({ declarationKey = "" }) => (declarationKey.startsWith("heartbeat:") ? [declarationKey] : []));
};

describe("the calls that OpenClaw makes by itself", () => {
  it("go to a small model of the provider's, or to the agent's own, as long as nobody set them", async () => {
    const calls = await helpers.read();
    expect(calls.map(({ name, now, set }) => [name, now.text, now.locality?.kind, set])).toEqual([
      ["Recaps and titles", `${HAIKU}, chosen by OpenClaw`, "cloud", false],
      ["Compaction", `each conversation's own model, by default ${SONNET}`, "cloud", false],
      ["Heartbeats", `the agent's own model, ${SONNET}`, "cloud", false],
      ["Memory dreaming", `the agent's own model, ${SONNET}`, "cloud", false],
      ["Job “Morning report”", `the agent's own model, ${SONNET}`, "cloud", false],
    ]);
    expect(await recap()).toEqual([HAIKU]);
    expect(await report()).toEqual([SONNET]);
  });

  it("go to the model that they are set to", async () => {
    const plan = await helpers.plan(target);
    expect(plan.warnings.map(({ kind }) => kind)).toEqual(["heartbeat-window", "compaction-window"]);
    const { rows, failure, batch } = await helpers.set(target, owner);
    expect(rows).toEqual(plan.rows);
    expect(rows.map(({ outcome, after }) => [outcome, after.text, after.locality?.kind])).toEqual(
      Array.from({ length: 5 }, () => ["changed", QWEN, "local"]),
    );
    expect([failure, batch]).toEqual([undefined, (await helpers.last())?.batch]);
    const again = await helpers.set(target, owner);
    expect(again.batch).toBeUndefined();
    expect(new Set(again.rows.map(({ outcome }) => outcome))).toEqual(new Set(["same"]));

    expect(await recap()).toEqual([QWEN]);
    expect(await compaction()).toEqual([QWEN]);
    expect(await report()).toEqual([QWEN]);
  });

  it("go where they went, after an undo", async () => {
    const { rows } = await undoLast();
    expect(rows.map(({ name, outcome }) => [name, outcome])).toEqual(
      (await helpers.read()).map(({ name }) => [name, "changed"]),
    );
    expect((await helpers.read()).filter(({ set }) => set)).toEqual([]);
    expect(await agentsNow()).toEqual(authoredAtFirst["agents"]);
    expect((await clutch.app.openclaw.readConfig()).authored["plugins"]).toEqual(authoredAtFirst["plugins"]);
    expect(await recap()).toEqual([HAIKU]);
    expect(await report()).toEqual([SONNET]);
    await expect(undoLast()).rejects.toMatchObject({ code: "nothing_to_undo" });
  });

  it("keep what somebody else set since, when the rest is undone", async () => {
    await helpers.set(target, owner);
    const [job] = await jobs.listJobs();
    if (job === undefined) throw new Error("no job");
    await jobs.setJobModel(job, LLAMA);
    // A look that is too old changes nothing.
    await expect(jobs.setJobModel(job, SONNET)).rejects.toMatchObject({ code: "gateway_refused" });
    await patch({ agents: { defaults: { compaction: { model: SONNET } } } });
    expect(outcomes(await undoLast())).toEqual([
      ["Recaps and titles", "changed", `${HAIKU}, chosen by OpenClaw`],
      ["Compaction", "kept", SONNET],
      ["Heartbeats", "changed", `the agent's own model, ${SONNET}`],
      ["Memory dreaming", "changed", `the agent's own model, ${SONNET}`],
      ["Job “Morning report”", "kept", LLAMA],
    ]);
    const back = await helpers.set(null, owner);
    expect(back.rows.filter(({ outcome }) => outcome === "changed").map(({ name }) => name)).toEqual([
      "Compaction",
      "Job “Morning report”",
    ]);
    expect((await helpers.read()).filter(({ set }) => set)).toEqual([]);
  });

  it("by the command: shown to all, changed by an owner after a question, undone by /model undo", async () => {
    const at = `session:${KEY}`;
    const shown = await clutch.run("/model scope:helpers", at, "viewer");
    expect(shown.card.table?.rows.map(([name, , runs]) => [name, runs])).toContainEqual(["Recaps and titles", "cloud"]);
    expect((await clutch.run(`/model ${QWEN} scope:helpers`, at, "operator")).error?.code).toBe("not_allowed");
    const question = await clutch.run(`/model ${QWEN} scope:helpers`, at);
    expect(question).toMatchObject({ ok: false, needsConfirmation: true });
    expect((await helpers.read()).filter(({ set }) => set)).toEqual([]);

    const done = await clutch.run(`/model ${QWEN} scope:helpers`, at, "owner", true);
    expect(done).toMatchObject({ ok: true, visibility: "public", card: { tone: "success" } });
    expect(await recap()).toEqual([QWEN]);
    expect((await clutch.run("/model undo", at, "operator")).error?.code).toBe("not_allowed");
    expect((await clutch.run("/model undo", at)).ok).toBe(true);
    expect((await helpers.read()).filter(({ set }) => set)).toEqual([]);
    expect(await recap()).toEqual([HAIKU]);
    const button = done.card.actions?.[0]?.line ?? "no button";
    expect((await clutch.run(button, at)).error?.code).toBe("nothing_to_undo");
  });

  it("give no other agent heartbeats by it, and leave recaps off where a person switched them off", async () => {
    await patch({
      agents: { defaults: { heartbeat: null, utilityModel: "" }, entries: { keeper: { utilityModel: SONNET } } },
    });
    const before = await heartbeatsOf();
    const { rows } = await helpers.set(target, owner);
    expect(outcomes({ rows, warnings: [] }).slice(0, 2)).toEqual([
      ["Recaps and titles", "left", "switched off"],
      ["Recaps and titles of keeper", "changed", QWEN],
    ]);
    expect(readSlot(await agentsNow(), ["defaults", "heartbeat"])).toEqual({ agentId: "main", model: QWEN });
    expect(await heartbeatsOf()).toEqual(before);
    expect(before).toEqual(["heartbeat:main"]);
    await undoLast();
    expect(readSlot(await agentsNow(), ["defaults", "heartbeat"])).toBeNull();
    expect(readSlot(await agentsNow(), ["entries", "keeper", "utilityModel"])).toBe(SONNET);
    expect(readSlot(await agentsNow(), ["defaults", "utilityModel"])).toBe("");
  });
});

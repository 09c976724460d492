import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import type { Outcome } from "../../commands/dispatcher.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore } from "../../src/store/open-store.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, startLab } from "./harness.ts";

let lab: Lab;
let clutch: AttachedClutch;

const TALKS = [
  "agent:main:main",
  "agent:main:discord:channel:1",
  "agent:main:discord:channel:2",
  "agent:main:slack:channel:c0aaa:thread:1700000000.000100",
  "agent:main:slack:direct:u0aaa",
  "agent:keeper:discord:channel:7700",
];
const JOBS = [
  "agent:main:cron:nightly",
  "agent:main:hook:mail",
  "agent:main:subagent:0b1c2d3e",
  "agent:main:main:heartbeat",
];
const AT = "discord:1";

beforeAll(async () => {
  lab = await startLab();
  clutch = await lab.attach();
  clutch.app.watch(async () => undefined);
});
afterAll(() => lab?.stop());
beforeEach(async () => {
  for (const key of [...TALKS, ...JOBS]) await clutch.call("sessions.patch", { key, model: null });
});

const pinOf = async (key: string): Promise<string | null> => {
  const row = await clutch.app.openclaw.readSession(key);
  if (row === undefined) throw new Error(`no row ${key}`);
  return row.pinSource === "user" && row.model !== undefined ? `${row.model.provider}/${row.model.model}` : null;
};
const pins = async (keys: readonly string[]) => Promise.all(keys.map(pinOf));
const field = ({ card }: Outcome, name: string) => card.fields?.find((entry) => entry.name === name)?.value;
const auditOf = async (action: string, place: string) => {
  const store = await openStore(clutch.store, { clock: Date.now });
  const entries = await createAuditLog(store.db, Date.now).list({ action, place });
  await store.close();
  // The watch notes what the tests themselves change by hand.
  return entries.filter(({ actor }) => actor !== "openclaw");
};

describe("scope:all", () => {
  it("asks with the numbers, switches what is a conversation, tells how far it is, and is undone as one", async () => {
    await clutch.call("sessions.patch", { key: TALKS[1], model: QWEN });
    await clutch.call("sessions.patch", { key: TALKS[2], model: LLAMA });
    const before = await pins(TALKS);

    const asked = await clutch.run(`/model coder scope:all`, AT, "operator");
    expect(asked).toMatchObject({ ok: false, needsConfirmation: true });
    expect(asked.card.title).toBe("Switch 5 conversations to Qwen2.5-Coder 32B?");
    expect(field(asked, "So already")).toBe("1 conversation");
    expect(field(asked, "Left alone")).toBe("4 sessions of jobs, sub-agents and the like");
    expect(await pins(TALKS)).toEqual(before);

    const shown: Card[] = [];
    const done = await clutch.app.dispatcher.run({
      line: asked.card.actions?.[0]?.line ?? "",
      conversation: { platform: "discord", channel: "1", kind: "unknown", person: "operator" },
      person: { platform: "discord", id: "operator" },
      confirmed: true,
      progress: (card) => shown.push(card),
    });
    expect(done).toMatchObject({
      ok: true,
      card: { tone: "success", title: "5 conversations switched to Qwen2.5-Coder 32B" },
    });
    expect(await pins(TALKS)).toEqual(TALKS.map(() => QWEN));
    expect(await pins(JOBS)).toEqual(JOBS.map(() => null));
    expect(shown.map(({ meter }) => meter?.text)).toEqual([1, 2, 3, 4, 5].map((count) => `${count} of 5`));
    const written = await auditOf("model.switch", "agent:main:discord:channel:1");
    expect(written.map(({ target }) => target).sort()).toEqual(TALKS.filter((key) => key !== TALKS[1]).sort());
    expect(written.every(({ actor, result }) => actor === "discord:operator" && result === "ok")).toBe(true);

    const undone = await clutch.run("/model undo", AT, "operator");
    expect(undone.card).toMatchObject({ tone: "success", title: "5 conversations back on the model before" });
    expect(await pins(TALKS)).toEqual(before);
    expect((await clutch.run("/model undo", AT)).error?.code).toBe("nothing_to_undo");
  });

  it("undo leaves alone what somebody chose since, names it, and is not in the way afterwards", async () => {
    await clutch.run(`/model ${LLAMA}`, AT);
    await clutch.run(`/model ${QWEN} scope:all`, AT, "owner", true);
    await clutch.call("sessions.patch", { key: TALKS[2], model: LLAMA });
    await clutch.call("sessions.delete", { key: TALKS[3] });
    const undone = await clutch.run("/model undo", AT);
    expect(undone).toMatchObject({
      ok: true,
      card: { tone: "warning", title: "4 conversations back on the model before" },
    });
    expect(undone.card.body?.join(" ")).toMatch(/2 conversations stayed as before: 1 \w+, 1 \w+/);
    expect(undone.card.table?.rows.map(([key, code]) => [key, code]).sort()).toEqual([
      [TALKS[2], "changed_meanwhile"],
      [TALKS[3], "no_session"],
    ]);
    expect(await pinOf(TALKS[2] ?? "")).toBe(LLAMA);
    expect(await clutch.app.openclaw.readSession(TALKS[3] ?? "")).toBeUndefined();
    expect(await pinOf(TALKS[1] ?? "")).toBe(LLAMA);
    // The next undo is the one before: the switch of this conversation alone.
    expect((await clutch.run("/model undo", AT)).ok).toBe(true);
    expect(await pinOf(TALKS[1] ?? "")).toBeNull();
  });

  it("in one of the conversations, undo takes back that one alone", async () => {
    await clutch.run(`/model ${QWEN} scope:all`, AT, "owner", true);
    expect((await clutch.run("/model undo", "discord:2")).card.title).toContain("Back on the default");
    expect(await pins([TALKS[1] ?? "", TALKS[2] ?? ""])).toEqual([QWEN, null]);
    expect((await clutch.run("/model undo", AT)).card.title).toMatch(/^[45] conversations back/);
  });

  it("its button takes back all of it, once, and nothing that was chosen since", async () => {
    const done = await clutch.run(`/model ${QWEN} scope:all`, AT, "owner", true);
    const all = done.card.actions?.find(({ label }) => label === "Undo all")?.line ?? "no button";
    await clutch.run(`/model ${LLAMA}`, AT);
    // The same model, chosen a second time, is another choice.
    await clutch.run("/model default", "discord:2");
    await clutch.run(`/model ${QWEN}`, "discord:2");
    const undone = await clutch.run(all, AT);
    expect(undone).toMatchObject({ ok: true, card: { tone: "warning" } });
    expect(undone.card.table?.rows.map(([key, code]) => [key, code]).sort()).toEqual([
      [TALKS[1], "changed_meanwhile"],
      [TALKS[2], "changed_meanwhile"],
    ]);
    expect(await pins(TALKS)).toEqual([null, LLAMA, QWEN, null, null, null]);
    expect((await clutch.run(all, AT)).error?.code).toBe("nothing_to_undo");
    expect(await pins(TALKS)).toEqual([null, LLAMA, QWEN, null, null, null]);
  });

  it("default drops every pin, with agent: only that agent's; nothing to do is said", async () => {
    await clutch.run(`/model ${QWEN} scope:all`, AT, "owner", true);
    const one = await clutch.run("/model default scope:all agent:keeper", AT, "owner", true);
    expect(one.card.title).toBe("1 conversation without a pin again");
    expect(await pinOf("agent:keeper:discord:channel:7700")).toBeNull();
    expect(await pinOf("agent:main:main")).toBe(QWEN);
    await clutch.run("/model default scope:all", AT, "owner", true);
    expect((await pins(TALKS)).every((pin) => pin === null)).toBe(true);
    const nothing = await clutch.run("/model default scope:all", AT, "owner", true);
    expect(nothing).toMatchObject({ ok: true, card: { tone: "info", title: "No conversation has a pin" } });
    expect((await clutch.run(`/model ${QWEN} scope:all agent:nobody`, AT)).error?.code).toBe("unknown_agent");
  });

  it("a temporary switch is covered, and counts again once it is uncovered", async () => {
    await clutch.run(`/model ${LLAMA} for:30m`, AT);
    await clutch.run(`/model ${QWEN} scope:all`, AT, "owner", true);
    const card = await clutch.run("/model", AT);
    expect(field(card, "Lasts")).toBeUndefined();
    await clutch.run("/model undo", AT);
    expect(field(await clutch.run("/model", AT), "Lasts")).toMatch(/^for \d+ more minutes, then back to the default$/);
  });

  it("one that is on the model for a while stays on it, and is counted as changed", async () => {
    await clutch.run(`/model ${QWEN} scope:all`, AT, "owner", true);
    await clutch.run("/model default", AT);
    await clutch.run(`/model ${QWEN} for:30m`, AT);
    const asked = await clutch.run(`/model ${QWEN} scope:all`, AT);
    expect(field(asked, "To change")).toBe("1 conversation");
    expect(field(asked, "On it for a while")).toBe("1 conversation of them; they stay on it");
    const done = await clutch.run(`/model ${QWEN} scope:all`, AT, "owner", true);
    expect(done.card.title).toBe("1 conversation switched to Qwen2.5-Coder 32B");
    // Nothing was switched, so there is nothing that an undo could take back.
    expect(done.card.actions).toEqual([]);
    const card = await clutch.run("/model", AT);
    expect(card.card.title).toBe("Qwen2.5-Coder 32B");
    expect(field(card, "Lasts")).toBeUndefined();
    await clutch.run("/model default scope:all", AT, "owner", true);
  });

  it.each(["viewer", "stranger"])("is not for a %s", async (who) => {
    const before = await pins(TALKS.filter((key) => key !== TALKS[3]));
    const outcome = await clutch.run(`/model ${QWEN} scope:all`, AT, who, true);
    expect(outcome.error?.code).toBe("not_allowed");
    expect(await pins(TALKS.filter((key) => key !== TALKS[3]))).toEqual(before);
  });

  it("reads every page of a long list", async () => {
    for (let n = 0; n < 230; n++)
      await clutch.call("sessions.patch", { key: `agent:keeper:discord:channel:${10_000 + n}`, model: LLAMA });
    const asked = await clutch.run(`/model ${QWEN} scope:all agent:keeper`, AT);
    expect(asked.error?.message).toBeUndefined();
    expect(field(asked, "To change")).toBe("231 conversations");
    const done = await clutch.run(`/model ${QWEN} scope:all agent:keeper`, AT, "owner", true);
    expect(done.card.title).toBe("231 conversations switched to Qwen2.5-Coder 32B");
    const undone = await clutch.run("/model undo", AT);
    expect(undone.card.title).toBe("231 conversations back on the model before");
    expect(await pinOf("agent:keeper:discord:channel:10229")).toBe(LLAMA);
  });
});

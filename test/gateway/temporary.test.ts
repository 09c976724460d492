import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Outcome } from "../../commands/dispatcher.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore } from "../../src/store/open-store.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, startLab, turns } from "./harness.ts";

let lab: Lab;
/** The one that people's commands reach, and that makes the endings come. */
let clutch: AttachedClutch;
const silent = async () => undefined;

beforeAll(async () => {
  lab = await startLab();
  clutch = await lab.attach();
  clutch.app.watch(silent);
});
afterAll(() => lab?.stop());
beforeEach(() => lab.answerWith(undefined));

let channel = 2_000;
/** A conversation of its own, with one turn behind it. */
async function conversation(): Promise<{ key: string; at: string; say: (text: string) => Promise<string> }> {
  const id = String(++channel);
  const key = `agent:main:discord:channel:${id}`;
  const route = { originatingChannel: "discord", originatingTo: `channel:${id}`, originatingAccountId: "default" };
  const say = (text: string) => clutch.say(key, text, route);
  await say("Hello.");
  return { key, at: `discord:${id}`, say };
}
const pinOf = async (key: string): Promise<string | null> => {
  const row = await clutch.app.openclaw.readSession(key);
  if (row === undefined) throw new Error(`no row ${key}`);
  return row.pinSource === "user" && row.model !== undefined ? `${row.model.provider}/${row.model.model}` : null;
};
const becomes = (key: string, pin: string | null) =>
  expect.poll(() => pinOf(key), { timeout: 15_000, interval: 100 }).toBe(pin);
const field = ({ card }: Outcome, name: string) => card.fields?.find((entry) => entry.name === name)?.value;
const lasts = async (at: string, who = clutch) => field(await who.run("/model", at), "Lasts");
const auditOf = async (key: string, from = clutch) => {
  const store = await openStore(from.store, { clock: Date.now });
  const entries = await createAuditLog(store.db, Date.now).list({ target: key });
  await store.close();
  return entries.map(({ actor, action, from, to, result, code }) => ({ actor, action, from, to, result, code }));
};
const answeredBy = (reply: string) => reply.split(" ", 1)[0];

describe("once", () => {
  it("the next turn by the new model, the one after it by the former; the card says so; audited", async () => {
    const { key, at, say } = await conversation();
    const outcome = await clutch.run(`/model ${QWEN} once`, at);
    expect(outcome.card).toMatchObject({ tone: "success", title: "Switched to Qwen2.5-Coder 32B" });
    expect(field(outcome, "Lasts")).toBe("for the next turn, then back to the default");
    expect(outcome.card.body?.join(" ")).not.toContain("clutch start");
    expect(await lasts(at)).toBe("for the next turn, then back to the default");

    expect(answeredBy(await say("Once."))).toBe("qwen2.5-coder:32b");
    await becomes(key, null);
    expect(await lasts(at)).toBeUndefined();
    expect(answeredBy(await say("Again."))).toBe("claude-sonnet-5");
    const heard = turns(lab.anthropic.chats.at(-1) ?? expect.fail("nothing was heard")).join("\n");
    for (const said of ["Hello.", "Once.", "Again."]) expect(heard).toContain(said);
    expect((await auditOf(key)).slice(0, 2)).toEqual([
      { actor: "clutch", action: "model.return", from: QWEN, to: "default", result: "ok", code: undefined },
      { actor: "discord:owner", action: "model.switch", from: "default", to: QWEN, result: "ok", code: undefined },
    ]);
    // What was undone by itself is not undone again.
    expect((await clutch.run("/model undo", at)).error?.code).toBe("nothing_to_undo");
  });

  it("goes back to the pin that was there", async () => {
    const { key, at, say } = await conversation();
    await clutch.run(`/model ${LLAMA}`, at);
    expect(field(await clutch.run(`/model ${QWEN} once`, at), "Lasts")).toBe(
      `for the next turn, then back to ${LLAMA}`,
    );
    expect(answeredBy(await say("Once."))).toBe("qwen2.5-coder:32b");
    await becomes(key, LLAMA);
  });

  it("a turn that fails counts", async () => {
    const { key, at, say } = await conversation();
    await clutch.run(`/model ${QWEN} once`, at);
    lab.answerWith((chat) => (chat.server === "ollama" ? { text: "model is not here", status: 404 } : undefined));
    await say("This fails.");
    await becomes(key, null);
  });

  it("a turn that is stopped before it said anything counts", async () => {
    const { key, at } = await conversation();
    await clutch.run(`/model ${QWEN} once`, at);
    lab.answerWith(() => ({ text: "Too slow.", delayMs: 20_000 }));
    const heard = lab.ollama.chats.length;
    await clutch.call("chat.send", { sessionKey: key, message: "Stop this.", idempotencyKey: `stop-${key}` });
    await expect.poll(() => lab.ollama.chats.length, { timeout: 20_000 }).toBe(heard + 1);
    expect(await pinOf(key)).toBe(QWEN);
    await clutch.call("chat.abort", { sessionKey: key, runId: `stop-${key}` });
    await becomes(key, null);
  });

  it("the turn that runs already does not count, nor does a text command of OpenClaw", async () => {
    const { key, at, say } = await conversation();
    lab.answerWith((chat) => (chat.server === "anthropic" ? { text: "A slow answer.", delayMs: 3_000 } : undefined));
    const heard = lab.anthropic.chats.length;
    const slow = say("Slowly.");
    await expect.poll(() => lab.anthropic.chats.length, { timeout: 20_000 }).toBe(heard + 1);
    await clutch.run(`/model ${QWEN} once`, at);
    expect(await slow).toBe("A slow answer.");
    await say("/status");
    await sleep(1_500);
    expect(await pinOf(key)).toBe(QWEN);
    expect(answeredBy(await say("Now."))).toBe("qwen2.5-coder:32b");
    await becomes(key, null);
  });

  it("a turn with tools counts as one, at its end, and be they many", async () => {
    const { key, at, say } = await conversation();
    await clutch.run(`/model ${QWEN} once`, at);
    let calls = 0;
    lab.answerWith((chat) => {
      if (chat.server !== "ollama") return undefined;
      calls += 1;
      return calls <= 40
        ? { text: "", toolCalls: [{ name: "tool_call", args: { id: "sessions_list", args: { limit: calls } } }] }
        : undefined;
    });
    expect(answeredBy(await say("Use tools."))).toBe("qwen2.5-coder:32b");
    expect(calls).toBe(41);
    await becomes(key, null);
  });

  it("keeps what somebody chose in between, by hand or by Clutch", async () => {
    const other = await conversation();
    await clutch.run(`/model ${QWEN} once`, other.at);
    await clutch.call("sessions.patch", { key: other.key, model: LLAMA });
    expect(await lasts(other.at)).toBeUndefined();
    await other.say("Who answers?");
    await sleep(1_000);
    expect(await pinOf(other.key)).toBe(LLAMA);
    expect(await auditOf(other.key)).toContainEqual(
      expect.objectContaining({ action: "model.return", result: "refused", code: "changed_meanwhile" }),
    );

    const own = await conversation();
    await clutch.run(`/model ${QWEN} once`, own.at);
    const newer = await clutch.run(`/model ${LLAMA}`, own.at, "operator");
    expect(newer).toMatchObject({ ok: true, needsConfirmation: false });
    expect(field(newer, "Lasts")).toBeUndefined();
    await own.say("Who answers?");
    // And back to the same model by hand: a choice as well.
    await clutch.run(`/model ${QWEN}`, own.at);
    await own.say("And now?");
    await sleep(1_000);
    expect(await pinOf(own.key)).toBe(QWEN);
  });

  it("undo goes back at once, and no ending comes any more", async () => {
    const { key, at, say } = await conversation();
    await clutch.run(`/model ${LLAMA}`, at);
    await clutch.run(`/model ${QWEN} once`, at);
    expect((await clutch.run("/model undo", at)).ok).toBe(true);
    expect(await pinOf(key)).toBe(LLAMA);
    await say("Who answers?");
    await sleep(1_000);
    expect(await pinOf(key)).toBe(LLAMA);
    expect((await auditOf(key)).filter(({ action }) => action === "model.return")).toEqual([]);
  });

  it("the same model again, for good, stays", async () => {
    const { key, at, say } = await conversation();
    await clutch.run(`/model ${QWEN} once`, at);
    const kept = await clutch.run(`/model ${QWEN}`, at);
    expect(kept.card.body?.join(" ")).toContain("Now it stays.");
    await say("Who answers?");
    await sleep(1_000);
    expect(await pinOf(key)).toBe(QWEN);
    // Pinned for good, there is nothing to go back to.
    const again = await clutch.run(`/model ${QWEN} once`, at);
    expect(again.card.body?.join(" ")).toContain("already");
    expect(field(again, "Lasts")).toBeUndefined();
  });

  it("a deleted conversation is not opened again", async () => {
    const { key, at } = await conversation();
    await clutch.run(`/model ${QWEN} once`, at);
    await clutch.call("sessions.delete", { key });
    await expect
      .poll(() => auditOf(key), { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ action: "model.return", result: "refused", code: "no_session" }));
    expect(await clutch.app.openclaw.readSession(key)).toBeUndefined();
  });

  it("before the first message: asks, then the first turn is the one", async () => {
    const key = "agent:main:discord:channel:2999";
    const asked = await clutch.run(`/model ${QWEN} once`, "discord:2999");
    const line = asked.card.actions?.[0]?.line ?? "";
    expect(line).toBe(`/model ${QWEN} once`);
    expect((await clutch.run(line, "discord:2999", "owner", true)).ok).toBe(true);
    expect(answeredBy(await clutch.say(key, "The first."))).toBe("qwen2.5-coder:32b");
    await becomes(key, null);
  });
});

describe("for a while", () => {
  it("goes back when the time is up, turns or not", async () => {
    const { key, at, say } = await conversation();
    const outcome = await clutch.run(`/model ${QWEN} for:10s`, at);
    expect(field(outcome, "Lasts")).toMatch(/^for (9|10) more seconds, then back to the default$/);
    expect(answeredBy(await say("Within."))).toBe("qwen2.5-coder:32b");
    expect(await pinOf(key)).toBe(QWEN);
    await becomes(key, null);
  });

  it("one on top of another: the upper one ends first, then the lower one", async () => {
    const { key, at } = await conversation();
    await clutch.run(`/model ${LLAMA} for:30m`, at);
    const upper = await clutch.run(`/model ${QWEN} for:10s`, at);
    expect(field(upper, "Lasts")).toContain(`then back to ${LLAMA}`);
    await becomes(key, LLAMA);
    expect(await lasts(at)).toMatch(/^for \d+ more minutes, then back to the default$/);
  });

  it("is made longer, or shortened to one turn, by saying it again", async () => {
    const { key, at, say } = await conversation();
    await clutch.run(`/model ${QWEN} for:10m`, at);
    expect(field(await clutch.run(`/model ${QWEN} for:2h`, at), "Lasts")).toMatch(/^for 2 more hours/);
    expect(field(await clutch.run(`/model ${QWEN} once`, at), "Lasts")).toMatch(/^for the next turn/);
    await say("Once.");
    await becomes(key, null);
  });

  it("a reset keeps the pin, so the ending stays too", async () => {
    const { key, at } = await conversation();
    await clutch.run(`/model ${QWEN} for:10s`, at);
    await clutch.call("sessions.reset", { key });
    expect(await pinOf(key)).toBe(QWEN);
    await becomes(key, null);
  });
});

describe("over restarts of Clutch", () => {
  /** A Clutch that only ran the command and is gone, as `clutch exec` is. */
  async function leave(line: string, at: string): Promise<{ store: string; outcome: Outcome }> {
    const brief = await lab.attach();
    const outcome = await brief.run(line, at);
    await brief.close();
    return { store: brief.store, outcome };
  }
  async function later(store: string, ms = 0): Promise<AttachedClutch> {
    const next = await lab.attach({}, {}, { store, clock: () => Date.now() + ms });
    next.app.watch(silent);
    return next;
  }

  it("says that nobody switches it back where no service runs, and shows it all the same", async () => {
    const { at } = await conversation();
    const { store, outcome } = await leave(`/model ${QWEN} for:30m`, at);
    expect(outcome.card.body?.join(" ")).toContain("until `clutch start` runs");
    const next = await later(store, 6 * 60_000);
    expect(await lasts(at, next)).toBe("for 24 more minutes, then back to the default");
    // Now one runs: another process on the same store knows.
    const beside = await lab.attach({}, {}, { store });
    const extended = await beside.run(`/model ${QWEN} for:1h`, at);
    expect(extended.card.body?.join(" ")).not.toContain("clutch start");
    await beside.close();
    await next.close();
  });

  it("a time that is up ends at once", async () => {
    const { key, at } = await conversation();
    const { store } = await leave(`/model ${QWEN} for:30m`, at);
    const soon = await later(store, 29 * 60_000);
    await sleep(500);
    expect(await pinOf(key)).toBe(QWEN);
    await soon.close();
    const next = await later(store, 31 * 60_000);
    await becomes(key, null);
    await next.close();
  });

  it("a turn that was over meanwhile ends at once; without one it still waits", async () => {
    const had = await conversation();
    const none = await conversation();
    const first = await leave(`/model ${QWEN} once`, had.at);
    const second = await leave(`/model ${QWEN} once`, none.at);
    expect(answeredBy(await had.say("Meanwhile."))).toBe("qwen2.5-coder:32b");
    const one = await later(first.store);
    await becomes(had.key, null);
    await one.close();
    const two = await later(second.store);
    await sleep(1_500);
    expect(await pinOf(none.key)).toBe(QWEN);
    await none.say("Now.");
    await becomes(none.key, null);
    await two.close();
  });

  it("a choice that was made meanwhile stays", async () => {
    const { key, at } = await conversation();
    const { store } = await leave(`/model ${QWEN} for:30m`, at);
    await clutch.call("sessions.patch", { key, model: LLAMA });
    const next = await later(store, 60 * 60_000);
    await expect
      .poll(() => auditOf(key, next), { timeout: 30_000 })
      .toContainEqual(expect.objectContaining({ action: "model.return", result: "refused" }));
    expect(await pinOf(key)).toBe(LLAMA);
    await next.close();
  });

  it("two services on one store go back once", async () => {
    const { key, at, say } = await conversation();
    const { store } = await leave(`/model ${QWEN} once`, at);
    const both = [await later(store), await later(store)];
    await say("Once.");
    await becomes(key, null);
    await sleep(1_000);
    const returns = (await auditOf(key, both[0])).filter(({ action }) => action === "model.return");
    expect(returns).toEqual([expect.objectContaining({ result: "ok", to: "default" })]);
    for (const one of both) await one.close();
  });
});

describe("options that don't go together", () => {
  it.each([
    [`/model ${QWEN} once for:30m`, "two ways"],
    ["/model default once", "“once” goes with the name of a model"],
    ["/model undo for:30m", "“for:” goes with the name of a model"],
    [`/model ${QWEN} once scope:all`, "scope:all"],
    [`/model ${QWEN} for:30m scope:agent`, "scope:agent"],
    ["/model once", "needs the name of a model"],
    ["/model for:30m", "needs the name of a model"],
    [`/model ${QWEN} for:soon`, "no length of time"],
    [`/model ${QWEN} for:9s`, "too short"],
    [`/model ${QWEN} for:31d`, "too long"],
    [`/model ${QWEN} for:-5m`, "no length of time"],
  ])("%s", async (line, words) => {
    const before = await pinOf("agent:main:discord:channel:2001");
    const outcome = await clutch.run(line, "discord:2001", "owner", true);
    expect(outcome.error).toMatchObject({ code: "bad_option", fault: false });
    expect(outcome.error?.message).toContain(words);
    expect(await pinOf("agent:main:discord:channel:2001")).toBe(before);
  });
});

it("who may not change a conversation may not for a while either, and that is audited", async () => {
  const { key, at } = await conversation();
  const outcome = await clutch.run(`/model ${QWEN} once`, at, "viewer");
  expect(outcome.error?.code).toBe("not_allowed");
  expect(await pinOf(key)).toBeNull();
  const store = await openStore(clutch.store, { clock: Date.now });
  const [entry] = await createAuditLog(store.db, Date.now).list({ actor: "discord:viewer", place: at });
  await store.close();
  expect(entry).toMatchObject({
    action: "model",
    result: "refused",
    code: "not_allowed",
    reason: `/model ${QWEN} once`,
  });
});

import { describe, expect, it, vi } from "vitest";
import type { SealedAction } from "../../commands/action-store.ts";
import { createActionStore } from "../../commands/action-store.ts";
import { openStore } from "../../src/store/open-store.ts";
import { buttonId, command, MODEL, openBench } from "../adapters/discord/set-up.ts";
import { outcome, recordingCore } from "../adapters/recording-core.ts";
import { openSlack } from "../adapters/slack/slack-harness.ts";
import { MODEL_COMMAND } from "../adapters/slack/test-core.ts";
import { objects, textOf } from "../platforms/slack/json.ts";

const PATIENCE = { timeout: 8_000, interval: 10 };
const ANN = { platform: "slack", id: "U0ANN" };
const PLACE = "slack:T0/C0";
const QUESTION: SealedAction = { line: "/localonly off", confirms: true, actor: "slack:U0ANN", place: PLACE };

async function store(time = { now: 1_764_000_000_000 }) {
  const opened = await openStore("sqlite::memory:", { clock: () => time.now });
  return { time, actions: createActionStore(opened.expiring("actions")), close: () => opened.close() };
}

describe("what a button stands for", () => {
  it.each([
    { what: "another person", person: { platform: "slack", id: "U0EVE" }, place: PLACE, opens: "not_yours" },
    {
      what: "the same id on another platform",
      person: { platform: "discord", id: "U0ANN" },
      place: PLACE,
      opens: "not_yours",
    },
    { what: "another channel", person: ANN, place: "slack:T0/C1", opens: "gone" },
    { what: "another workspace", person: ANN, place: "slack:T1/C0", opens: "gone" },
    { what: "a thread of the channel", person: ANN, place: "slack:T0/C0:1764000000.000001", opens: "gone" },
    { what: "another platform", person: ANN, place: "discord:C0/confirm", opens: "gone" },
  ])("is not opened by $what, and stays for who was asked", async ({ person, place, opens }) => {
    const { actions, close } = await store();
    const id = await actions.seal(QUESTION);
    expect((await actions.open(id, person, place)).kind).toBe(opens);
    expect(await actions.open(id, ANN, PLACE)).toEqual({ kind: "ok", action: QUESTION });
    await close();
  });

  it("is opened by one of many presses at the same moment", async () => {
    const { actions, close } = await store();
    const id = await actions.seal(QUESTION);
    const opened = await Promise.all(Array.from({ length: 20 }, () => actions.open(id, ANN, PLACE)));
    expect(opened.filter(({ kind }) => kind === "ok")).toHaveLength(1);
    await close();
  });

  it("is gone after its time: ten minutes for a question, a day for the rest", async () => {
    const { actions, time, close } = await store();
    const question = await actions.seal(QUESTION);
    const button = await actions.seal({ ...QUESTION, confirms: false });
    time.now += 10 * 60_000 + 1;
    expect((await actions.open(question, ANN, PLACE)).kind).toBe("gone");
    expect((await actions.open(button, ANN, PLACE)).kind).toBe("ok");
    time.now += 24 * 60 * 60_000;
    expect((await actions.open(button, ANN, PLACE)).kind).toBe("gone");
    await close();
  });

  it("cannot be guessed: 144 random bits, none of them told by another", async () => {
    const { actions, close } = await store();
    const ids = await Promise.all(Array.from({ length: 200 }, () => actions.seal(QUESTION)));
    expect(new Set(ids).size).toBe(200);
    for (const id of ids) expect(Buffer.from(id, "base64url")).toHaveLength(18);
    for (const near of [ids[0]?.toLowerCase(), `${ids[0]?.slice(0, 23)}!`, "", "%", "_".repeat(24)]) {
      if (near !== ids[0]) expect((await actions.open(near ?? "", ANN, PLACE)).kind).toBe("gone");
    }
    await close();
  });
});

describe("one store for both platforms", () => {
  it("opens no platform's button from the other, whatever the press looks like", async () => {
    const { actions, close } = await store({ now: Date.now() });
    const answer = () =>
      outcome({ title: "a card", actions: [{ label: "Undo", line: "/model undo", style: "secondary" }] });
    const bench = await openBench();
    const onDiscord = recordingCore(answer, { commands: [MODEL, command("switch")] });
    await bench.start(onDiscord.dispatch, { actions });
    const { slack, start } = await openSlack("socket", { actions });
    const onSlack = recordingCore(answer, { commands: [MODEL_COMMAND] });
    await start(onSlack.dispatch);

    const where = { by: bench.anna, in: bench.channel };
    const card = (await bench.answered(bench.discord.command("switch", {}, where), 2)).at(-1);
    const discordId = buttonId(card, "Undo").replace("run:", "");
    const ann = slack.person();
    await ann.slash("/model", "x");
    await vi.waitFor(() => expect(ann.shown()).toContain("[Undo]"), PATIENCE);
    const press = ann.payload("press", "Undo");
    const [action = {}] = objects(press["actions"]);
    const slackId = textOf(action["value"]);
    expect([discordId, slackId].map((id) => /^[\w-]{24}$/.test(id))).toEqual([true, true]);

    if (card !== undefined) bench.discord.press(`run:${slackId}`, card, bench.anna);
    await vi.waitFor(() => expect(bench.text(where)).toContain("not good any more"), PATIENCE);
    await slack.deliver(slack.app, "interactive", {
      ...press,
      trigger_id: "trigger.other",
      actions: [{ ...action, value: discordId }],
    });
    await vi.waitFor(() => expect(ann.shown()).toContain("no longer works"), PATIENCE);
    expect([onDiscord.invocations.length, onSlack.invocations.length]).toEqual([1, 1]);
    await close();
  });
});

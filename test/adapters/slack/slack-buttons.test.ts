import Keyv from "keyv";
import { describe, expect, it, vi } from "vitest";
import { createActionStore } from "../../../commands/action-store.ts";
import { ClutchError } from "../../../src/errors.ts";
import { isJson, type Json, objects } from "../../platforms/slack/json.ts";
import type { Person } from "../../platforms/slack/person.ts";
import { outcome } from "../recording-core.ts";
import { MODES, openSlack, type SlackHarness } from "./slack-harness.ts";
import { asksFirst, modelCore, pickerCard } from "./test-core.ts";

const PATIENCE = { timeout: 8_000, interval: 10 };
const shows = (person: Person, text: string, thread?: string): Promise<void> =>
  vi.waitFor(() => expect(person.shown(thread)).toContain(text), PATIENCE);

/** The payload of a press, with something in it changed. */
function tampered(
  payload: Json,
  change: { readonly action?: Json; readonly channel?: string; readonly user?: string },
): Json {
  const [action] = objects(payload["actions"]);
  return {
    ...payload,
    trigger_id: `trigger.${Math.random()}`,
    ...(change.channel === undefined ? {} : { channel: { id: change.channel, name: "other" } }),
    ...(change.user === undefined ? {} : { user: { id: change.user, username: "eve" } }),
    actions: [{ ...action, ...change.action }],
  };
}

describe.each(MODES)("what is pressed in Slack by %s", (mode) => {
  it("runs the button's line, as the person who pressed", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore(({ line }) => ({ ...pickerOf(line), visibility: "public" }));
    await start(core.dispatch);
    await slack.person("U0ANN").slash("/model");
    const bob = slack.person("U0BOB");
    await shows(bob, "[Undo]");
    await bob.press("Undo");
    await shows(bob, "did /model undo");
    expect(core.invocations.at(-1)).toMatchObject({ line: "/model undo", confirmed: false, person: { id: "U0BOB" } });
    expect(bob.shown()).toContain("qwen3 answers here");
  });

  it("works on an interim card as well", async () => {
    const { slack, start } = await openSlack(mode);
    const stopped = Promise.withResolvers<void>();
    const core = modelCore(async ({ line, progress }) => {
      if (line === "/model stop") stopped.resolve();
      else {
        progress?.({
          tone: "info",
          title: "half way",
          actions: [{ label: "Stop", line: "/model stop", style: "danger" }],
        });
        await stopped.promise;
      }
      return { ...outcome({ title: `did ${line}` }), visibility: "public" };
    });
    await start(core.dispatch);
    const ann = slack.person();
    await ann.slash("/model", "big");
    await shows(ann, "[Stop]");
    await ann.press("Stop");
    await shows(ann, "did /model stop");
    await shows(ann, "did /model big");
  });

  it("runs what was picked in a menu, which is filled from memory", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore(pickerCard);
    await start(core.dispatch);
    const ann = slack.person();
    await ann.slash("/model");
    await shows(ann, "Switch to");
    expect(await ann.suggest()).toEqual([
      { value: "ollama/qwen3:8b", label: "qwen3", detail: "current · local", group: "ollama" },
      { value: "anthropic/claude-sonnet-5", label: "sonnet", detail: "cloud", group: "anthropic" },
    ]);
    expect((await ann.suggest("llama3")).map(({ value }) => value)).toEqual(["ollama/llama3.1:70b"]);
    await ann.pick("ollama/llama3.1:70b");
    await shows(ann, "did /model ollama/llama3.1:70b");
  });

  it("in a thread is done for the thread", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore(pickerCard);
    await start(core.dispatch);
    const ann = slack.person();
    const thread = ann.say("a question");
    await ann.mention("model", thread);
    await shows(ann, "[Undo]", thread);
    await ann.press("Undo");
    await shows(ann, "did /model undo", thread);
    await ann.pick("anthropic/claude-sonnet-5");
    await shows(ann, "did /model anthropic/claude-sonnet-5", thread);
    expect(core.invocations.map(({ conversation }) => conversation.thread)).toEqual([thread, thread, thread]);
  });

  it("on a card with replies of its own is done for the channel, not for the replies", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore(({ line }) => ({ ...pickerOf(line), visibility: "public" }));
    await start(core.dispatch);
    const ann = slack.person();
    await ann.slash("/model");
    await shows(ann, "[Undo]");
    const ts = ann.messages().at(-1)?.ts ?? "";
    const payload = ann.payload("press", "Undo");
    const container = payload["container"];
    // Slack gives the root of a thread its own timestamp as thread_ts.
    await slack.deliver(slack.app, "interactive", {
      ...payload,
      container: { ...(isJson(container) ? container : {}), thread_ts: ts },
    });
    await shows(ann, "did /model undo");
    expect(core.invocations.at(-1)?.conversation.thread).toBeUndefined();
  });

  it("confirms for who was asked, once", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore(asksFirst);
    await start(core.dispatch);
    const ann = slack.person();
    await ann.slash("/model", "x scope:global");
    await shows(ann, "Sure?");
    const yes = ann.payload("press", "Confirm");
    await ann.press("Confirm");
    await shows(ann, "did /model x scope:global");
    expect(ann.shown()).not.toContain("Sure?");

    await slack.deliver(slack.app, "interactive", tampered(yes, {}));
    await shows(ann, "This button no longer works.");
    expect(core.invocations.map(({ confirmed }) => confirmed)).toEqual([false, true]);
  });

  it("does nothing after a cancel", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore(asksFirst);
    await start(core.dispatch);
    const ann = slack.person();
    await ann.slash("/model", "x scope:global");
    await shows(ann, "Sure?");
    const yes = ann.payload("press", "Confirm");
    await ann.press("Cancel");
    await shows(ann, "Not confirmed, so nothing was done.");
    expect(ann.shown()).not.toContain("Sure?");
    await slack.deliver(slack.app, "interactive", yes);
    await shows(ann, "This button no longer works.");
    expect(core.invocations.filter(({ confirmed }) => confirmed)).toEqual([]);
  });
});

it.each(["private", "public"] as const)(
  "a press that takes its time leaves the card as it is, shows how far it is, and answers: %s",
  async (visibility) => {
    const { slack, start } = await openSlack();
    const [ann, bob] = [slack.person("U0ANN"), slack.person("U0BOB")];
    const core = modelCore(async ({ line, progress }) => {
      if (line === "/model") return { ...pickerOf(line), visibility: "public" };
      for (const step of ["step 1", "step 2"]) {
        progress?.({ tone: "info", title: step });
        await shows(bob, step);
      }
      return { ...outcome({ title: "went back" }), visibility };
    });
    await start(core.dispatch);
    await ann.slash("/model");
    await shows(bob, "[Undo]");
    await bob.press("Undo");
    await shows(bob, "went back");
    expect(ann.shown()).toContain("qwen3 answers here");
    expect(ann.shown().includes("went back")).toBe(visibility === "public");
    expect(ann.shown() + bob.shown()).not.toContain("step");
  },
);

describe("a press that is not right", () => {
  const asked = async (): Promise<SlackHarness & { core: ReturnType<typeof modelCore>; ann: Person; yes: Json }> => {
    const harness = await openSlack();
    const core = modelCore(asksFirst);
    await harness.start(core.dispatch);
    const ann = harness.slack.person("U0ANN");
    await ann.slash("/model", "x scope:global");
    await shows(ann, "Sure?");
    return { ...harness, core, ann, yes: ann.payload("press", "Confirm") };
  };

  it.each([
    { what: "a made-up id", change: { action: { value: "A".repeat(24) } } },
    { what: "an id of no form", change: { action: { value: "../../etc" } } },
    { what: "no id", change: { action: { value: undefined } } },
    { what: "an unknown purpose", change: { action: { action_id: "launch.0" } } },
    { what: "another thread's block", change: { action: { block_id: "1764000000.000999/buttons" } } },
    {
      what: "a made-up menu",
      change: { action: { action_id: `pick.model.${"A".repeat(24)}`, selected_option: { value: "x" } } },
    },
  ])("says so and does nothing: $what", async ({ change }) => {
    const { slack, core, yes } = await asked();
    const before = slack.workspace.messages.length;
    await slack.deliver(slack.app, "interactive", tampered(yes, change));
    await vi.waitFor(() => expect(slack.workspace.messages.length).toBe(before + 1), PATIENCE);
    expect(JSON.stringify(slack.workspace.messages.at(-1)?.blocks)).toContain("This button no longer works.");
    expect(slack.workspace.messages.at(-1)?.onlyFor).toBe("U0ANN");
    expect(core.invocations).toHaveLength(1);
  });

  it("from another channel says so and does nothing", async () => {
    const { slack, core, yes } = await asked();
    await slack.deliver(slack.app, "interactive", tampered(yes, { channel: "C0OTHER" }));
    await vi.waitFor(
      () => expect(JSON.stringify(slack.workspace.messages.at(-1))).toContain("no longer works"),
      PATIENCE,
    );
    expect(core.invocations).toHaveLength(1);
  });

  it("by another person says so to them alone; the question stays for who was asked", async () => {
    const { slack, core, ann, yes } = await asked();
    const response = slack.responseUrls.open({ app: slack.app, user: "U0EVE", channel: "C0GENERAL" });
    const eves = { ...tampered(yes, { user: "U0EVE" }), response_url: `${slack.origin}${response}` };
    await slack.deliver(slack.app, "interactive", eves);
    await shows(slack.person("U0EVE"), "This question is another person's.");
    expect(ann.shown()).not.toContain("another person's");
    expect(core.invocations).toHaveLength(1);
    await ann.press("Confirm");
    await shows(ann, "did /model x scope:global");
  });

  it("after ten minutes says so and does nothing", async () => {
    const { core, ann, time } = await asked();
    time.now += 10 * 60_000 + 1;
    await ann.press("Confirm");
    await shows(ann, "This button no longer works.");
    expect(core.invocations).toHaveLength(1);
  });

  it("by way of the shortcut's modal does nothing: forged places are refused", async () => {
    const { slack, core, ann } = await asked();
    const ts = ann.say("a question");
    await ann.shortcut("model_here", { ts });
    await vi.waitFor(() => expect(ann.view()).toBeDefined(), PATIENCE);
    const view = ann.view();
    const metadata = JSON.stringify({ channel: "C0OTHER", thread: ts, seal: "A".repeat(24) });
    if (view !== undefined)
      slack.workspace.views.set(view.id, { ...view, view: { ...view.view, private_metadata: metadata } });
    await ann.submit("ollama/qwen3:8b");
    await vi.waitFor(
      () => expect(JSON.stringify(slack.workspace.messages.at(-1))).toContain("no longer works"),
      PATIENCE,
    );
    expect(core.invocations).toHaveLength(1);
  });
});

it("a press is told so while no store answers for it, and does nothing", async () => {
  const actions = {
    ...createActionStore(new Keyv<unknown>()),
    async open(): Promise<never> {
      throw new ClutchError("gateway_unreachable", "Nobody serves now.", { hint: "Nothing was done." });
    },
  };
  const { slack, start } = await openSlack("socket", { actions });
  const core = modelCore(pickerCard);
  await start(core.dispatch);
  const ann = slack.person();
  await ann.slash("/model");
  await shows(ann, "[Undo]");
  await ann.press("Undo");
  await shows(ann, "Nobody serves now.");
  expect(core.invocations).toHaveLength(1);
});

/** The picker for `/model`, a plain answer for anything else. */
function pickerOf(line: string) {
  const answer = pickerCard({ line, conversation: NOWHERE, person: { platform: "slack", id: "U0" }, confirmed: false });
  if (answer instanceof Promise) throw new Error("the picker answers at once");
  return answer;
}
const NOWHERE = { platform: "slack", channel: "C0", kind: "channel", person: "U0" } as const;

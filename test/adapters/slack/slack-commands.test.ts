import { describe, expect, it, vi } from "vitest";
import type { Outcome } from "../../../commands/dispatcher.ts";
import { dig } from "../../platforms/slack/json.ts";
import { outcome } from "../recording-core.ts";
import { MODES, openSlack, type SlackHarness } from "./slack-harness.ts";
import { modelCore } from "./test-core.ts";

const PATIENCE = { timeout: 8_000, interval: 10 };

/** The direct conversation of a person with the agent's bot, in which Clutch may not write; gives its channel. */
function besideTheAgent({ slack: { app, workspace } }: SlackHarness): string {
  workspace.channels.set("D0AGENT", { id: "D0AGENT", name: "directmessage", outsiders: new Set([app.id]) });
  return "D0AGENT";
}

describe.each(MODES)("commands from Slack by %s", (mode) => {
  it("are told where they were typed", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore();
    await start(core.dispatch);
    const places = [
      { channel: "C0GENERAL", kind: "channel" },
      { channel: "G0PRIVATE", kind: "channel" },
      { channel: "C0MPDM", kind: "group" },
      { channel: "D0U0ANN", kind: "direct" },
    ];
    for (const { channel } of places) await slack.person("U0ANN", { channel }).slash("/model", "qwen");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(places.length), PATIENCE);
    expect(core.invocations.map(({ conversation }) => conversation)).toEqual(
      places.map(({ channel, kind }) => ({ platform: "slack", channel, kind, person: "U0ANN", space: "T0TEAM" })),
    );
    expect(core.invocations[0]?.person).toEqual({ platform: "slack", id: "U0ANN", name: "ann" });
  });

  it("show changes to all and the rest to the person alone", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore(({ line }) => ({
      ...outcome({ title: `did ${line}` }),
      visibility: line === "/model" ? "private" : "public",
    }));
    await start(core.dispatch);
    const [ann, bob] = [slack.person("U0ANN"), slack.person("U0BOB")];
    await ann.slash("/model");
    await vi.waitFor(() => expect(ann.shown()).toBe("✅ did /model"), PATIENCE);
    await ann.slash("/model", "qwen");
    await vi.waitFor(() => expect(ann.shown()).toContain("did /model qwen"), PATIENCE);
    expect(bob.shown()).toContain("did /model qwen");
    expect(bob.messages()).toHaveLength(1);
  });

  it("have the names that were configured, and the umbrella", async () => {
    const { slack, start } = await openSlack(mode, { commandNames: { model: "/llm-model" } });
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person();
    await ann.slash("/llm-model", "“qwen 3” scope:here");
    await ann.slash("/clutch", "model &lt;qwen&gt;");
    await ann.slash("/clutch");
    await ann.slash("/nonsense", "x");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(4), PATIENCE);
    expect(core.invocations.map(({ line }) => line)).toEqual([
      '/model "qwen 3" scope:here',
      "/model <qwen>",
      "/help",
      "/nonsense x",
    ]);
  });

  it("are done in a thread by mention, and answered there", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore(({ line }) => ({
      ...outcome({ title: `did ${line}` }),
      visibility: line.endsWith("bad") ? "private" : "public",
    }));
    await start(core.dispatch);
    const [ann, bob] = [slack.person("U0ANN"), slack.person("U0BOB")];
    const thread = ann.say("a question");
    await ann.mention("model qwen3:8b", thread);
    await vi.waitFor(() => expect(bob.shown(thread)).toContain("did /model qwen3:8b"), PATIENCE);
    expect(core.invocations[0]?.conversation).toMatchObject({ channel: "C0GENERAL", thread, person: "U0ANN" });

    await ann.mention("model bad", thread);
    await vi.waitFor(() => expect(ann.shown(thread)).toContain("did /model bad"), PATIENCE);
    expect(bob.shown()).not.toContain("did /model bad");
  });

  it("are done at the top by mention, and ask for the kind of a channel only once", async () => {
    const { slack, start } = await openSlack(mode);
    slack.app.scopes.add("channels:read");
    const core = modelCore();
    await start(core.dispatch);
    for (const channel of ["C0MPDM", "C0MPDM", "C0OTHER"]) await slack.person("U0ANN", { channel }).mention("model");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(3), PATIENCE);
    expect(core.invocations.map(({ conversation }) => conversation.kind).sort()).toEqual(["channel", "group", "group"]);
    expect(core.invocations[0]?.conversation.thread).toBeUndefined();
  });

  it("do not need to know a channel's kind", async () => {
    const { slack, adapter, start } = await openSlack(mode);
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person("U0ANN", { channel: "C0OTHER" });
    await ann.mention("model");
    await ann.mention("");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(2), PATIENCE);
    expect(core.invocations.map(({ conversation }) => conversation.kind)).toEqual(["unknown", "unknown"]);
    expect(core.invocations[1]?.line).toBe("/help");
    expect(slack.journal.filter(({ method }) => method === "conversations.info").length).toBeLessThanOrEqual(2);
    expect(adapter.status.state).toBe("ready");
  });

  it("are done in a thread by the shortcut, whose modal says what is wrong in its field", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore();
    await start(core.dispatch);
    const [ann, bob] = [slack.person("U0ANN"), slack.person("U0BOB")];
    const thread = ann.say("a question");
    const reply = ann.say("more", thread);
    await ann.shortcut("model_here", { ts: reply, thread });
    await vi.waitFor(() => expect(ann.view()).toBeDefined(), PATIENCE);
    expect((await ann.suggest("claude")).map(({ value }) => value)).toEqual(["anthropic/claude-sonnet-5"]);
    expect(await ann.suggest("")).toHaveLength(3);

    await ann.submit();
    expect(ann.view()?.errors).toEqual({ model: "Choose a model first." });
    await ann.submit("ollama/gone");
    expect(ann.view()?.errors["model"]).toContain("ollama/gone");
    expect(core.invocations).toEqual([]);

    await ann.submit("ollama/qwen3:8b");
    expect(ann.view()).toBeUndefined();
    await vi.waitFor(() => expect(bob.shown(thread)).toContain("did /model ollama/qwen3:8b"), PATIENCE);
    expect(core.invocations[0]).toMatchObject({
      confirmed: false,
      conversation: { channel: "C0GENERAL", thread, person: "U0ANN" },
    });
  });

  it("by the shortcut on a message without a thread are for the one that it starts", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person();
    const ts = ann.say("a question");
    await ann.shortcut("model_here", { ts });
    await vi.waitFor(() => expect(ann.view()).toBeDefined(), PATIENCE);
    expect(JSON.stringify(ann.view()?.view)).toContain("the thread that starts with this message");
    await ann.submit("ollama/qwen3:8b");
    await vi.waitFor(() => expect(core.invocations[0]?.conversation.thread).toBe(ts), PATIENCE);
  });

  it("by the shortcut show no list of models to who may not see it: the command says so", async () => {
    const { slack, start } = await openSlack(mode);
    const core = modelCore();
    await start({ ...core.dispatch, admits: ({ id }) => id !== "U0EVE" });
    const eve = slack.person("U0EVE");
    await eve.shortcut("model_here", { ts: eve.say("a question") });
    await vi.waitFor(
      () => expect(core.invocations).toMatchObject([{ line: "/model", person: { id: "U0EVE" } }]),
      PATIENCE,
    );
    expect(eve.view()).toBeUndefined();
  });

  it("say so where the modal could not be opened", async () => {
    const { slack, start } = await openSlack(mode);
    await start(modelCore().dispatch);
    const ann = slack.person();
    const ts = ann.say("a question");
    slack.faults.inject("views.open", { error: "expired_trigger_id" }, 10);
    await ann.shortcut("model_here", { ts });
    await vi.waitFor(() => expect(ann.shown(ts)).toContain("expired_trigger_id"), PATIENCE);
  });
});

describe("an answer", () => {
  it.each([
    { last: "is edited", isGone: false },
    { last: "comes anew where it was deleted", isGone: true },
  ])("uses a response_url five times at the most, then an ordinary message that $last", async ({ isGone }) => {
    const { slack, start } = await openSlack();
    const gate = Promise.withResolvers<Outcome>();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const core = modelCore(({ progress }) => {
        let step = 0;
        const tick = (): void => {
          step += 1;
          progress?.({ tone: "info", title: `step ${step}` });
          setTimeout(tick, 1_000);
        };
        tick();
        return gate.promise;
      });
      await start(core.dispatch);
      const [ann, bob] = [slack.person("U0ANN"), slack.person("U0BOB")];
      await ann.slash("/model", "big");
      for (let second = 0; second < 40; second += 1) {
        await vi.advanceTimersByTimeAsync(1_000);
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      vi.useRealTimers();
      await vi.waitFor(() => expect(bob.messages()[0]?.edits).toBeGreaterThan(3), PATIENCE);
      expect(bob.shown()).toContain("step");
      if (isGone) expect(slack.workspace.remove(bob.channel, bob.messages()[0]?.ts ?? "")).toBe(true);
      gate.resolve(outcome({ title: "loaded" }));
      await vi.waitFor(() => expect(bob.shown()).toContain("loaded"), PATIENCE);
      await vi.waitFor(() => expect(ann.shown()).not.toContain("step"), PATIENCE);
      expect(ann.messages()).toHaveLength(1);
      const [uses = 0] = slack.responseUrls.uses();
      expect(uses).toBeGreaterThan(2);
      expect(uses).toBeLessThanOrEqual(5);
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    { visibility: "private" as const, method: "chat.postEphemeral" },
    { visibility: "public" as const, method: "chat.postMessage" },
  ])("that takes more than 30 minutes comes as an ordinary message: $visibility", async ({ visibility, method }) => {
    const { slack, start, time } = await openSlack();
    const gate = Promise.withResolvers<Outcome>();
    const core = modelCore(() => gate.promise);
    await start(core.dispatch);
    const ann = slack.person();
    await ann.slash("/model", "big");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(1), PATIENCE);
    time.now += 31 * 60_000;
    gate.resolve({ ...outcome({ title: "at last" }), visibility });
    await vi.waitFor(() => expect(ann.shown()).toContain("at last"), PATIENCE);
    expect(slack.responseUrls.uses()).toEqual([0]);
    expect(slack.journal.map((entry) => entry.method)).toContain(method);
  });

  it("reaches a channel in which Clutch is no member", async () => {
    const { slack, start } = await openSlack();
    slack.workspace.channel("C0OTHER")?.outsiders.add(slack.app.id);
    await start(modelCore().dispatch);
    const [ann, bob] = ["U0ANN", "U0BOB"].map((id) => slack.person(id, { channel: "C0OTHER" }));
    await ann?.slash("/model", "qwen");
    await vi.waitFor(() => expect(bob?.shown()).toContain("did /model qwen"), PATIENCE);
  });

  it.each(["a channel in which Clutch is no member", "the person's conversation with the agent's bot"])(
    "that is too late for %s comes to the person directly",
    async (where) => {
      const harness = await openSlack();
      const { slack, start, time } = harness;
      const agents = besideTheAgent(harness);
      slack.workspace.channel("C0OTHER")?.outsiders.add(slack.app.id);
      const gate = Promise.withResolvers<Outcome>();
      const core = modelCore(() => gate.promise);
      await start(core.dispatch);
      const ann = slack.person("U0ANN", { channel: where.startsWith("a channel") ? "C0OTHER" : agents });
      await ann.slash("/model", "big");
      await vi.waitFor(() => expect(core.invocations).toHaveLength(1), PATIENCE);
      time.now += 31 * 60_000;
      gate.resolve(outcome({ title: "at last" }));
      const alone = slack.person("U0ANN", { channel: slack.workspace.direct("U0ANN").id });
      await vi.waitFor(() => expect(alone.shown()).toContain("at last"), PATIENCE);
      expect(ann.messages()).toEqual([]);
    },
  );

  it("is given by an ordinary message where the response_url fails", async () => {
    const { slack, start } = await openSlack();
    const gate = Promise.withResolvers<Outcome>();
    await start(modelCore(() => gate.promise).dispatch);
    const ann = slack.person();
    const payload = { ...ann.payload("slash", "/model", "x"), response_url: `${slack.origin}/response/none` };
    await slack.deliver(slack.app, "slash_commands", payload);
    gate.resolve(outcome({ title: "all the same" }));
    await vi.waitFor(() => expect(ann.shown()).toContain("all the same"), PATIENCE);
  });

  it("never goes to an address that is not Slack's", async () => {
    const { slack, start } = await openSlack();
    await start(modelCore().dispatch);
    const ann = slack.person();
    // Nobody listens there; the answer must not wait for it.
    const payload = { ...ann.payload("slash", "/model", "x"), response_url: "http://127.0.0.1:1/response/theirs" };
    await slack.deliver(slack.app, "slash_commands", payload);
    await vi.waitFor(() => expect(ann.shown()).toContain("did /model x"), PATIENCE);
    expect(slack.journal.map(({ method }) => method)).toContain("chat.postMessage");
  });

  it("arrives as words where Slack does not take the blocks", async () => {
    const { slack, start } = await openSlack();
    await start(modelCore().dispatch);
    const ann = slack.person();
    const thread = ann.say("a question");
    slack.faults.inject("chat.postMessage", { error: "invalid_blocks" });
    await ann.mention("model qwen", thread);
    await vi.waitFor(() => expect(ann.shown(thread)).toContain("did /model qwen"), PATIENCE);
  });

  it("keeps the words of others inert", async () => {
    const { slack, start } = await openSlack();
    const words = "<!channel> <@U0BOB> <https://evil.example|safe> *bold* `code`";
    await start(
      modelCore(() =>
        outcome({ title: words, body: [words], table: { columns: [words], rows: [[words]] }, footer: words }),
      ).dispatch,
    );
    const ann = slack.person();
    const thread = ann.say("a question");
    await ann.slash("/model");
    await ann.mention("model", thread);
    await vi.waitFor(() => expect(ann.messages().filter(({ by }) => by === slack.app.id)).toHaveLength(2), PATIENCE);
    expect(ann.shown()).toContain(words);
    // The stand-in has found no live markup, or the test would fail as it closes.
    for (const { params, method } of slack.journal.filter((entry) => /postMessage|response_url/.test(entry.method))) {
      expect(String(dig(params, "parse")), method).toBe("none");
      for (const key of ["link_names", "unfurl_links", "unfurl_media"]) expect(String(dig(params, key))).toBe("false");
    }
  });

  it("shows a picture in the channel, and its words alone where only one person may see them", async () => {
    const { slack, start } = await openSlack();
    const image = { png: Uint8Array.from([137, 80, 78, 71, 1, 2, 3]), alt: "turns a day" };
    await start(
      modelCore(({ line }) => ({
        ...outcome({ title: `did ${line}`, image }),
        visibility: line === "/model" ? "private" : "public",
      })).dispatch,
    );
    const ann = slack.person();
    await ann.slash("/model");
    await vi.waitFor(() => expect(ann.shown()).toContain("Picture: turns a day"), PATIENCE);
    const thread = ann.say("a question");
    await ann.mention("model chart", thread);
    await vi.waitFor(() => expect(ann.shown(thread)).toContain("(picture: turns a day)"), PATIENCE);
    const files = ann.messages().flatMap((message) => message.files ?? []);
    expect(files).toHaveLength(1);
    expect(files[0]?.bytes).toEqual(image.png);
  });
});

describe("a chart", () => {
  const chart = {
    title: "Calls",
    unit: "calls",
    series: [{ name: "local", tone: "local" }],
    bars: [{ label: "1 Nov", values: [7] }],
    alt: "7 local calls",
  } as const;

  it("is told in words where only one person may see it, and drawn in a direct message", async () => {
    const { slack, start } = await openSlack();
    await start(modelCore(() => ({ ...outcome({ title: "Usage", chart }), visibility: "private" })).dispatch);
    const ann = slack.person("U0ANN");
    await ann.slash("/model");
    await vi.waitFor(() => expect(ann.shown()).toBe("✅ Usage\nPicture: 7 local calls"), PATIENCE);
    expect(ann.messages().flatMap(({ files = [] }) => files)).toEqual([]);
    const alone = slack.person("U0ANN", { channel: "D0U0ANN" });
    await alone.slash("/model");
    await vi.waitFor(() => expect(alone.shown()).toContain("(picture: 7 local calls)"), PATIENCE);
  });

  it("asked for beside the agent's bot is drawn in Clutch's own conversation with the person", async () => {
    const harness = await openSlack();
    const { slack, start } = harness;
    await start(modelCore(() => ({ ...outcome({ title: "Usage", chart }), visibility: "private" })).dispatch);
    const ann = slack.person("U0ANN", { channel: besideTheAgent(harness) });
    await ann.slash("/model");
    const alone = slack.person("U0ANN", { channel: slack.workspace.direct("U0ANN").id });
    await vi.waitFor(() => expect(alone.shown()).toContain("(picture: 7 local calls)"), PATIENCE);
    expect(ann.shown()).toBe("✅ Usage");
  });

  it("that cannot be shown is told in words", async () => {
    const { slack, start } = await openSlack();
    slack.workspace.channel("C0OTHER")?.outsiders.add(slack.app.id);
    await start(modelCore(() => outcome({ title: "Usage", chart })).dispatch);
    const ann = slack.person("U0ANN", { channel: "C0OTHER" });
    await ann.slash("/model");
    await vi.waitFor(() => expect(ann.shown()).toContain("Picture\n7 local calls"), PATIENCE);
  });
});

describe("a file", () => {
  const file = { name: "calls.csv", mediaType: "text/csv", text: "at,model\r\n" };

  it("of a private answer goes to the person as a direct message, where nobody else sees it", async () => {
    const { slack, start } = await openSlack();
    await start(modelCore(() => ({ ...outcome({ title: "Exported", file }), visibility: "private" })).dispatch);
    const [ann, bob] = [slack.person("U0ANN"), slack.person("U0BOB")];
    await ann.slash("/model");
    await vi.waitFor(
      () => expect(ann.shown()).toBe("✅ Exported\ncalls.csv went to you as a direct message."),
      PATIENCE,
    );
    expect([...ann.messages(), ...bob.messages()].flatMap(({ files = [] }) => files)).toEqual([]);
    const direct = slack.person("U0ANN", { channel: slack.workspace.direct("U0ANN").id });
    expect(direct.messages().flatMap(({ files = [] }) => files)).toMatchObject([{ name: "calls.csv" }]);
  });

  it("asked for beside the agent's bot goes to Clutch's own conversation with the person", async () => {
    const harness = await openSlack();
    const { slack, start } = harness;
    await start(modelCore(() => ({ ...outcome({ title: "Exported", file }), visibility: "private" })).dispatch);
    const ann = slack.person("U0ANN", { channel: besideTheAgent(harness) });
    await ann.slash("/model");
    await vi.waitFor(
      () => expect(ann.shown()).toBe("✅ Exported\ncalls.csv went to you as a direct message."),
      PATIENCE,
    );
    const alone = slack.person("U0ANN", { channel: slack.workspace.direct("U0ANN").id });
    expect(alone.messages().flatMap(({ files = [] }) => files)).toMatchObject([{ name: "calls.csv" }]);
  });

  it("that cannot be delivered is told, with what to do", async () => {
    const { slack, start } = await openSlack();
    slack.app.scopes.delete("im:write");
    await start(modelCore(() => ({ ...outcome({ title: "Exported", file }), visibility: "private" })).dispatch);
    const ann = slack.person("U0ANN");
    await ann.slash("/model");
    await vi.waitFor(() => expect(ann.shown()).toContain("calls.csv could not be delivered:"), PATIENCE);
    expect(ann.shown()).toContain("im:write");
    expect(slack.workspace.messages.flatMap(({ files = [] }) => files)).toEqual([]);
  });
});

describe("a notice", () => {
  const card = {
    tone: "warning",
    title: "the model changed",
    actions: [{ label: "Undo", line: "/model undo", style: "secondary" }],
  } as const;

  it.each([
    { where: "a channel", conversation: { channel: "C0GENERAL", kind: "channel" } as const, seen: "C0GENERAL" },
    {
      where: "a thread",
      conversation: { channel: "C0GENERAL", kind: "channel", thread: "1764000000.000001" } as const,
      seen: "C0GENERAL",
    },
    { where: "a DM by its person", conversation: { channel: "U0ANN", kind: "direct" } as const, seen: "D0U0ANN" },
    { where: "a DM by its channel", conversation: { channel: "D0U0ANN", kind: "direct" } as const, seen: "D0U0ANN" },
    {
      where: "Clutch's own DM where it is about that with the agent's bot",
      conversation: { channel: "D0AGENT", kind: "direct" } as const,
      seen: "D0U0ANN",
    },
  ])("comes into $where, and its button works", async ({ conversation, seen }) => {
    const harness = await openSlack();
    const { slack, adapter, start } = harness;
    besideTheAgent(harness);
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person("U0ANN", { channel: seen });
    const thread = "thread" in conversation ? ann.say("a question") : undefined;
    await adapter.post(
      { platform: "slack", person: "U0ANN", ...conversation, ...(thread === undefined ? {} : { thread }) },
      card,
    );
    expect(ann.shown(thread)).toContain("the model changed");
    await ann.press("Undo");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(1), PATIENCE);
    expect(core.invocations[0]?.conversation).toMatchObject({
      channel: seen,
      ...(thread === undefined ? {} : { thread }),
    });
  });

  it("about a thread with the agent's bot stands in no thread of Clutch's own DM", async () => {
    const harness = await openSlack();
    const { slack, adapter, start } = harness;
    await start(modelCore().dispatch);
    const about = { channel: besideTheAgent(harness), kind: "direct", thread: "1764000000.000001" } as const;
    expect(await adapter.post({ platform: "slack", person: "U0ANN", ...about }, card)).toBe(true);
    const [notice] = slack.person("U0ANN", { channel: "D0U0ANN" }).messages();
    expect(notice?.text).toContain("the model changed");
    expect(notice).not.toHaveProperty("thread");
  });

  it("comes into a DM also without leave to open it, and the scope is named", async () => {
    const { slack, adapter, start } = await openSlack();
    slack.app.scopes.delete("im:write");
    await start(modelCore().dispatch);
    await adapter.post({ platform: "slack", person: "U0ANN", channel: "U0ANN", kind: "direct" }, card);
    expect(slack.person("U0ANN", { channel: "D0U0ANN" }).shown()).toContain("the model changed");
    expect(adapter.status.problem?.message).toContain("im:write");
  });

  it("that cannot be posted is logged, and says what to do", async () => {
    const { slack, adapter, start, log } = await openSlack();
    await start(modelCore().dispatch);
    slack.workspace.channel("C0OTHER")?.outsiders.add(slack.app.id);
    const there = { platform: "slack", person: "U0ANN", channel: "C0OTHER", kind: "channel" } as const;
    expect(await adapter.post(there, card)).toBe(false);
    expect(log.join("")).toContain("/invite @Clutch");
  });
});

describe("user groups", () => {
  it("are asked for only where access lists name some, and counted for a minute", async () => {
    const { slack, start, time } = await openSlack("socket", { groupsOf: ["S0OPS"] });
    slack.app.scopes.add("usergroups:read");
    slack.workspace.groups.set("S0OPS", ["U0ANN"]);
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person("U0ANN");
    await ann.slash("/model");
    await slack.person("U0BOB").slash("/model");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(2), PATIENCE);
    expect(core.invocations.map(({ person }) => person.groups)).toEqual(
      expect.arrayContaining([["group:S0OPS"], undefined]),
    );
    expect(slack.journal.filter(({ method }) => method === "usergroups.users.list")).toHaveLength(1);

    slack.workspace.groups.set("S0OPS", []);
    time.now += 61_000;
    await ann.slash("/model");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(3), PATIENCE);
    expect(core.invocations[2]?.person.groups).toBeUndefined();
  });

  it("that Slack does not tell in time keep no menu waiting", async () => {
    const { slack, start } = await openSlack("socket", { groupsOf: ["S0OPS"] });
    slack.app.scopes.add("usergroups:read");
    const core = modelCore();
    await start({ ...core.dispatch, admits: ({ groups = [] }) => groups.includes("group:S0OPS") });
    slack.workspace.groups.set("S0OPS", ["U0ANN"]);
    slack.faults.inject("usergroups.users.list", { status: 429, retryAfter: 30 });
    const began = performance.now();
    const suggestion = {
      ...{ type: "block_suggestion", action_id: "pick.model.modal", value: "" },
      ...{ team: { id: slack.workspace.team }, user: { id: "U0ANN" } },
    };
    const { acked, answer } = await slack.deliver(slack.app, "interactive", suggestion);
    expect([acked, answer]).toEqual([true, { options: [] }]);
    expect(performance.now() - began).toBeLessThan(2_500);
  });

  it("without the scope count for nobody, and the scope is named", async () => {
    const { slack, start, adapter } = await openSlack("socket", { groupsOf: ["S0OPS"] });
    slack.workspace.groups.set("S0OPS", ["U0ANN"]);
    const core = modelCore();
    await start(core.dispatch);
    await slack.person("U0ANN").slash("/model");
    await vi.waitFor(() => expect(core.invocations).toHaveLength(1), PATIENCE);
    expect(core.invocations[0]?.person.groups).toBeUndefined();
    expect(adapter.status).toMatchObject({ state: "degraded", problem: { code: "platform_scope" } });
    expect(adapter.status.problem?.message).toContain("usergroups:read");
  });
});

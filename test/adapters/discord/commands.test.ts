import { Agent, setGlobalDispatcher } from "undici";
import { describe, expect, it, vi } from "vitest";
import type { Card } from "../../../commands/card.ts";
import type { Outcome } from "../../../commands/dispatcher.ts";
import type { Channel, Member } from "../../platforms/discord/world.ts";
import { type Answer, outcome, recordingCore } from "../recording-core.ts";
import { type Bench, buttonId, MODEL, openBench, PATIENCE } from "./set-up.ts";

const secretly = (card: Parameters<typeof outcome>[0]): Outcome => ({ ...outcome(card), visibility: "private" });
const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);

async function started(answer: Answer, options: Parameters<Bench["start"]>[1] = {}) {
  const bench = await openBench();
  const core = recordingCore(answer, { commands: [MODEL] });
  const adapter = await bench.start(core.dispatch, options);
  const where = { by: bench.anna, in: bench.channel };
  const others = { by: bench.ben, in: bench.channel };
  return {
    ...bench,
    adapter,
    core,
    where,
    others,
    model: (given = {}, at = where) => bench.discord.command("model", given, at),
  };
}

describe("a slash command", () => {
  it("is acknowledged before anything else, for the person alone", async () => {
    const gate = Promise.withResolvers<Outcome>();
    const { discord, model, core, answered } = await started(() => gate.promise);
    const exchange = model({ name: "q" });
    expect(await exchange.acknowledgement()).toBe(5);
    expect(exchange.messages()).toMatchObject([{ loading: true, ephemeral: true }]);
    await vi.waitFor(() => expect(core.invocations).toHaveLength(1), PATIENCE);
    gate.resolve(secretly({ title: "for you" }));
    expect(await answered(exchange)).toMatchObject([{ text: expect.stringContaining("for you"), ephemeral: true }]);
    expect(discord.requests("POST", /webhooks/)).toHaveLength(0);
  });

  it("shows a change to everybody, once, and shrinks the private message to a line", async () => {
    const { model, answered, text, others } = await started(() => outcome({ title: "Switched" }));
    const [mine, everybodys] = await answered(model({ name: "q" }), 2);
    expect(mine).toMatchObject({
      ephemeral: true,
      text: "The answer is below, for everybody here to see.",
      edits: 1,
    });
    expect(everybodys).toMatchObject({ ephemeral: false, edits: 0 });
    expect(text(others)).toBe("✅ Switched");
  });

  it("hands over typed options, and the line as one would type it", async () => {
    const { model, core, answered } = await started(() => secretly({ title: "ok" }));
    await answered(model({ name: "ollama/qwen3:8b", scope: "agent", force: true }));
    await answered(model({ name: 'a "b" c', force: false }));
    await answered(model({ name: "scope:global" }));
    await answered(model({ name: `both ' and "` }));
    expect(core.invocations.map(({ line, options }) => [line, options])).toEqual([
      ["/model ollama/qwen3:8b scope:agent force", { name: "ollama/qwen3:8b", scope: "agent", force: "true" }],
      [`/model 'a "b" c'`, { name: 'a "b" c' }],
      ["/model name:scope:global", { name: "scope:global" }],
      ["/model", { name: `both ' and "` }],
    ]);
  });

  it("knows threads, DMs and group DMs, and who is asking with which roles", async () => {
    const { discord, model, core, answered, channel, anna, guildId } = await started(() => secretly({ title: "ok" }), {
      guilds: [],
    });
    const thread = discord.world.thread(channel);
    const direct = discord.world.direct(anna);
    const group = discord.world.groupDirect();
    for (const place of [channel, thread, direct, group]) await answered(model({}, { by: anna, in: place }));
    const common = { platform: "discord", person: anna.id };
    const inGuild = { ...common, kind: "channel", space: guildId, roles: ["7001"] };
    expect(core.invocations.map(({ conversation }) => conversation)).toEqual([
      { ...inGuild, channel: channel.id },
      { ...inGuild, channel: channel.id, thread: thread.id },
      { ...common, kind: "direct", channel: direct.id },
      { ...common, kind: "group", channel: group.id },
    ]);
    const person = { platform: "discord", id: anna.id, name: "anna" };
    expect(core.invocations.map((invocation) => invocation.person)).toEqual([
      { ...person, groups: ["role:7001"] },
      { ...person, groups: ["role:7001"] },
      person,
      person,
    ]);
  });

  it("answers in a DM with one message, whoever it is for", async () => {
    const bench = await started(
      ({ options }) => (options?.["name"] === undefined ? secretly({ title: "look" }) : outcome({ title: "changed" })),
      { guilds: [] },
    );
    const where = { by: bench.anna, in: bench.discord.world.direct(bench.anna) };
    for (const given of [{}, { name: "q" }]) {
      expect(await bench.answered(bench.model(given, where))).toMatchObject([{ ephemeral: false }]);
    }
  });

  it("does nothing where its acknowledgement came too late", async () => {
    const { discord, model, core, log } = await started(() => outcome({ title: "never" }));
    discord.times.ackDeadlineMs = -1;
    model({ name: "q" });
    await vi.waitFor(() => expect(log.join("")).toContain("too late to be answered"), PATIENCE);
    expect(core.invocations).toEqual([]);
  });

  it("answers one interaction that comes twice once", async () => {
    const { discord, model, core, answered, where } = await started(() => outcome({ title: "x" }));
    const exchange = model({ name: "q" });
    const command = discord.commands.find("model", where.in.guildId);
    const again = discord.payload({ type: 2, data: { id: command?.id, name: "model", type: 1, options: [] } }, where);
    discord.raw({ ...again, id: exchange.interaction.id, token: exchange.interaction.token });
    await answered(exchange);
    await answered(model());
    expect(core.invocations).toHaveLength(2);
  });

  it("sends its answer anew where the person has dismissed the message", async () => {
    const gate = Promise.withResolvers<Outcome>();
    const { discord, model, text, where } = await started(() => gate.promise);
    const exchange = model();
    await exchange.acknowledgement();
    for (const { id } of exchange.messages()) discord.messages.all.delete(id);
    gate.resolve(secretly({ title: "here it is" }));
    await vi.waitFor(() => expect(text(where)).toContain("here it is"), PATIENCE);
    expect(discord.screen(where)).toMatchObject([{ ephemeral: true }]);
  });
});

describe("progress", () => {
  it("edits the message now and then, and ends with the answer", async () => {
    const gate = Promise.withResolvers<void>();
    const { discord, model, answered } = await started(
      async ({ progress }) => {
        for (let step = 1; step <= 200; step += 1) progress?.({ tone: "info", title: `step ${step}` });
        await gate.promise;
        return secretly({ title: "over" });
      },
      { progressEveryMs: 20 },
    );
    const exchange = model();
    await vi.waitFor(() => expect(exchange.messages()).toMatchObject([{ text: "step 200" }]), PATIENCE);
    gate.resolve();
    await vi.waitFor(
      async () => expect(await answered(exchange)).toMatchObject([{ text: expect.stringContaining("over") }]),
      PATIENCE,
    );
    expect(discord.requests("PATCH", /@original/).length).toBeLessThan(5);
  });

  it("has its buttons, the same ones each time, and they work meanwhile", async () => {
    const stopped = Promise.withResolvers<void>();
    const lines: string[] = [];
    let show = (_: number): void => undefined;
    const { discord, anna, model, text, where } = await started(
      async ({ line, progress }) => {
        lines.push(line);
        if (line === "/model stop") {
          stopped.resolve();
          return secretly({ title: "it stops" });
        }
        show = (step) =>
          progress?.({
            tone: "info",
            title: `step ${step}`,
            actions: [{ label: "Stop", line: "/model stop", style: "danger" }],
          });
        show(1);
        await stopped.promise;
        return secretly({ title: "stopped" });
      },
      { progressEveryMs: 5 },
    );
    const exchange = model();
    await vi.waitFor(() => expect(text(where)).toContain("step 1"), PATIENCE);
    const id = () => buttonId(exchange.messages()[0], "Stop");
    const first = id();
    show(2);
    await vi.waitFor(() => expect(text(where)).toContain("step 2"), PATIENCE);
    expect(id()).toBe(first);
    const [card] = exchange.messages();
    if (card === undefined) throw new Error("no card");
    discord.press(first, card, anna);
    await vi.waitFor(() => expect(lines).toEqual([expect.stringContaining("/model"), "/model stop"]), PATIENCE);
    await vi.waitFor(() => expect(text(where)).toMatch(/stopped|it stops/), PATIENCE);
  });

  it("is not shown after the answer", async () => {
    let late: ((card: Card) => void) | undefined;
    const { model, answered } = await started(({ progress }) => {
      late = progress;
      return secretly({ title: "over" });
    });
    const messages = await answered(model());
    late?.({ tone: "info", title: "too late" });
    await answered(model());
    expect(messages[0]?.stored.embeds[0]?.title).toContain("over");
  });
});

describe("work that outlasts the token", () => {
  const MINUTES = 60_000;

  it.each([
    { last: "is edited", isGone: false, edits: 2 },
    { last: "comes anew where it was deleted", isGone: true, edits: 0 },
  ])("goes on as an ordinary message that $last", async ({ isGone, edits }) => {
    const gate = Promise.withResolvers<void>();
    let show: ((card: Card) => void) | undefined;
    const { discord, model, text, others, where } = await started(
      async ({ progress }) => {
        show = progress;
        await gate.promise;
        return outcome({ title: "measured" });
      },
      { progressEveryMs: 5 },
    );
    const exchange = model();
    await exchange.acknowledgement();
    await vi.waitFor(() => expect(show).toBeDefined(), PATIENCE);
    discord.advance(14 * MINUTES);
    show?.({ tone: "info", title: "half way" });
    await vi.waitFor(() => expect(text(others)).toBe("half way"), PATIENCE);
    expect(text(where)).toContain("goes on below");
    discord.advance(30 * MINUTES);
    show?.({ tone: "info", title: "nearly" });
    await vi.waitFor(() => expect(text(others)).toBe("nearly"), PATIENCE);
    if (isGone) for (const { id } of discord.screen(others)) discord.messages.all.delete(id);
    gate.resolve();
    await vi.waitFor(() => expect(text(others)).toBe("✅ measured"), PATIENCE);
    expect(discord.screen(others)).toMatchObject([{ edits }]);
  });

  it("notices by itself that the token died before its time", async () => {
    const gate = Promise.withResolvers<Outcome>();
    const { discord, model, text, others } = await started(() => gate.promise);
    await model().acknowledgement();
    discord.times.tokenLifeMs = -1;
    gate.resolve(outcome({ title: "late" }));
    await vi.waitFor(() => expect(text(others)).toBe("✅ late"), PATIENCE);
  });

  it.each([
    { closed: false, channel: "", direct: "✅ for you" },
    { closed: true, channel: "does not let Clutch write to them", direct: "" },
  ])("keeps a private answer private: $closed", async ({ closed, channel, direct }) => {
    const gate = Promise.withResolvers<Outcome>();
    const { discord, model, text, others, anna } = await started(() => gate.promise);
    const dm = discord.world.direct(anna);
    if (closed) discord.closedChannels.add(dm.id);
    await model().acknowledgement();
    discord.advance(20 * MINUTES);
    gate.resolve(secretly({ title: "for you" }));
    await vi.waitFor(() => {
      expect(text({ by: anna, in: dm })).toBe(direct);
      expect(text(others)).toContain(channel);
    }, PATIENCE);
    expect(text(others)).not.toContain("for you");
  });
});

describe("autocomplete", () => {
  async function offered(complete: () => readonly { value: string; label: string }[]) {
    const bench = await openBench();
    const asked: unknown[][] = [];
    const core = recordingCore(() => outcome({ title: "x" }), {
      commands: [MODEL],
      complete: (...args) => {
        asked.push(args);
        return complete();
      },
    });
    await bench.start(core.dispatch);
    const choices = await bench.discord.autocomplete("model", "name", "qw", { by: bench.anna, in: bench.channel });
    expect(asked).toEqual([
      ["model", "name", "qw", expect.objectContaining({ id: bench.anna.id, groups: ["role:7001"] })],
    ]);
    expect(core.invocations).toEqual([]);
    return { choices, acknowledged: [...bench.discord.interactions.all.values()].map(({ ack }) => ack) };
  }

  it("offers 25 at most, cuts names, and leaves out values that are too long", async () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ value: `ollama/m${index}`, label: "l".repeat(150) }));
    const { choices } = await offered(() => [
      { value: "v".repeat(101), label: "too long" },
      { value: "v", label: "" },
      ...many,
    ]);
    expect(choices).toHaveLength(25);
    expect(choices[0]).toEqual({ name: "v", value: "v" });
    expect(choices[1]).toEqual({ name: `${"l".repeat(99)}…`, value: "ollama/m0" });
  });

  it("offers nothing where the core fails", async () => {
    const { choices, acknowledged } = await offered(() => {
      throw new Error("a fault");
    });
    expect(choices).toEqual([]);
    expect(acknowledged).toEqual([8]);
  });
});

describe("what is sent", () => {
  it("shows a picture with words for who cannot see it, also beside Slack's libraries", async () => {
    // They bring a later undici, which then answers for the requests of the whole process.
    setGlobalDispatcher(new Agent());
    const { model, answered } = await started(() =>
      secretly({ title: "chart", image: { png: PNG, alt: "3 bars, qwen3 the longest" } }),
    );
    const [message] = await answered(model());
    expect(message?.stored.attachments).toMatchObject([
      { name: "image.png", description: "3 bars, qwen3 the longest" },
    ]);
    expect([...(message?.stored.attachments[0]?.bytes ?? [])]).toEqual([...PNG]);
    expect(message?.stored.embeds[0]?.image).toEqual({ url: "attachment://image.png" });
  });

  it("pings nobody: every message forbids mentions", async () => {
    const { discord, model, answered, adapter, where } = await started(({ progress }) => {
      progress?.({ tone: "info", title: "@everyone" });
      return outcome({ title: "@everyone <@1>", body: ["<@&2> @here"] });
    });
    await answered(model());
    await adapter.post(
      { platform: "discord", channel: where.in.id, kind: "channel", person: "" },
      { tone: "info", title: "<@1>" },
    );
    await vi.waitFor(() => expect(discord.screen(where)).toHaveLength(3), PATIENCE);
    const bodies = discord.journal
      .filter(({ path, method }) => method !== "GET" && /webhooks|messages/.test(path))
      .map(({ body }) => body);
    expect(bodies.length).toBeGreaterThanOrEqual(3);
    for (const body of bodies) {
      expect(body).toMatchObject({ allowed_mentions: { parse: [] } });
      expect(JSON.stringify(body)).not.toMatch(/@everyone|@here|(?<!\\\\)<@/);
    }
  });
});

describe("a notice", () => {
  const post = async (
    at: (bench: Omit<Bench, "adapter">) => {
      channel: Channel;
      conversation: Parameters<Awaited<ReturnType<Bench["start"]>>["post"]>[0];
      by: Member;
    },
  ) => {
    const bench = await started(() => outcome({ title: "x" }));
    const { channel, conversation, by } = at(bench);
    await bench.adapter.post(conversation, {
      tone: "warning",
      title: "drifted",
      actions: [{ label: "Look", line: "/model", style: "primary" }],
    });
    return { ...bench, seen: bench.discord.screen({ by, in: channel }) };
  };

  it("goes into the channel", async () => {
    const { seen } = await post(({ channel, anna }) => ({
      channel,
      by: anna,
      conversation: { platform: "discord", channel: channel.id, kind: "channel", person: "" },
    }));
    expect(seen).toMatchObject([{ text: expect.stringContaining("drifted"), ephemeral: false }]);
  });

  it("goes into the thread", async () => {
    const { seen } = await post(({ discord, channel, anna }) => {
      const thread = discord.world.thread(channel);
      return {
        channel: thread,
        by: anna,
        conversation: { platform: "discord", channel: channel.id, thread: thread.id, kind: "channel", person: "" },
      };
    });
    expect(seen).toHaveLength(1);
  });

  it("goes into the person's DM, and its button works for everybody there", async () => {
    const { seen, discord, anna, answered, core } = await post(({ discord: { world }, anna: by }) => ({
      channel: world.direct(by),
      by,
      conversation: { platform: "discord", channel: by.id, kind: "direct", person: by.id },
    }));
    const [message] = seen;
    if (message === undefined) throw new Error("no notice");
    await answered(discord.press(message.buttons[0]?.customId ?? "", message, anna));
    await vi.waitFor(() => expect(core.invocations.map(({ line }) => line)).toEqual(["/model"]), PATIENCE);
  });

  it("that cannot be posted is no error: the log says what to give, and Discord is no less ready", async () => {
    const bench = await started(() => outcome({ title: "x" }));
    const conversation = { platform: "discord", channel: bench.channel.id, kind: "channel", person: "" } as const;
    bench.discord.closedChannels.add(bench.channel.id);
    expect(await bench.adapter.post(conversation, { tone: "info", title: "x" })).toBe(false);
    expect(bench.log.join("")).toContain("Give the bot's role View Channel, Send Messages");
    bench.discord.closedChannels.clear();
    expect(await bench.adapter.post(conversation, { tone: "info", title: "x" })).toBe(true);
    expect(bench.statuses.map(({ state }) => state)).not.toContain("degraded");
  });
});

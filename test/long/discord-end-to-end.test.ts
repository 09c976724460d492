import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { lookAtDiscord } from "../../adapters/discord/look-at-discord.ts";
import { allCommands } from "../../commands/index.ts";
import { readGatewayChannels } from "../../src/openclaw/gateway-channels.ts";
import { type Lab, LLAMA, PERSONA, QWEN, SONNET } from "../gateway/harness.ts";
import { type DiscordStandIn, type Guest, startDiscord } from "../platforms/discord/discord-stand-in.ts";
import type { SeenMessage, Where } from "../platforms/discord/people.ts";
import type { Channel, Member } from "../platforms/discord/world.ts";
import {
  heardIn,
  type InstalledPlugin,
  installPlugin,
  numberedReplies,
  type RunningClutch,
  type SpeakingModels,
  sessionKeys,
  startClutch,
  startLabWith,
} from "./with-plugin.ts";

// A person, OpenClaw's bot and Clutch's bot in one Discord: the real plugin, the real gateway, the real adapter.

const PATIENCE = { timeout: 120_000, interval: 250 };
const SWITCHED = "Switched to Qwen2.5-Coder 32B";
const BACK = "Back on the default: Claude Sonnet 5";

let plugin: InstalledPlugin | undefined;
let missing = "";
let discord: DiscordStandIn;
let openclaw: Guest;
let lab: Lab;
let running: RunningClutch;
let models: SpeakingModels;
let anna: Member;
let ben: Member;
let channel: Channel;

beforeAll(async () => {
  const installed = await installPlugin("discord");
  if ("missing" in installed) {
    missing = installed.missing;
    return;
  }
  plugin = installed;
  discord = await startDiscord();
  openclaw = discord.invite("OpenClaw");
  anna = discord.world.person("anna");
  ben = discord.world.person("ben");
  channel = discord.world.textChannel();
  const guild = channel.guildId ?? "";
  seed("left-over", undefined);
  seed("local-to-us", guild);
  lab = await startLabWith(
    plugin,
    {
      enabled: true,
      token: openclaw.token,
      dmPolicy: "open",
      allowFrom: ["*"],
      groupPolicy: "allowlist",
      guilds: { [guild]: { requireMention: false, users: [anna.id] } },
    },
    { DISCORD_API_URL: `${discord.apiUrl}/v10` },
    [LLAMA],
  );
  models = numberedReplies(lab);
  await vi.waitFor(() => expect(sessionsOf(openclaw)).toBe(1), PATIENCE);
  running = await startClutch(
    lab,
    { discord: { token: discord.token, guilds: [guild], apiUrl: discord.apiUrl } },
    `discord:${anna.id}`,
  );
}, 1_200_000);

afterAll(async () => {
  await running?.close();
  await lab?.stop();
  await discord?.close();
  await plugin?.remove();
}, 120_000);

beforeEach((test) => {
  test.skip(missing !== "", missing);
  models.working();
});

/** Connections that an application has made so far. */
const sessionsOf = (application: { readonly id: string }): number =>
  discord.gateway.identifiedBy.filter((id) => id === application.id).length;

/** Registers a command in the name of OpenClaw's application, as another program with its token would. */
function seed(name: string, guildId: string | undefined): void {
  const path = `/applications/${openclaw.id}${guildId === undefined ? "" : `/guilds/${guildId}`}/commands`;
  const body = { name, description: name, type: 1 };
  openclaw.commands.route({
    method: "POST",
    path,
    body,
    files: [],
    query: new URLSearchParams(),
    application: openclaw.id,
  });
}

/** Says something and waits for the agent's reply in the same place. */
async function chat(text: string, where: Where): Promise<string> {
  const before = models.replies.length;
  discord.says(text, where);
  await expect.poll(() => models.replies.length, PATIENCE).toBeGreaterThan(before);
  const seen = (): SeenMessage | undefined =>
    discord
      .screen(where)
      .find(
        ({ stored, text: words }) => stored.authorId === openclaw.id && words.includes(models.replies.at(-1) ?? ""),
      );
  await expect.poll(seen, PATIENCE).toBeDefined();
  return models.replies.at(-1) ?? "";
}

/** Uses Clutch's slash command and waits for its card, public or not. */
async function model(options: Readonly<Record<string, string>>, expected: string, where: Where): Promise<SeenMessage> {
  const exchange = discord.command("model", options, where);
  expect(await exchange.acknowledgement()).toBe(5);
  const card = (): SeenMessage | undefined => exchange.messages().findLast(({ text }) => text.includes(expected));
  await expect.poll(card, PATIENCE).toBeDefined();
  return card() ?? expect.fail("it is gone again");
}

const asAnna = (place: Channel = channel): Where => ({ by: anna, in: place });
const keyOf = (place: Channel): string => `agent:main:discord:channel:${place.id}`;
const contains = (whole: string, parts: readonly string[]): void => {
  for (const part of parts) expect(whole).toContain(part);
};

describe("a conversation in a guild channel", () => {
  const said: string[] = [];
  const talk = async (text: string): Promise<string> => {
    said.push(text);
    const reply = await chat(text, asAnna());
    said.push(reply);
    return reply;
  };

  it("the agent answers there, in the session that Clutch derives", async () => {
    expect(await talk("How much salt does a pot of beans take?")).toContain("claude-sonnet-5");
    expect(await talk("And for forty sailors?")).toContain("claude-sonnet-5");
    expect(await sessionKeys(running.clutch)).toContain(keyOf(channel));
    expect((await model({}, `session ${keyOf(channel)}`, asAnna())).text).toContain(SONNET);
  });

  it("after /model the other server gets the persona and the whole conversation", async () => {
    const card = await model({ name: QWEN }, SWITCHED, asAnna());
    expect(card.ephemeral).toBe(false);
    expect(discord.screen({ by: ben, in: channel }).map(({ text }) => text)).toContain(card.text);

    expect(await talk("Which pot do I take?")).toContain("qwen2.5-coder:32b");
    const heard = lab.ollama.chats.at(-1);
    expect(heard?.model).toBe("qwen2.5-coder:32b");
    contains(heardIn(heard), [PERSONA, ...said.slice(0, -1)]);
  });

  it("after /model default the first server gets it all as well", async () => {
    const card = await model({ name: "default" }, BACK, asAnna());
    expect(card.ephemeral).toBe(false);
    expect(await talk("Shall I stir?")).toContain("claude-sonnet-5");
    contains(heardIn(lab.anthropic.chats.at(-1)), [PERSONA, ...said.slice(0, -1)]);
  });
});

describe("other places", () => {
  it("a thread is a session of its own, and a switch in it leaves the channel alone", async () => {
    const thread = discord.world.thread(channel);
    await chat("A word aside.", asAnna(thread));
    expect(await sessionKeys(running.clutch)).toContain(keyOf(thread));
    await model({ name: QWEN }, SWITCHED, asAnna(thread));
    expect(await chat("Still aside.", asAnna(thread))).toContain("qwen2.5-coder:32b");
    expect(await chat("In the open again.", asAnna())).toContain("claude-sonnet-5");
    await model({}, `session ${keyOf(thread)}`, asAnna(thread));
  });

  it("a thread inherits the pin of its channel, as long as the channel has it", async () => {
    const thread = discord.world.thread(channel);
    await model({ name: QWEN }, SWITCHED, asAnna());
    const inherited = await chat("Another word aside.", asAnna(thread));
    await model({ name: "default" }, BACK, asAnna());
    expect(inherited).toContain("qwen2.5-coder:32b");
    expect(await chat("One more word aside.", asAnna(thread))).toContain("claude-sonnet-5");
    await sleep(4_000);
    const shown = discord.screen(asAnna(thread)).map(({ text }) => text);
    expect(shown.filter((text) => text.includes("Another model answered here"))).toEqual([]);
  });

  it("a DM is the agent's main session", async () => {
    const direct = discord.world.direct(anna, openclaw.id);
    expect(await chat("Only between us.", asAnna(direct))).toContain("claude-sonnet-5");
    expect(await sessionKeys(running.clutch)).toContain("agent:main:main");
    const switched = await running.clutch.app.dispatcher.run({
      line: `/model ${QWEN}`,
      conversation: { platform: "discord", channel: discord.world.direct(anna).id, kind: "direct", person: anna.id },
      person: { platform: "discord", id: anna.id },
      confirmed: false,
    });
    expect(switched.ok).toBe(true);
    expect(await chat("Still between us.", asAnna(direct))).toContain("qwen2.5-coder:32b");
  });
});

describe("beside each other", () => {
  it("a fallback is told in the channel where it happened", async () => {
    models.failing("anthropic");
    expect(await chat("Is anybody there?", asAnna())).toContain("llama3.1:70b");
    const notice = (): SeenMessage | undefined =>
      discord.screen(asAnna()).find(({ text }) => text.includes(`Another model answered here: ${LLAMA}`));
    await expect.poll(notice, PATIENCE).toBeDefined();
    expect(notice()?.stored.authorId).toBe(discord.applicationId);
  });

  it("OpenClaw's start-up clean-up leaves guild commands alone, and those of Clutch's application", async () => {
    const guild = channel.guildId ?? "";
    const names = (scope: string): string[] => (openclaw.commands.scopes.get(scope) ?? []).map(({ name }) => name);
    await expect.poll(() => names(""), PATIENCE).toContain("model");
    await expect.poll(() => names(""), PATIENCE).not.toContain("left-over");
    expect(names(guild)).toEqual(["local-to-us"]);

    const ours = structuredClone(discord.commands.scopes.get(guild));
    expect(ours?.map(({ name }) => name)).toContain("model");
    const before = sessionsOf(openclaw);
    await lab.gateway.restart();
    await expect.poll(() => sessionsOf(openclaw), PATIENCE).toBeGreaterThan(before);
    expect(await chat("Good morning again.", asAnna())).toContain("claude-sonnet-5");
    expect(discord.commands.scopes.get(guild)).toEqual(ours);
    await model({}, `session ${keyOf(channel)}`, asAnna());
  });

  it("the card of a thread says that its model is the channel's", async () => {
    const thread = discord.world.thread(channel);
    await model({ name: QWEN }, SWITCHED, asAnna());
    expect(await chat("A last word aside.", asAnna(thread))).toContain("qwen2.5-coder:32b");
    const card = await model({}, `session ${keyOf(thread)}`, asAnna(thread));
    await model({ name: "default" }, BACK, asAnna());
    expect(card.text).toContain(QWEN);
    expect(card.text).toContain("inherited from the pin of the parent channel");
  });

  it("the doctor knows OpenClaw's application by what OpenClaw says of it, and Clutch's as its own", async () => {
    const { bots } = await readGatewayChannels(running.clutch.app.connection, { probe: true });
    const how = { deep: false, signal: new AbortController().signal, bots };
    const look = async (token: string) => {
      const { apiUrl } = discord;
      const found = await lookAtDiscord({ token, guilds: [], apiUrl, commands: allCommands }).look(how);
      return found.find(({ name }) => name === "application")?.state;
    };
    expect([await look(discord.token), await look(openclaw.token)]).toEqual(["ok", "broken"]);
  });

  it("nothing that Clutch sent was refused, and OpenClaw never touched its application", () => {
    expect(discord.violations).toEqual([]);
    const strange = discord.journal.filter(
      ({ path, application }) =>
        application === openclaw.id && path.startsWith(`/applications/${discord.applicationId}`),
    );
    expect(strange).toEqual([]);
  });
});

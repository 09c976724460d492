import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { GuardRules } from "../../src/openclaw/guard-client.ts";
import { type AttachedClutch, LLAMA, QWEN, SONNET } from "../gateway/harness.ts";
import { type LockedLab, startLockedLab } from "../gateway/locked-lab.ts";
import { type DiscordStandIn, type Guest, startDiscord } from "../platforms/discord/discord-stand-in.ts";
import type { Where } from "../platforms/discord/people.ts";
import type { Channel, Member } from "../platforms/discord/world.ts";
import { type InstalledPlugin, installPlugin } from "./with-plugin.ts";

// A person in Discord, OpenClaw's own plugin for it, and the guard alone.

const PATIENCE = { timeout: 120_000, interval: 50 };
/** Without the guard's notice it is 72 s and more until OpenClaw gives up. */
const SOON_MS = 10_000;

let plugin: InstalledPlugin | undefined;
let missing = "";
let discord: DiscordStandIn;
let openclaw: Guest;
let lab: LockedLab;
let clutch: AttachedClutch;
let anna: Member;
let [theirs, ours]: Channel[] = [];

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
  const [first, second] = [discord.world.textChannel(), discord.world.textChannel()];
  [theirs, ours] = [first, second];
  const guilds = [...new Set([first, second].map(({ guildId = "" }) => guildId))];
  lab = await startLockedLab({
    wall: false,
    change(config) {
      config.agents.defaults.model = { primary: LLAMA, fallbacks: [] };
      config.channels = {
        modelByChannel: { discord: { [first.id]: SONNET } },
        discord: {
          ...{ enabled: true, token: openclaw.token, groupPolicy: "allowlist" },
          guilds: Object.fromEntries(guilds.map((id) => [id, { requireMention: false, users: [anna.id] }])),
        },
      };
      config.plugins.allow.push("discord");
      config.plugins.entries.discord = { enabled: true };
    },
    how: {
      ...{ channels: true, timeoutMs: 240_000 },
      extraEnv: { DISCORD_API_URL: `${discord.apiUrl}/v10`, OPENCLAW_STATE_DIR: plugin.stateDir },
    },
  });
  clutch = await lab.attach();
  await vi.waitFor(() => expect(discord.gateway.identifiedBy).toContain(openclaw.id), PATIENCE);
}, 1_200_000);

afterAll(async () => {
  await lab?.stop();
  await discord?.close();
  await plugin?.remove();
}, 120_000);

beforeEach((test) => test.skip(missing !== "", missing));

const rulesAt = (baseUrl: string): GuardRules => ({
  models: [QWEN, LLAMA].map((ref) => ({
    ...{ provider: "ollama", model: ref.slice("ollama/".length) },
    ...{ baseUrl, ollama: true },
  })),
  order: {},
  tools: [],
});

/** Says something in a channel; gives what the agent's bot says there next. */
async function chat(text: string, channel: Channel | undefined): Promise<string> {
  if (channel === undefined) throw new Error("there is no channel");
  const where: Where = { by: anna, in: channel };
  const said = () => discord.screen(where).filter(({ stored }) => stored.authorId === openclaw.id);
  const before = said().length;
  discord.says(text, where);
  await expect.poll(() => said().length, PATIENCE).toBeGreaterThan(before);
  return said()[before]?.text ?? "";
}

it("a channel with a model of its own goes to the cloud without the guard, and with it alone stays here", async () => {
  expect(await chat("Who answers?", ours)).toMatch(/llama3.1:70b answers/);
  expect(await chat("Who answers?", theirs)).toMatch(/claude-sonnet-5 answers/);
  const requests = lab.cloudRequests();
  const id = randomUUID();
  await clutch.app.guard.on(id, rulesAt(lab.ollama.url));
  expect(await chat("And now?", theirs)).toMatch(/(qwen2.5-coder:32b|llama3.1:70b) answers/);
  expect(lab.cloudRequests()).toBe(requests);
  await clutch.app.guard.off(id);
  expect(await chat("And now?", theirs)).toMatch(/claude-sonnet-5 answers/);
}, 600_000);

it("where no local model answers, the channel is told so soon", async () => {
  const id = randomUUID();
  await lab.ollama.close();
  const [requests, started] = [lab.cloudRequests(), performance.now()];
  await clutch.app.guard.on(id, rulesAt(lab.ollama.url));
  expect(await chat("Is anybody there?", theirs)).toMatch(
    /Local-only mode is on, and no local model answers right now .*Nothing was sent to the cloud/,
  );
  expect(performance.now() - started).toBeLessThan(SOON_MS);
  expect(lab.cloudRequests()).toBe(requests);
  await clutch.app.guard.off(id);
}, 600_000);

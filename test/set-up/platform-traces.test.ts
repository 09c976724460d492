import { afterEach, beforeEach, expect, it } from "vitest";
import { tracesOnPlatforms } from "../../src/cli/platform-traces.ts";
import { type Config, defaultConfig } from "../../src/config.ts";
import { type DiscordStandIn, startDiscord } from "../platforms/discord/discord-stand-in.ts";

let discord: DiscordStandIn;
beforeEach(async () => {
  discord = await startDiscord();
});
afterEach(() => discord.close());
const left = (config: Partial<Config>) => tracesOnPlatforms({ ...defaultConfig, ...config });
const onDiscord = () => ({ token: discord.token, guilds: [], apiUrl: discord.apiUrl });
const SLACK = { mode: "socket", botToken: "xoxb-1", appToken: "xapp-1", commands: {} } as const;

it("names what only a person can delete, and what Clutch can", async () => {
  discord.commands.scopes.set("", [{ id: "5", name: "model", type: 1 }]);
  const { traces, stays } = await left({ discord: onDiscord(), slack: SLACK });
  expect(traces).toMatchObject([{ name: "Clutch's commands on Discord", lines: ["deleted: /model, everywhere"] }]);
  expect(stays).toEqual([expect.stringContaining("discord.com"), expect.stringContaining("api.slack.com/apps")]);
  await traces[0]?.remove();
  expect((await left({ discord: onDiscord() })).traces).toEqual([]);
});

it("is empty where no platform is configured", async () => {
  expect(await left({})).toEqual({ traces: [], stays: [] });
});

it("says what could not be looked at, and throws nothing", async () => {
  discord.fail({ status: 500, times: 20 });
  const { traces, stays } = await left({ discord: onDiscord(), platforms: { carrier: { pigeon: true } } });
  expect(traces).toEqual([]);
  expect(stays.join("\n")).toMatch(/commands on Discord, where there is something: .*500/);
  expect(stays.join("\n")).toMatch(/“carrier”.*no platform/);
});

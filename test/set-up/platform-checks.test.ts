import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkDiscord } from "../../adapters/discord/check-discord.ts";
import { checkSlack } from "../../adapters/slack/check-slack.ts";
import { type DiscordStandIn, startDiscord } from "../platforms/discord/discord-stand-in.ts";
import { openSlackStandIn, type SlackStandIn } from "../platforms/slack/slack-stand-in.ts";

describe("Discord", () => {
  let discord: DiscordStandIn;
  beforeEach(async () => {
    discord = await startDiscord({ guilds: 2 });
  });
  afterEach(() => discord.close());
  const check = (more: { token?: string; guilds?: readonly string[] } = {}) =>
    checkDiscord({
      token: discord.token,
      apiUrl: discord.apiUrl,
      guilds: discord.world.guildIds,
      commands: ["model"],
      ...more,
    });

  it("says whose token it is, where the bot is, and how it gets elsewhere, and changes nothing", async () => {
    const found = await check();
    expect(found).toMatchObject({ applicationId: discord.applicationId, name: "Clutch", refused: [], foreign: [] });
    expect(found.guilds?.map(({ id }) => id)).toEqual(discord.world.guildIds);
    expect(found.invite).toBe(
      `https://discord.com/oauth2/authorize?client_id=${discord.applicationId}&scope=bot+applications.commands&permissions=274878024704`,
    );
    expect(new Set(discord.journal.map(({ method }) => method))).toEqual(new Set(["GET"]));
    expect(discord.violations).toEqual([]);
  });

  it("names the server that it was let into without the right scope", async () => {
    const [guild = ""] = discord.world.guildIds;
    discord.withoutCommandScope.add(guild);
    expect((await check()).refused).toEqual([
      {
        id: guild,
        problem: expect.objectContaining({ code: "platform_scope", hint: expect.stringContaining("invite") }),
      },
    ]);
  });

  it("does not take a wrong token", async () => {
    await expect(check({ token: "wrong" })).rejects.toMatchObject({ code: "platform_auth" });
  });

  it("sees that another program uses the application", async () => {
    for (let index = 0; index < 12; index += 1) {
      await fetch(`${discord.apiUrl}/v10/applications/${discord.applicationId}/commands`, {
        method: "POST",
        headers: { authorization: `Bot ${discord.token}`, "content-type": "application/json" },
        body: JSON.stringify({ name: `theirs${index}`, description: "another's", type: 1 }),
      });
    }
    expect((await check()).foreign).toHaveLength(12);
  });
});

describe("Slack", () => {
  let slack: SlackStandIn;
  beforeEach(async () => {
    slack = await openSlackStandIn();
  });
  afterEach(() => slack.close());
  const check = (more: { botToken?: string; appToken?: string; groups?: readonly string[] } = {}) => {
    const { botToken, appToken } = slack.app;
    return checkSlack({
      botToken,
      appToken,
      apiUrl: slack.apiUrl,
      groups: [],
      logger: pino({ level: "silent" }),
      ...more,
    });
  };

  it("takes both tokens, and opens no connection", async () => {
    expect((await check()).team).toBeDefined();
    expect(slack.journal.map(({ method }) => method)).toEqual(["auth.test", "apps.connections.open"]);
  });

  it("says which token is wrong, and which scope is missing", async () => {
    await expect(check({ botToken: "xoxb-wrong" })).rejects.toMatchObject({
      code: "platform_auth",
      message: expect.stringContaining("bot token"),
    });
    await expect(check({ appToken: "xapp-wrong" })).rejects.toMatchObject({
      code: "platform_auth",
      message: expect.stringContaining("app-level token"),
    });
    await expect(check({ groups: ["S1"] })).rejects.toMatchObject({
      code: "platform_scope",
      message: expect.stringContaining("usergroups:read"),
    });
  });
});

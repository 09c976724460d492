import { discordSettings } from "../../src/config.ts";
import { definePlatform } from "../platform.ts";
import { createDiscordAdapter } from "./discord-adapter.ts";
import { discordTraces } from "./discord-traces.ts";
import { lookAtDiscord } from "./look-at-discord.ts";

export const discordPlatform = definePlatform({
  name: "Discord",
  settings: discordSettings,
  open: ({ token, guilds, apiUrl }, { actions, logger, clock, onStatus, onAcknowledged }) =>
    createDiscordAdapter({
      token,
      guilds,
      ...(apiUrl === undefined ? {} : { apiUrl }),
      actions,
      logger,
      clock,
      onStatus,
      ...(onAcknowledged === undefined ? {} : { onAcknowledged }),
    }),
  look: ({ token, guilds, apiUrl }, { commands }) =>
    lookAtDiscord({ token, guilds, commands, ...(apiUrl === undefined ? {} : { apiUrl }) }),
  traces: ({ token, apiUrl }, { commands }) =>
    discordTraces({ token, commands, ...(apiUrl === undefined ? {} : { apiUrl }) }),
});

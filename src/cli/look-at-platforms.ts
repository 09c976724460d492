import type { Logger } from "pino";
import { allCommands } from "../../commands/index.ts";
import type { Config } from "../config.ts";
import type { PlatformLook } from "../doctor/check.ts";
import { slackGroups } from "./start-platforms.ts";

/** A look at each platform that is configured; libraries of others are not loaded. A new platform is one entry here. */
export async function lookAtPlatforms(
  config: Pick<Config, "discord" | "slack" | "access">,
  logger: Logger,
): Promise<readonly PlatformLook[]> {
  const { discord, slack } = config;
  const looks: PlatformLook[] = [];
  if (discord !== undefined) {
    const { lookAtDiscord } = await import("../../adapters/discord/look-at-discord.ts");
    const { apiUrl, ...own } = discord;
    looks.push(lookAtDiscord({ ...own, ...(apiUrl === undefined ? {} : { apiUrl }), commands: allCommands }));
  }
  if (slack !== undefined) {
    const { lookAtSlack } = await import("../../adapters/slack/look-at-slack.ts");
    const { mode, botToken, appToken, apiUrl } = slack;
    looks.push(
      lookAtSlack({
        ...{ mode, botToken, logger },
        groups: slackGroups(config),
        ...(appToken === undefined ? {} : { appToken }),
        ...(apiUrl === undefined ? {} : { apiUrl }),
      }),
    );
  }
  return looks;
}

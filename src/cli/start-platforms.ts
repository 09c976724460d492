import type { Logger } from "pino";
import type { ChatAdapter, Dispatch } from "../../adapters/adapter.ts";
import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { type ClutchError, toClutchError } from "../errors.ts";

/** What a platform reports of itself. */
interface PlatformStatus {
  readonly state: "connecting" | "ready" | "degraded" | "failed";
  readonly problem?: ClutchError;
}

/**
 * Starts every platform that is configured and none that is not: their libraries
 * are loaded only here. One that fails is told about and left out; the others and
 * the service go on. A new platform is one entry below.
 */
export async function startPlatforms(
  app: App,
  config: Pick<Config, "discord" | "slack" | "access">,
  {
    say,
    logger,
    clock,
  }: { readonly say: (line: string) => void; readonly logger: Logger; readonly clock: () => number },
): Promise<ChatAdapter[]> {
  const onStatus = (name: string) => (status: PlatformStatus) => {
    const { problem, state } = status;
    say(
      problem === undefined ? `${name}: ${state}.` : `${name}: ${state}. ${problem.message} ${problem.hint}`.trimEnd(),
    );
  };
  const { discord, slack } = config;
  const platforms: { readonly name: string; open(): Promise<ChatAdapter> }[] = [];
  if (discord !== undefined) {
    platforms.push({
      name: "Discord",
      async open() {
        const { createDiscordAdapter } = await import("../../adapters/discord/discord-adapter.ts");
        const { apiUrl, ...own } = discord;
        return createDiscordAdapter({
          ...own,
          ...(apiUrl === undefined ? {} : { apiUrl }),
          actions: app.actions,
          logger: logger.child({ platform: "discord" }),
          clock,
          onStatus: onStatus("Discord"),
        });
      },
    });
  }
  if (slack !== undefined) {
    platforms.push({
      name: "Slack",
      async open() {
        const { createSlackAdapter } = await import("../../adapters/slack/slack-adapter.ts");
        const { mode, botToken, appToken, signingSecret, port, host, apiUrl, commands } = slack;
        return createSlackAdapter({
          mode,
          botToken,
          ...(appToken === undefined ? {} : { appToken }),
          ...(signingSecret === undefined ? {} : { signingSecret }),
          ...(port === undefined ? {} : { port }),
          ...(host === undefined ? {} : { host }),
          ...(apiUrl === undefined ? {} : { apiUrl }),
          commandNames: commands,
          actions: app.actions,
          groupsOf: slackGroups(config),
          logger: logger.child({ platform: "slack" }),
          clock,
          onStatus: onStatus("Slack"),
        });
      },
    });
  }

  const dispatch: Dispatch = app.dispatcher;
  const started = await Promise.all(
    platforms.map(async ({ name, open }) => {
      try {
        const adapter = await open();
        await adapter.start(dispatch);
        return [adapter];
      } catch (thrown) {
        const error = toClutchError(thrown);
        logger.error({ platform: name, code: error.code, err: error.cause ?? error }, "a platform did not start");
        say(`${name}: failed. ${error.message} ${error.hint} Clutch goes on without it.`);
        return [];
      }
    }),
  );
  return started.flat();
}

/** Slack is asked for the members of a group only where an access list names one. */
export function slackGroups({ access }: Pick<Config, "access">): readonly string[] {
  const prefix = "slack:group:";
  const entries = [...access.owners, ...access.operators, ...access.viewers];
  return [...new Set(entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length)))];
}

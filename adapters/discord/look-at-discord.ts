import { broken, type Finding, ok, type PlatformLook, problem, skipped, warning } from "../../src/doctor/check.ts";
import { ClutchError } from "../../src/errors.ts";
import type { CommandInfo } from "../adapter.ts";
import { createDiscordApi } from "./discord-api.ts";
import { LIMITS } from "./limits.ts";
import { toPlatformError } from "./platform-error.ts";
import { compareCommands } from "./register-commands.ts";
import { otherScopes, ownCommands } from "./retire-commands.ts";
import { slashCommands } from "./slash-commands.ts";

const REQUEST_MS = 8_000;

/** Looks at Clutch's Discord application by requests alone: the one that serves it stays the only connection. */
export function lookAtDiscord(options: {
  readonly token: string;
  readonly guilds: readonly string[];
  readonly apiUrl?: string;
  readonly commands: readonly CommandInfo[];
}): PlatformLook {
  const { token, guilds, apiUrl, commands } = options;
  const api = createDiscordApi(token, {
    timeout: REQUEST_MS,
    retries: 0,
    // A timer would keep the client of each look for as long as Clutch runs.
    handlerSweepInterval: 0,
    hashSweepInterval: 0,
    ...(apiUrl === undefined ? {} : { api: apiUrl }),
  });

  const scope = async (applicationId: string, guildId: string | undefined): Promise<Finding> => {
    const name = guildId === undefined ? "commands, everywhere" : `commands in server ${guildId}`;
    const wanted = slashCommands(commands, guildId === undefined);
    try {
      const registered = await api.commands(applicationId, guildId);
      const { missing, different, leftovers, isShared } = compareCommands(registered, wanted);
      if (isShared) {
        return {
          name,
          ...broken(
            `The application has ${leftovers.length} commands of another program, OpenClaw perhaps: each deletes the other's.`,
            OWN_APPLICATION,
          ),
        };
      }
      if (registered.length + missing.length > LIMITS.commands) {
        return {
          name,
          ...broken(
            `With ${registered.length} commands there and ${missing.length} to come it would be more than Discord's ${LIMITS.commands}.`,
            "take commands out of the application, or give Clutch one of its own",
          ),
        };
      }
      const differing = [...missing, ...different.map(({ command }) => command)].map((command) => `/${command.name}`);
      if (differing.length > 0) {
        const what =
          missing.length === wanted.length ? "None of Clutch's commands is registered" : "Not as this Clutch has them";
        return {
          name,
          ...warning(`${what}: ${differing.join(", ")}.`, "(re)start clutch start, which registers them"),
        };
      }
      return { name, ...ok(`All ${wanted.length} are registered as this Clutch has them.`) };
    } catch (thrown) {
      return { name, ...problem("broken", toPlatformError(thrown, { applicationId, guildId })) };
    }
  };

  /** Only where there are some: nobody misses commands where none should be. */
  const elsewhere = async (applicationId: string): Promise<readonly Finding[]> => {
    const name = "commands elsewhere";
    try {
      const found = await Promise.all(
        (await otherScopes(api, guilds)).map(async (guildId) => {
          const own = await ownCommands({ api, applicationId, guildId, commands });
          return own.length === 0 ? [] : [guildId === undefined ? "everywhere" : `in server ${guildId}`];
        }),
      );
      const places = found.flat();
      if (places.length === 0) return [];
      const what = `From a former configuration they are registered ${places.join(" and ")}, too, where they stand twice or do not belong.`;
      return [{ name, ...warning(what, "(re)start clutch start, which takes them away there") }];
    } catch (thrown) {
      return [
        { name, ...skipped(`Where else they are registered was not to be had. ${toPlatformError(thrown).message}`) },
      ];
    }
  };

  return {
    name: "Discord",
    async look({ bots }) {
      const application = await api.application().catch((thrown: unknown) => toPlatformError(thrown));
      if (application instanceof ClutchError) return [{ name: "token", ...problem("broken", application) }];
      const { id, name } = application;
      const isTheirs = bots.some((bot) => bot.platform === "discord" && bot.id === id);
      const scopes = guilds.length === 0 ? [undefined] : guilds;
      return [
        { name: "token", ...ok(`Discord accepts it: application ${name || id}. Clutch needs no privileged intent.`) },
        isTheirs
          ? {
              name: "application",
              ...broken(
                "OpenClaw uses the same application: each deletes the other's commands, and both get every one that is typed.",
                OWN_APPLICATION,
              ),
            }
          : { name: "application", ...ok("It is not one that OpenClaw is known to use.") },
        ...(await Promise.all([...scopes.map((guildId) => scope(id, guildId)), elsewhere(id)])).flat(),
      ];
    },
  };
}

const OWN_APPLICATION =
  "a new application at https://discord.com/developers/applications, its bot token as discord.token in clutch.config.json (docs/discord.md)";

import { isDeepStrictEqual } from "node:util";
import { type APIApplicationCommand, ApplicationCommandType } from "discord.js";
import type { Logger } from "pino";
import type { DiscordApi } from "./discord-api.ts";
import type { SlashCommand } from "./slash-commands.ts";

/** More commands that Clutch does not know than this belong to another program, which uses the same application. */
const MAX_LEFTOVERS = 10;

/**
 * Makes the registered slash commands of one scope (a guild, or undefined for
 * the global ones) those that are wanted, and writes only what differs: what is
 * rewritten costs the daily allowance, and what is deleted takes the admins'
 * permission settings with it. Commands of other types are left alone. Rejects
 * with discord.js's errors.
 */
export async function registerCommands(parts: {
  readonly api: DiscordApi;
  readonly applicationId: string;
  readonly guildId: string | undefined;
  readonly wanted: readonly SlashCommand[];
  readonly logger: Logger;
}): Promise<void> {
  const { api, applicationId, guildId, wanted, logger } = parts;
  const { missing, different, leftovers, isShared } = compareCommands(
    await api.commands(applicationId, guildId),
    wanted,
  );
  for (const command of missing) await api.createCommand(applicationId, guildId, command);
  for (const { id, command } of different) await api.changeCommand(applicationId, guildId, id, command);
  let written = missing.length + different.length;
  if (isShared) {
    logger.warn(
      { guild: guildId, unknown: leftovers.length },
      "the Discord application has commands of another program, which are left alone; give Clutch an application of its own",
    );
  } else {
    for (const { id } of leftovers) await api.deleteCommand(applicationId, guildId, id);
    written += leftovers.length;
  }
  logger.info({ guild: guildId, written }, "slash commands registered");
}

export interface CommandDifference {
  readonly missing: readonly SlashCommand[];
  readonly different: readonly { readonly id: string; readonly command: SlashCommand }[];
  /** Registered under the name of one that is wanted. */
  readonly own: readonly APIApplicationCommand[];
  /** Registered, and none of Clutch's. */
  readonly leftovers: readonly APIApplicationCommand[];
  /** So many that they can only be another program's. */
  readonly isShared: boolean;
}

/** How the registered commands of a scope stand to those that are wanted. Commands of other types are left out. */
export function compareCommands(
  all: readonly APIApplicationCommand[],
  wanted: readonly SlashCommand[],
): CommandDifference {
  const registered = all.filter(({ type }) => type === ApplicationCommandType.ChatInput);
  const pairs = wanted.map((command) => ({ command, present: registered.find(({ name }) => name === command.name) }));
  const leftovers = registered.filter(({ name }) => wanted.every((command) => command.name !== name));
  return {
    missing: pairs.flatMap(({ command, present }) => (present === undefined ? [command] : [])),
    different: pairs.flatMap(({ command, present }) =>
      present === undefined || isDeepStrictEqual(comparable(present), comparable(command))
        ? []
        : [{ id: present.id, command }],
    ),
    own: pairs.flatMap(({ present }) => present ?? []),
    leftovers,
    isShared: leftovers.length > MAX_LEFTOVERS,
  };
}

/** What counts of a command, with Discord's defaults filled in: it answers with more keys than were sent. */
function comparable(command: APIApplicationCommand | SlashCommand): unknown {
  return {
    description: command.description,
    options: (command.options ?? []).map((option) => {
      const { type, name, description, required, autocomplete, choices, max_length } = option as unknown as Partial<
        Record<string, unknown>
      >;
      return {
        type,
        name,
        description,
        required: required ?? false,
        autocomplete: autocomplete ?? false,
        choices: ((choices ?? []) as { name: string; value: unknown }[]).map((choice) => [choice.name, choice.value]),
        maxLength: max_length ?? null,
      };
    }),
    contexts: command.contexts == null ? null : [...command.contexts].sort(),
    integrationTypes: "guild_id" in command ? null : (command.integration_types ?? null),
  };
}

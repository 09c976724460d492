import type { CommandInfo } from "../adapter.ts";
import type { DiscordApi } from "./discord-api.ts";
import { toPlatformError } from "./platform-error.ts";
import { compareCommands } from "./register-commands.ts";
import { slashCommands } from "./slash-commands.ts";

/** A server, or undefined for everywhere. */
export type Scope = string | undefined;

interface ScopeParts {
  readonly api: DiscordApi;
  readonly applicationId: string;
  readonly guildId: Scope;
  readonly commands: readonly CommandInfo[];
}

/** Where commands do not belong that are wanted in `guilds`, or everywhere without any. Rejects with discord.js's errors. */
export async function otherScopes(api: DiscordApi, guilds: readonly string[]): Promise<readonly Scope[]> {
  const there = (await api.guilds()).map(({ id }) => id);
  return [...(guilds.length === 0 ? [] : [undefined]), ...there.filter((id) => !guilds.includes(id))];
}

/**
 * Clutch's own commands that are registered in a scope. None where the bot may have
 * none, and where another program uses the application: a `/model` there may be its
 * own. Rejects with discord.js's errors.
 */
export async function ownCommands({ api, applicationId, guildId, commands }: ScopeParts) {
  const registered = await api.commands(applicationId, guildId).catch((thrown: unknown) => {
    if (toPlatformError(thrown, { applicationId, guildId }).code === "platform_scope") return [];
    throw thrown;
  });
  const { own, isShared } = compareCommands(registered, slashCommands(commands, guildId === undefined));
  return isShared ? [] : own;
}

/** Deletes Clutch's own commands from a scope, and gives how many there were. Rejects with discord.js's errors. */
export async function retireCommands(parts: ScopeParts): Promise<number> {
  const own = await ownCommands(parts);
  for (const { id } of own) await parts.api.deleteCommand(parts.applicationId, parts.guildId, id);
  return own.length;
}

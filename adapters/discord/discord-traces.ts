import type { CommandInfo } from "../adapter.ts";
import type { PlatformTraces } from "../platform.ts";
import { createDiscordApi } from "./discord-api.ts";
import { toPlatformError } from "./platform-error.ts";
import { ownCommands, retireCommands, type Scope } from "./retire-commands.ts";

const REQUEST_MS = 8_000;

/** Clutch's commands stay with Discord, in everybody's list, when Clutch is gone. */
export function discordTraces(options: {
  readonly token: string;
  readonly apiUrl?: string;
  readonly commands: readonly CommandInfo[];
}): PlatformTraces {
  const { token, apiUrl, commands } = options;
  const api = createDiscordApi(token, {
    timeout: REQUEST_MS,
    retries: 1,
    ...(apiUrl === undefined ? {} : { api: apiUrl }),
  });

  const scopes = async () => {
    const { id: applicationId } = await api.application();
    const guildIds: readonly Scope[] = [undefined, ...(await api.guilds()).map(({ id }) => id)];
    return guildIds.map((guildId) => ({ api, applicationId, guildId, commands }));
  };
  const orPlatformError = (thrown: unknown): Promise<never> => Promise.reject(toPlatformError(thrown));

  const look = async (): Promise<readonly string[]> => {
    const lines: string[] = [];
    for (const scope of await scopes()) {
      const names = (await ownCommands(scope)).map(({ name }) => `/${name}`);
      const where = scope.guildId === undefined ? "everywhere" : `in server ${scope.guildId}`;
      if (names.length > 0) lines.push(`deleted: ${names.join(", ")}, ${where}`);
    }
    return lines;
  };
  const remove = async (): Promise<void> => {
    for (const scope of await scopes()) await retireCommands(scope);
  };

  return {
    name: "Clutch's commands on Discord",
    look: () => look().catch(orPlatformError),
    remove: () => remove().catch(orPlatformError),
    stays:
      "Clutch's application on Discord, until you delete it at https://discord.com/developers/applications: its bot and any commands go with it",
  };
}

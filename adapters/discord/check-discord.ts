import { type APIApplicationCommand, ApplicationCommandType, REST, Routes } from "discord.js";
import { z } from "zod";
import type { ClutchError } from "../../src/errors.ts";
import { CODES, codeOf, inviteLink, toPlatformError } from "./platform-error.ts";

/** What Discord says of Clutch's application. */
export interface DiscordCheck {
  readonly applicationId: string;
  readonly name: string;
  /** Where an admin lets the bot into a server, with all that it needs. */
  readonly invite: string;
  /** The servers that the bot is in; undefined where Discord did not say. */
  readonly guilds: readonly { readonly id: string; readonly name: string }[] | undefined;
  /** Servers in which Clutch may not register its commands, with why. */
  readonly refused: readonly { readonly id: string; readonly problem: ClutchError }[];
  /** Registered commands that are not Clutch's: another program uses this application. */
  readonly foreign: readonly string[];
}

const TIMEOUT_MS = 10_000;
const application = z.object({ id: z.string(), name: z.string() });
const guildList = z.array(z.object({ id: z.string(), name: z.string() }));
/** OpenClaw registers some fifty; as many as this may be what an older Clutch left. */
const LEFTOVERS = 10;

/**
 * Asks Discord about a bot token: whose it is, where the bot is, and whether Clutch
 * may register its commands in `guilds`. Changes nothing. Clutch needs no privileged
 * intent, so none is looked for. Throws `platform_auth`, `platform_unreachable`.
 */
export async function checkDiscord(asked: {
  readonly token: string;
  readonly apiUrl: string | undefined;
  readonly guilds: readonly string[];
  /** Names of Clutch's own commands. */
  readonly commands: readonly string[];
}): Promise<DiscordCheck> {
  const { token, apiUrl, guilds, commands } = asked;
  const rest = new REST({ timeout: TIMEOUT_MS, retries: 1, ...(apiUrl === undefined ? {} : { api: apiUrl }) });
  rest.setToken(token);
  try {
    const { id, name } = application.parse(await rest.get(Routes.currentApplication()));
    const registered = (await rest.get(Routes.applicationCommands(id))) as readonly APIApplicationCommand[];
    const others = registered.filter(
      (command) => command.type === ApplicationCommandType.ChatInput && !commands.includes(command.name),
    );
    const refused: { readonly id: string; readonly problem: ClutchError }[] = [];
    for (const guildId of guilds) {
      await rest.get(Routes.applicationGuildCommands(id, guildId)).catch((thrown: unknown) => {
        const problem = toPlatformError(thrown, { applicationId: id, guildId });
        if (problem.code !== "platform_scope") throw problem;
        refused.push({ id: guildId, problem });
      });
    }
    return {
      applicationId: id,
      name,
      invite: inviteLink(id),
      guilds: await rest.get(Routes.userGuilds()).then((list) => guildList.parse(list), unlessRefused),
      refused,
      foreign: others.length > LEFTOVERS ? others.map((command) => command.name) : [],
    };
  } catch (thrown) {
    throw toPlatformError(thrown);
  }
}

/** The list is a convenience: a bot may be kept from it. */
function unlessRefused(thrown: unknown): undefined {
  if (codeOf(thrown) === CODES.missingAccess || codeOf(thrown) === 0) return undefined;
  throw thrown;
}

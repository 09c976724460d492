import { DiscordAPIError, GatewayCloseCodes, HTTPError, OAuth2Scopes, PermissionFlagsBits } from "discord.js";
import { ClutchError } from "../../src/errors.ts";

/** Discord's own error codes that Clutch tells apart. */
export const CODES = {
  unknownChannel: 10003,
  unknownGuild: 10004,
  unknownMessage: 10008,
  unknownUser: 10013,
  unknownWebhook: 10015,
  unknownInteraction: 10062,
  alreadyAcknowledged: 40060,
  missingAccess: 50001,
  cannotMessageUser: 50007,
  missingPermissions: 50013,
  invalidWebhookToken: 50027,
  noServerInCommon: 50278,
} as const;

/** Discord's code of an error, where it has one. */
export const codeOf = (error: unknown): number | undefined =>
  error instanceof DiscordAPIError && typeof error.code === "number" ? error.code : undefined;

/** What is wrong with one person or channel alone, and what to do; it says nothing of Discord. */
const OF_ONE_PLACE: ReadonlyMap<number, readonly [message: string, hint: string]> = new Map([
  [
    CODES.cannotMessageUser,
    [
      "That person does not take direct messages from Clutch.",
      "They have to allow direct messages of a server in which Clutch is, or unblock it.",
    ],
  ],
  [
    CODES.noServerInCommon,
    [
      "That person is in no server with Clutch, so it cannot write to them.",
      "Invite them, or take them out of the access lists.",
    ],
  ],
  [CODES.unknownUser, ["Discord knows no such person.", "Correct their id in the access lists."]],
  [CODES.unknownChannel, ["That channel is gone.", "Where it is named in clutch.config.json, name another one."]],
]);

const PERMISSIONS =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.SendMessagesInThreads |
  PermissionFlagsBits.EmbedLinks |
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.ReadMessageHistory;

/** The address at which an admin lets the bot into a server, with all that it needs. */
export function inviteLink(applicationId: string): string {
  const scope = [OAuth2Scopes.Bot, OAuth2Scopes.ApplicationsCommands].join("+");
  return `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=${scope}&permissions=${PERMISSIONS}`;
}

/**
 * What a failure of Discord means and what to do: `platform_auth` (the token),
 * `platform_scope` (a right that is missing), `platform_unreachable`.
 */
export function toPlatformError(
  thrown: unknown,
  about: { readonly applicationId?: string | undefined; readonly guildId?: string | undefined } = {},
): ClutchError {
  if (thrown instanceof ClutchError) return thrown;
  const status = thrown instanceof DiscordAPIError || thrown instanceof HTTPError ? thrown.status : undefined;
  const code = codeOf(thrown);
  const isToken = typeof thrown === "object" && thrown !== null && "code" in thrown && thrown.code === "TokenInvalid";
  if (isToken || (status === 401 && code !== CODES.invalidWebhookToken)) return badToken(thrown);
  if (about.guildId !== undefined && (code === CODES.missingAccess || code === CODES.unknownGuild || status === 403)) {
    return new ClutchError(
      "platform_scope",
      `Discord does not let Clutch register its commands in server ${about.guildId}: the bot is not in it, or was invited without the scope “applications.commands”.`,
      {
        hint: `Open ${inviteLink(about.applicationId ?? "YOUR_APPLICATION_ID")} and invite it again; nothing is lost by that.`,
        cause: thrown,
      },
    );
  }
  if (code === CODES.missingAccess || code === CODES.missingPermissions) {
    return new ClutchError(
      "platform_scope",
      "Discord does not let Clutch write in that channel: a permission is missing.",
      {
        hint: "Give the bot's role View Channel, Send Messages, Send Messages in Threads, Embed Links and Attach Files there.",
        cause: thrown,
      },
    );
  }
  const [ofPlace, remedy] = OF_ONE_PLACE.get(code ?? 0) ?? [];
  if (ofPlace !== undefined && remedy !== undefined)
    return new ClutchError("platform_scope", ofPlace, { hint: remedy, cause: thrown });
  const what = status === undefined ? (thrown instanceof Error ? thrown.message : "no answer") : `status ${status}`;
  return new ClutchError("platform_unreachable", `Discord cannot be reached or fails (${what}).`, {
    hint: "Clutch keeps trying by itself. If it lasts, see https://discordstatus.com and this machine's network.",
    cause: thrown,
  });
}

/** A close of the gateway after which discord.js does not come back. */
export function closeError(code: number): ClutchError {
  if (code === GatewayCloseCodes.AuthenticationFailed) return badToken(undefined);
  if (code === GatewayCloseCodes.DisallowedIntents || code === GatewayCloseCodes.InvalidIntents) {
    return new ClutchError("platform_scope", "Discord refuses the intent “Guilds” to this application.", {
      hint: "It needs no approval. Look at the application in Discord's Developer Portal: it may be disabled or limited.",
    });
  }
  return new ClutchError("platform_unreachable", `Discord closed the connection for good (code ${code}).`, {
    hint: "Restart Clutch. If it stays, report it with the log.",
  });
}

const badToken = (cause: unknown): ClutchError =>
  new ClutchError("platform_auth", "Discord does not accept the bot token.", {
    hint: "Developer Portal, your application, Bot, Reset Token; then put the new one where discord.token in clutch.config.json points.",
    ...(cause === undefined ? {} : { cause }),
  });

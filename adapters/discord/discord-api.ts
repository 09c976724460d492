import {
  type APIApplicationCommand,
  DefaultRestOptions,
  InteractionResponseType,
  MessageFlags,
  REST,
  type RESTOptions,
  Routes,
} from "discord.js";
import { z } from "zod";
import type { DrawnMessage } from "./draw-message.ts";
import type { Interaction } from "./interaction.ts";
import type { SlashCommand } from "./slash-commands.ts";

type Token = Pick<Interaction, "id" | "applicationId" | "token">;

/** The requests that Clutch makes of Discord. Each rejects with discord.js's own errors. */
export interface DiscordApi {
  /** Takes an interaction: a new message that is “thinking”, or the message whose button was pressed. */
  defer(
    interaction: Token,
    how: { readonly kind: "message"; readonly ephemeral: boolean } | { readonly kind: "update" },
  ): Promise<void>;
  /** Takes an interaction and answers it at once, for the person alone. */
  replyPrivately(interaction: Token, message: DrawnMessage): Promise<void>;
  suggest(interaction: Token, choices: readonly { readonly name: string; readonly value: string }[]): Promise<void>;
  editOriginal(interaction: Token, message: DrawnMessage): Promise<void>;
  followUp(interaction: Token, message: DrawnMessage, ephemeral: boolean): Promise<void>;
  /** Posts an ordinary message and gives its id. */
  send(channelId: string, message: DrawnMessage): Promise<string>;
  edit(channelId: string, messageId: string, message: DrawnMessage): Promise<void>;
  /** The id of the bot's DM with this person. */
  directChannel(personId: string): Promise<string>;
  /** The application that the token belongs to. */
  application(): Promise<{ readonly id: string; readonly name: string }>;
  /** The servers that the bot is in. */
  guilds(): Promise<readonly { readonly id: string; readonly name: string }[]>;
  /** Registered commands of a guild, or the global ones. */
  commands(applicationId: string, guildId: string | undefined): Promise<readonly APIApplicationCommand[]>;
  createCommand(applicationId: string, guildId: string | undefined, command: SlashCommand): Promise<void>;
  changeCommand(applicationId: string, guildId: string | undefined, id: string, command: SlashCommand): Promise<void>;
  deleteCommand(applicationId: string, guildId: string | undefined, id: string): Promise<void>;
}

/**
 * Sends a form as bytes. What answers for the process's requests is whichever
 * release of undici was loaded last, Slack's where both platforms are connected,
 * and that waits for ever on a form of the release that discord.js brings.
 */
const makeRequest: RESTOptions["makeRequest"] = async (url, init) => {
  if (!(init.body instanceof FormData)) return DefaultRestOptions.makeRequest(url, init);
  const form = new Response(init.body);
  const headers = { ...Object(init.headers), "content-type": form.headers.get("content-type") };
  return DefaultRestOptions.makeRequest(url, { ...init, headers, body: new Uint8Array(await form.arrayBuffer()) });
};

const withId = z.object({ id: z.string() });
const withName = withId.extend({ name: z.string().catch("") });

const GUILDS_A_PAGE = 200;

/** Each interaction has a route of its own, whose limits discord.js remembers; an hour of them, as it does by itself, is a lot on a busy server, ms. */
const ROUTES_KEPT_MS = 5 * 60_000;

export function createDiscordApi(token: string, options: Partial<RESTOptions>): DiscordApi {
  const own = { handlerSweepInterval: ROUTES_KEPT_MS, ...options, makeRequest };
  const rest = new REST(own).setToken(token);
  // Answers to interactions are outside of the bot's 50 requests a second, of which the client keeps count itself.
  const answers = new REST({ ...own, globalRequestsPerSecond: Number.MAX_SAFE_INTEGER });
  const unsigned = { auth: false } as const;

  const callback = (interaction: Token, body: unknown, files: DrawnMessage["files"] = []): Promise<unknown> =>
    answers.post(Routes.interactionCallback(interaction.id, interaction.token), {
      ...unsigned,
      body,
      files: [...files],
    });
  const scope = (applicationId: string, guildId: string | undefined) =>
    guildId === undefined
      ? Routes.applicationCommands(applicationId)
      : Routes.applicationGuildCommands(applicationId, guildId);
  const one = (applicationId: string, guildId: string | undefined, id: string) =>
    guildId === undefined
      ? Routes.applicationCommand(applicationId, id)
      : Routes.applicationGuildCommand(applicationId, guildId, id);

  return {
    async defer(interaction, how) {
      await callback(
        interaction,
        how.kind === "update"
          ? { type: InteractionResponseType.DeferredMessageUpdate }
          : {
              type: InteractionResponseType.DeferredChannelMessageWithSource,
              data: { flags: how.ephemeral ? MessageFlags.Ephemeral : 0 },
            },
      );
    },
    async replyPrivately(interaction, { body, files }) {
      const data = { ...body, flags: MessageFlags.Ephemeral };
      await callback(interaction, { type: InteractionResponseType.ChannelMessageWithSource, data }, files);
    },
    async suggest(interaction, choices) {
      await callback(interaction, {
        type: InteractionResponseType.ApplicationCommandAutocompleteResult,
        data: { choices },
      });
    },
    async editOriginal({ applicationId, token: key }, { body, files }) {
      await answers.patch(Routes.webhookMessage(applicationId, key), { ...unsigned, body, files: [...files] });
    },
    async followUp({ applicationId, token: key }, { body, files }, ephemeral) {
      const flags = ephemeral ? MessageFlags.Ephemeral : 0;
      await answers.post(Routes.webhook(applicationId, key), {
        ...unsigned,
        body: { ...body, flags },
        files: [...files],
      });
    },
    async send(channelId, { body, files }) {
      return withId.parse(await rest.post(Routes.channelMessages(channelId), { body, files: [...files] })).id;
    },
    async edit(channelId, messageId, { body, files }) {
      await rest.patch(Routes.channelMessage(channelId, messageId), { body, files: [...files] });
    },
    async directChannel(personId) {
      return withId.parse(await rest.post(Routes.userChannels(), { body: { recipient_id: personId } })).id;
    },
    application: async () => withName.parse(await rest.get(Routes.currentApplication())),
    async guilds() {
      const all: z.output<typeof withName>[] = [];
      for (;;) {
        const query = new URLSearchParams({ limit: String(GUILDS_A_PAGE), after: all.at(-1)?.id ?? "0" });
        const page = z.array(withName).parse(await rest.get(Routes.userGuilds(), { query }));
        all.push(...page);
        if (page.length < GUILDS_A_PAGE) return all;
      }
    },
    async commands(applicationId, guildId) {
      return (await rest.get(scope(applicationId, guildId))) as readonly APIApplicationCommand[];
    },
    async createCommand(applicationId, guildId, body) {
      await rest.post(scope(applicationId, guildId), { body });
    },
    async changeCommand(applicationId, guildId, id, body) {
      await rest.patch(one(applicationId, guildId, id), { body });
    },
    async deleteCommand(applicationId, guildId, id) {
      await rest.delete(one(applicationId, guildId, id));
    },
  };
}

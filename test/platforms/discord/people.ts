import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { CommandBook } from "./command-routes.ts";
import type { GatewayServer } from "./gateway-server.ts";
import type { Interaction, InteractionBook, InteractionTimes } from "./interactions.ts";
import { EPHEMERAL, LOADING, type MessageStore, type StoredMessage } from "./messages.ts";
import { seenText } from "./seen-text.ts";
import { channelObject, memberObject, userObject } from "./shapes.ts";
import { snowflake } from "./snowflake.ts";
import type { Channel, Member, World } from "./world.ts";

/** A message as one person sees it. */
export interface SeenMessage {
  readonly id: string;
  readonly text: string;
  readonly ephemeral: boolean;
  /** “Clutch is thinking…” */
  readonly loading: boolean;
  readonly edits: number;
  readonly buttons: readonly { readonly label: string; readonly customId: string }[];
  readonly selects: readonly {
    readonly customId: string;
    readonly placeholder: string;
    readonly options: readonly { readonly label: string; readonly value: string; readonly description: string }[];
  }[];
  readonly stored: StoredMessage;
}

/** What a person did, and what came of it. */
export interface Exchange {
  readonly interaction: Interaction;
  /** The first answer's callback type; undefined once it is too late for one (“The application did not respond”). */
  acknowledgement(): Promise<number | undefined>;
  /** The messages of this exchange that the person sees now. */
  messages(): readonly SeenMessage[];
}

export interface Where {
  readonly by: Member;
  readonly in: Channel;
}

export type OptionValue = string | number | boolean;

/** People in front of Discord's own client. */
export interface People {
  command(name: string, options: Readonly<Record<string, OptionValue>>, where: Where): Exchange;
  autocomplete(
    name: string,
    option: string,
    typed: string,
    where: Where,
  ): Promise<readonly { name: string; value: string }[]>;
  press(customId: string, message: SeenMessage, by: Member): Exchange;
  select(customId: string, values: readonly string[], message: SeenMessage, by: Member): Exchange;
  submitModal(customId: string, values: Readonly<Record<string, string>>, where: Where): Exchange;
  /** Everything that stands in the channel for this person, oldest first. */
  screen(where: Where): readonly SeenMessage[];
  /** Sends an INTERACTION_CREATE of any shape. */
  raw(payload: unknown): boolean;
  /** A well-formed INTERACTION_CREATE that is not sent. */
  payload(about: { type: number; data: unknown; source?: StoredMessage }, where: Where): Record<string, unknown>;
}

export function createPeople(parts: {
  readonly applicationId: string;
  readonly world: World;
  readonly commands: CommandBook;
  readonly messages: MessageStore;
  readonly interactions: InteractionBook;
  readonly gateway: GatewayServer;
  readonly times: InteractionTimes;
  readonly now: () => number;
}): People {
  const { applicationId, world, commands, messages, interactions, gateway, times, now } = parts;

  const see = (stored: StoredMessage): SeenMessage => {
    const controls = stored.rows.flatMap((row) => row.components ?? []);
    return {
      id: stored.id,
      text: seenText(stored),
      ephemeral: (stored.flags & EPHEMERAL) !== 0,
      loading: (stored.flags & LOADING) !== 0,
      edits: stored.edits,
      buttons: controls
        .filter(({ type }) => type === 2)
        .map(({ label = "", custom_id = "" }) => ({ label, customId: custom_id })),
      selects: controls
        .filter(({ type }) => type === 3)
        .map(({ placeholder = "", custom_id = "", options = [] }) => ({
          customId: custom_id,
          placeholder,
          options: options.map(({ label, value, description = "" }) => ({ label, value, description })),
        })),
      stored,
    };
  };
  const visible = (personId: string): readonly StoredMessage[] =>
    [...messages.all.values()].filter(({ onlyFor }) => onlyFor === undefined || onlyFor === personId);

  const payloadOf = (interaction: Interaction, data: unknown, { by, in: channel }: Where): Record<string, unknown> => {
    const permissions = "2248473465835073";
    return {
      id: interaction.id,
      application_id: applicationId,
      type: interaction.type,
      token: interaction.token,
      version: 1,
      data,
      channel_id: channel.id,
      channel: { ...channelObject(channel), permissions },
      ...(channel.guildId === undefined
        ? { user: userObject(by) }
        : {
            guild_id: channel.guildId,
            guild: { id: channel.guildId, features: [], locale: "en-US" },
            guild_locale: "en-US",
            member: { ...memberObject(by), permissions },
          }),
      app_permissions: permissions,
      locale: "en-US",
      entitlements: [],
      authorizing_integration_owners: { "0": channel.guildId ?? "0" },
      context: channel.guildId === undefined ? 1 : 0,
      attachment_size_limit: 10 * 1024 * 1024,
      ...(interaction.source === undefined ? {} : { message: messages.object(interaction.source) }),
    };
  };

  const send = (type: number, data: unknown, where: Where, source?: StoredMessage): Exchange => {
    const interaction = interactions.begin({ type, personId: where.by.id, channelId: where.in.id, source });
    gateway.dispatch("INTERACTION_CREATE", payloadOf(interaction, data, where), { application: applicationId });
    return {
      interaction,
      async acknowledgement() {
        while (interaction.ack === undefined && now() - interaction.createdAt <= times.ackDeadlineMs) await sleep(5);
        return interaction.ack;
      },
      messages: () =>
        visible(where.by.id)
          .filter(({ id, interactionId }) => interactionId === interaction.id || id === interaction.originalId)
          .map(see),
    };
  };

  const registered = (name: string, { in: channel }: Where) => {
    const command = commands.find(name, channel.guildId);
    if (command === undefined) throw new Error(`/${name} is not offered in ${channel.name}`);
    return {
      id: command.id,
      name,
      type: 1,
      ...(command["guild_id"] === undefined ? {} : { guild_id: command["guild_id"] }),
    };
  };
  const channelOf = (message: SeenMessage): Channel => {
    const channel = world.channels.get(message.stored.channelId);
    if (channel === undefined) throw new Error("a message in no channel");
    return channel;
  };
  const typeOf = (value: OptionValue): number => (typeof value === "boolean" ? 5 : typeof value === "number" ? 4 : 3);

  return {
    command: (name, options, where) =>
      send(
        2,
        {
          ...registered(name, where),
          options: Object.entries(options).map(([option, value]) => ({ name: option, type: typeOf(value), value })),
        },
        where,
      ),
    async autocomplete(name, option, typed, where) {
      const exchange = send(
        4,
        { ...registered(name, where), options: [{ name: option, type: 3, value: typed, focused: true }] },
        where,
      );
      await exchange.acknowledgement();
      const choices = z
        .object({ choices: z.array(z.object({ name: z.string(), value: z.string() })) })
        .safeParse(exchange.interaction.ackData);
      return choices.data?.choices ?? [];
    },
    press: (customId, message, by) =>
      send(3, { custom_id: customId, component_type: 2 }, { by, in: channelOf(message) }, message.stored),
    select: (customId, values, message, by) =>
      send(
        3,
        { custom_id: customId, component_type: 3, values: [...values] },
        { by, in: channelOf(message) },
        message.stored,
      ),
    submitModal: (customId, values, where) =>
      send(
        5,
        {
          custom_id: customId,
          components: Object.entries(values).map(([id, value]) => ({
            type: 18,
            component: { type: 4, custom_id: id, value },
          })),
        },
        where,
      ),
    screen: ({ by, in: channel }) =>
      visible(by.id)
        .filter(({ channelId }) => channelId === channel.id)
        .map(see),
    raw: (payload) => gateway.dispatch("INTERACTION_CREATE", payload, { application: applicationId }),
    payload: ({ type, data, source }, where) =>
      payloadOf(
        {
          id: snowflake(now()),
          token: "t",
          type,
          personId: where.by.id,
          channelId: where.in.id,
          source,
          createdAt: now(),
          ack: undefined,
          ackData: undefined,
          originalId: undefined,
        },
        data,
        where,
      ),
  };
}

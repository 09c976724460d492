import { z } from "zod";
import type { Person } from "../../commands/command.ts";
import type { Conversation } from "../../src/models/conversation.ts";

const snowflake = z.string().regex(/^\d{1,20}$/);
const user = z.object({ id: snowflake, username: z.string(), global_name: z.string().nullish() });
const common = {
  id: snowflake,
  application_id: snowflake,
  // It becomes part of a path.
  token: z.string().regex(/^(?!\.+$)[\w.=-]+$/),
  channel_id: snowflake,
  channel: z.object({ type: z.number(), parent_id: snowflake.nullish() }).optional(),
  guild_id: snowflake.optional(),
  member: z.object({ user, nick: z.string().nullish(), roles: z.array(snowflake) }).optional(),
  user: user.optional(),
};
const option = z.object({
  name: z.string(),
  value: z.union([z.string(), z.number(), z.boolean()]).optional(),
  focused: z.boolean().optional(),
});
const called = z.object({ name: z.string(), options: z.array(option).default([]) });

const schema = z.discriminatedUnion("type", [
  z.object({ ...common, type: z.literal(2), data: called }),
  z.object({
    ...common,
    type: z.literal(3),
    data: z.object({ custom_id: z.string(), values: z.array(z.string()).default([]) }),
    message: z.object({ id: snowflake, flags: z.number().default(0) }),
  }),
  z.object({ ...common, type: z.literal(4), data: called }),
  z.object({ ...common, type: z.literal(5), data: z.object({ custom_id: z.string() }) }),
]);

type Payload = z.output<typeof schema>;

/** Something that a person did on Discord. */
export type Interaction = {
  readonly id: string;
  readonly applicationId: string;
  readonly token: string;
  /** Where it was done: a channel, thread or DM, and where its answer goes. */
  readonly channelId: string;
  readonly person: Person;
  readonly conversation: Conversation;
} & (
  | { readonly kind: "command" | "autocomplete"; readonly name: string; readonly options: readonly GivenOption[] }
  | {
      readonly kind: "component";
      readonly customId: string;
      readonly values: readonly string[];
      readonly onEphemeral: boolean;
    }
  | { readonly kind: "modal"; readonly customId: string }
);

export type GivenOption = z.output<typeof option>;

const EPHEMERAL = 64;
const DM = 1;
const GROUP_DM = 3;
const THREADS = [10, 11, 12];

/** Reads an INTERACTION_CREATE; undefined for what is none that Clutch takes. */
export function parseInteraction(payload: unknown): Interaction | undefined {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) return undefined;
  const person = personOf(parsed.data);
  if (person === undefined) return undefined;
  const { id, application_id: applicationId, token, channel_id: channelId } = parsed.data;
  const base = { id, applicationId, token, channelId, person, conversation: conversationOf(parsed.data, person) };
  switch (parsed.data.type) {
    case 2:
      return { ...base, kind: "command", ...parsed.data.data };
    case 4:
      return { ...base, kind: "autocomplete", ...parsed.data.data };
    case 3:
      return {
        ...base,
        kind: "component",
        customId: parsed.data.data.custom_id,
        values: parsed.data.data.values,
        onEphemeral: (parsed.data.message.flags & EPHEMERAL) !== 0,
      };
    case 5:
      return { ...base, kind: "modal", customId: parsed.data.data.custom_id };
  }
}

/** In a server it is the member who acts, in a DM the user. */
function personOf({ member, user: alone }: Payload): Person | undefined {
  const acting = member?.user ?? alone;
  if (acting === undefined) return undefined;
  return {
    platform: "discord",
    id: acting.id,
    name: member?.nick ?? acting.global_name ?? acting.username,
    ...(member === undefined ? {} : { groups: member.roles.map((role) => `role:${role}`) }),
  };
}

function conversationOf({ channel_id, channel, guild_id, member }: Payload, person: Person): Conversation {
  const parent = channel !== undefined && THREADS.includes(channel.type) ? channel.parent_id : undefined;
  return {
    platform: "discord",
    ...(parent == null ? { channel: channel_id } : { channel: parent, thread: channel_id }),
    kind:
      channel?.type === DM
        ? "direct"
        : channel?.type === GROUP_DM
          ? "group"
          : guild_id === undefined
            ? "direct"
            : "channel",
    person: person.id,
    ...(guild_id === undefined ? {} : { space: guild_id }),
    ...(member === undefined ? {} : { roles: member.roles }),
  };
}

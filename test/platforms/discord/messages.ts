import { z } from "zod";
import { userObject } from "./shapes.ts";
import { madeAt, snowflake } from "./snowflake.ts";

export const EPHEMERAL = 64;
export const LOADING = 128;

const part = z.looseObject({
  type: z.number(),
  custom_id: z.string().optional(),
  label: z.string().optional(),
  placeholder: z.string().optional(),
  disabled: z.boolean().optional(),
  options: z
    .array(z.looseObject({ label: z.string(), value: z.string(), description: z.string().optional() }))
    .optional(),
});
const embed = z.looseObject({
  title: z.string().optional(),
  description: z.string().optional(),
  color: z.number().optional(),
  fields: z.array(z.looseObject({ name: z.string(), value: z.string() })).optional(),
  footer: z.looseObject({ text: z.string() }).optional(),
  image: z.looseObject({ url: z.string() }).optional(),
});
const content = z.looseObject({
  content: z.string().nullish(),
  flags: z.number().nullish(),
  embeds: z.array(embed).nullish(),
  components: z.array(z.looseObject({ type: z.number(), components: z.array(part).optional() })).nullish(),
  attachments: z
    .array(
      z.looseObject({
        id: z.union([z.string(), z.number()]),
        filename: z.string().nullish(),
        description: z.string().nullish(),
      }),
    )
    .nullish(),
});

export interface SentFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface StoredAttachment extends SentFile {
  readonly id: string;
  readonly description: string;
}

/** A message as it stands now. */
export interface StoredMessage {
  readonly id: string;
  readonly channelId: string;
  /** Set for an ephemeral one: the only person who sees it. */
  readonly onlyFor: string | undefined;
  /** Set for what answered an interaction; such messages are edited by its token alone while ephemeral. */
  readonly interactionId: string | undefined;
  readonly authorId: string;
  content: string;
  flags: number;
  embeds: readonly z.output<typeof embed>[];
  rows: readonly { readonly type: number; readonly components?: readonly z.output<typeof part>[] | undefined }[];
  attachments: readonly StoredAttachment[];
  edits: number;
}

export interface MessageStore {
  readonly all: Map<string, StoredMessage>;
  create(
    where: Pick<StoredMessage, "channelId" | "onlyFor" | "interactionId"> & Partial<Pick<StoredMessage, "authorId">>,
    body: unknown,
    files: readonly SentFile[],
    flags?: number,
  ): StoredMessage;
  edit(message: StoredMessage, body: unknown, files: readonly SentFile[]): void;
  /** As the API sends it. */
  object(message: StoredMessage): Record<string, unknown>;
}

/** A person, or a bot. */
export interface Author {
  readonly id: string;
  readonly name: string;
  readonly bot?: boolean;
}

/** Messages are the bot's own unless their author is given; `authors` knows the others. */
export function createMessageStore(
  bot: { readonly id: string; readonly name: string },
  now: () => number,
  authors: () => readonly Author[] = () => [],
): MessageStore {
  const all = new Map<string, StoredMessage>();

  const attach = (
    sent: z.output<typeof content>["attachments"],
    files: readonly SentFile[],
    before: readonly StoredAttachment[],
  ) =>
    sent == null
      ? [...before, ...files.map((file) => ({ ...file, id: snowflake(now()), description: "" }))]
      : sent.flatMap(({ id, filename, description }) => {
          const kept = before.find((attachment) => attachment.id === String(id));
          const file = files[Number(id)];
          if (kept !== undefined) return [kept];
          return file === undefined
            ? []
            : [{ ...file, name: filename ?? file.name, id: snowflake(now()), description: description ?? "" }];
        });

  return {
    all,
    create(where, body, files, flags = 0) {
      const sent = content.parse(body);
      const message: StoredMessage = {
        authorId: bot.id,
        ...where,
        id: snowflake(now()),
        content: sent.content ?? "",
        flags: flags | ((sent.flags ?? 0) & ~EPHEMERAL) | (where.onlyFor === undefined ? 0 : EPHEMERAL),
        embeds: sent.embeds ?? [],
        rows: sent.components ?? [],
        attachments: attach(sent.attachments, files, []),
        edits: 0,
      };
      all.set(message.id, message);
      return message;
    },
    edit(message, body, files) {
      const sent = content.parse(body);
      if (sent.content !== undefined) message.content = sent.content ?? "";
      if (sent.embeds !== undefined) message.embeds = sent.embeds ?? [];
      if (sent.components !== undefined) message.rows = sent.components ?? [];
      message.attachments = attach(sent.attachments, files, message.attachments);
      message.flags &= ~LOADING;
      message.edits += 1;
    },
    object: (message) => ({
      id: message.id,
      channel_id: message.channelId,
      type: message.interactionId === undefined ? 0 : 20,
      content: message.content,
      author: userObject(authors().find(({ id }) => id === message.authorId) ?? { ...bot, bot: true }),
      embeds: message.embeds.map((each) => ({ ...each, type: "rich" })),
      components: message.rows.map((row, index) => withIds(row, index * 10 + 1)),
      mentions: authors()
        .filter(({ id }) => message.content.includes(`<@${id}>`))
        .map(userObject),
      mention_roles: [],
      mention_everyone: false,
      attachments: message.attachments.map(({ id, name, bytes, description }) => ({
        id,
        filename: name,
        description,
        size: bytes.length,
        url: `https://cdn.example/${id}/${name}`,
        proxy_url: `https://cdn.example/${id}/${name}`,
        content_type: "image/png",
      })),
      pinned: false,
      tts: false,
      timestamp: new Date(madeAt(message.id)).toISOString(),
      edited_timestamp: message.edits === 0 ? null : new Date(now()).toISOString(),
      flags: message.flags,
      ...(message.interactionId === undefined ? {} : { webhook_id: bot.id, application_id: bot.id }),
    }),
  };
}

/** Discord numbers every part and fills in what was left out. */
const withIds = (row: StoredMessage["rows"][number], first: number) => ({
  ...row,
  id: first,
  components: (row.components ?? []).map((each, index) => ({
    ...each,
    id: first + index + 1,
    ...(each.type === 3 ? { min_values: 1, max_values: 1 } : { style: each["style"] ?? 2 }),
  })),
});

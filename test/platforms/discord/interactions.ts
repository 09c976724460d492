import { randomBytes } from "node:crypto";
import { z } from "zod";
import { type Answer, invalid, nothing, ok, refuse } from "./answer.ts";
import { isEmptyMessage } from "./hand-rules.ts";
import type { ApiRequest } from "./http-server.ts";
import { EPHEMERAL, LOADING, type MessageStore, type StoredMessage } from "./messages.ts";
import { snowflake } from "./snowflake.ts";

/** One thing that a person did, and what was answered to it so far. */
export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly type: number;
  readonly personId: string;
  readonly channelId: string;
  /** The message whose component was used. */
  readonly source: StoredMessage | undefined;
  readonly createdAt: number;
  /** The callback's type once there was one. */
  ack: number | undefined;
  /** What an autocomplete or a modal callback carried. */
  ackData: unknown;
  originalId: string | undefined;
}

export interface InteractionTimes {
  /** For the first answer, ms. */
  ackDeadlineMs: number;
  /** Of the token after that, ms. */
  tokenLifeMs: number;
}

export interface InteractionBook {
  readonly all: Map<string, Interaction>;
  begin(about: Pick<Interaction, "type" | "personId" | "channelId" | "source">): Interaction;
  route(request: ApiRequest): Answer | undefined;
}

const callback = z.looseObject({ type: z.number(), data: z.looseObject({ flags: z.number().nullish() }).nullish() });
const flagged = z.looseObject({ flags: z.number().nullish() });

export function createInteractionBook(
  applicationId: string,
  messages: MessageStore,
  now: () => number,
  times: InteractionTimes,
): InteractionBook {
  const all = new Map<string, Interaction>();

  const respond = (interaction: Interaction | undefined, { body, files, query }: ApiRequest): Answer => {
    if (interaction === undefined || now() - interaction.createdAt > times.ackDeadlineMs)
      return refuse(404, 10062, "Unknown interaction");
    if (interaction.ack !== undefined) return refuse(400, 40060, "Interaction has already been acknowledged.");
    const { type, data } = callback.parse(body);
    const isAutocomplete = interaction.type === 4;
    if (isAutocomplete !== (type === 8)) return invalid(["type: does not fit the interaction"]);
    if ((type === 6 || type === 7) && interaction.source === undefined)
      return invalid(["type: there is no message to update"]);
    if (type === 4 && isEmptyMessage(data ?? {}, files.length))
      return refuse(400, 50006, "Cannot send an empty message");
    interaction.ack = type;
    interaction.ackData = data;
    let message: StoredMessage | undefined;
    if (type === 4 || type === 5) {
      const ephemeral = ((data?.flags ?? 0) & EPHEMERAL) !== 0;
      message = messages.create(
        {
          channelId: interaction.channelId,
          interactionId: interaction.id,
          onlyFor: ephemeral ? interaction.personId : undefined,
        },
        type === 4 ? (data ?? {}) : {},
        files,
        type === 5 ? LOADING : 0,
      );
    } else if (type === 6 || type === 7) {
      message = interaction.source;
      if (type === 7 && message !== undefined) messages.edit(message, data ?? {}, files);
    }
    interaction.originalId = message?.id;
    if (query.get("with_response") !== "true") return nothing;
    return ok({
      interaction: {
        id: interaction.id,
        type: interaction.type,
        ...(message === undefined
          ? {}
          : {
              response_message_id: message.id,
              response_message_loading: (message.flags & LOADING) !== 0,
              response_message_ephemeral: message.onlyFor !== undefined,
            }),
      },
      ...(message === undefined ? {} : { resource: { type, message: messages.object(message) } }),
    });
  };

  const followUp = (interaction: Interaction, { body, files }: ApiRequest): Answer => {
    if (isEmptyMessage(body, files.length)) return refuse(400, 50006, "Cannot send an empty message");
    const original = messages.all.get(interaction.originalId ?? "");
    if (original !== undefined && (original.flags & LOADING) !== 0) {
      // The first follow-up after a deferral is taken for its answer, with its visibility.
      messages.edit(original, body, files);
      return ok(messages.object(original));
    }
    const ephemeral = ((flagged.parse(body).flags ?? 0) & EPHEMERAL) !== 0;
    const created = messages.create(
      {
        channelId: interaction.channelId,
        interactionId: interaction.id,
        onlyFor: ephemeral ? interaction.personId : undefined,
      },
      body,
      files,
    );
    return ok(messages.object(created));
  };

  return {
    all,
    begin(about) {
      const interaction: Interaction = {
        ...about,
        id: snowflake(now()),
        token: randomBytes(48).toString("base64url"),
        createdAt: now(),
        ack: undefined,
        ackData: undefined,
        originalId: undefined,
      };
      all.set(interaction.id, interaction);
      return interaction;
    },
    route(request) {
      const { method, path } = request;
      const [, id, callbackToken] = /^\/interactions\/(\d+)\/([^/]+)\/callback$/.exec(path) ?? [];
      if (id !== undefined) {
        const interaction = all.get(id);
        return respond(interaction?.token === callbackToken ? interaction : undefined, request);
      }
      const [, application, token, wanted] =
        /^\/webhooks\/(\d+)\/([^/]+)(?:\/messages\/(@original|\d+))?$/.exec(path) ?? [];
      if (application === undefined) return undefined;
      const interaction = [...all.values()].find((each) => each.token === token);
      if (interaction?.ack === undefined || application !== applicationId) return refuse(404, 10015, "Unknown Webhook");
      if (now() - interaction.createdAt > times.tokenLifeMs) return refuse(401, 50027, "Invalid Webhook Token");
      if (wanted === undefined)
        return method === "POST" ? followUp(interaction, request) : refuse(405, 0, "405: Method Not Allowed");
      const message = messages.all.get(wanted === "@original" ? (interaction.originalId ?? "") : wanted);
      const ours =
        message !== undefined && (message.interactionId === interaction.id || message.id === interaction.originalId);
      if (!ours) return refuse(404, 10008, "Unknown Message");
      if (method === "DELETE") {
        messages.all.delete(message.id);
        return nothing;
      }
      if (method === "PATCH") messages.edit(message, request.body, request.files);
      return ok(messages.object(message));
    },
  };
}

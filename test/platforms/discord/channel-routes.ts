import { z } from "zod";
import { type Answer, nothing, ok, refuse } from "./answer.ts";
import { isEmptyMessage } from "./hand-rules.ts";
import type { ApiRequest } from "./http-server.ts";
import type { MessageStore, StoredMessage } from "./messages.ts";
import { channelObject } from "./shapes.ts";
import type { World } from "./world.ts";

/** Channels, their messages, and DMs. Undefined where a request is about none of them. */
export function channelRoutes(parts: {
  readonly world: World;
  readonly messages: MessageStore;
  readonly closedChannels: ReadonlySet<string>;
  /** Is told of every new message. */
  readonly announce: (message: StoredMessage) => void;
}): (request: ApiRequest) => Answer | undefined {
  const { world, messages, closedChannels, announce } = parts;
  return ({ method, path, body, files, application }) => {
    if (path === "/users/@me/channels") {
      const { recipient_id } = z.object({ recipient_id: z.string() }).parse(body);
      const person = world.members.find(({ id }) => id === recipient_id);
      return person === undefined ? refuse(404, 10013, "Unknown User") : ok(channelObject(world.direct(person)));
    }
    const [, channelId = "", rest = "", messageId] = /^\/channels\/(\d+)(\/messages)?(?:\/(\d+))?$/.exec(path) ?? [];
    if (channelId === "") return undefined;
    const channel = world.channels.get(channelId);
    if (channel === undefined) return refuse(404, 10003, "Unknown Channel");
    if (rest === "") return ok(channelObject(channel));
    if (closedChannels.has(channelId)) return refuse(403, 50013, "Missing Permissions");
    if (messageId === undefined) {
      if (isEmptyMessage(body, files.length)) return refuse(400, 50006, "Cannot send an empty message");
      const where = { channelId, onlyFor: undefined, interactionId: undefined };
      const created = messages.create(
        application === undefined ? where : { ...where, authorId: application },
        body,
        files,
      );
      announce(created);
      return ok(messages.object(created));
    }
    const message = messages.all.get(messageId);
    // Ephemeral messages do not exist for these routes.
    if (message === undefined || message.onlyFor !== undefined || message.channelId !== channelId)
      return refuse(404, 10008, "Unknown Message");
    if (method === "DELETE") {
      messages.all.delete(messageId);
      return nothing;
    }
    if (method === "PATCH") messages.edit(message, body, files);
    return ok(messages.object(message));
  };
}

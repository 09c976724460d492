import type { GatewayServer } from "./gateway-server.ts";
import type { MessageStore, StoredMessage } from "./messages.ts";
import type { Where } from "./people.ts";
import { memberObject } from "./shapes.ts";
import type { World } from "./world.ts";

const GUILD_MESSAGES = 1 << 9;
const DIRECT_MESSAGES = 1 << 12;
const MESSAGE_CONTENT = 1 << 15;

/** Ordinary messages, and who hears of them. */
export interface Talk {
  /** Writes a message as a person does. */
  says(text: string, where: Where): StoredMessage;
  /** Tells the applications that listen, as Discord does for every message that is not ephemeral. */
  announce(message: StoredMessage): void;
}

export function createTalk(parts: {
  /** Clutch's, whose DMs name no application. */
  readonly applicationId: string;
  readonly world: World;
  readonly messages: MessageStore;
  readonly gateway: Pick<GatewayServer, "dispatch">;
}): Talk {
  const { applicationId, world, messages, gateway } = parts;
  const announce = (message: StoredMessage): void => {
    const channel = world.channels.get(message.channelId);
    if (channel === undefined || message.onlyFor !== undefined) return;
    const event = { ...messages.object(message), channel_type: channel.type };
    if (channel.guildId === undefined) {
      // Nobody but the bot on the other side.
      gateway.dispatch("MESSAGE_CREATE", event, {
        intent: DIRECT_MESSAGES,
        application: channel.applicationId ?? applicationId,
      });
      return;
    }
    const author = world.members.find(({ id }) => id === message.authorId);
    const { user: _, ...member } = memberObject(author ?? { id: message.authorId, name: "", roles: [] });
    gateway.dispatch(
      "MESSAGE_CREATE",
      { ...event, guild_id: channel.guildId, member },
      { intent: GUILD_MESSAGES | MESSAGE_CONTENT },
    );
  };
  return {
    announce,
    says(text, { by, in: channel }) {
      const message = messages.create(
        { channelId: channel.id, authorId: by.id, onlyFor: undefined, interactionId: undefined },
        { content: text },
        [],
      );
      announce(message);
      return message;
    },
  };
}

import type { Logger } from "pino";
import type { ChatAdapter } from "../../adapters/adapter.ts";
import type { PostNotice } from "../background.ts";
import type { Conversation } from "../models/conversation.ts";

/**
 * Brings notices to the adapter of their platform; what OpenClaw knows no
 * channel for goes to the terminal that talks to that session, if one is open.
 */
export function deliverNotices(adapters: readonly ChatAdapter[], terminalSession: string, logger: Logger): PostNotice {
  const terminalPlace: Conversation = { platform: "terminal", channel: terminalSession, kind: "direct", person: "" };
  return async ({ sessionKey, conversation }, card) => {
    const isForTerminal = sessionKey === "" || sessionKey === terminalSession;
    const place = conversation ?? (isForTerminal ? terminalPlace : undefined);
    const adapter = adapters.find(({ platform }) => platform === place?.platform);
    // Nobody sits at the terminal of a service.
    if (adapter === undefined && sessionKey === "") return false;
    if (place === undefined || adapter === undefined) {
      logger.warn({ session: sessionKey, notice: card.title }, "a notice has nowhere to go");
      return false;
    }
    return adapter.post(place, card).catch((error: unknown) => {
      logger.error({ session: sessionKey, notice: card.title, err: error }, "a notice could not be posted");
      return false;
    });
  };
}

import type { Logger } from "pino";
import type { Drawn } from "./card-blocks.ts";
import { SAFE } from "./poster.ts";

/** Slack takes five posts to a response_url, within 30 minutes of the interaction. */
const USES = 5;
const LIFE_MS = 30 * 60_000;
/** A minute early, since Slack's clock counts from before ours. */
const EARLY_MS = 60_000;

/** The address with which Slack lets an app answer one interaction, even in channels where it is no member. */
export interface ResponseUrl {
  /** Posts that Slack will still take; 0 when it is too old. */
  readonly left: number;
  /** False where Slack did not take it; counts as a use all the same. */
  send(message: ResponseMessage): Promise<boolean>;
}

export type ResponseMessage =
  | { readonly delete: true }
  | {
      readonly drawn: Drawn;
      readonly to: "person" | "channel";
      /** In place of the message that was pressed or that this url made before. */
      readonly replace: boolean;
      readonly thread?: string;
    };

export function createResponseUrl(options: {
  readonly url: string;
  readonly clock: () => number;
  readonly logger: Logger;
}): ResponseUrl {
  const { url, clock, logger } = options;
  const until = clock() + LIFE_MS - EARLY_MS;
  let used = 0;

  const left = (): number => (clock() < until ? Math.max(0, USES - used) : 0);
  const post = async (body: unknown): Promise<boolean> => {
    used += 1;
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.timeout(10_000),
      });
      const text = await answer.text();
      const taken = answer.ok && !/"ok"\s*:\s*false/.test(text);
      if (!taken)
        logger.warn({ status: answer.status, reason: text.slice(0, 200) }, "Slack refused an answer by response_url");
      return taken;
    } catch (thrown) {
      logger.warn(
        { reason: thrown instanceof Error ? thrown.message : "unknown" },
        "an answer by response_url did not reach Slack",
      );
      return false;
    }
  };

  return {
    get left() {
      return left();
    },
    async send(message) {
      if (left() === 0) return false;
      if ("delete" in message) return post({ delete_original: true });
      const { drawn, to, replace, thread } = message;
      return post({
        ...drawn,
        ...SAFE,
        response_type: to === "channel" ? "in_channel" : "ephemeral",
        replace_original: replace,
        ...(thread === undefined ? {} : { thread_ts: thread }),
      });
    },
  };
}

/** Whether an address is Slack's, or of the same host as the API that we were given. */
export function leadsToSlack(url: string, apiUrl: string): boolean {
  const { host, protocol } = new URL(url);
  const api = new URL(apiUrl);
  return host === api.host || (protocol === "https:" && /(^|\.)slack(-gov)?\.com$/.test(host));
}

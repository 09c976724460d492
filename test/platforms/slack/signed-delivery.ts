import { createHmac } from "node:crypto";
import { type Json, parseJson } from "./json.ts";
import type { SlackApp } from "./slack-app.ts";
import type { Delivered } from "./socket-hub.ts";

/** Ways in which a request may be none of Slack's. */
export interface Tampering {
  readonly secret?: string;
  /** Seconds since the epoch; Slack's is now. */
  readonly timestamp?: number;
  readonly signature?: string;
  /** Sent in place of the body that was signed. */
  readonly body?: string;
}

/** Sends one request to an app's URL as Slack does in HTTP mode: the answer's body is the acknowledgement. */
export async function deliverSigned(
  app: SlackApp,
  type: string,
  payload: Json,
  ackDeadlineMs: number,
  tampering: Tampering = {},
): Promise<Delivered> {
  const begun = performance.now();
  const { body, contentType } = encode(type, payload);
  const timestamp = tampering.timestamp ?? Math.floor(Date.now() / 1_000);
  const hash = createHmac("sha256", tampering.secret ?? app.signingSecret)
    .update(`v0:${timestamp}:${body}`)
    .digest("hex");
  try {
    const answer = await fetch(app.requestUrl ?? "", {
      method: "POST",
      headers: {
        "content-type": contentType,
        "x-slack-request-timestamp": String(timestamp),
        "x-slack-signature": tampering.signature ?? `v0=${hash}`,
      },
      body: tampering.body ?? body,
      signal: AbortSignal.timeout(ackDeadlineMs),
    });
    const text = await answer.text();
    const content = text === "" ? undefined : (parseJson(text) ?? { text });
    const { status } = answer;
    return {
      acked: status === 200,
      status,
      ms: performance.now() - begun,
      ...(content === undefined ? {} : { answer: content }),
    };
  } catch {
    return { acked: false, ms: performance.now() - begun };
  }
}

function encode(type: string, payload: Json): { readonly body: string; readonly contentType: string } {
  if (type === "events_api") return { body: JSON.stringify(payload), contentType: "application/json" };
  const fields: Record<string, string> =
    type === "slash_commands"
      ? Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, String(value)]))
      : { payload: JSON.stringify(payload) };
  return { body: new URLSearchParams(fields).toString(), contentType: "application/x-www-form-urlencoded" };
}

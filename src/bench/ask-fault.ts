import { ClutchError } from "../errors.ts";
import { ServerFault } from "../servers/server-fault.ts";
import { NoAnswerInTime } from "./ask-item.ts";

/**
 * What it means for a run that a question was not answered. None of these says
 * anything of the model but `unable`.
 */
export type AskFault =
  /** Asked too much of its server, which wants a pause. */
  | { readonly kind: "rate-limited"; readonly waitMs: number | undefined; readonly reason: string }
  /** Nobody is there to answer. */
  | { readonly kind: "down"; readonly reason: string }
  /** May go by itself. */
  | { readonly kind: "passing"; readonly reason: string }
  /** This question will not be answered, another one may. */
  | { readonly kind: "this-item"; readonly reason: string }
  /** No question will be answered by this model as things are. */
  | { readonly kind: "every-item"; readonly reason: string }
  /** The model cannot do what the item is about. */
  | { readonly kind: "unable"; readonly reason: string };

/** Anthropic's own number for a service that is overloaded. */
const OVERLOADED = 529;
const DOWN: ReadonlySet<string> = new Set(["unreachable", "unknown_host", "certificate"]);
/** What Ollama says where a model's template has no place for tools. */
const NO_TOOLS = /does not support tools/i;

/** Undefined where it is a fault of Clutch's own, or none of the server's business. */
export function askFault(thrown: unknown): AskFault | undefined {
  if (thrown instanceof NoAnswerInTime) return { kind: "this-item", reason: `It ${thrown.message}.` };
  if (!(thrown instanceof ClutchError)) return undefined;
  const reason = thrown.message;
  if (thrown.code === "unknown_model" || thrown.code === "local_only") return { kind: "every-item", reason };
  if (thrown.code === "bad_config") return { kind: "every-item", reason };
  if (thrown.code === "deadline") return { kind: "this-item", reason };
  // The gateway's, where an agent is asked.
  if (/^(gateway_|unexpected_reply|not_verified)/.test(thrown.code)) return { kind: "passing", reason };
  if (thrown.code !== "server_unreachable") return undefined;
  const fault = thrown.cause instanceof ServerFault ? thrown.cause : undefined;
  if (fault === undefined) return { kind: "passing", reason };
  if (DOWN.has(fault.code)) return { kind: "down", reason };
  if (fault.code === "unauthorised" || fault.code === "redirected") return { kind: "every-item", reason };
  if (fault.code !== "http_error" || fault.http === undefined) return { kind: "passing", reason };
  const { status, retryAfterMs } = fault.http;
  if (status === 429 || (status === OVERLOADED && retryAfterMs !== undefined)) {
    return { kind: "rate-limited", waitMs: retryAfterMs, reason };
  }
  if (NO_TOOLS.test(reason)) return { kind: "unable", reason: "its server takes no tools for it" };
  return status >= 500 ? { kind: "passing", reason } : { kind: "this-item", reason };
}

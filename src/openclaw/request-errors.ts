import { GatewayClientRequestError, GatewayClientRequestTimeoutError } from "@openclaw/gateway-client";
import { ClutchError } from "../errors.ts";
import { hostOf } from "./connect-errors.ts";

export const deadlineError = (timeoutMs: number, cause?: unknown): ClutchError =>
  new ClutchError("deadline", `The gateway did not answer within ${Math.round(timeoutMs / 100) / 10} s.`, {
    hint: "It may be busy. Look with /model before you try again: the change may have gone through.",
    cause,
  });

/** Puts a failed request into words. Codes as in `GatewayConnection.request`. */
export function describeRequestFailure(
  error: unknown,
  about: { readonly method: string; readonly timeoutMs: number; readonly url: string; readonly version: string },
): ClutchError {
  const { method, timeoutMs, url, version } = about;
  if (error instanceof GatewayClientRequestTimeoutError) return deadlineError(timeoutMs, error);
  if (error instanceof GatewayClientRequestError) {
    const details: unknown = error.details;
    const missing =
      typeof details === "object" && details !== null && "missingScope" in details ? String(details.missingScope) : "";
    if (error.gatewayCode === "FORBIDDEN" || missing !== "") {
      return new ClutchError(
        "gateway_scope",
        `Clutch may not do this on the gateway: ${missing || "a scope"} is missing.`,
        {
          hint: `Approve Clutch's device with ${missing || "the scope"} on the gateway, or give Clutch the gateway's token.`,
          cause: error,
        },
      );
    }
    if (error.message.startsWith("unknown method")) {
      return new ClutchError(
        "gateway_protocol",
        `OpenClaw ${version} does not know ${method}, which Clutch needs here.`,
        {
          hint: "Update OpenClaw: npm install -g openclaw@latest",
          cause: error,
        },
      );
    }
    return new ClutchError("gateway_refused", `OpenClaw refused ${method}: ${error.message}`, { cause: error });
  }
  if (error instanceof Error && error.name === "AbortError") return deadlineError(timeoutMs, error);
  return new ClutchError("gateway_lost", `The connection to the gateway at ${hostOf(url)} broke during the request.`, {
    hint: "Clutch reconnects by itself. Look with /model before you try again.",
    cause: error,
  });
}

/** Whether the gateway refused a request for a property that it does not know: an older one takes no newer words. */
export const refusesProperty = (error: unknown, property: string): boolean =>
  error instanceof ClutchError &&
  error.code === "gateway_refused" &&
  error.message.includes(`unexpected property '${property}'`);

/** The `details.reason` of a gateway's refusal, where it gave one. */
export function refusalReason(error: unknown): string {
  const cause = error instanceof ClutchError ? error.cause : error;
  if (!(cause instanceof GatewayClientRequestError)) return "";
  const details: unknown = cause.details;
  return typeof details === "object" && details !== null && "reason" in details ? String(details.reason) : "";
}

import { z } from "zod";
import { ClutchError } from "../errors.ts";

/** What the gateway client hands over when a connection fails, as far as it can be relied on. */
const connectFailure = z.object({
  message: z.string().default(""),
  code: z.union([z.string(), z.number()]).optional(),
  retryAfterMs: z.number().optional().catch(undefined),
  details: z
    .looseObject({
      code: z.string().optional(),
      reason: z.string().optional(),
      // It becomes part of a command that a person copies into a shell.
      requestId: z
        .string()
        .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$/)
        .optional()
        .catch(undefined),
      approvedScopes: z.array(z.string()).optional().catch(undefined),
      requestedScopes: z.array(z.string()).optional().catch(undefined),
      expectedProtocol: z.number().optional(),
      httpStatus: z.number().optional(),
    })
    .optional()
    .catch(undefined),
});

export interface ConnectProblem {
  readonly error: ClutchError;
  /** True where waiting cannot help: a person has to change something on Clutch's side first. */
  readonly final: boolean;
  /** The gateway's own code for it, where it gave one. */
  readonly detail: string;
  /** When the gateway wants to be asked again, ms. */
  readonly retryAfterMs?: number;
  /** Set where a person has to approve Clutch's device on the gateway. */
  readonly pairing?: { readonly requestId: string | undefined; readonly approveCommand: string };
}

/** What a browser or Node would not trust either, unless the certificate is pinned. */
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/**
 * Puts a failed connection into words. Codes: `gateway_auth`, `gateway_scope`,
 * `gateway_pairing`, `gateway_protocol` and `bad_config` need a person;
 * `gateway_not_ready` and `gateway_unreachable` may pass by themselves.
 */
export function describeConnectFailure(thrown: unknown, url: string): ConnectProblem {
  const where = hostOf(url);
  const shape = thrown instanceof Error ? { ...thrown, message: thrown.message } : thrown;
  const parsed = connectFailure.safeParse(shape);
  const failure = parsed.success ? parsed.data : { message: String(thrown) };
  const detail = failure.details?.code ?? "";
  const make = (
    code: ConstructorParameters<typeof ClutchError>[0],
    final: boolean,
    message: string,
    hint: string,
  ): ConnectProblem => ({
    final,
    detail,
    error: new ClutchError(code, message, { hint, cause: thrown }),
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  });

  // Gateways before 2026.5 say it in words only.
  if (detail === "PROTOCOL_MISMATCH" || (detail === "" && /protocol mismatch/i.test(failure.message))) {
    const theirs = failure.details?.expectedProtocol;
    return make(
      "gateway_protocol",
      true,
      `The gateway at ${where} speaks protocol ${theirs ?? "of another version"}, Clutch speaks protocol 4.`,
      theirs !== undefined && theirs > 4
        ? "Update Clutch, or run OpenClaw 2026.9.x."
        : "Update OpenClaw to 2026.8.1 or later: npm install -g openclaw@latest",
    );
  }
  if (detail === "PAIRING_REQUIRED") {
    const { requestId, reason, approvedScopes = [], requestedScopes = [] } = failure.details ?? {};
    const lacking = requestedScopes.filter((scope) => !approvedScopes.includes(scope));
    const approveCommand = `openclaw devices approve${requestId === undefined ? "" : ` ${requestId}`}`;
    const what =
      reason === "scope-upgrade" && lacking.length > 0
        ? `has approved Clutch's device, but not for ${lacking.join(", ")}`
        : reason === undefined || reason === "not-paired"
          ? "wants Clutch's device to be approved first"
          : "wants Clutch's device to be approved again, since it changed";
    const problem = make(
      "gateway_pairing",
      false,
      `The gateway at ${where} ${what}${requestId === undefined ? "" : ` (request ${requestId})`}.`,
      `On the gateway's machine: ${approveCommand}. Clutch goes on by itself then.`,
    );
    return { ...problem, pairing: { requestId, approveCommand } };
  }
  if (detail === "AUTH_SCOPE_MISMATCH") {
    return make(
      "gateway_scope",
      true,
      `The gateway at ${where} knows Clutch's device, but has not approved it for what Clutch needs.`,
      "On the gateway's machine: `openclaw devices list`, remove Clutch's device, and approve it anew.",
    );
  }
  if (detail === "AUTH_RATE_LIMITED") {
    return make(
      "gateway_auth",
      false,
      `The gateway at ${where} has seen too many failed logins and lets nobody try for a while.`,
      "Clutch tries again later by itself. Check the token meanwhile.",
    );
  }
  if (detail === "DEVICE_IDENTITY_REQUIRED" || detail === "AUTH_TOKEN_MISSING" || detail === "AUTH_PASSWORD_MISSING") {
    return make(
      "gateway_auth",
      true,
      `The gateway at ${where} wants a token and Clutch has none.`,
      "Set OPENCLAW_GATEWAY_TOKEN, or gateway.token in clutch.config.json. `openclaw config get gateway.auth.token` shows it.",
    );
  }
  if (detail.startsWith("AUTH_") || detail.startsWith("DEVICE_AUTH") || detail === "CONTROL_UI_ORIGIN_NOT_ALLOWED") {
    return make(
      "gateway_auth",
      true,
      `The gateway at ${where} refuses the token that Clutch sent.`,
      "Compare OPENCLAW_GATEWAY_TOKEN (or gateway.token in clutch.config.json) with `openclaw config get gateway.auth.token`.",
    );
  }
  if (/tls fingerprint (mismatch|unavailable)/.test(failure.message)) {
    return make(
      "gateway_auth",
      true,
      `${where} shows another certificate than the one that gateway.tlsFingerprint names. Nothing was sent to it.`,
      "If the gateway's certificate was renewed, compare its new fingerprint on the gateway's machine. If not, somebody may be in between.",
    );
  }
  if (failure.message.includes("tls fingerprint")) {
    return make(
      "bad_config",
      true,
      failure.message.includes("requires wss")
        ? "gateway.tlsFingerprint pins a certificate, and ws:// has none."
        : "gateway.tlsFingerprint is no SHA-256 fingerprint.",
      "Use a wss:// address and 64 hex digits, with or without colons.",
    );
  }
  if (UNTRUSTED.has(String(failure.code))) {
    return make(
      "gateway_auth",
      true,
      `The certificate of ${where} is not one that this machine trusts (${failure.code}). Nothing was sent to it.`,
      "Set gateway.tlsFingerprint in clutch.config.json to the certificate's SHA-256, read on the gateway's machine.",
    );
  }
  if (failure.message.includes("plaintext ws://")) {
    return make(
      "bad_config",
      true,
      `${where} is not on this network, and ws:// would send the token in clear text.`,
      "Use a wss:// address, or an SSH tunnel to a loopback port.",
    );
  }
  if (/invalid url|unsupported protocol/i.test(failure.message)) {
    return make(
      "bad_config",
      true,
      `“${where}” is not a gateway address.`,
      "An address looks like ws://127.0.0.1:18789.",
    );
  }
  if (failure.details?.reason === "websocket-upgrade-rejected") {
    return make(
      "gateway_refused",
      false,
      `Something answers at ${where}, but it is not an OpenClaw gateway (HTTP ${failure.details.httpStatus ?? "?"}).`,
      "Check the port: OpenClaw listens on 18789 unless configured otherwise.",
    );
  }
  if (failure.details?.reason === "startup-sidecars" || failure.code === "UNAVAILABLE") {
    return make(
      "gateway_not_ready",
      false,
      `The gateway at ${where} is still starting.`,
      "It takes 10 to 20 seconds; try again in a moment.",
    );
  }
  const refused = failure.code === "ECONNREFUSED";
  return make(
    "gateway_unreachable",
    false,
    refused ? `Nothing listens at ${where}.` : `The gateway at ${where} cannot be reached.`,
    refused
      ? "Is OpenClaw running? Start it with `openclaw gateway`, or check gateway.url."
      : "Check gateway.url and the network.",
  );
}

/** Host and port for messages, never the user info or path of an address. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host || url;
  } catch {
    return url;
  }
}

import { z } from "zod";
import { ClutchError } from "../errors.ts";

/** What the gateway client hands over when a connection fails, as far as it can be relied on. */
const connectFailure = z.object({
  message: z.string().default(""),
  code: z.union([z.string(), z.number()]).optional(),
  details: z
    .looseObject({
      code: z.string().optional(),
      reason: z.string().optional(),
      requestId: z.string().optional(),
      expectedProtocol: z.number().optional(),
      httpStatus: z.number().optional(),
    })
    .optional()
    .catch(undefined),
});

export interface ConnectProblem {
  readonly error: ClutchError;
  /** True where waiting cannot help: a person has to change something first. */
  readonly final: boolean;
}

/**
 * Puts a failed connection into words. Codes: `gateway_auth`, `gateway_pairing`,
 * `gateway_protocol` and `bad_config` need a person; `gateway_not_ready` and
 * `gateway_unreachable` may pass by themselves.
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
  ): ConnectProblem => ({ final, error: new ClutchError(code, message, { hint, cause: thrown }) });

  if (detail === "PROTOCOL_MISMATCH") {
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
    const request = failure.details?.requestId;
    return make(
      "gateway_pairing",
      true,
      `The gateway at ${where} wants this machine to be paired first.`,
      request === undefined
        ? "Run `openclaw devices list` on the gateway's machine and approve Clutch."
        : `Run \`openclaw devices approve ${request}\` on the gateway's machine.`,
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

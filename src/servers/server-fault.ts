import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { ServerFaultCode } from "./model-server.ts";

/** What a server did wrong, as the end of a sentence that begins with its host and port. */
export class ServerFault extends Error {
  readonly code: ServerFaultCode;
  /** Where it answered with an HTTP status that says so. */
  readonly http: HttpRefusal | undefined;

  constructor(code: ServerFaultCode, does: string, cause?: unknown, http?: HttpRefusal) {
    super(does, { cause });
    this.name = "ServerFault";
    this.code = code;
    this.http = http;
  }
}

export interface HttpRefusal {
  readonly status: number;
  /** When to try again, ms from then, where the server says it. */
  readonly retryAfterMs: number | undefined;
}

/** The stream ended, but not its answer: a relay in between, or a server that was stopped. */
export const cutOff = (): ServerFault => new ServerFault("connection_lost", "ended its answer before it was complete");

export const faultSentence = (where: string, fault: ServerFault): string =>
  `The model server ${where} ${fault.message}.`;

/** The fault as a person sees it; `id` is the server's key in the configuration. */
export function refusal(where: string, id: string, fault: ServerFault): ClutchError {
  const code = fault.code === "no_such_model" ? "unknown_model" : "server_unreachable";
  const hint = HINTS[fault.code](`servers.${id}`);
  return new ClutchError(code, faultSentence(where, fault), { hint, cause: fault });
}

const HINTS: Readonly<Record<ServerFaultCode, (key: string) => string>> = {
  unreachable: (key) => `Start the server, or correct ${key}.baseUrl.`,
  unknown_host: (key) => `Correct the host in ${key}.baseUrl, or check this machine's name resolution.`,
  timeout: () => "See whether the server is overloaded or a firewall is in between, then try again.",
  connection_lost: () => "See the server's own log, then try again.",
  certificate: (key) => `Check the certificate and whether ${key}.baseUrl should begin with http or https.`,
  unauthorised: (key) => `Check ${key}.apiKey.`,
  redirected: (key) => `Set ${key}.baseUrl to the address that finally answers.`,
  http_error: (key) => `See the server's own log, and check the path in ${key}.baseUrl.`,
  no_such_model: () => "Check the name, or download the model first.",
  not_understood: (key) => `Check ${key}.kind and ${key}.baseUrl: another program may listen there.`,
};

/**
 * What an answer other than 2xx means. `body` is as much of it as was read; `model`
 * is what the request was about. A missing path is a 404 too, so it takes the
 * word "model" in the answer to say that the model is missing.
 */
export function statusFault(http: HttpRefusal, body: string, model: string | undefined): ServerFault {
  const { status } = http;
  if (status === 401 || status === 403) return new ServerFault("unauthorised", `refused the API key (HTTP ${status})`);
  if (status >= 300 && status < 400) {
    return new ServerFault("redirected", `answered with a redirect (HTTP ${status}), which is not followed`);
  }
  const missing = status === 404 ? /\bmodel\b/i : /model_not_found|manifest: file does not exist/;
  if (model !== undefined && missing.test(body)) return missingModel(model);
  const does = `answered with an error (HTTP ${status})${inItsWords(wordsIn(body))}`;
  return new ServerFault("http_error", does, undefined, http);
}

/** `retry-after` is seconds or a date (RFC 9110, section 10.2.3); `now` is epoch ms. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const at = text === "" ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

export const missingModel = (model: string): ServerFault =>
  new ServerFault("no_such_model", `has no model called “${presentable(model)}”`);

/** An error that the server sent in the middle of its answer. */
export const brokenOff = (error: unknown): ServerFault =>
  new ServerFault("http_error", `broke off with an error${inItsWords(error)}`);

const message = z.looseObject({ message: z.string() });
const errorShape = z.union([
  z.string(),
  message.transform((error) => error.message),
  z.looseObject({ error: z.string() }).transform(({ error }) => error),
  z.looseObject({ error: message }).transform(({ error }) => error.message),
]);

/** What the server says went wrong, where it says it in a way that its kind is known for; fit to follow a sentence. */
export function inItsWords(error: unknown): string {
  const said = errorShape.safeParse(error);
  const words = said.success ? presentable(said.data).replace(/[.\s]+$/, "") : "";
  return words === "" ? "" : `: ${words}`;
}

const MOST_WORDS = 240;

function presentable(text: string): string {
  const line = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
  const characters = [...line];
  return characters.length <= MOST_WORDS ? line : `${characters.slice(0, MOST_WORDS).join("").trimEnd()}…`;
}

function wordsIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const UNREACHABLE = /^(ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/;
const UNKNOWN_HOST = /^(ENOTFOUND|EAI_\w+)$/;
const TIMED_OUT = /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/;
const CERTIFICATE = /^(CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|EPROTO)$/;
const LOST = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/;

/** `fetch` says only "fetch failed"; the reason is a code somewhere down the chain of causes. */
export function transportFault(thrown: unknown): ServerFault {
  if (thrown instanceof ServerFault) return thrown;
  const code = causeCode(thrown) ?? "";
  if (UNREACHABLE.test(code)) return new ServerFault("unreachable", "does not answer: nothing listens there", thrown);
  if (UNKNOWN_HOST.test(code)) return new ServerFault("unknown_host", "cannot be found: its name is not known", thrown);
  if (TIMED_OUT.test(code)) return new ServerFault("timeout", "did not answer in time", thrown);
  if (CERTIFICATE.test(code)) return new ServerFault("certificate", "offers no secure connection to trust", thrown);
  if (LOST.test(code))
    return new ServerFault("connection_lost", "closed the connection before it had answered", thrown);
  if (code === "HTTPParserError") return new ServerFault("not_understood", "does not speak HTTP", thrown);
  return new ServerFault("unreachable", "cannot be reached", thrown);
}

function causeCode(thrown: unknown): string | undefined {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if (at.name === "HTTPParserError") return at.name;
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return undefined;
}

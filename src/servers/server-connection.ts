import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { ModelServerOptions, ServerFaultCode, ServerHealth } from "./model-server.ts";

/** Far above any list of models, far below what would hurt this process. */
const MOST_BYTES = 8 * 1024 * 1024;

type Fetch = typeof globalThis.fetch;

interface ServerConnection {
  /** Without credentials, query and trailing slash. */
  readonly baseUrl: string;
  /**
   * Runs `work` with a `fetch` that carries the deadline, the caller's signal and the
   * credentials, follows no redirect, and only returns whole answers of status 2xx.
   * Throws `server_unreachable` for whatever the server does wrong.
   */
  ask<T>(signal: AbortSignal, work: (fetch: Fetch) => Promise<T>): Promise<T>;
  /** The same, with failure as an answer. */
  probe(signal: AbortSignal, work: (fetch: Fetch) => Promise<{ readonly version?: string }>): Promise<ServerHealth>;
}

/** What a server did wrong, as the end of a sentence that begins with its host and port. */
export class ServerFault extends Error {
  readonly code: ServerFaultCode;

  constructor(code: ServerFaultCode, does: string, cause?: unknown) {
    super(does, { cause });
    this.name = "ServerFault";
    this.code = code;
  }
}

/**
 * What all drivers share about talking to a server. `keyHeaders` says how this kind
 * of server wants its key; credentials in the base URL are sent as basic
 * authorisation, since `fetch` refuses them there. Throws `bad_config` where base
 * URL or key cannot be used.
 */
export function createServerConnection(
  options: ModelServerOptions,
  keyHeaders: (apiKey: string) => Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): ServerConnection {
  const { id, timeoutMs } = options;
  const url = readBaseUrl(options);
  const apiKey = readApiKey(options);
  const sent = { ...headers, ...basicAuthorisation(url), ...(apiKey === undefined ? {} : keyHeaders(apiKey)) };
  const where = `${url.hostname}:${url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port}`;

  async function run<T>(signal: AbortSignal, work: (fetch: Fetch) => Promise<T>): Promise<T | ServerFault> {
    signal.throwIfAborted();
    const deadline = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, deadline]);
    const fetch: Fetch = async (input, init) => {
      const merged = new Headers(init?.headers);
      for (const [name, value] of Object.entries(sent)) merged.set(name, value);
      try {
        return await wholeAnswer(
          await options.fetch(input, { ...init, headers: merged, redirect: "manual", signal: either }),
        );
      } catch (thrown) {
        if (deadline.aborted) throw new ServerFault("timeout", `did not answer within ${inWords(timeoutMs)}`, thrown);
        throw thrown instanceof ServerFault ? thrown : transportFault(thrown);
      }
    };
    try {
      return await work(fetch);
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof ServerFault) return thrown;
      if (thrown instanceof SyntaxError || thrown instanceof z.ZodError) {
        return new ServerFault("not_understood", `does not answer as the kind of server that ${id} should be`, thrown);
      }
      throw thrown;
    }
  }

  return {
    baseUrl: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    async ask(signal, work) {
      const result = await run(signal, work);
      if (!(result instanceof ServerFault)) return result;
      const hint = HINTS[result.code](`servers.${id}`);
      throw new ClutchError("server_unreachable", sentence(where, result), { hint, cause: result });
    },
    async probe(signal, work) {
      const start = performance.now();
      const result = await run(signal, work);
      if (result instanceof ServerFault) return { ok: false, code: result.code, reason: sentence(where, result) };
      return { ok: true, latencyMs: performance.now() - start, ...result };
    },
  };
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
  not_understood: (key) => `Check ${key}.kind and ${key}.baseUrl: another program may listen there.`,
};

const sentence = (where: string, fault: ServerFault): string => `The model server ${where} ${fault.message}.`;

const inWords = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`);

function readBaseUrl({ id, baseUrl }: ModelServerOptions): URL {
  const url = URL.parse(baseUrl);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new ClutchError("bad_config", `The base URL of ${id} is not an http address.`, {
    hint: `Write servers.${id}.baseUrl like http://127.0.0.1:11434.`,
  });
}

/** A key that no header can carry is refused here, because `fetch` would repeat it in its own error. */
function readApiKey({ id, apiKey }: ModelServerOptions): string | undefined {
  const key = apiKey?.trim();
  if (key === undefined || key === "") return undefined;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new ClutchError("bad_config", `The API key of ${id} holds characters that no key can have.`, {
    hint: `Check servers.${id}.apiKey: it may hold a line break, a space or a quotation mark from a word processor.`,
  });
}

function basicAuthorisation({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Reads the body here, under the deadline and the size limit, so that nothing behind it waits on a socket. */
async function wholeAnswer(response: Response): Promise<Response> {
  if (!response.ok) {
    await response.body?.cancel();
    throw statusFault(response.status);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MOST_BYTES) throw new ServerFault("not_understood", `sent more than ${MOST_BYTES >> 20} MiB`);
    parts.push(part);
  }
  return new Response(Buffer.concat(parts));
}

function statusFault(status: number): ServerFault {
  if (status === 401 || status === 403) return new ServerFault("unauthorised", `refused the API key (HTTP ${status})`);
  if (status >= 300 && status < 400) {
    return new ServerFault("redirected", `answered with a redirect (HTTP ${status}), which is not followed`);
  }
  return new ServerFault("http_error", `answered with an error (HTTP ${status})`);
}

const UNREACHABLE = /^(ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/;
const UNKNOWN_HOST = /^(ENOTFOUND|EAI_\w+)$/;
const TIMED_OUT = /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/;
const CERTIFICATE = /^(CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|EPROTO)$/;
const LOST = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/;

/** `fetch` says only "fetch failed"; the reason is a code somewhere down the chain of causes. */
function transportFault(thrown: unknown): ServerFault {
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

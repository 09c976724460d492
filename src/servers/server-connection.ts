import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { secretsInAddress } from "../models/address-secrets.ts";
import { guardedBody, readSome, wholeBody } from "./bodies.ts";
import type { ModelServerOptions, ServerHealth } from "./model-server.ts";
import {
  brokenOff,
  faultSentence,
  refusal,
  retryAfterMs,
  ServerFault,
  statusFault,
  transportFault,
} from "./server-fault.ts";

type Fetch = typeof globalThis.fetch;

const LOAD_TIMEOUT_MS = 300_000;

/** The model that a call is about, and how long it may take, ms, where that is not the server's `timeoutMs`. */
interface CallOptions {
  readonly model?: string;
  readonly timeoutMs?: number;
}

interface ServerConnection {
  /** Without credentials, query and trailing slash. */
  readonly baseUrl: string;
  readonly loadTimeoutMs: number;
  /**
   * Runs `work` with a `fetch` that carries the deadline, the caller's signal and the
   * credentials, follows no redirect, and only returns whole answers of status 2xx.
   * Throws `server_unreachable` for whatever the server does wrong, `unknown_model`
   * where it does not have the call's model.
   */
  ask<T>(signal: AbortSignal, work: (fetch: Fetch) => Promise<T>, call?: CallOptions): Promise<T>;
  /** The same, with failure as an answer. */
  probe(signal: AbortSignal, work: (fetch: Fetch) => Promise<{ readonly version?: string }>): Promise<ServerHealth>;
  /**
   * Runs `work` with a `fetch` whose answers come as they are sent. The deadline is the
   * longest silence: `loadTimeoutMs` until `work` has yielded for the first time, then
   * the call's or the server's `timeoutMs`. Whoever stops listening ends the request.
   */
  stream<T>(signal: AbortSignal, work: (fetch: Fetch) => AsyncIterable<T>, call?: CallOptions): AsyncGenerator<T>;
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
  const { id } = options;
  const url = readBaseUrl(options);
  const apiKey = readApiKey(options);
  const sent = { ...headers, ...basicAuthorisation(url), ...(apiKey === undefined ? {} : keyHeaders(apiKey)) };
  const secrets = [apiKey ?? "", ...secretsInAddress(options.baseUrl)].filter((text) => text !== "");
  const where = `${url.hostname}:${url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port}`;
  const loadTimeoutMs = options.loadTimeoutMs ?? LOAD_TIMEOUT_MS;

  const request = (input: Parameters<Fetch>[0], init: RequestInit | undefined, signal: AbortSignal) =>
    options.fetch(input, { ...init, headers: onlyOurs(init?.headers, sent), redirect: "manual", signal });

  const refused = async (response: Response, model: string | undefined): Promise<ServerFault> =>
    statusFault(
      { status: response.status, retryAfterMs: retryAfterMs(response.headers.get("retry-after"), Date.now()) },
      await readSome(response),
      model,
    );

  /** Undefined where it is no fault of the server. */
  const faultOf = (thrown: unknown): ServerFault | undefined => {
    if (thrown instanceof ServerFault) return withoutSecrets(thrown, secrets);
    // A syntax error quotes what it could not read, which may be anything: it does not go along.
    const cause = thrown instanceof z.ZodError ? thrown : undefined;
    if (thrown instanceof SyntaxError || cause !== undefined) {
      return new ServerFault("not_understood", `does not answer as the kind of server that ${id} should be`, cause);
    }
    // The vendors' packages throw an error that the server sends in its stream with the body as `error`.
    if (thrown instanceof Error && "error" in thrown) return withoutSecrets(brokenOff(thrown.error), secrets);
    return undefined;
  };

  async function run<T>(signal: AbortSignal, work: (fetch: Fetch) => Promise<T>, call: CallOptions) {
    signal.throwIfAborted();
    const timeoutMs = call.timeoutMs ?? options.timeoutMs;
    const deadline = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, deadline]);
    const fetch: Fetch = async (input, init) => {
      try {
        const response = await request(input, init, either);
        if (!response.ok) throw await refused(response, call.model);
        return await wholeBody(response);
      } catch (thrown) {
        if (deadline.aborted) throw new ServerFault("timeout", `did not answer within ${inWords(timeoutMs)}`, thrown);
        throw transportFault(thrown);
      }
    };
    try {
      return await work(fetch);
    } catch (thrown) {
      signal.throwIfAborted();
      const fault = faultOf(thrown);
      if (fault === undefined) throw thrown;
      return fault;
    }
  }

  return {
    baseUrl: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    loadTimeoutMs,
    async ask(signal, work, call = {}) {
      const result = await run(signal, work, call);
      if (result instanceof ServerFault) throw refusal(where, id, result);
      return result;
    },
    async probe(signal, work) {
      const start = performance.now();
      const result = await run(signal, work, {});
      if (result instanceof ServerFault) return { ok: false, code: result.code, reason: faultSentence(where, result) };
      return { ok: true, latencyMs: performance.now() - start, ...result };
    },
    async *stream(signal, work, call = {}) {
      signal.throwIfAborted();
      const ours = new AbortController();
      const either = AbortSignal.any([signal, ours.signal]);
      let patienceMs = loadTimeoutMs;
      /** The packages in between hide what broke; it is remembered here. */
      let broken: ServerFault | undefined;

      const watched = async <R>(wait: () => Promise<R>): Promise<R> => {
        const limitMs = patienceMs;
        const timer = setTimeout(() => {
          ours.abort(new ServerFault("timeout", `sent nothing for ${inWords(limitMs)}`));
        }, limitMs);
        try {
          return await wait();
        } catch (thrown) {
          broken ??= transportFault(ours.signal.aborted ? ours.signal.reason : thrown);
          throw broken;
        } finally {
          clearTimeout(timer);
        }
      };
      const fetch: Fetch = async (input, init) => {
        const response = await watched(async () => {
          const answer = await request(input, init, either);
          if (!answer.ok) throw await refused(answer, call.model);
          return answer;
        });
        return new Response(ReadableStream.from(guardedBody(response, watched)));
      };
      try {
        for await (const event of work(fetch)) {
          patienceMs = call.timeoutMs ?? options.timeoutMs;
          yield event;
        }
      } catch (thrown) {
        signal.throwIfAborted();
        const fault = faultOf(broken ?? thrown);
        throw fault === undefined ? thrown : refusal(where, id, fault);
      } finally {
        ours.abort();
      }
      signal.throwIfAborted();
    },
  };
}

const inWords = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`);

/** Of what a vendor's package wants to send only what a request needs: not its keys, and none from the environment. */
function onlyOurs(theirs: RequestInit["headers"], sent: Readonly<Record<string, string>>): Headers {
  const given = new Headers(theirs);
  const merged = new Headers();
  for (const name of ["accept", "content-type"]) {
    const value = given.get(name);
    if (value !== null) merged.set(name, value);
  }
  for (const [name, value] of Object.entries(sent)) merged.set(name, value);
  return merged;
}

/** A server that repeats the key in its error must not put it before a person. */
function withoutSecrets(fault: ServerFault, secrets: readonly string[]): ServerFault {
  const does = secrets.reduce((text, secret) => text.replaceAll(secret, "…"), fault.message);
  return does === fault.message ? fault : new ServerFault(fault.code, does, fault.cause, fault.http);
}

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

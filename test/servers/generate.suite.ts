import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type {
  GenerateEvent,
  GenerateRequest,
  ModelServer,
  ModelServerOptions,
} from "../../src/servers/model-server.ts";
import { rawServers } from "./raw-servers.ts";

/** One answer as a vendor's servers send it, piece by piece. Every closing counts 11 tokens in and 7 out. */
export interface Wire {
  readonly contentType: string;
  readonly opening: string;
  text(piece: string): string;
  thinking(piece: string): string;
  tool(name: string, args: Readonly<Record<string, unknown>>): string;
  closing(reason: "stop" | "length" | "tool"): string;
  /** What a server sends that fails in the middle of its answer. */
  failure(message: string): string;
  readonly malformed: string;
  /** The body of an answer that is not 200. */
  error(message: string): unknown;
  /** What it says where it has no model of that name. */
  missing(model: string): { readonly status: number; readonly body: unknown };
}

interface GeneratorUnderTest {
  readonly wire: Wire;
  create(options: ModelServerOptions): ModelServer;
}

const KEY = "sk-very-secret-key";
const PATIENT_MS = 10_000;
const HASTY_MS = 150;
const HANG = Symbol("hang");
const CUT = Symbol("cut");
type Step = string | number | typeof HANG | typeof CUT;

const request: GenerateRequest = { model: "some:model", messages: [{ role: "user", text: "Say hello." }] };
const never = (): AbortSignal => new AbortController().signal;

/** The promises about an answer that streams, shown on the bytes that each vendor's servers send. */
export function generateSuite({ wire, create }: GeneratorUnderTest): void {
  const raw = rawServers();
  const written = vi.fn();
  beforeEach(() => {
    for (const method of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, method).mockImplementation(written);
    }
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await raw.closeAll();
    expect(written).not.toHaveBeenCalled();
    written.mockClear();
  });

  const serverAt = (baseUrl: string, changes: Partial<ModelServerOptions> = {}): ModelServer =>
    create({ id: "mine", baseUrl, apiKey: KEY, fetch: globalThis.fetch, timeoutMs: PATIENT_MS, ...changes });

  /** Serves one answer: text is sent, a number waits so many ms. `left` settles when the client has gone. */
  async function answering(...steps: readonly Step[]) {
    const left = Promise.withResolvers<void>();
    const url = await raw.http(async (incoming, response) => {
      for await (const _ of incoming);
      if (incoming.method !== "POST") {
        response.writeHead(404).end();
        return;
      }
      response.on("close", () => left.resolve());
      for (const step of steps) {
        if (typeof step === "number") await sleep(step);
        else if (step === HANG) return;
        else if (step === CUT) return void response.destroy();
        else {
          if (!response.headersSent) response.writeHead(200, { "content-type": wire.contentType });
          await new Promise<void>((resolve) => response.write(step, () => resolve()));
        }
      }
      response.end();
    });
    return { url, left: left.promise };
  }
  const refusing = (status: number, body: unknown): Promise<string> =>
    raw.http((_, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });

  async function drain(events: AsyncIterable<GenerateEvent>): Promise<GenerateEvent[]> {
    const all: GenerateEvent[] = [];
    for await (const event of events) all.push(event);
    return all;
  }
  const said = (events: readonly GenerateEvent[]): string =>
    events.map((event) => (event.kind === "text" ? event.text : "")).join("");

  /** What came before it failed, and how it failed. */
  async function failing(server: ModelServer, signal = never()) {
    const events: GenerateEvent[] = [];
    try {
      for await (const event of server.generate(request, signal)) events.push(event);
    } catch (error) {
      expect(inspect(error, { depth: 20 })).not.toContain(KEY);
      return { events, error };
    }
    return expect.unreachable("it did not fail");
  }

  describe("an answer", () => {
    const hello = [wire.opening, wire.text("Hello"), wire.text(", "), wire.text("world"), wire.closing("stop")];

    it("comes in pieces, with counts and timings at its end", async () => {
      const { url } = await answering(...hello);
      const events = await drain(serverAt(url).generate(request, never()));
      expect(events.slice(0, -1)).toEqual([
        { kind: "text", text: "Hello" },
        { kind: "text", text: ", " },
        { kind: "text", text: "world" },
      ]);
      const end = events.at(-1);
      expect(end).toMatchObject({ kind: "end", reason: "stop", tokens: { input: 11, output: 7 } });
      if (end?.kind !== "end") return;
      expect(end.timings.firstTokenMs).toBeGreaterThan(0);
      expect(end.timings.totalMs).toBeGreaterThanOrEqual(end.timings.firstTokenMs ?? Infinity);
    });

    it("is the same however its bytes are cut", async () => {
      const bytes = Buffer.from(
        [wire.opening, wire.text("Grüße 🙂"), wire.text("\n世界"), wire.closing("stop")].join(""),
      );
      const cuts = fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(cuts, async (places) => {
          const edges = [0, ...new Set(places.sort((a, b) => a - b)), bytes.length];
          const parts = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
          const fetch: typeof globalThis.fetch = async (_, init) =>
            init?.method?.toUpperCase() === "POST"
              ? new Response(ReadableStream.from(parts), { headers: { "content-type": wire.contentType } })
              : new Response("", { status: 404 });
          const events = await drain(serverAt("http://127.0.0.1:1", { fetch }).generate(request, never()));
          expect(said(events)).toBe("Grüße 🙂\n世界");
          expect(events.at(-1)).toMatchObject({ kind: "end", tokens: { input: 11, output: 7 } });
        }),
        { numRuns: 50 },
      );
    });

    it("may think first", async () => {
      const { url } = await answering(wire.opening, wire.thinking("Hm."), wire.text("Hi"), wire.closing("stop"));
      const events = await drain(serverAt(url).generate(request, never()));
      expect(events.slice(0, -1)).toEqual([
        { kind: "thinking", text: "Hm." },
        { kind: "text", text: "Hi" },
      ]);
    });

    it("may call a tool", async () => {
      const args = { city: "Köln", days: 3, units: { wind: "kn" } };
      const { url } = await answering(wire.opening, wire.tool("weather", args), wire.closing("tool"));
      const events = await drain(serverAt(url).generate(request, never()));
      expect(events[0]).toEqual({ kind: "tool", name: "weather", args });
      expect(events[1]).toMatchObject({ kind: "end", reason: "tool" });
      expect(events).toHaveLength(2);
    });

    it("says when it was cut at its length", async () => {
      const { url } = await answering(wire.opening, wire.text("Hello"), wire.closing("length"));
      const events = await drain(serverAt(url).generate(request, never()));
      expect(events.at(-1)).toMatchObject({ kind: "end", reason: "length" });
    });

    it("may be long in coming: a model must be loaded and a prompt read", async () => {
      const { url } = await answering(3 * HASTY_MS, ...hello);
      const events = await drain(serverAt(url, { timeoutMs: HASTY_MS }).generate(request, never()));
      expect(said(events)).toBe("Hello, world");
    });

    it("carries the key and nothing from the environment", async () => {
      const secrets = {
        ANTHROPIC_API_KEY: "env-1",
        ANTHROPIC_AUTH_TOKEN: "env-2",
        ANTHROPIC_CUSTOM_HEADERS: "x-mine: env-3",
        OPENAI_API_KEY: "env-4",
        OPENAI_ORG_ID: "env-5",
        OPENAI_PROJECT_ID: "env-6",
        OPENAI_CUSTOM_HEADERS: "x-mine: env-7",
        OLLAMA_API_KEY: "env-8",
        ANTHROPIC_LOG: "debug",
        OPENAI_LOG: "debug",
      };
      for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value);
      const seen: IncomingMessage["headers"][] = [];
      const url = await raw.http((incoming, response) => {
        seen.push(incoming.headers);
        response.writeHead(500).end();
      });
      await failing(serverAt(url));
      await failing(serverAt(url, { apiKey: "" }));
      expect(JSON.stringify(seen)).toContain(KEY);
      expect(JSON.stringify(seen)).not.toMatch(/env-\d|sent-by-fetch/);
    });
  });

  describe("an answer that fails", () => {
    it.each([
      ["no first token", [HANG], "", /127\.0\.0\.1:\d+ sent nothing for 150 ms\.$/],
      ["silence in the middle", [wire.opening, wire.text("Hello"), HANG], "Hello", /sent nothing for 150 ms\.$/],
      ["a cut connection", [wire.opening, wire.text("Hello"), 50, CUT], "Hello", /closed the connection/],
      ["an early end", [wire.opening, wire.text("Hello")], "Hello", /ended its answer before it was complete\.$/],
      ["no answer at all", [wire.opening], "", /ended its answer before it was complete\.$/],
      [
        "a line cut in two",
        [wire.opening, wire.text("Hello"), wire.text("bye").slice(0, 20)],
        "Hello",
        /ended its answer|does not answer as/,
      ],
      ["a line that makes no sense", [wire.opening, wire.text("Hello"), wire.malformed], "Hello", /does not answer as/],
      [
        "a line without end",
        [wire.opening, wire.text("Hello"), "x".repeat(600_000), "x".repeat(600_000), HANG],
        "Hello",
        /sent a line of more than 1 MiB\.$/,
      ],
      [
        "an error in the middle",
        [wire.opening, wire.text("Hello"), wire.failure(`Out of\nmemory for ${KEY}.`)],
        "Hello",
        /broke off with an error: Out of memory for …\.$/,
      ],
    ] as const)("with %s", async (what, steps, before, message) => {
      const { url, left } = await answering(...steps);
      const hasty = what === "no first token" ? { loadTimeoutMs: HASTY_MS } : { timeoutMs: HASTY_MS };
      const changes = /silence|token/.test(what) ? hasty : {};
      const { events, error } = await failing(serverAt(url, changes));
      expect(error).toMatchObject({ code: "server_unreachable", message: expect.stringMatching(message) });
      expect(said(events)).toBe(before);
      expect(events.some(({ kind }) => kind === "end")).toBe(false);
      await left;
    });

    it("because there is no such model: the person's error, not the server's", async () => {
      const { status, body } = wire.missing(request.model);
      const { error } = await failing(serverAt(await refusing(status, body)));
      expect(error).toMatchObject({ code: "unknown_model", message: expect.stringContaining("“some:model”") });
      expect(error instanceof ClutchError && error.isFault).toBe(false);
    });

    it("because there is no such path, which says nothing of the model", async () => {
      const { error } = await failing(serverAt(await refusing(404, { error: "no such path: /models" })));
      expect(error).toMatchObject({ code: "server_unreachable", message: expect.stringContaining("HTTP 404") });
    });

    it("with the server's own words where it gives them, without the key", async () => {
      const { error } = await failing(serverAt(await refusing(500, wire.error(`no memory\u0000 left\n for ${KEY}`))));
      expect(error).toMatchObject({
        message: expect.stringMatching(/ answered with an error \(HTTP 500\): no memory left for …\.$/),
      });
    });
  });

  describe("a listener who leaves", () => {
    it.each([
      ["a reason of its own", new ClutchError("deadline", "Out of time.")],
      ["the usual one", new DOMException("This operation was aborted", "AbortError")],
    ])("in the middle, with %s", async (_, reason) => {
      const { url, left } = await answering(wire.opening, wire.text("Hello"), HANG);
      const caller = new AbortController();
      const events = serverAt(url).generate(request, caller.signal)[Symbol.asyncIterator]();
      expect(await events.next()).toEqual({ done: false, value: { kind: "text", text: "Hello" } });
      const next = events.next();
      caller.abort(reason);
      await expect(next).rejects.toBe(reason);
      await left;
    });

    it("before the answer begins", async () => {
      const { url, left } = await answering(HANG);
      const caller = new AbortController();
      const next = serverAt(url).generate(request, caller.signal)[Symbol.asyncIterator]().next();
      setTimeout(() => caller.abort("gone"), HASTY_MS);
      await expect(next).rejects.toBe("gone");
      await left;
    });

    it("before anything was sent", async () => {
      const fetch = vi.fn(globalThis.fetch);
      const events = serverAt("http://127.0.0.1:1", { fetch }).generate(request, AbortSignal.abort("gone"));
      await expect(drain(events)).rejects.toBe("gone");
      expect(fetch).not.toHaveBeenCalled();
    });

    it("without a word: the request ends", async () => {
      const { url, left } = await answering(wire.opening, wire.text("Hello"), HANG);
      for await (const event of serverAt(url).generate(request, never())) {
        expect(event).toEqual({ kind: "text", text: "Hello" });
        break;
      }
      await left;
    });
  });
}

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createFaults, type Fault, type Faults, type JournalEntry } from "./faults.ts";
import { isJson, type Json, parseJson } from "./json.ts";
import { liveMarkup } from "./message-text.ts";
import { createPerson, type Person } from "./person.ts";
import { createResponseUrls, type ResponseUrls } from "./response-urls.ts";
import { deliverSigned, type Tampering } from "./signed-delivery.ts";
import { createSlackApp, type SlackApp } from "./slack-app.ts";
import { createSocketHub, type Delivered, type SocketHub } from "./socket-hub.ts";
import { createWebApi } from "./web-api.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

/** A workspace on loopback that speaks Slack's protocols: Web API, Socket Mode, signed HTTP. */
export interface SlackStandIn {
  /** For `slackApiUrl`. */
  readonly apiUrl: string;
  readonly origin: string;
  readonly workspace: Workspace;
  /** The app called clutch, which is installed from the start. */
  readonly app: SlackApp;
  addApp(name: string, details?: Parameters<typeof createSlackApp>[1]): SlackApp;
  person(id?: string, where?: { readonly channel?: string; readonly app?: SlackApp }): Person;
  /** By socket, or by HTTP where the app has a `requestUrl`. */
  deliver(app: SlackApp, type: string, payload: Json, tampering?: Tampering): Promise<Delivered>;
  readonly sockets: SocketHub;
  readonly faults: Faults;
  readonly journal: readonly JournalEntry[];
  readonly responseUrls: ResponseUrls;
  /** A trigger id for a person; good for one modal within 3 s. */
  trigger(user: string): string;
  /** Breaches of Slack's rules so far; taken from the list, so that `close` does not fail for them. */
  takeViolations(): readonly string[];
  /** Rejects where an app broke Slack's rules. */
  close(): Promise<void>;
}

export interface StandInOptions {
  readonly clock?: () => number;
  /** Slack waits 3 s for an acknowledgement. */
  readonly ackDeadlineMs?: number;
  readonly port?: number;
}

const TRIGGER_MS = 3_000;

export async function openSlackStandIn(options: StandInOptions = {}): Promise<SlackStandIn> {
  const { clock = Date.now, ackDeadlineMs = 3_000 } = options;
  const workspace = createWorkspace();
  const faults = createFaults();
  const journal: JournalEntry[] = [];
  const apps: SlackApp[] = [];
  const triggers = new Map<string, { readonly user: string; readonly at: number; used: boolean }>();
  let violations: string[] = [];

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const sockets = createSocketHub(server, ackDeadlineMs);
  const violation = (app: SlackApp, issue: string): void => {
    violations.push(`${app.name}: ${issue}`);
  };
  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = createWebApi({
    workspace,
    apps,
    origin,
    violation,
    check(app, message) {
      if (app.inert) for (const live of liveMarkup(message)) violation(app, `live markup ${live}`);
    },
    ticketFor: (app) => sockets.ticketFor(app),
    redeemTrigger(id) {
      const trigger = triggers.get(id);
      if (trigger === undefined) return { error: "invalid_trigger_id" };
      if (trigger.used) return { error: "exchanged_trigger_id" };
      if (clock() - trigger.at > TRIGGER_MS) return { error: "expired_trigger_id" };
      trigger.used = true;
      return { user: trigger.user };
    },
  });
  const responseUrls = createResponseUrls(workspace, clock, api.content);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "/";
    const body = await buffer(request);
    if (path.startsWith("/api/")) return answerCall(path.slice("/api/".length), request, body, response);
    if (path.startsWith("/response/")) {
      const params = read(request, body);
      const { status, answer: content } = responseUrls.use(path, params);
      journal.push({ method: "response_url", params, answer: content });
      return send(response, status, content);
    }
    if (path.startsWith("/upload/v1/")) {
      const upload = api.uploads.get(path.slice("/upload/v1/".length));
      if (upload === undefined) return send(response, 404, { ok: false });
      upload.bytes = await fileIn(request, body);
      journal.push({ method: "upload", params: {}, answer: {} });
      response.writeHead(200, { "content-type": "text/plain" }).end(`OK - ${upload.bytes.length}`);
      return;
    }
    send(response, 404, { ok: false, error: "not_found" });
  };

  const answerCall = (method: string, request: IncomingMessage, body: Buffer, response: ServerResponse): void => {
    const params = read(request, body);
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? String(params["token"] ?? "");
    const fault = faults.take(method);
    const refused = fault === undefined ? undefined : failWith(fault, response);
    const content = refused ?? api.call(method, token, params);
    journal.push({ method, params, answer: content });
    if (response.headersSent || response.destroyed) return;
    const scopes = api.scopesOf(token);
    if (scopes !== undefined) response.setHeader("x-oauth-scopes", scopes);
    send(response, 200, content);
  };

  const standIn: SlackStandIn = {
    get apiUrl() {
      return `${origin()}/api/`;
    },
    get origin() {
      return origin();
    },
    workspace,
    app: createSlackApp("clutch"),
    addApp(name, details) {
      const app = createSlackApp(name, details);
      apps.push(app);
      return app;
    },
    person: (id = "U0ANN", { channel = "C0GENERAL", app = standIn.app } = {}) =>
      createPerson(standIn, { id, channel, app, apps }),
    deliver: (app, type, payload, tampering) =>
      app.requestUrl === undefined
        ? sockets.deliver(app, type, payload)
        : deliverSigned(app, type, payload, ackDeadlineMs, tampering),
    sockets,
    faults,
    journal,
    responseUrls,
    trigger(user) {
      const id = `${workspace.nextId("")}.${workspace.nextId("")}.trigger`;
      triggers.set(id, { user, at: clock(), used: false });
      return id;
    },
    takeViolations() {
      const taken = violations;
      violations = [];
      return taken;
    },
    async close() {
      sockets.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      if (violations.length > 0) throw new Error(`Slack's rules were broken:\n${[...new Set(violations)].join("\n")}`);
    },
  };
  apps.push(standIn.app);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  return standIn;
}

function send(response: ServerResponse, status: number, content: Json): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(content));
}

/** Slack's answer for `ok: false`; anything else is sent at once. */
function failWith(fault: Fault, response: ServerResponse): Json {
  if ("error" in fault) {
    return {
      ok: false,
      error: fault.error,
      ...(fault.needed === undefined ? {} : { needed: fault.needed, provided: "commands" }),
    };
  }
  if ("hangUp" in fault) response.destroy();
  else {
    const wait = fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
    response.writeHead(fault.status, wait).end("");
  }
  return { ok: false, error: "fault" };
}

/** JSON, or form fields of which those that look like JSON are. */
function read(request: IncomingMessage, body: Buffer): Json {
  const text = body.toString();
  if (request.headers["content-type"]?.includes("json") === true) {
    const parsed = parseJson(text);
    return isJson(parsed) ? parsed : {};
  }
  return Object.fromEntries(
    [...new URLSearchParams(text)].map(([key, value]) => [
      key,
      /^[[{]/.test(value) ? (parseJson(value) ?? value) : value,
    ]),
  );
}

/** The bytes of an upload: raw, or one part of a form. */
async function fileIn(request: IncomingMessage, body: Buffer): Promise<Uint8Array> {
  const contentType = request.headers["content-type"] ?? "";
  if (!contentType.includes("multipart")) return new Uint8Array(body);
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
  const file = [...form.values()].find((value) => typeof value !== "string");
  return file === undefined ? new Uint8Array() : new Uint8Array(await file.arrayBuffer());
}

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type Server } from "node:http";
import { join } from "node:path";
import { ClutchError, type ErrorCode } from "../../src/errors.ts";
import { guardCode } from "../guard/guard-code.ts";
import { listsLost, mergePatch } from "../openclaw/openclaw-merge.ts";

export type Config = Record<string, unknown>;

/** What Clutch needs of a gateway, whether it is in this process or in another. */
export type Request = (method: string, params: unknown) => Promise<unknown>;

/**
 * An OpenClaw of two parts: its configuration, and the real guard. Both are on the
 * disk, so that another one on the same directory goes on where this one was killed.
 */
export interface GatewayStandIn {
  readonly request: Request;
  config(): Config;
  /** As a person or another program does it. */
  setConfig(config: Config): void;
  /** Away, as during a restart; what is in memory is lost. */
  stop(): void;
  start(): void;
}

interface Handlers {
  [method: string]: (call: {
    params: unknown;
    respond: (ok: boolean, payload: unknown, error: unknown) => void;
  }) => void;
}

const { default: guard } = await guardCode("index.js");

export const guardFile = (directory: string): string => join(directory, "guard", "guard.json");
const configFile = (directory: string): string => join(directory, "openclaw.json");

export function createGatewayStandIn(directory: string, first: Config = {}): GatewayStandIn {
  mkdirSync(join(directory, "guard"), { recursive: true });
  let config: Config = {};
  let handlers: Handlers | undefined;

  const save = (next: Config): void => {
    writeFileSync(configFile(directory), JSON.stringify(next));
    config = next;
  };
  const forgetGuard = (): void => {
    const memory = Reflect.get(globalThis, Symbol.for("clutch.guard.1")) ?? {};
    delete memory[guardFile(directory)];
  };
  const start = (): void => {
    forgetGuard();
    config = JSON.parse(readFileSync(configFile(directory), "utf8"));
    const found: Handlers = {};
    guard.register({
      pluginConfig: { directory: join(directory, "guard") },
      runtime: { config: { current: () => config } },
      on: () => undefined,
      registerGatewayMethod: (method: string, handler: Handlers[string]) => {
        found[method] = handler;
      },
    });
    handlers = hasGuard(config) ? found : {};
  };

  try {
    readFileSync(configFile(directory));
  } catch {
    save(first);
  }
  start();
  return {
    config: () => config,
    setConfig: save,
    start,
    stop() {
      handlers = undefined;
      forgetGuard();
    },
    async request(method, params) {
      if (handlers === undefined) throw new ClutchError("gateway_unreachable", "The gateway cannot be reached.");
      if (method === "config.get") return { hash: JSON.stringify(config), config };
      if (method === "config.patch") {
        const { patch, hash, replacePaths } = params as { patch: Config; hash?: string; replacePaths: string[] };
        if (hash !== JSON.stringify(config)) throw new ClutchError("gateway_refused", "config changed since last load");
        const next = mergePatch(config, patch, replacePaths) as Config;
        if (listsLost(config, patch, next).some((path) => !replacePaths.includes(path)))
          throw new ClutchError("gateway_refused", "a list would be lost");
        save(next);
        return {};
      }
      const handler = handlers[method];
      if (handler === undefined) throw new ClutchError("gateway_protocol", `unknown method: ${method}`);
      return new Promise((resolve, reject) => {
        handler({
          params,
          respond: (ok, payload, error) =>
            ok
              ? resolve(structuredClone(payload))
              : reject(new ClutchError("gateway_refused", (error as { message: string }).message)),
        });
      });
    },
  };
}

const hasGuard = (config: Config): boolean => {
  const { entries = {} } = (config["plugins"] ?? {}) as { entries?: Record<string, unknown> };
  return entries["clutch-guard"] !== undefined;
};

const socketIn = (directory: string): string => join(directory, "gateway.sock");

/** For a gateway in a process of its own; resolves when it listens. */
export function serveGateway(directory: string, gateway: GatewayStandIn): Promise<Server> {
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method, params } = JSON.parse(Buffer.concat(chunks).toString());
    const reply = await gateway.request(method, params).then(
      (result) => ({ result }),
      (thrown: unknown) => {
        if (!(thrown instanceof ClutchError)) throw thrown;
        return { code: thrown.code, message: thrown.message };
      },
    );
    response.end(JSON.stringify(reply));
  });
  return new Promise((resolve) => {
    server.listen(socketIn(directory), () => resolve(server));
  });
}

/** Reaches it from anywhere. */
export const connectGateway =
  (directory: string): Request =>
  (method, params) =>
    new Promise((resolve, reject) => {
      const away = (): void => reject(new ClutchError("gateway_unreachable", "The gateway cannot be reached."));
      const sent = httpRequest({ socketPath: socketIn(directory), method: "POST", agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", away);
        response.on("end", () => {
          const reply = JSON.parse(text) as { result?: unknown; code?: ErrorCode; message: string };
          if (reply.code === undefined) resolve(reply.result);
          else reject(new ClutchError(reply.code, reply.message));
        });
      });
      sent.on("error", away);
      sent.end(JSON.stringify({ method, params }));
    });

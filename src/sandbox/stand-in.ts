import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Model servers that speak the vendors' wire formats on loopback: the sandbox
 * uses them for its demo, the tests to see every request. What both vendors
 * share is here; `stand-in-ollama.ts` and `stand-in-anthropic.ts` hold a wire each.
 */

/** One chat request as a stand-in understood it. `body` is what came over the wire. */
export interface ReceivedChat {
  readonly server: "ollama" | "anthropic";
  readonly model: string;
  readonly system: string;
  readonly messages: readonly { readonly role: string; readonly text: string }[];
  readonly stream: boolean;
  readonly body: Record<string, unknown>;
}

export interface ToolCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** What a stand-in is to answer. `status` other than 200 sends `text` as the vendor's error message. */
export interface Answer {
  readonly text: string;
  readonly status?: number;
  /** Wait before the first byte, ms. */
  readonly delayMs?: number;
  /** Wait between two streamed chunks, ms. */
  readonly chunkDelayMs?: number;
  readonly toolCalls?: readonly ToolCall[];
}

export type Answerer = (chat: ReceivedChat) => Answer | Promise<Answer>;

export interface StandIn {
  readonly url: string;
  readonly chats: readonly ReceivedChat[];
  close(): Promise<void>;
}

export type Route = (
  request: { readonly method: string; readonly path: string; readonly body: Record<string, unknown> },
  response: ServerResponse,
) => Promise<boolean>;

/** About four characters a token, the usual rule of thumb for English text. */
export const estimateTokens = (text: string): number => Math.max(1, Math.ceil(text.length / 4));

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

/** Splits an answer into the pieces in which it is streamed, words with their trailing space. */
export const chunksOf = (text: string): string[] => text.match(/\S+\s*|\s+/g) ?? [];

/** Sleeps, but not longer than the client stays. Returns false when the client left. */
export async function pause(response: ServerResponse, ms: number | undefined): Promise<boolean> {
  if (ms !== undefined && ms > 0) {
    const left = new AbortController();
    const onClose = (): void => left.abort();
    response.once("close", onClose);
    await sleep(ms, undefined, { signal: left.signal }).catch(() => undefined);
    response.off("close", onClose);
  }
  return !response.destroyed && !response.closed;
}

export async function listen(route: Route, port: number): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    void serve(route, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(route: Route, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString("utf8");
    const parsed: unknown = text === "" ? {} : JSON.parse(text);
    const body = typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
    const path = new URL(request.url ?? "/", "http://stand-in").pathname;
    if (!(await route({ method: request.method ?? "GET", path, body }, response))) {
      sendJson(response, 404, { error: `no such path: ${path}` });
    }
  } catch (error) {
    if (!response.headersSent) sendJson(response, 400, { error: String(error) });
    else response.destroy();
  }
}

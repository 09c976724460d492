import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { FaultProxy } from "../../test/gateway/fault-proxy.ts";
import type { Lab } from "../../test/gateway/harness.ts";
import type { DiscordStandIn } from "../../test/platforms/discord/discord-stand-in.ts";
import type { SlackStandIn } from "../../test/platforms/slack/slack-stand-in.ts";

/** One way in which the world goes wrong; resolves when it is over. */
export interface Trouble {
  readonly name: string;
  /** The platform cannot deliver what is sent meanwhile and shortly before. */
  readonly cuts?: "discord" | "slack";
  /** Once in so many troubles, roughly; 1 where it is not given. */
  readonly rarity?: number;
  run(): Promise<void>;
}

/** A model server's address that can be slow, broken or gone. */
export interface ShakyServer {
  readonly url: string;
  mode: "well" | "slow" | "broken" | "gone";
  close(): Promise<void>;
}

export async function shakyServer(target: string): Promise<ShakyServer> {
  let mode: ShakyServer["mode"] = "well";
  const server: Server = createServer(async (request, response) => {
    if (mode === "gone") return void request.socket.destroy();
    if (mode === "slow") await sleep(2_000);
    if (mode === "broken") return void response.writeHead(500).end('{"error":"out of order"}');
    try {
      const body =
        request.method === "GET" ? {} : { body: request as unknown as ReadableStream, duplex: "half" as const };
      const answer = await fetch(new URL(request.url ?? "/", target), { method: request.method ?? "GET", ...body });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Everything that may go wrong around Clutch, and does in no particular order. */
export function troubles(world: {
  readonly lab: Lab;
  readonly proxy: FaultProxy;
  readonly ollama: ShakyServer;
  readonly discord: DiscordStandIn;
  readonly slack: SlackStandIn;
  readonly database: string;
}): readonly Trouble[] {
  const { lab, proxy, ollama, discord, slack } = world;
  const once = (act: () => void) => async (): Promise<void> => act();
  const model = (mode: ShakyServer["mode"]) => async (): Promise<void> => {
    ollama.mode = mode;
    await sleep(4_000);
    ollama.mode = "well";
  };
  /** As another program that holds the file does; Clutch waits 5 s for it. */
  const busy = (ms: number) => async (): Promise<void> => {
    const other = new DatabaseSync(world.database, { timeout: 200 });
    try {
      other.exec("begin immediate");
      await sleep(ms);
      other.exec("rollback");
    } catch {
      // Somebody else was faster.
    } finally {
      other.close();
    }
  };
  const cut = (platform: "discord" | "slack", name: string, act: () => void): Trouble => ({
    name,
    cuts: platform,
    run: once(act),
  });
  return [
    { name: "gateway: connection cut", run: once(() => proxy.strike("cut")) },
    { name: "gateway: garbage on the connection", run: once(() => proxy.strike("garbage")) },
    { name: "gateway: peer gone without a word", rarity: 4, run: once(() => proxy.strike("half-open")) },
    { name: "gateway: frames of no protocol", run: once(() => proxy.babble()) },
    {
      name: "gateway: slow",
      async run() {
        proxy.delay(150);
        await sleep(3_000);
        proxy.delay(0);
      },
    },
    {
      name: "gateway: everything twice",
      async run() {
        proxy.duplicate(true);
        await sleep(3_000);
        proxy.duplicate(false);
      },
    },
    {
      name: "gateway: refuses connections",
      rarity: 2,
      async run() {
        proxy.block("refuse");
        proxy.strike("cut");
        await sleep(3_000);
        proxy.block(undefined);
      },
    },
    { name: "gateway: restarts", rarity: 5, run: () => lab.gateway.restart().catch(() => undefined) },
    { name: "model server: slow", run: model("slow") },
    { name: "model server: answers 500", run: model("broken") },
    { name: "model server: gone", run: model("gone") },
    { name: "store: busy for a moment", run: busy(800) },
    { name: "store: busy for longer than Clutch waits", rarity: 8, run: busy(6_000) },
    {
      name: "Discord: 429",
      run: once(() => discord.fail({ path: /^\/webhooks/, status: 429, retryAfterMs: 300, times: 2 })),
    },
    { name: "Discord: 502", run: once(() => discord.fail({ path: /^\/webhooks/, status: 502, times: 2 })) },
    {
      name: "Discord: slow to take an acknowledgement",
      run: once(() => discord.fail({ path: /callback/, delayMs: 700, times: 5 })),
    },
    cut("discord", "Discord: connection cut", () => discord.gateway.drop()),
    cut("discord", "Discord: asks to reconnect", () => discord.gateway.askToReconnect()),
    cut("discord", "Discord: session invalid", () => discord.gateway.invalidate(true)),
    { name: "Slack: 429", run: once(() => slack.faults.inject("chat.postMessage", { status: 429, retryAfter: 1 }, 2)) },
    { name: "Slack: 503", run: once(() => slack.faults.inject("*", { status: 503 }, 2)) },
    { name: "Slack: hangs up", run: once(() => slack.faults.inject("*", { hangUp: true }, 2)) },
    { name: "Slack: refreshes a socket", run: once(() => slack.sockets.refresh(slack.app)) },
    cut("slack", "Slack: sockets cut", () => slack.sockets.cut(slack.app)),
  ];
}

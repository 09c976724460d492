import { pino } from "pino";
import { expect, it } from "vitest";
import { askableServer } from "../../src/local-only/askable-server.ts";
import type { ServerAddress } from "../../src/registry/server-address.ts";
import { createServerMonitor } from "../../src/registry/server-monitor.ts";

const server = (id: string, kind: ServerAddress["kind"], baseUrl: string): ServerAddress => ({ id, kind, baseUrl });
const NEAR = server("ollama", "ollama", "http://127.0.0.1:11434");
const SERVERS: readonly (readonly [ServerAddress, boolean])[] = [
  [NEAR, true],
  [server("box", "ollama", "http://nucbox.lan:11434"), true],
  [server("rented", "ollama", "https://ollama.example.com"), false],
  [server("moved", "ollama", "http://moved.lan:11434"), false],
  [server("anthropic", "anthropic", "https://api.anthropic.com"), false],
  [server("relay", "openai-compatible", "http://127.0.0.1:4000"), false],
  [server("vllm", "openai-compatible", "http://127.0.0.1:8000"), true],
];

let isLocked = false;
const mayAsk = askableServer({
  isLocked: () => isLocked,
  trustedLocal: ["vllm"],
  resolve: async (host) => (host === "nucbox.lan" ? ["192.168.1.20"] : ["192.168.1.21", "203.0.113.7"]),
});

it.each(SERVERS)("$id at $baseUrl is asked while it is on: %s", async (address, isAsked) => {
  isLocked = false;
  expect(await mayAsk(address)).toBe(true);
  isLocked = true;
  expect(await mayAsk(address)).toBe(isAsked);
});

it("no byte goes to the others from the moment on at which it comes on", async () => {
  const asked: string[] = [];
  let now = 0;
  const monitor = createServerMonitor({
    async fetch(input) {
      asked.push(new URL(String(input)).host);
      return Response.json({ models: [], data: [], has_more: false });
    },
    mayAsk,
    clock: () => now,
    logger: pino({ level: "silent" }),
  });
  const look = async () => {
    now += 3_600_000;
    for (const [address] of SERVERS) await monitor.look(address);
    return [...new Set(asked.splice(0))];
  };
  const hosts = (which: typeof SERVERS) => which.map(([{ baseUrl }]) => new URL(baseUrl).host);
  isLocked = false;
  expect(await look()).toEqual(hosts(SERVERS));
  isLocked = true;
  expect(await look()).toEqual(hosts(SERVERS.filter(([, isAsked]) => isAsked)));
  isLocked = false;
  expect(await look()).toEqual(hosts(SERVERS));
});

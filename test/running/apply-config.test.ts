import { Readable, Writable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import type { AppSlot } from "../../src/cli/app-slot.ts";
import { applyConfig } from "../../src/cli/apply-config.ts";
import { LostError } from "../../src/cli/reload.ts";
import type { Runtime } from "../../src/cli/runtime.ts";
import { type Config, defaultConfig } from "../../src/config.ts";
import { ClutchError } from "../../src/errors.ts";

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const runtime: Runtime = {
  ...{ env: {}, cwd: "/", home: "/", stdin: Readable.from([]), stdout: nowhere, stderr: nowhere },
  ...{ fetch: globalThis.fetch, clock: Date.now, signal: new AbortController().signal },
};
const BEFORE: Config = {
  ...defaultConfig,
  path: "/clutch.config.json",
  gateway: { url: "ws://one", token: "token-one" },
};
const AFTER: Config = { ...BEFORE, gateway: { url: "ws://other", token: "token-other" }, secrets: ["token-other"] };

let log: string[];
/** Addresses at which no App comes up. */
let dead: string[];
let secrets: string[];
/** Addresses at which nobody answers to begin with. */
let silent: string[];
/** What comes up in place of the former one, where that waits for its gateway. */
let newer: Config | undefined;
beforeEach(() => {
  [log, dead, silent, secrets, newer] = [[], [], [], [], undefined];
});

async function open(url: string, how: string): Promise<App> {
  if (dead.includes(url)) throw new ClutchError("gateway_unreachable", `Nothing listens at ${url}.`);
  log.push(`open ${url} ${how}`);
  return {} as App;
}

function set() {
  const slot = {
    async exchange(open: () => Promise<App>) {
      log.push("close");
      await open();
    },
  } as AppSlot;
  return applyConfig({
    slot,
    platforms: { use: async () => void log.push("platforms"), checks: () => [] },
    status: { open: async ({ listen }) => void log.push(`listen ${listen}`), close: async () => undefined },
    ...{ runtime, secrets, gateway: { url: "ws://one", token: "token-one" } },
    async reach({ url }) {
      if (silent.includes(url)) throw new ClutchError("gateway_unreachable", `Nothing listens at ${url}.`);
    },
    open: ({ gateway }) => open(gateway.url, "for a while"),
    async openNewest(former) {
      const to = newer === undefined ? former : { config: newer, gateway: { url: newer.gateway?.url ?? "" } };
      return { ...to, app: await open(to.gateway.url, "endlessly") };
    },
    watch: () => void log.push("watch"),
    use: ({ gateway }) => void log.push(`use ${gateway?.url}`),
  });
}

describe("a changed configuration is put in force", () => {
  it.each([
    ["access.owners", ["use ws://other", "platforms"], []],
    ["http.listen", ["use ws://other", "listen 127.0.0.1:8377", "platforms"], []],
    ["discord.token", ["use ws://other", "platforms"], []],
    ["wall.allow", ["use ws://other", "platforms"], [expect.stringContaining("clutch wall install --yes")]],
  ])("without the App being opened anew for %s", async (key, done, notes) => {
    expect(await set()(AFTER, BEFORE, [key])).toEqual({ config: AFTER, notes });
    expect(log).toEqual(done);
  });

  it.each([
    "gateway.url",
    "store",
    "servers.ollama",
    "trustedLocal",
    "usage.baseline",
    "bench.askAbove",
    "audit.retentionDays",
  ])("by opening the App anew for %s, and only then for all else", async (key) => {
    const { config, notes } = await set()(AFTER, BEFORE, ["access.owners", key]);
    expect(config).toBe(AFTER);
    expect(log).toEqual(["close", "open ws://other for a while", "watch", "use ws://other", "platforms"]);
    expect(notes).toEqual([expect.stringContaining("opened anew")]);
    expect(secrets).toContain("token-other");
  });

  it("not at all, and with nothing closed, where its gateway does not answer", async () => {
    silent = ["ws://other"];
    await expect(set()(AFTER, BEFORE, ["gateway.url", "access.owners"])).rejects.toMatchObject({
      code: "gateway_unreachable",
    });
    expect(log).toEqual([]);
  });

  it("or a still newer one, where that came up in place of the former one", async () => {
    dead = ["ws://other"];
    newer = { ...BEFORE, gateway: { url: "ws://third" }, http: { ...BEFORE.http, listen: "127.0.0.1:1" } };
    const apply = set();
    const { config } = await apply(AFTER, BEFORE, ["gateway.url"]);
    expect(config).toBe(newer);
    expect(log).toEqual([
      "close",
      "open ws://third endlessly",
      "watch",
      "use ws://third",
      "listen 127.0.0.1:1",
      "platforms",
    ]);
  });

  it("not at all where the new App does not come up: the former one is opened again", async () => {
    dead = ["ws://other"];
    const apply = set();
    await expect(apply(AFTER, BEFORE, ["gateway.url", "access.owners"])).rejects.toMatchObject({
      code: "gateway_unreachable",
    });
    expect(log).toEqual(["close", "open ws://one endlessly", "watch"]);
    // And it is to that one that the next failure goes back.
    await expect(apply(AFTER, BEFORE, ["gateway.url"])).rejects.toBeInstanceOf(ClutchError);
    expect(log.slice(3)).toEqual(["close", "open ws://one endlessly", "watch"]);
  });

  it("or there is nothing any more that could serve, and whoever started it is told", async () => {
    dead = ["ws://other", "ws://one"];
    await expect(set()(AFTER, BEFORE, ["gateway.url"])).rejects.toBeInstanceOf(LostError);
  });
});

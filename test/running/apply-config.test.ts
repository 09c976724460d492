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
beforeEach(() => {
  [log, dead, secrets] = [[], [], []];
});

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
    async open({ gateway }, patience) {
      if (dead.includes(gateway.url))
        throw new ClutchError("gateway_unreachable", `Nothing listens at ${gateway.url}.`);
      log.push(`open ${gateway.url} ${patience === "endless" ? "endlessly" : "for a while"}`);
      return {} as App;
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
    ["wall.allow", ["use ws://other", "platforms"], [expect.stringContaining("clutch wall run")]],
  ])("without the App being opened anew for %s", async (key, done, notes) => {
    expect(await set()(AFTER, BEFORE, [key])).toEqual(notes);
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
    const notes = await set()(AFTER, BEFORE, ["access.owners", key]);
    expect(log).toEqual(["close", "open ws://other for a while", "watch", "use ws://other", "platforms"]);
    expect(notes).toEqual([expect.stringContaining("opened anew")]);
    expect(secrets).toContain("token-other");
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

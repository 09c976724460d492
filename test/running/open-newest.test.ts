import { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, it } from "vitest";
import type { App } from "../../src/app.ts";
import type { ConfigReader, ReadFor } from "../../src/cli/config-reader.ts";
import { createOpenNewest, type Opening } from "../../src/cli/open-newest.ts";
import { type Config, defaultConfig } from "../../src/config.ts";

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const runtime = {
  ...{ env: {}, cwd: "/", home: "/", stdin: Readable.from([]), stdout: nowhere, stderr: nowhere },
  ...{ fetch: globalThis.fetch, clock: Date.now, signal: new AbortController().signal },
};
const at = (url: string): Config => ({ ...defaultConfig, path: "/c.json", gateway: { url, token: `of-${url}` } });
const opening = (url: string): Opening => ({ config: at(url), gateway: { url } });

let log: string[];
let secrets: string[];
let reads: ReadFor[];
/** What reading gives next; undefined for what cannot be used. */
let file: Config | undefined;
/** Where a gateway answers. */
let there: string[];
beforeEach(() => {
  [log, secrets, reads, file, there] = [[], [], [], undefined, []];
});

function opener() {
  let since = new AbortController();
  const reader: ConfigReader = {
    changed: (why) => since.abort(why),
    get stale() {
      return since.signal;
    },
    async read(why) {
      since = new AbortController();
      reads.push(why);
      return file;
    },
    refuse: async ({ message }) => void log.push(`refused: ${message}`),
    forget: () => undefined,
  };
  const open = createOpenNewest({
    ...{ reader, runtime, secrets },
    async open({ gateway }, interrupted) {
      log.push(`open ${gateway.url}`);
      while (!there.includes(gateway.url)) {
        if (interrupted.aborted) throw new Error("interrupted");
        await sleep(5);
      }
      return {} as App;
    },
    use: async (_config, changed) => void log.push(`use ${changed.join()}`),
    say: (line) => void log.push(line),
  });
  return { open, changed: reader.changed };
}

it("waits with the configuration that it was given", async () => {
  const opened = opener().open(opening("ws://one"));
  await sleep(30);
  there = ["ws://one"];
  expect((await opened).gateway.url).toBe("ws://one");
  expect(log).toEqual(["open ws://one"]);
});

it("begins anew with each that comes meanwhile, also while one is read", async () => {
  const newest = opener();
  const opened = newest.open(opening("ws://one"));
  await sleep(20);
  file = at("ws://two");
  newest.changed("file");
  await sleep(20);
  file = at("ws://three");
  newest.changed("file");
  newest.changed("file");
  there = ["ws://three"];
  expect(await opened).toMatchObject({ config: file, gateway: { url: "ws://three" } });
  expect(log.filter((line) => line.startsWith("open"))).toEqual(["open ws://one", "open ws://two", "open ws://three"]);
  expect(log).toContain("use gateway.url,gateway.token");
  expect(log.join()).toContain("The configuration was read again. Changed: gateway.url, gateway.token. Gateway two");
  expect(log.join()).not.toContain("of-ws");
  expect(secrets).toContain("of-ws://three");
});

it("goes on as before with one that cannot be used, or has not changed", async () => {
  const newest = opener();
  const opened = newest.open(opening("ws://one"));
  await sleep(20);
  newest.changed("file");
  await sleep(20);
  file = at("ws://one");
  newest.changed("signal");
  await sleep(20);
  there = ["ws://one"];
  await opened;
  expect(log).toEqual([
    "open ws://one",
    "open ws://one",
    "The configuration was read again; nothing in it has changed.",
    "open ws://one",
  ]);
  expect(reads).toEqual(["file", "signal"]);
});

it("begins with one that has changed since it was last read, before anybody waited", async () => {
  const newest = opener();
  file = at("ws://two");
  there = ["ws://two"];
  newest.changed("file");
  expect((await newest.open(opening("ws://one"))).gateway.url).toBe("ws://two");
});

it("throws what no other configuration was the reason for", async () => {
  const reader = { stale: new AbortController().signal } as ConfigReader;
  const open = createOpenNewest({
    ...{ reader, runtime, secrets },
    open: async () => {
      throw new Error("no store");
    },
    use: async () => undefined,
    say: () => undefined,
  });
  await expect(open(opening("ws://one"))).rejects.toThrow("no store");
});

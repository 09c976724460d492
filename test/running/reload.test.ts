import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import { changedKeys } from "../../src/cli/changed-keys.ts";
import { createConfigReader } from "../../src/cli/config-reader.ts";
import { createReloader, LostError } from "../../src/cli/reload.ts";
import { watchFileAt } from "../../src/cli/watch-file.ts";
import { type Config, defaultConfig, loadConfig } from "../../src/config.ts";
import { ClutchError } from "../../src/errors.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "clutch-reload-"));
  file = join(dir, "clutch.config.json");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const until = async (what: () => boolean): Promise<void> => {
  const deadline = performance.now() + 20_000;
  while (!what() && performance.now() < deadline) await sleep(20);
  expect(what()).toBe(true);
};

/** A reloader of the file, and what came of it. */
async function setUp(
  text: string,
  apply: (next: Config) => Promise<readonly string[]> = async () => ["Done."],
  tryAgainMs = 60_000,
) {
  writeFileSync(file, text);
  const load = () => loadConfig({ env: { TOKEN_NAME: "secret-of-env" }, cwd: dir });
  const [said, told, applied, reloads, lost] = [[], [], [], [], []] as [
    string[],
    Card[],
    (readonly string[])[],
    boolean[],
    unknown[],
  ];
  const say = (line: string) => void said.push(line);
  const logger = pino({ level: "silent" });
  const ended = new AbortController();
  const reloader = createReloader({
    first: await load(),
    reader: createConfigReader({
      ...{ load, say, logger },
      tellOwners: async (card) => void told.push(card),
      onRefused: () => void reloads.push(false),
    }),
    async apply(config, _before, changed) {
      const notes = await apply(config);
      applied.push(changed);
      return { config, notes };
    },
    onApplied: () => void reloads.push(true),
    onLost: (thrown) => void lost.push(thrown),
    signal: ended.signal,
    ...{ say, logger, tryAgainMs },
  });
  return { reloader, said, told, applied, reloads, lost, ended };
}

describe("a changed configuration", () => {
  it("is applied, and said by its keys, never by its values", async () => {
    const { reloader, said, told, applied, reloads } = await setUp(`{ access: { owners: ["discord:1"] } }`);
    writeFileSync(
      file,
      `{ access: { owners: ["discord:2"] }, servers: { anthropic: { kind: "anthropic", baseUrl: "https://api.example", apiKey: "sk-hunter2" } } }`,
    );
    await reloader.read("file");
    expect(applied).toEqual([["servers.anthropic", "access.owners"]]);
    expect(said).toEqual(["The configuration was read again. Changed: servers.anthropic, access.owners. Done."]);
    expect([told, reloads]).toEqual([[], [true]]);
  });

  it.each([
    ["no JSON at all", `{ access: { owners: `, "is not valid JSON"],
    ["a key that does not exist", `{ acess: {} }`, "“acess” is no key that Clutch knows"],
    ["a value that cannot be", `{ usage: { retentionDays: "soon" } }`, "“usage.retentionDays” is wrong"],
    ["a secret that is not set", `{ gateway: { url: "ws://x", token: "env:NOT_SET_HERE" } }`, "NOT_SET_HERE"],
  ])("that is %s changes nothing, and the owners hear of it once", async (_, text, says) => {
    const { reloader, said, told, applied, reloads } = await setUp("{}");
    writeFileSync(file, text);
    for (const why of ["file", "file", "signal"] as const) await reloader.read(why);
    expect(applied).toEqual([]);
    expect(said).toEqual([expect.stringContaining(says)]);
    expect(said[0]).toMatch(/Nothing was changed: what was read before stays in force\.$/);
    expect(told).toEqual([
      expect.objectContaining({ tone: "warning", body: [expect.stringContaining(says), expect.any(String)] }),
    ]);
    expect(reloads).toEqual([false, false, false]);
  });

  it("is told again after it was right meanwhile", async () => {
    const { reloader, told } = await setUp("{}");
    for (const text of ["{ x", "{}", "{ x"]) {
      writeFileSync(file, text);
      await reloader.read("signal");
    }
    expect(told).toHaveLength(2);
  });

  it("that an editor writes in two steps is read when it is whole", async () => {
    const { reloader, said, applied } = await setUp("{}");
    writeFileSync(file, "");
    const read = reloader.read("file");
    await sleep(300);
    writeFileSync(file, `{ trustedLocal: ["lmstudio"] }`);
    await read;
    expect(applied).toEqual([["trustedLocal"]]);
    expect(said).toHaveLength(1);
  });

  it("that is gone is no wish for the defaults", async () => {
    const { reloader, said, applied } = await setUp(`{ trustedLocal: ["lmstudio"] }`);
    rmSync(file);
    await reloader.read("signal");
    expect(applied).toEqual([]);
    expect(said).toEqual([expect.stringContaining(`${file} is gone.`)]);
  });

  it("that cannot be put in force is refused by what kept it from that", async () => {
    const { reloader, said, told } = await setUp("{}", async () => {
      throw new ClutchError("gateway_auth", "Nothing listens there.");
    });
    writeFileSync(file, `{ trustedLocal: ["x"] }`);
    for (const why of ["signal", "signal"] as const) await reloader.read(why);
    expect(said).toEqual(["✗ Nothing listens there. Nothing was changed: what was read before stays in force."]);
    expect(told).toHaveLength(1);
  });

  it.each(["gateway_unreachable", "gateway_not_ready", "gateway_pairing"] as const)(
    "whose gateway is not there yet (%s) is taken once it is, and told of once until then",
    async (code) => {
      let isThere = false;
      let tries = 0;
      const apply = async () => {
        tries++;
        if (isThere) return ["Done."];
        throw new ClutchError(code, `Not yet, try ${tries}.`);
      };
      const { reloader, said, told, applied, reloads } = await setUp("{}", apply, 50);
      writeFileSync(file, `{ trustedLocal: ["x"] }`);
      await reloader.read("file");
      await until(() => tries > 2);
      expect(said).toEqual([
        "✗ Not yet, try 1. Nothing was changed: what was read before stays in force. Clutch tries it again every 1 s.",
      ]);
      expect(told).toEqual([
        expect.objectContaining({ title: "The configuration was changed, and cannot be used yet" }),
      ]);
      isThere = true;
      await until(() => applied.length > 0);
      const after = tries;
      await sleep(200);
      expect([applied, tries]).toEqual([[["trustedLocal"]], after]);
      expect(said.slice(1)).toEqual(["The configuration was read again. Changed: trustedLocal. Done."]);
      expect(reloads).toEqual([false, true]);
      await reloader.stop();
    },
  );

  it("is not tried again once it was taken back, or Clutch ends", async () => {
    let tries = 0;
    const apply = async () => {
      tries++;
      throw new ClutchError("gateway_unreachable", "Nothing listens there.");
    };
    const { reloader, said, ended } = await setUp("{}", apply, 50);
    writeFileSync(file, `{ trustedLocal: ["x"] }`);
    await reloader.read("file");
    writeFileSync(file, "{}");
    await reloader.read("file");
    await sleep(200);
    expect(tries).toBe(1);
    writeFileSync(file, `{ trustedLocal: ["x"] }`);
    ended.abort();
    await reloader.read("file");
    await reloader.stop();
    await sleep(200);
    expect([tries, said.length]).toEqual([2, 1]);
  });

  it("after which nothing serves any more ends the process", async () => {
    const { reloader, lost } = await setUp("{}", async () => {
      throw new LostError("gone", { cause: "why" });
    });
    writeFileSync(file, `{ trustedLocal: ["x"] }`);
    await reloader.read("signal");
    expect(lost).toEqual(["why"]);
  });

  it("is not needed to put the present one in force anew", async () => {
    const { reloader, said, applied } = await setUp("{}");
    await reloader.again("store");
    expect([applied, said]).toEqual([[["store"]], []]);
  });

  it("that differs in nothing is told to who asked, and to nobody else", async () => {
    const { reloader, said } = await setUp("{}");
    writeFileSync(file, "{ /* the same */ }");
    for (const why of ["file", "signal"] as const) await reloader.read(why);
    expect(said).toEqual(["The configuration was read again; nothing in it has changed."]);
  });

  it("is one whose secret in another file has changed", async () => {
    const secret = join(dir, "token");
    writeFileSync(secret, "first-token");
    const { reloader, applied } = await setUp(`{ gateway: { url: "ws://x", token: "file:${secret}" } }`);
    writeFileSync(secret, "second-token");
    await reloader.read("signal");
    expect(applied).toEqual([["gateway.token"]]);
  });
});

it("names what differs, in depth, and nothing of how it was read", () => {
  const server = { kind: "ollama" as const, baseUrl: "http://127.0.0.1:1" };
  const before: Config = { ...defaultConfig, servers: { a: server, b: server }, path: "/x", secrets: ["one"] };
  const after: Config = {
    ...before,
    servers: { a: { ...server, baseUrl: "http://127.0.0.1:2" } },
    path: "/y",
    secrets: [],
  };
  expect(changedKeys(before, before)).toEqual([]);
  expect(changedKeys(before, { ...before, path: "/z", secrets: ["two"] })).toEqual([]);
  expect(changedKeys(before, after)).toEqual(["servers.a.baseUrl", "servers.b"]);
});

describe("a file is followed", () => {
  it.each([
    ["written over", () => writeFileSync(file, "second")],
    [
      "put in its place by a rename, as editors do",
      () => {
        writeFileSync(`${file}.new`, "other");
        renameSync(`${file}.new`, file);
      },
    ],
    ["deleted", () => rmSync(file)],
  ])("that is %s", async (_, change) => {
    writeFileSync(file, "first");
    let changes = 0;
    const end = watchFileAt(file, () => changes++, 50);
    await sleep(150);
    expect(changes).toBe(0);
    change();
    await until(() => changes === 1);
    end();
  });

  it("that comes into being, and once only where it is written in steps", async () => {
    let changes = 0;
    const end = watchFileAt(file, () => changes++, 50);
    await sleep(150);
    for (const text of ["a", "ab", "abc"]) {
      writeFileSync(file, text);
      await sleep(60);
    }
    await until(() => changes > 0);
    await sleep(600);
    expect(changes).toBe(1);
    end();
    writeFileSync(file, "nobody listens");
    await sleep(600);
    expect(changes).toBe(1);
  });
});

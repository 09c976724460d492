import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Config, loadConfig } from "../src/config.ts";
import { ClutchError } from "../src/errors.ts";

let dir: string;
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), "clutch-config-")));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

type Env = Record<string, string>;
const load = (env: Env = {}): Promise<Config> => loadConfig({ env, cwd: dir });
const loadText = async (text: string, env: Env = {}): Promise<Config> => {
  await writeFile(join(dir, "given.json"), text);
  return load({ ...env, CLUTCH_CONFIG: "given.json" });
};
const loadObject = (config: unknown, env: Env = {}): Promise<Config> => loadText(JSON.stringify(config), env);
const problemOf = async (loading: Promise<Config>): Promise<ClutchError> => {
  const thrown = await loading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof ClutchError) return thrown;
  throw new Error("it was accepted", { cause: thrown });
};
const wordsOf = ({ message, hint }: ClutchError): string => `${message} ${hint}`;

const SECRET = "s3cr3t-of-the-test";
const FINGERPRINT = "ab".repeat(32);

describe("which file is read", () => {
  it("without any, every default applies", async () => {
    expect(await load()).toEqual({
      path: undefined,
      secrets: [],
      plainSecrets: [],
      store: "sqlite:./clutch.db",
      servers: {},
      trustedLocal: [],
      platforms: {},
      wall: {
        listen: "127.0.0.1:3128",
        allow: ["discord.com", "discord.gg", "discordapp.com", "slack.com"],
        local: [],
      },
      http: { listen: "127.0.0.1:8377", hosts: [] },
      audit: { retentionDays: 365 },
      usage: { retentionDays: 400, alerts: { idlePerDay: 1 } },
      bench: { askAbove: 0.5, suites: [] },
      access: { owners: [], operators: [], viewers: ["*"] },
    });
  });

  it("clutch.config.json of the working directory, also where CLUTCH_CONFIG is empty", async () => {
    const cwd = join(dir, "work");
    await mkdir(cwd);
    await writeFile(join(cwd, "clutch.config.json"), `{ "store": "sqlite:./here.db" }`);
    for (const env of [{}, { CLUTCH_CONFIG: "" }]) {
      const config = await loadConfig({ env, cwd });
      expect(config).toMatchObject({ store: "sqlite:./here.db", path: join(cwd, "clutch.config.json") });
    }
  });

  it("the one that CLUTCH_CONFIG names instead, absolute or from the working directory", async () => {
    const file = join(dir, "named.json");
    await writeFile(file, `{ "store": "sqlite:./named.db" }`);
    for (const CLUTCH_CONFIG of [file, "named.json", "./named.json"]) {
      expect(await load({ CLUTCH_CONFIG })).toMatchObject({ store: "sqlite:./named.db", path: file });
    }
  });

  it("one that is named and missing is no reason to go on with defaults", async () => {
    const problem = await problemOf(load({ CLUTCH_CONFIG: "missing.json" }));
    expect(problem).toMatchObject({ code: "bad_config", isFault: false });
    expect(problem.message).toContain(`${join(dir, "missing.json")} cannot be read (ENOENT)`);
    expect(problem.hint).toContain("CLUTCH_CONFIG");
  });

  // A directory, since for the super-user every file can be read.
  it("one that cannot be read is said, wherever it is", async () => {
    const cwd = join(dir, "odd");
    await mkdir(join(cwd, "clutch.config.json"), { recursive: true });
    for (const env of [{}, { CLUTCH_CONFIG: "clutch.config.json" }]) {
      const problem = await problemOf(loadConfig({ env, cwd }));
      expect(problem).toMatchObject({
        code: "bad_config",
        message: expect.stringContaining("cannot be read (EISDIR)"),
      });
    }
  });
});

describe("what it may hold", () => {
  it("every key", async () => {
    const config = {
      $schema: "https://example.org/clutch.schema.json",
      gateway: { url: "wss://gateway.example:18789", token: "plain-token", tlsFingerprint: FINGERPRINT },
      store: "sqlite:/var/lib/clutch/clutch.db",
      servers: {
        ollama: { kind: "ollama", baseUrl: "http://127.0.0.1:11434" },
        anthropic: { kind: "anthropic", baseUrl: "https://api.anthropic.com", apiKey: "plain-key" },
      },
      trustedLocal: ["lmstudio"],
      platforms: { matrix: { homeserver: "https://matrix.example.org" } },
      wall: { listen: "127.0.0.1:3199", allow: ["example.org"], local: ["box:11434"] },
      http: { listen: false, hosts: ["clutch"] },
      audit: { retentionDays: 0 },
      bench: { askAbove: 2, suites: ["mine.yaml"] },
      usage: {
        baseline: "anthropic/claude-sonnet-5",
        electricity: { watts: 130, pricePerKWh: 0.15, currency: "EUR" },
        timeZone: "Europe/Berlin",
        retentionDays: 30,
        alerts: { place: "discord:123", idlePerDay: 0.5 },
      },
      access: { owners: ["discord:1", "slack:U1"], operators: ["discord:role:2"], viewers: [] },
    };
    const loaded = await loadObject(config);
    expect(loaded).toEqual({
      ...config,
      path: join(dir, "given.json"),
      plainSecrets: ["gateway.token", "servers.anthropic.apiKey"],
      secrets: ["plain-token", "plain-key"],
    });
  });

  it("comments, trailing commas, bare keys", async () => {
    const text = `// mine
      {
        /* where
           it is */
        gateway: { url: 'ws://127.0.0.1:18789', },
        "access": { owners: ["discord:1",] },
      }`;
    expect(await loadText(text)).toMatchObject({
      gateway: { url: "ws://127.0.0.1:18789" },
      access: { owners: ["discord:1"], operators: [], viewers: ["*"] },
    });
  });

  it.each([
    [{ gatway: {} }, "“gatway” is no key"],
    [{ gateway: { url: "ws://h", tokn: SECRET } }, "“gateway.tokn” is no key"],
    [{ servers: { ollama: { kind: "ollama", baseUrl: "http://h", key: SECRET } } }, "“servers.ollama.key” is no key"],
    [{ access: { admins: [], users: [] } }, "“access.admins, access.users” is no key"],
    [{ gateway: {} }, "“gateway.url” is wrong"],
    [{ gateway: SECRET }, "“gateway” is wrong"],
    [{ gateway: { url: "" } }, "“gateway.url” is wrong"],
    [{ gateway: { url: "ws://h", token: "" } }, "“gateway.token” is wrong"],
    [{ gateway: { url: "ws://h", token: [SECRET] } }, "“gateway.token” is wrong"],
    [{ gateway: { url: "wss://h", tlsFingerprint: SECRET } }, "“gateway.tlsFingerprint” is wrong: a SHA-256"],
    [{ store: 1 }, "“store” is wrong"],
    [{ http: { listen: true } }, "“http.listen” is wrong: it is written HOST:PORT"],
    [{ http: { listen: "8377" } }, "“http.listen” is wrong: it is written HOST:PORT"],
    [{ http: { listen: "127.0.0.1:99999" } }, "“http.listen” is wrong: it is written HOST:PORT"],
    [{ servers: [] }, "“servers” is wrong"],
    [{ servers: { x: { kind: "", baseUrl: "http://h" } } }, "“servers.x.kind” is wrong"],
    [{ servers: { x: { kind: "ollama" } } }, "“servers.x.baseUrl” is wrong: an address looks like http"],
    [{ servers: { x: { kind: "ollama", baseUrl: "localhost:11434" } } }, "“servers.x.baseUrl” is wrong"],
    [{ servers: { x: { kind: "ollama", baseUrl: `ftp://u:${SECRET}@h` } } }, "“servers.x.baseUrl” is wrong"],
    [{ trustedLocal: "lmstudio" }, "“trustedLocal” is wrong"],
    [{ audit: { retentionDays: -1 } }, "“audit.retentionDays” is wrong"],
    [{ access: { owners: ["tom"] } }, "“access.owners.0” is wrong: it is written PLATFORM:ID"],
    [{ access: { viewers: ["*", "discord: 1"] } }, "“access.viewers.1” is wrong"],
    [[], "the whole is wrong: invalid input: expected object, received array"],
    [null, "the whole is wrong"],
  ])("%j is refused: %s", async (config, says) => {
    const problem = await problemOf(loadObject(config));
    expect(problem).toMatchObject({ code: "bad_config", isFault: false });
    expect(problem.message).toContain(`${join(dir, "given.json")}: ${says}`);
    expect(wordsOf(problem)).not.toContain(SECRET);
  });

  it.each([
    ["", "end of input"],
    [`{ "gateway": { "token": "${SECRET}" `, "end of input"],
    [`{ "gateway": { "token": ${SECRET} } }`, "1:25"],
    [`{ "gateway": { "token": "${SECRET}"; } }`, "1:45"],
  ])("%s is no JSON, and the place is named", async (text, says) => {
    const problem = await problemOf(loadText(text));
    expect(problem).toMatchObject({ code: "bad_config", message: expect.stringContaining(says) });
    expect(wordsOf(problem)).not.toContain(SECRET);
  });
});

describe("secrets", () => {
  const withToken = (token: string) => ({ gateway: { url: "ws://127.0.0.1:18789", token } });
  const withKey = (apiKey: string) => ({ servers: { a: { kind: "anthropic", baseUrl: "https://h", apiKey } } });

  it("env:NAME comes from the environment, and is known as a secret", async () => {
    const config = { ...withToken("env:MY_TOKEN"), ...withKey("env:MY_KEY") };
    expect(await loadObject(config, { MY_TOKEN: SECRET, MY_KEY: `${SECRET}-2` })).toMatchObject({
      gateway: { token: SECRET },
      servers: { a: { apiKey: `${SECRET}-2` } },
      secrets: [SECRET, `${SECRET}-2`],
    });
  });

  it("file:PATH comes from the file, absolute or from the working directory, without white space around it", async () => {
    await writeFile(join(dir, "token.txt"), `  ${SECRET}\n`);
    for (const path of ["token.txt", "./token.txt", join(dir, "token.txt")]) {
      expect(await loadObject(withToken(`file:${path}`))).toMatchObject({
        gateway: { token: SECRET },
        secrets: [SECRET],
      });
    }
  });

  it.each([
    {
      config: withToken("env:MY_TOKEN"),
      env: {},
      says: "“gateway.token” is to come from the environment variable MY_TOKEN",
    },
    { config: withToken("env:MY_TOKEN"), env: { MY_TOKEN: "" }, says: "which is not set" },
    {
      config: withKey("env:MY_KEY"),
      env: {},
      says: "“servers.a.apiKey” is to come from the environment variable MY_KEY",
    },
    { config: withToken(`env:${SECRET}`), env: {}, says: "“gateway.token” begins with env:, but no name" },
    { config: withToken("env:"), env: {}, says: "no name of a variable follows" },
    { config: withToken("file:none.txt"), env: {}, says: "none.txt, which cannot be read (ENOENT)" },
    { config: withKey("file:none.txt"), env: {}, says: "“servers.a.apiKey” is to come from" },
    { config: withToken("file:blank.txt"), env: {}, says: "blank.txt, which is empty" },
  ])("$config with $env: $says", async ({ config, env, says }) => {
    await writeFile(join(dir, "blank.txt"), " \n");
    const problem = await problemOf(loadObject(config, env));
    expect(problem).toMatchObject({ code: "bad_config", isFault: false });
    expect(problem.message).toContain(says);
    expect(problem.hint).not.toBe("");
    expect(wordsOf(problem)).not.toContain(SECRET);
  });

  it("of two, the one that is there is not told when the other is missing", async () => {
    const config = { ...withToken("env:MY_TOKEN"), ...withKey("env:MISSING") };
    const problem = await problemOf(loadObject(config, { MY_TOKEN: SECRET }));
    expect(problem.message).toContain("MISSING");
    expect(wordsOf(problem)).not.toContain(SECRET);
  });
});

import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type GuardOptions, guardInstall, guardRemove, guardStatus } from "../../src/cli/guard.ts";
import type { ExitCode, Runtime } from "../../src/cli/runtime.ts";
import { createGuardFiles, type GuardFiles } from "../../src/guard/guard-files.ts";
import { createGuardInstaller } from "../../src/guard/guard-installer.ts";
import { CANARY } from "../../src/models/canary.ts";
import { createPlugins } from "../../src/openclaw/plugins.ts";
import { type Scratch, withScratchSession } from "../../src/openclaw/scratch-session.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, SONNET, startLab } from "./harness.ts";

// The tests build on each other: the guard comes, changes, loses its files, and goes.

let lab: Lab;
let clutch: AttachedClutch;
let directory: string;
let files: GuardFiles;
/** What the file says before the guard comes, byte for byte. */
let original: string;
/** An OpenClaw before 2026.9.5, which loads plugins at its start and never after. */
let restarts: boolean;
const KEY = "agent:main:discord:channel:6001";

interface Shown {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** A subcommand as `main.ts` calls it, with a home of its own. */
async function cli(
  command: (options: GuardOptions, runtime: Runtime) => Promise<ExitCode>,
  options: GuardOptions = {},
): Promise<Shown> {
  const printed = { out: "", err: "" };
  const into = (name: "out" | "err") =>
    new Writable({
      write(chunk, _, done) {
        printed[name] += String(chunk);
        done();
      },
    });
  const code = await command(options, {
    env: {
      XDG_STATE_HOME: join(lab.dir, "state"),
      CLUTCH_CONFIG: join(lab.dir, "clutch.config.json"),
      TOKEN: lab.gateway.token,
      NO_COLOR: "1",
    },
    cwd: lab.dir,
    home: lab.dir,
    stdin: new PassThrough(),
    stdout: into("out"),
    stderr: into("err"),
    fetch: globalThis.fetch,
    clock: Date.now,
    signal: new AbortController().signal,
  });
  return { code, ...printed };
}

const configFile = (): string => readFileSync(join(lab.dir, "gateway", "openclaw.json"), "utf8");
const rules = () => {
  const baseUrl = lab.ollama.url;
  return { models: [QWEN, LLAMA].map((ref) => ({ ...split(ref), baseUrl, ollama: true })), order: {}, tools: [] };
};
const split = (ref: string) => ({ provider: ref.split("/")[0] ?? "", model: ref.split("/")[1] ?? "" });
const status = async () => {
  const found = await clutch.app.guard.status();
  if (found === undefined) throw new Error("the guard does not answer");
  return found;
};
const json = ({ out }: Shown) => JSON.parse(out);

const BASIC = "Basic dXNlcjpwdw==";
let door: Server;
let behindDoor: string;
const doorUrl = () => `http://127.0.0.1:${(door.address() as AddressInfo).port}`;

/** Lets through to Ollama who knows the password. */
const openDoor: Parameters<typeof createServer>[1] = (asked, response) => {
  if (asked.headers.authorization !== BASIC) return void response.writeHead(401).end();
  const onward = request(new URL(asked.url ?? "/", behindDoor), { method: asked.method ?? "GET" }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  asked.pipe(onward);
};

beforeAll(async () => {
  door = createServer(openDoor).listen(0, "127.0.0.1");
  await once(door, "listening");
  lab = await startLab((config) => {
    const { providers } = (config as { models: { providers: Record<string, { baseUrl: string }> } }).models;
    behindDoor = providers["ollama"]?.baseUrl ?? "";
    providers["doored"] = { ...providers["ollama"], baseUrl: doorUrl(), headers: { Authorization: BASIC } } as never;
    return config;
  });
  clutch = await lab.attach();
  restarts = createPlugins(clutch.app.connection).restarts();
  directory = join(lab.dir, "state", "clutch", "guard");
  files = createGuardFiles(directory);
  const gateway = { url: lab.gateway.url, token: "env:TOKEN" };
  const store = `sqlite:${join(lab.dir, "cli.db")}`;
  writeFileSync(join(lab.dir, "clutch.config.json"), JSON.stringify({ gateway, store }));
  // With its first change OpenClaw writes its own version into the file.
  for (const tools of [{ web: { search: { enabled: false } } }, null]) {
    const { hash } = await clutch.app.openclaw.readConfig();
    await clutch.app.openclaw.patchConfig({ tools }, hash);
  }
  original = configFile();
});
afterAll(async () => {
  door?.close();
  await lab?.stop();
});

it("shows first, and without a yes changes nothing", async () => {
  const shown = await cli(guardInstall);
  expect(shown).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  expect(shown.out).toContain(`New: ${files.path}`);
  expect(shown.out).toContain("plugins.entries.clutch-guard.hooks.allowConversationAccess: unset -> true");
  expect(shown.out.includes("OpenClaw restarts for it")).toBe(restarts);
  expect(configFile()).toBe(original);
  expect(existsSync(directory)).toBe(false);
  expect((await cli(guardStatus)).code).toBe(1);
});

it("puts everything back where the gateway does not see the files", async () => {
  const unseen: GuardFiles = { ...files, path: "/nowhere/guard/plugin" };
  const { changes, openclaw, guard, connection } = clutch.app;
  const installer = createGuardInstaller({
    changes,
    openclaw,
    guard,
    plugins: createPlugins(connection),
    withScratchSession: (request, work) => withScratchSession(connection, request, work),
    files: unseen,
    directory,
    freePort: async () => 28_001,
    patienceMs: 1_000,
  });
  await expect(installer.install("terminal:test")).rejects.toMatchObject({
    code: "not_verified",
    message: expect.stringMatching(
      restarts
        ? /does not find \/nowhere.*would not start again.*as it was/s
        : /does not run the guard.*Configured plugin load path is unavailable.*as it was/s,
    ),
    hint: expect.stringContaining("container"),
  });
  expect(configFile()).toBe(original);
  expect(files.look()).toBe("absent");
});

it("goes into the running gateway, is proved by a turn, and leaves nothing of that behind", async () => {
  const before = await clutch.call("sessions.list", { limit: 100 });
  const shown = await cli(guardInstall, { yes: true, json: true });
  expect(json(shown)).toMatchObject({
    ok: true,
    done: { wrote: true, restarted: restarts, canary: "passed" },
    error: null,
  });
  expect(shown.code).toBe(0);
  const { canary, state, heard } = await status();
  expect({ ...canary, on: state.on }).toEqual({ port: expect.any(Number), hits: 1, listening: true, on: false });
  expect(heard).toEqual({ modelResolve: 1, agentReply: 1, agentRun: 1 });
  expect(lab.anthropic.chats).toEqual([]);
  expect(lab.ollama.chats).toEqual([]);
  expect(await clutch.call("sessions.list", { limit: 100 })).toMatchObject({
    sessions: (before as { sessions: unknown[] }).sessions,
  });

  // Once more: nothing to write.
  const [config, version] = [configFile(), readlinkSync(files.path)];
  const again = json(await cli(guardInstall, { yes: true, json: true }));
  expect(again).toMatchObject({ ok: true, plan: { copy: "same", config: [] }, done: { wrote: false, config: [] } });
  expect([configFile(), readlinkSync(files.path)]).toEqual([config, version]);
  const well = await cli(guardStatus, { json: true });
  expect(well.code).toBe(0);
  expect(json(well)).toMatchObject({ ok: true, report: { copy: "same", problems: [] } });
});

it("deletes a scratch session whatever happens in it", async () => {
  const request = { agentId: "main", model: CANARY };
  let seen: Scratch | undefined;
  const broken = withScratchSession(clutch.app.connection, request, async (scratch) => {
    seen = scratch;
    expect(await clutch.app.openclaw.readSession(scratch.key)).toBeDefined();
    throw new Error("broken");
  });
  await expect(broken).rejects.toThrow("broken");
  expect(await clutch.app.openclaw.readSession(seen?.key ?? "")).toBeUndefined();

  const cut = new AbortController();
  const running = withScratchSession(clutch.app.connection, { ...request, signal: cut.signal }, async (scratch) => {
    seen = scratch;
    setTimeout(() => cut.abort(), 50);
    await scratch.say("Say nothing.");
    await scratch.say("Say nothing again.");
  });
  await expect(running).rejects.toMatchObject({ name: "ClutchError" });
  expect(await clutch.app.openclaw.readSession(seen?.key ?? "")).toBeUndefined();
});

it("redirects turns while it is on, and no longer when it is off", async () => {
  expect(await clutch.say(KEY, "hello")).toMatch(/^claude-sonnet-5 answers/);
  await clutch.app.guard.on("one", rules());
  expect(await clutch.say(KEY, "hello")).toMatch(/^qwen2.5-coder:32b answers/);
  await clutch.app.guard.off("one");
  expect(await clutch.say(KEY, "hello")).toMatch(/^claude-sonnet-5 answers/);
});

it("asks an Ollama behind a password with what OpenClaw itself sends there", async () => {
  const models = [{ ...split(QWEN), provider: "doored", baseUrl: doorUrl(), ollama: true }];
  await clutch.app.guard.on("door", { models, order: {}, tools: [] });
  expect(await clutch.say(KEY, "hello")).toMatch(/^qwen2.5-coder:32b answers/);
  expect(JSON.stringify(await clutch.call("clutch.guard.status", {}))).not.toContain(BASIC);
  expect(readFileSync(join(directory, "guard.json"), "utf8")).not.toContain(BASIC);
  await clutch.app.guard.off("door");
});

it("is updated while it is on, and no turn in between reaches the cloud", async () => {
  // An older guard, which answers with a mark of its own.
  const older = join(lab.dir, "older");
  mkdirSync(older);
  cpSync(files.source, join(older, "guard"), { recursive: true });
  const index = join(older, "guard", "index.js");
  writeFileSync(index, readFileSync(index, "utf8").replace("protocol: PROTOCOL,", "protocol: PROTOCOL, older: true,"));
  createGuardFiles(directory, older).write();
  await createPlugins(clutch.app.connection).reload("clutch-guard");
  expect(await clutch.call("clutch.guard.status", {})).toMatchObject({ older: true });
  expect(json(await cli(guardStatus, { json: true })).report).toMatchObject({ copy: "different" });
  await clutch.app.guard.on("update", rules());
  await clutch.app.guard.keep([KEY], "here");

  const cloud = lab.anthropic.chats.length;
  const answers: string[] = [];
  const done = new AbortController();
  const talking = ["6002", "6003", "6004"].map(async (channel) => {
    // Turns hold a restart up, and one that begins a moment too late is refused.
    const say = () => clutch.say(`agent:main:discord:channel:${channel}`, "and now?");
    while (!done.signal.aborted && (!restarts || answers.length < 9))
      answers.push(await (restarts ? say().catch(() => "") : say()));
  });
  const shown = json(await cli(guardInstall, { yes: true, json: true }));
  done.abort();
  await Promise.all(talking);

  expect(shown).toMatchObject({ ok: true, done: { wrote: true, config: [], canary: "stopped" } });
  expect(await clutch.call("clutch.guard.status", {})).not.toHaveProperty("older");
  expect((await status()).state).toMatchObject({ on: true, id: "update", kept: { [KEY]: { why: "here" } } });
  expect((await status()).escapes).toEqual([]);
  expect(lab.anthropic.chats.length).toBe(cloud);
  // A turn that is just being prepared fails.
  expect(answers.filter((answer) => answer !== "" && !/^qwen2.5-coder:32b answers/.test(answer))).toEqual([]);
  expect(answers.length).toBeGreaterThan(0);
  expect(await clutch.say(KEY, "after the update")).toMatch(/^qwen2.5-coder:32b answers/);
});

it("guards the first turn after a restart", async () => {
  const cloud = lab.anthropic.chats.length;
  await lab.gateway.restart();
  expect(await clutch.say("agent:main:discord:channel:6005", "good morning")).toMatch(/^qwen2.5-coder:32b answers/);
  expect(lab.anthropic.chats.length).toBe(cloud);
  expect((await status()).state).toMatchObject({ on: true, id: "update" });
});

it("is missed where its files are gone, and mended by another install", async () => {
  rmSync(files.path);
  const next = restarts ? "would not start again" : "would start without it";
  expect(await cli(guardStatus)).toMatchObject({ code: 1, out: expect.stringContaining(next) });
  if (restarts) {
    await expect(lab.gateway.restart()).rejects.toThrow(/plugin path not found/);
    files.write();
    await lab.gateway.restart();
    rmSync(files.path);
    expect(json(await cli(guardInstall, { yes: true, json: true }))).toMatchObject({
      ok: true,
      done: { wrote: true, restarted: true, canary: "stopped" },
    });
    expect((await status()).state).toMatchObject({ on: true, id: "update" });
    return;
  }
  await lab.gateway.restart();
  const gone = await cli(guardStatus, { json: true });
  expect(gone.code).toBe(1);
  expect(json(gone)).toMatchObject({ ok: false, report: { copy: "absent", problems: [expect.any(String)] } });
  expect(json(gone).report.guard).toBeUndefined();
  expect(await clutch.app.guard.status()).toBeUndefined();

  expect(json(await cli(guardInstall, { yes: true, json: true }))).toMatchObject({
    ok: true,
    done: { wrote: true, canary: "stopped" },
  });
  expect((await status()).state).toMatchObject({ on: true, id: "update" });
  expect(await clutch.say("agent:main:discord:channel:6006", "hello")).toMatch(/^qwen2.5-coder:32b answers/);
});

it("is not removed while it keeps anything local, and then goes without a trace", async () => {
  expect(await cli(guardRemove, { yes: true })).toMatchObject({ code: 2, err: expect.stringContaining("is on") });
  await clutch.app.guard.off("update");
  expect(await cli(guardRemove, { yes: true })).toMatchObject({ code: 2, err: expect.stringContaining("release") });
  await clutch.app.guard.release([KEY]);
  const unsaid = await cli(guardRemove);
  expect(unsaid).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  expect(unsaid.err.includes("OpenClaw restarts for it")).toBe(restarts);

  if (!restarts) {
    // OpenClaw once started without the files, and lets nobody change the guard's settings until it started with them.
    expect(await cli(guardRemove, { yes: true })).toMatchObject({ code: 2, err: expect.stringContaining("restart") });
    await lab.gateway.restart();
  }
  expect(await cli(guardRemove, { yes: true })).toMatchObject({ code: 0, err: "" });
  expect(configFile()).toBe(original);
  expect(existsSync(directory)).toBe(false);
  expect(await clutch.app.guard.status()).toBeUndefined();
  expect(await clutch.say(KEY, "hello")).toMatch(/^claude-sonnet-5 answers/);
});

it("says that nothing can be proved where OpenClaw lets nobody choose the canary", async () => {
  const patch = async (modelPolicy: unknown) => {
    const { hash } = await clutch.app.openclaw.readConfig();
    await clutch.app.openclaw.patchConfig({ agents: { defaults: { modelPolicy } } }, hash, [
      "agents.defaults.modelPolicy.allow",
    ]);
  };
  await patch({ allow: [SONNET, QWEN] });
  expect(json(await cli(guardInstall, { yes: true, json: true })).done).toMatchObject({ canary: "not allowed" });
  expect(await cli(guardRemove, { yes: true })).toMatchObject({ code: 0 });
  await patch(null);
  expect(configFile()).toBe(original);
});

it("is removed from a configuration whose files are gone, by a Clutch that remembers nothing", async () => {
  expect((await cli(guardInstall, { yes: true })).code).toBe(0);
  rmSync(directory, { recursive: true });
  rmSync(join(lab.dir, "cli.db"));
  expect(await cli(guardRemove, { yes: true })).toMatchObject({ code: 0, err: "" });
  expect(configFile()).toBe(original);
  expect(existsSync(directory)).toBe(false);
});

it("is removed from an OpenClaw that started with it and allows every plugin", async () => {
  await allowEveryPlugin();
  const before = configFile();
  expect((await cli(guardInstall, { yes: true })).code).toBe(0);
  await lab.gateway.restart();
  expect(await cli(guardRemove, { yes: true })).toMatchObject({ code: 0, err: "" });
  expect(configFile()).toBe(before);
  expect(await clutch.app.guard.status()).toBeUndefined();
});

async function allowEveryPlugin(): Promise<void> {
  const { hash } = await clutch.app.openclaw.readConfig();
  await clutch.app.openclaw.patchConfig({ plugins: { allow: null } }, hash, ["plugins.allow"]);
}

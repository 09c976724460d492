import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type DoctorOptions, doctor } from "../../src/cli/doctor.ts";
import { type GuardOptions, guardInstall } from "../../src/cli/guard.ts";
import type { ExitCode, Runtime } from "../../src/cli/runtime.ts";
import type { Checked } from "../../src/doctor/doctor.ts";
import { createGuardFiles } from "../../src/guard/guard-files.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { openStore } from "../../src/store/open-store.ts";
import { createWall, type Wall } from "../../src/wall/wall.ts";
import { type Lab, QWEN, startLab } from "./harness.ts";

// The tests build on each other: what is set up is broken, one part after another.

let lab: Lab;
let wall: Wall;
const state = { dir: "" };
const stateDirectory = () => join(state.dir, "state", "clutch");

async function cli<Options>(
  command: (options: Options, runtime: Runtime) => Promise<ExitCode>,
  options: Options,
): Promise<{ code: ExitCode; out: string; err: string }> {
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
      XDG_STATE_HOME: join(state.dir, "state"),
      CLUTCH_CONFIG: join(state.dir, "clutch.config.json"),
      TOKEN: lab.gateway.token,
      NO_COLOR: "1",
      OLLAMA_HOST: "127.0.0.1:1",
    },
    cwd: state.dir,
    home: state.dir,
    stdin: new PassThrough(),
    stdout: into("out"),
    stderr: into("err"),
    fetch: globalThis.fetch,
    clock: Date.now,
    signal: new AbortController().signal,
  });
  return { code, ...printed };
}

async function look(options: DoctorOptions = {}) {
  const { code, out, err } = await cli(doctor, { json: true, ...options });
  expect(err).toBe("");
  expect(out).not.toContain(lab.gateway.token);
  const { ok, checks, error }: { ok: boolean; checks: readonly Checked[]; error: unknown } = JSON.parse(out);
  const broken = checks.filter((one) => one.state === "broken").map(({ part, name }) => `${part}: ${name}`);
  return { code, ok, error, broken, find: (name: string) => checks.find((one) => `${one.part}: ${one.name}` === name) };
}

const configure = (more: object = {}): void => {
  const gateway = { url: lab.gateway.url, token: "env:TOKEN" };
  const servers = { ollama: { kind: "ollama", baseUrl: lab.ollama.url } };
  const store = `sqlite:${join(state.dir, "clutch.db")}`;
  writeFileSync(join(state.dir, "clutch.config.json"), JSON.stringify({ gateway, store, servers, ...more }));
};

beforeAll(async () => {
  state.dir = mkdtempSync(join(tmpdir(), "clutch-doctor-"));
  wall = await createWall({
    listen: { host: "127.0.0.1", port: 0 },
    directory: stateDirectory(),
    rules: { allow: [], local: [] },
    resolve: async () => [],
    clock: Date.now,
    logger: pino({ level: "silent" }),
  });
  // Loopback goes past it, so the gateway can do without it as well.
  lab = await startLab((config) => ({
    ...config,
    proxy: { enabled: true, proxyUrl: `http://${wall.status().listen}` },
  }));
  configure();
});
afterAll(async () => {
  await wall?.stop();
  await lab?.stop();
  if (state.dir !== "") rmSync(state.dir, { recursive: true, force: true });
});

it("finds nothing broken, says what is not there, and changes nothing", async () => {
  const { code, ok, error, broken, find } = await look();
  expect({ code, ok, error, broken }).toEqual({ code: 0, ok: true, error: null, broken: [] });
  for (const name of [
    "gateway: Reachable",
    "gateway: Version",
    "gateway: Rights",
    "gateway: Reach of a switch",
    "gateway: Speed",
    "clock: Same as the gateway's",
    "models: Defaults and fallbacks",
    "model servers: ollama",
    "model servers: Windows of local models",
    "locality: Local or cloud",
    "prices: Models in use",
    "local-only: Mode",
    "wall: Proxy",
  ]) {
    expect(find(name), name).toMatchObject({ state: "ok" });
  }
  expect(find("guard: Installed")).toMatchObject({
    state: "skipped",
    remedy: expect.stringContaining("clutch guard install"),
  });
  expect(find("store: Database")?.found).toContain("none yet");
});

it("as text it is a page by part, with the verdict last", async () => {
  const { code, out } = await cli(doctor, {});
  expect(code).toBe(0);
  expect(out).toMatch(/^Clutch\n {2}✓ Node/);
  expect(out.trimEnd().split("\n").at(-1)).toMatch(/^(✓ All is well|! It works)/);
});

it("sees the guard at work once it is there, through a turn on its canary", async () => {
  await openStore(`sqlite:${join(state.dir, "clutch.db")}`, { clock: Date.now }).then((store) => store.close());
  expect((await cli<GuardOptions>(guardInstall, { yes: true })).code).toBe(0);
  const { code, find } = await look();
  expect(code).toBe(0);
  expect(find("guard: Installed")).toMatchObject({ state: "ok" });
  expect(find("guard: Asked about turns")).toMatchObject({
    state: "ok",
    found: expect.stringContaining("all of its hooks"),
  });
  expect(find("store: Database")).toMatchObject({ state: "ok", found: expect.stringContaining("up to date") });
});

it("the same is said in a chat, to the owner", async () => {
  const clutch = await lab.attach({}, {}, { stateDirectory: stateDirectory() });
  const { ok, card } = await clutch.run("/clutch doctor", "discord:4001");
  await clutch.close();
  expect(ok).toBe(true);
  expect(card.fields?.find(({ name }) => name === "✓ As it should be")?.value).toMatch(
    /Guard: Installed, Asked about turns/,
  );
});

it("while the guard is on, the turn is stopped at its gate and no model is asked", async () => {
  const clutch = await lab.attach({}, {}, { stateDirectory: stateDirectory() });
  const [model = "", provider = ""] = QWEN.split("/").toReversed();
  const models = [{ provider, model, baseUrl: lab.ollama.url, ollama: true }];
  await clutch.app.guard.on("lock-of-the-test", { models, order: {}, tools: [] });
  const asked = lab.ollama.chats.length;
  const { find } = await look();
  await clutch.app.guard.off("lock-of-the-test");
  await clutch.close();
  expect(find("guard: Asked about turns")).toMatchObject({
    state: "ok",
    found: expect.stringContaining("was stopped"),
  });
  expect(lab.ollama.chats).toHaveLength(asked);
});

it("the guard's files are gone: broken, with the command that brings them back", async () => {
  const { path } = createGuardFiles(join(stateDirectory(), "guard"));
  rmSync(path, { recursive: true });
  const { code, broken, find } = await look();
  expect({ code, broken }).toEqual({ code: 1, broken: ["guard: Installed"] });
  expect(find("guard: Installed")).toMatchObject({
    found: expect.stringContaining("gone"),
    remedy: "clutch guard install",
  });
  expect((await cli<GuardOptions>(guardInstall, { yes: true })).code).toBe(0);
  expect((await look()).broken).toEqual([]);
});

it("the wall is stopped: broken, since OpenClaw is pointed at it", async () => {
  await wall.stop();
  const { code, broken } = await look();
  expect({ code, broken }).toEqual({ code: 1, broken: ["wall: Proxy"] });
});

it("the canaries of the deep look say that nothing holds while local-only mode is off", async () => {
  const { find } = await look({ deep: true });
  expect(find("local-only: A connection of the gateway")).toMatchObject({ state: "ok" });
});

it("a model server is down, a default is gone from its server: each is named", async () => {
  configure({ servers: { ollama: { kind: "ollama", baseUrl: "http://127.0.0.1:1" } } });
  expect((await look()).find("model servers: ollama")).toMatchObject({
    state: "broken",
    remedy: expect.stringContaining("ollama serve"),
  });
  const empty = await startOllamaStandIn({ models: [], answer: () => ({ text: "" }) });
  configure({ servers: { ollama: { kind: "ollama", baseUrl: empty.url } } });
  const clutch = await lab.attach();
  const { hash } = await clutch.app.openclaw.readConfig();
  await clutch.app.openclaw.patchConfig({ agents: { defaults: { model: { primary: QWEN } } } }, hash);
  await clutch.close();
  const { find } = await look();
  await empty.close();
  expect(find("models: Defaults and fallbacks")).toMatchObject({
    state: "broken",
    found: expect.stringContaining(QWEN),
    remedy: expect.stringContaining("ollama pull"),
  });
});

it("the store is damaged: broken, and everything else is looked at without it", async () => {
  writeFileSync(join(state.dir, "clutch.db"), "Dear diary, ".repeat(2_000));
  configure();
  const { code, find } = await look();
  expect(code).toBe(1);
  expect(find("store: Database")).toMatchObject({ state: "broken" });
  expect(find("gateway: Reachable")).toMatchObject({ state: "ok" });
  expect(find("local-only: Mode")).toMatchObject({ state: "skipped" });
});

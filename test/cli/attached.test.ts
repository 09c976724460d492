import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../gateway/harness.ts";
import { eventually, finished, type Machine, newMachine, type Run } from "./machine.ts";

let lab: Lab;
let machine: Machine;
let host: string;
/** Somebody has talked to the agent here already. */
const MAIN_SESSION = "session:agent:main:main";

const configure = async (name: string, config: Record<string, unknown>): Promise<{ CLUTCH_CONFIG: string }> => {
  const file = join(machine.dir, name);
  await writeFile(file, `// written by a test\n${JSON.stringify(config)}`);
  return { CLUTCH_CONFIG: file };
};
const access = { owners: ["discord:1"], operators: ["discord:2"], viewers: ["discord:3"] };

beforeAll(async () => {
  machine = await newMachine();
  lab = await startLab();
  host = new URL(lab.gateway.url).host;
  const clutch = await lab.attach();
  await clutch.say("agent:main:main", "I keep bees.");
  await clutch.close();
});
afterAll(async () => {
  await machine?.clear();
  await lab?.stop();
});

describe("start with a gateway of the person's own", () => {
  /** Signals it once it is attached, and gives all that was printed. */
  const endedBy = async (run: Run, signal: NodeJS.Signals): Promise<string> => {
    await run.sees("Attached: 3 models, 2 of them local.");
    run.kill(signal);
    expect(await run.ended).toBe(0);
    expect(await machine.processes()).toEqual([]);
    expect(run.stdout() + run.stderr()).not.toContain(lab.gateway.token);
    expect(run.stdout()).not.toContain("\u001b");
    return run.stdout();
  };

  it("named in the configuration: says so, and goes on although its input is closed", async () => {
    const env = await configure("named.json", { gateway: { url: lab.gateway.url, token: "env:MY_TOKEN" } });
    const run = machine.clutch(["start"], { env: { ...env, MY_TOKEN: lab.gateway.token } });
    await run.sees("Attached");
    await sleep(1_500);
    expect((await machine.processes()).map(({ pid }) => pid)).toContain(run.pid);
    const stdout = await endedBy(run, "SIGTERM");
    expect(stdout).toContain(`Gateway ${host}, as ${env.CLUTCH_CONFIG} says.\n`);
    expect(stdout).toContain("No owner is configured, so nobody may change anything from a chat");
    expect(await machine.files()).toEqual([]);
  });

  it("named in the environment", async () => {
    const env = { OPENCLAW_GATEWAY_URL: lab.gateway.url, OPENCLAW_GATEWAY_TOKEN: lab.gateway.token };
    const stdout = await endedBy(machine.clutch(["start"], { env }), "SIGINT");
    expect(stdout).toContain(`Gateway ${host}, as OPENCLAW_GATEWAY_URL says.\n`);
  });

  it("found by the configuration in the home, whose token goes before the environment's as in OpenClaw itself", async () => {
    const folder = join(machine.home, ".openclaw");
    await mkdir(folder);
    const gateway = { port: Number(new URL(lab.gateway.url).port), auth: { token: lab.gateway.token } };
    await writeFile(join(folder, "openclaw.json"), JSON.stringify({ gateway }));
    const env = { OPENCLAW_GATEWAY_TOKEN: "of-another-gateway" };
    const stdout = await endedBy(machine.clutch(["start"], { env }), "SIGTERM");
    expect(stdout).toContain(`Found your OpenClaw: gateway ${host}, configured in ${join(folder, "openclaw.json")}.\n`);
    expect(await machine.files()).toEqual(["home/.openclaw/openclaw.json"]);
  });

  it("not running yet: says that it waits, and attaches when it comes", async () => {
    const relay = createServer((socket) => {
      const { port, hostname } = new URL(lab.gateway.url);
      const through = connect(Number(port), hostname);
      socket.on("error", () => through.destroy()).pipe(through);
      through.on("error", () => socket.destroy()).pipe(socket);
    });
    const listen = (port: number): Promise<number> =>
      new Promise((resolve) => {
        relay.listen(port, "127.0.0.1", () => resolve((relay.address() as AddressInfo).port));
      });
    const port = await listen(0);
    await new Promise((resolve) => relay.close(resolve));

    const url = `ws://127.0.0.1:${port}`;
    const env = await configure("later.json", { gateway: { url, token: lab.gateway.token }, access });
    const run = machine.clutch(["start"], { env });
    await run.sees(`Nothing listens at 127.0.0.1:${port}.`);
    await listen(port);
    const stdout = await endedBy(run, "SIGTERM");
    expect(stdout.match(/Waiting for it/g)?.length).toBe(1);
    expect(stdout).not.toContain("No owner is configured");
    relay.close();
  });

  const pseudo = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true;
  it.skipIf(!pseudo)("ends when the terminal that it runs in is closed (needs `script` of util-linux)", async () => {
    const env = { OPENCLAW_GATEWAY_URL: lab.gateway.url, OPENCLAW_GATEWAY_TOKEN: lab.gateway.token };
    const run = machine.clutchInTerminal(["start"], { env });
    await run.sees("Attached: 3 models, 2 of them local.");
    run.kill("SIGKILL");
    await run.ended;
    expect(await eventually(machine.processes, (left) => left.length === 0)).toEqual([]);
  });

  it("named in the configuration without a token: takes it from OpenClaw's own, where that is the gateway", async () => {
    const env = await configure("tokenless.json", { gateway: { url: lab.gateway.url } });
    await endedBy(machine.clutch(["start"], { env }), "SIGTERM");
  });

  it.each([
    { what: "a wrong token", token: "wrong-token-123456", says: "refuses the token that Clutch sent" },
    { what: "no token", token: undefined, says: "wants a token and Clutch has none" },
  ])("$what: exit code 2, what to do, and never the token", async ({ token, says }) => {
    const gateway = { url: lab.gateway.url, ...(token === undefined ? {} : { token }) };
    // Not the OpenClaw of the home, whose configuration has the token of this very gateway.
    const OPENCLAW_STATE_DIR = join(machine.dir, "no-openclaw");
    const env = { ...(await configure("refused.json", { gateway })), OPENCLAW_STATE_DIR, CLUTCH_LOG: "trace" };
    const { code, stdout, stderr } = await finished(machine.clutch(["start"], { env }));
    expect(code).toBe(2);
    expect(stderr).toContain(`✗ The gateway at ${host} ${says}`);
    expect(stderr).toContain("OPENCLAW_GATEWAY_TOKEN");
    expect(stdout + stderr).not.toContain("wrong-token-123456");
    expect(stdout + stderr).not.toMatch(/^\s+at /m);
  });
});

describe("exec with a gateway of the person's own", () => {
  /** The contract for scripts: one line on stdout and nothing else anywhere. */
  const exec = async (who: string, where: string, ...words: string[]) => {
    const env = await configure("exec.json", { gateway: { url: lab.gateway.url, token: lab.gateway.token }, access });
    const run = machine.clutch(["exec", "--json", "--as", who, "--in", where, ...words], { env });
    const { code, stdout, stderr } = await finished(run);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\{.*\}\n$/);
    const answer = JSON.parse(stdout) as {
      ok: boolean;
      card: { tone: string; title: string; body?: string[]; fields?: { name: string; value: string }[] };
      error: { code: string; message: string; hint: string } | null;
    };
    expect(Object.keys(answer)).toEqual(["ok", "card", "error"]);
    expect(answer.ok).toBe(code === 0);
    if (answer.error !== null) expect(Object.keys(answer.error)).toEqual(["code", "message", "hint"]);
    return { code, ...answer };
  };

  it("shows the model of a conversation", async () => {
    const { code, card, error } = await exec("discord:3", MAIN_SESSION, "/model");
    expect([code, error]).toEqual([0, null]);
    expect(card).toMatchObject({ tone: "info", title: "Claude Sonnet 5" });
  });

  it("switches, and undoes what another run has switched", async () => {
    const there = await exec("discord:2", MAIN_SESSION, "/model coder");
    expect([there.code, there.card.title]).toEqual([0, "Switched to Qwen2.5-Coder 32B"]);
    const back = await exec("discord:2", MAIN_SESSION, "/model undo");
    expect([back.code, back.card.title]).toEqual([0, "Back on the default: Claude Sonnet 5"]);
  });

  it.each([
    { line: "/model qwne2.5", code: "unknown_model", says: "Closest: ollama/qwen2.5-coder:32b" },
    { line: "/model ollama", code: "ambiguous_model", says: "ollama/llama3.1:70b" },
    { line: "/modle qwen", code: "unknown_command", says: "/model" },
    { line: "/model a b", code: "bad_option", says: "/model NAME" },
    { line: "/model undo", who: "discord:3", code: "not_allowed", says: "access" },
    { line: "/model", who: "discord:4", code: "not_allowed", says: "access" },
    { line: "/model llama3.1:70b scope:global", who: "discord:2", code: "not_allowed", says: "owner" },
  ])("$line is refused with $code", async ({ line, who = "discord:2", code, says }) => {
    const answer = await exec(who, MAIN_SESSION, line);
    expect(answer).toMatchObject({ code: 2, ok: false, error: { code }, card: { tone: "error" } });
    expect(`${answer.error?.message} ${answer.error?.hint}`).toContain(says);
  });

  it("asks where a command asks, and takes --yes for the answer", async () => {
    const line = "/model llama3.1:70b scope:global";
    const asked = await exec("discord:1", MAIN_SESSION, line);
    expect(asked).toMatchObject({ code: 2, card: { tone: "warning" }, error: { code: "confirmation_required" } });
    expect(asked.error?.hint).toContain("--yes");
    const before = await exec("discord:3", MAIN_SESSION, "/model");
    expect(before.card.title).toBe("Claude Sonnet 5");

    const done = await exec("discord:1", MAIN_SESSION, "--yes", line);
    expect(done).toMatchObject({ code: 0, card: { title: "The default of all agents is now ollama/llama3.1:70b" } });
    const undone = await exec("discord:1", MAIN_SESSION, "/model undo");
    expect(undone).toMatchObject({ code: 0, card: { tone: "success" } });
  });

  it("a conversation that nobody has begun is opened by --yes only", async () => {
    const asked = await exec("discord:2", "discord:4711", "/model coder");
    expect(asked).toMatchObject({ code: 2, error: { code: "confirmation_required" } });
    const done = await exec("discord:2", "discord:4711", "--yes", "/model coder");
    expect(done).toMatchObject({ code: 0, card: { title: "Switched to Qwen2.5-Coder 32B" } });
  });

  it("without --json prints the card as text, the command given in several words", async () => {
    const env = { CLUTCH_CONFIG: join(machine.dir, "exec.json") };
    const as = ["exec", "--as", "discord:1", "--in", MAIN_SESSION];
    const shown = await finished(machine.clutch([...as, "/model"], { env }));
    expect(shown).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^• Claude Sonnet 5\n/) });
    const asked = await finished(machine.clutch([...as, "/model", "coder", "scope:agent"], { env }));
    expect(asked).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^! .*\?\n[\s\S]*Run it again with --yes\.\n$/),
    });
    expect(shown.stdout + asked.stdout).not.toContain("\u001b");
  });

  it("a token that the gateway refuses is the person's to correct", async () => {
    const token = "wrong-token-123456";
    const env = { ...(await configure("bad.json", { gateway: { url: lab.gateway.url, token } })), CLUTCH_LOG: "trace" };
    const args = ["exec", "--json", "--as", "discord:1", "--in", MAIN_SESSION, "/model"];
    const { code, stdout, stderr } = await finished(machine.clutch(args, { env }));
    expect([code, JSON.parse(stdout).error.code]).toEqual([2, "gateway_auth"]);
    expect(stdout + stderr).not.toContain(token);
  });
});

describe("usage of what was said before Clutch was there", () => {
  const lined = (run: Run) => finished(run).then(({ code, stdout }) => ({ code, ...JSON.parse(stdout) }));

  it("is counted once, and the card says so with the command line", async () => {
    const store = `sqlite:${join(machine.dir, "usage.db")}`;
    const gateway = { url: lab.gateway.url, token: lab.gateway.token };
    const env = await configure("usage.json", { gateway, store, access });
    const answered = [lab.anthropic, lab.ollama].flatMap(({ chats }) => chats).length;
    expect(answered).toBeGreaterThan(0);

    const read = await finished(machine.clutch(["usage", "import"], { env }));
    expect(read).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`✓ ${answered} calls? counted`)) });
    expect(await lined(machine.clutch(["usage", "import", "--json"], { env }))).toMatchObject({
      ...{ code: 0, ok: true, added: 0, completed: 0 },
    });

    const { report } = await lined(machine.clutch(["usage", "--json"], { env }));
    expect(report.figures.all.calls).toBe(answered);
    const as = ["exec", "--as", "discord:1", "--in", MAIN_SESSION, "--json", "/usage scope:all"];
    const { card } = await lined(machine.clutch(as, { env }));
    const { calls } = report.figures.local;
    expect(card.fields).toContainEqual({ name: "Calls", value: `${calls} of ${answered} local` });
  });
});

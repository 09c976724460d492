import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serviceInstall, serviceRemove, serviceStatus } from "../../src/cli/service.ts";
import { clutchVersion } from "../../src/clutch-version.ts";
import { readSecrets, secretsText } from "../../src/service/clutch-unit.ts";
import type { Systemctl } from "../../src/service/user-service.ts";
import { type PersonMachine, personMachine } from "../set-up/person-machine.ts";

let machine: PersonMachine;
let ran: string[];
let hasSystemd: boolean;
/** What `is-active` says. */
let state: string;
beforeEach(() => {
  machine = personMachine();
  ran = [];
  hasSystemd = true;
  state = "active";
});
afterEach(() => machine.clear());

const systemctl: Systemctl = async (words) => {
  if (!hasSystemd) return undefined;
  ran.push(words.join(" "));
  if (words[0] === "is-active") return { ok: state === "active", text: `${state}\n` };
  if (words[0] !== "show") return { ok: true, text: "" };
  const text = `ActiveState=${state}\nSubState=running\nMainPID=77\nNRestarts=2\nUnitFileState=enabled\n`;
  return { ok: true, text };
};
const command = ["/usr/bin/node", "/opt/my clutch/main.js"];
const install = (options: { yes?: boolean; json?: boolean } = {}) =>
  machine.run((runtime) => serviceInstall({ ...options, command }, runtime, systemctl, 0));
const remove = (options: { yes?: boolean } = {}) =>
  machine.run((runtime) => serviceRemove(options, runtime, systemctl));
const status = (json = false) => machine.run((runtime) => serviceStatus({ json }, runtime, systemctl));

const unit = () => join(machine.home, ".config/systemd/user/clutch.service");
const secrets = () => join(machine.home, ".config/clutch/service.env");
const configure = (config: object): void =>
  writeFileSync(
    join(machine.cwd, "clutch.config.json"),
    JSON.stringify({ gateway: { url: "ws://127.0.0.1:18789" }, ...config }),
  );
const TOKEN = 'x"y$z `w` \\ %n';

it("shows first, and writes only with a yes", async () => {
  configure({ discord: { token: "env:DISCORD_TOKEN" } });
  machine.env["DISCORD_TOKEN"] = TOKEN;
  machine.env["OPENCLAW_STATE_DIR"] = "/srv/100% claw";
  const shown = await install();
  expect(shown).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  expect(shown.out).toContain(`New: ${unit()}`);
  expect(shown.out).toContain(`${secrets()} (mode 0600): DISCORD_TOKEN`);
  expect([machine.files(), ran]).toEqual([["work/clutch.config.json"], []]);

  const done = await install({ yes: true });
  expect(done).toMatchObject({ code: 0, err: "" });
  expect(ran).toEqual([
    "show-environment",
    "daemon-reload",
    "enable --now clutch.service",
    "restart clutch.service",
    "is-active clutch.service",
  ]);
  const text = readFileSync(unit(), "utf8");
  expect(text).toContain('ExecStart=/usr/bin/node "/opt/my clutch/main.js" start\n');
  expect(text).toContain(`WorkingDirectory=${machine.cwd}\n`);
  expect(text).toContain(`Environment="CLUTCH_CONFIG=${join(machine.cwd, "clutch.config.json")}"\n`);
  expect(text).toContain('Environment="OPENCLAW_STATE_DIR=/srv/100%% claw"\n');
  expect(text).toContain(`EnvironmentFile=${secrets()}\n`);
  expect([statSync(secrets()).mode & 0o777, statSync(join(secrets(), "..")).mode & 0o777]).toEqual([0o600, 0o700]);
  for (const said of [text, shown.out, done.out]) expect(said).not.toContain(TOKEN);
});

it("once more changes nothing, needs no secret again, and restarts nothing", async () => {
  configure({ discord: { token: "env:DISCORD_TOKEN" } });
  machine.env["DISCORD_TOKEN"] = "t1";
  await install({ yes: true });
  delete machine.env["DISCORD_TOKEN"];
  ran = [];
  expect((await install({ yes: true })).out).toContain("is as it should be");
  expect(ran).not.toContain("restart clutch.service");
  expect(readFileSync(secrets(), "utf8")).toContain('DISCORD_TOKEN="t1"');
});

it("starts again with a new value of a secret, and says whether it has one", async () => {
  configure({ discord: { token: "env:DISCORD_TOKEN" } });
  machine.env["DISCORD_TOKEN"] = "t1";
  await install({ yes: true });
  expect((await install()).out).toContain("DISCORD_TOKEN, as they are there\n");
  ran = [];
  machine.env["DISCORD_TOKEN"] = "t2";
  expect((await install({ yes: true })).out).toContain("DISCORD_TOKEN\n");
  expect(readFileSync(secrets(), "utf8")).toContain('DISCORD_TOKEN="t2"');
  expect(ran).toContain("restart clutch.service");
});

it("starts again where another release wrote the unit", async () => {
  configure({});
  await install({ yes: true });
  const [first = "", ...rest] = readFileSync(unit(), "utf8").split("\n");
  expect(first).toBe(`# Clutch ${clutchVersion()}`);
  writeFileSync(unit(), ["# Clutch 0.0.1", ...rest].join("\n"));
  ran = [];
  await install({ yes: true });
  expect(ran).toContain("restart clutch.service");
});

it("keeps the gateway's token that came from the environment, whichever shell it is installed from again", async () => {
  configure({});
  machine.env["OPENCLAW_GATEWAY_TOKEN"] = "of-the-gateway";
  await install({ yes: true });
  delete machine.env["OPENCLAW_GATEWAY_TOKEN"];
  ran = [];
  await install({ yes: true });
  expect(readFileSync(secrets(), "utf8")).toContain('OPENCLAW_GATEWAY_TOKEN="of-the-gateway"');
  expect(readFileSync(unit(), "utf8")).toContain(`EnvironmentFile=${secrets()}\n`);
  expect(ran).not.toContain("restart clutch.service");
});

describe("refuses", () => {
  it("without a configuration, without a secret that it names, and out of npx's cache", async () => {
    expect(await install({ yes: true })).toMatchObject({ code: 2, err: expect.stringContaining("clutch init") });
    configure({ discord: { token: "env:DISCORD_TOKEN" } });
    expect(await install({ yes: true })).toMatchObject({ code: 2, err: expect.stringContaining("DISCORD_TOKEN") });
    configure({});
    const cached = await machine.run((runtime) =>
      serviceInstall({ yes: true, command: ["node", "/home/a/.npm/_npx/1/main.js"] }, runtime, systemctl),
    );
    expect(cached).toMatchObject({ code: 2, err: expect.stringContaining("npx") });
    expect(existsSync(unit())).toBe(false);
  });

  it("where no gateway is named: before OpenClaw is up it would open the sandbox", async () => {
    configure({ gateway: undefined });
    expect(await install({ yes: true })).toMatchObject({ code: 2, err: expect.stringContaining("names no gateway") });
  });

  it("where there is no systemd, and says what to do", async () => {
    configure({});
    hasSystemd = false;
    expect(await install({ yes: true })).toMatchObject({ code: 2, err: expect.stringContaining("docs/operating.md") });
    expect(existsSync(unit())).toBe(false);
  });
});

it("says where it did not come up", async () => {
  configure({});
  state = "failed";
  expect(await install({ yes: true })).toMatchObject({ code: 1, err: expect.stringContaining("journalctl --user") });
  expect(await status()).toMatchObject({ code: 1, err: expect.stringContaining("failed") });
});

it("tells how it stands, and goes with all of its files", async () => {
  expect(await status()).toMatchObject({ code: 2, err: expect.stringContaining("not installed") });
  expect(await remove({ yes: true })).toMatchObject({ code: 2 });
  configure({ discord: { token: "env:DISCORD_TOKEN" } });
  machine.env["DISCORD_TOKEN"] = "t1";
  await install({ yes: true });
  expect(JSON.parse((await status(true)).out)).toMatchObject({
    ok: true,
    service: { state: "active", pid: 77, restarts: 2, starts: true },
  });
  expect(await remove()).toMatchObject({ code: 2, out: expect.stringContaining(unit()) });
  ran = [];
  expect((await remove({ yes: true })).code).toBe(0);
  expect(ran).toEqual(["disable --now clutch.service", "daemon-reload"]);
  expect(machine.files()).toEqual(["work/clutch.config.json"]);
});

it("writes secrets so that they are read back as they were", () => {
  const text = secretsText({ A: TOKEN, B: "plain" });
  // As a shell reads it, which is how systemd does.
  const shell = spawnSync("sh", ["-c", 'eval "$(cat)"; printf %s "$A"'], { input: text, encoding: "utf8" });
  expect(shell.stdout).toBe(TOKEN);
  expect(readSecrets(text)).toEqual({ A: TOKEN, B: "plain" });
});

const hasVerify = spawnSync("systemd-analyze", ["--version"]).status === 0;
it.skipIf(!hasVerify)("is a unit that systemd accepts", async () => {
  configure({});
  const shown = JSON.parse((await install({ json: true })).out);
  const file = join(machine.dir, "clutch.service");
  writeFileSync(file, shown.plan.unit.after.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
  const env = { ...process.env, XDG_RUNTIME_DIR: machine.dir };
  expect(execFileSync("systemd-analyze", ["verify", "--user", file], { env, stdio: "pipe" }).toString()).toBe("");
});

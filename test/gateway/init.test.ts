import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import JSON5 from "json5";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { finished, type Machine, newMachine } from "../cli/machine.ts";
import { type DiscordStandIn, startDiscord } from "../platforms/discord/discord-stand-in.ts";
import { openSlackStandIn, type SlackStandIn } from "../platforms/slack/slack-stand-in.ts";
import { type AttachedClutch, type Lab, QWEN, startLab } from "./harness.ts";

// The tests build on each other: everything is taken, once more, and taken back.

let lab: Lab;
let machine: Machine;
let discord: DiscordStandIn;
let slack: SlackStandIn;
let clutch: AttachedClutch;
/** What OpenClaw's file says before Clutch comes, byte for byte. */
let original: string;
let env: Record<string, string>;
let config: string;
const OWNER = "discord:123456789012345678";

const formerOpenclaw = (): string => join(machine.home, ".openclaw", "openclaw.json.before-clutch");
const openclawFile = (): string => readFileSync(join(lab.dir, "gateway", "openclaw.json"), "utf8");
/** OpenClaw notes in `meta` when it last wrote. */
const apartFromMeta = (text: string): unknown => ({ ...JSON.parse(text), meta: null });
const run = async (...args: readonly string[]) => finished(machine.clutch(args, { env }));
const json = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await run(...args, "--json");
  return { code, stderr, ...JSON.parse(stdout) };
};

/** Stands for `systemctl --user`, which no machine of tests has: starts what the wall's unit says. */
const SYSTEMCTL = `#!/bin/sh
shift
echo "$@" >> "$HOME/systemctl.log"
case "$1 $3" in
  "enable clutch-wall.service")
    kill -0 "$(cat "$HOME/systemctl.pid" 2>/dev/null)" 2>/dev/null && exit 0
    command=$(sed -n 's/^ExecStart=//p' "$HOME/.config/systemd/user/clutch-wall.service")
    setsid sh -c "echo \\$\\$ > $HOME/systemctl.pid; exec $command" >/dev/null 2>&1 </dev/null & ;;
esac
case "$1 $2" in
  "stop clutch-wall.service")
    kill "$(cat "$HOME/systemctl.pid")"
    while kill -0 "$(cat "$HOME/systemctl.pid")" 2>/dev/null; do sleep 0.1; done ;;
esac
case "$1" in is-active) echo active ;; esac
exit 0
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeAll(async () => {
  [machine, discord, slack] = await Promise.all([newMachine(), startDiscord(), openSlackStandIn()]);
  lab = await startLab((given) => ({ ...given, channels: { discord: { enabled: true, token: "stand-in" } } }));
  writeFileSync(join(lab.dir, "work", "keeper", "SOUL.md"), `---\nmodel: ${QWEN}\n---\n# Soul\n\nMo keeps a light.\n`);
  clutch = await lab.attach();
  // With its first change OpenClaw writes its own version into the file.
  for (const tools of [{ web: { search: { enabled: false } } }, null]) {
    const { hash } = await clutch.app.openclaw.readConfig();
    await clutch.app.openclaw.patchConfig({ tools }, hash);
  }
  original = openclawFile();

  mkdirSync(join(machine.home, ".openclaw"));
  const gateway = { port: Number(new URL(lab.gateway.url).port), auth: { token: lab.gateway.token } };
  writeFileSync(join(machine.home, ".openclaw", "openclaw.json"), `// by hand\n${JSON.stringify({ gateway })}`);
  const bin = join(machine.dir, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "systemctl"), SYSTEMCTL);
  chmodSync(join(bin, "systemctl"), 0o755);
  config = join(machine.cwd, "clutch.config.json");
  writeFileSync(
    config,
    `{\n  // chosen by hand\n  "wall": { "listen": "127.0.0.1:${await freePort()}" }, // free\n}\n`,
  );
  chmodSync(config, 0o644);
  env = {
    PATH: `${bin}:/usr/bin:/bin`,
    DISCORD_TOKEN: discord.token,
    BOT: slack.app.botToken,
    APP: slack.app.appToken,
    OLLAMA_HOST: lab.ollama.url.replace("http://", ""),
  };
});
afterAll(async () => {
  await machine?.clear();
  await lab?.stop();
  await discord?.close();
  await slack?.close();
});

const everything = (): string[] => [
  ...["--owner", OWNER, "--discord-token", "env:DISCORD_TOKEN", "--discord-api", discord.apiUrl],
  ...[
    "--discord-guild",
    discord.world.guildIds[0] ?? "",
    "--slack-bot-token",
    "env:BOT",
    "--slack-app-token",
    "env:APP",
  ],
  ...["--slack-api", slack.apiUrl, "--guard", "--wall", "--helpers", QWEN, "--souls", "--hide-commands"],
];

it("shows everything, and without a yes changes nothing", async () => {
  const before = readFileSync(config, "utf8");
  const shown = await run("init", ...everything());
  expect(shown.code).toBe(2);
  expect(shown.stderr).toContain("--yes");
  for (const line of [
    "Discord: Clutch (application",
    "&permissions=274878024704",
    "Claude: OpenClaw has its key in models.providers.anthropic.apiKey, where it stays.",
    "both tokens and the scopes are right",
    "plugins.entries.clutch-guard.hooks.allowConversationAccess: unset -> true",
    "proxy.enabled: unset -> true",
    `keeper: nothing -> ${QWEN}`,
    "channels.discord.commands.native: unset -> false",
    '+   "access": {',
    "your comments go",
  ]) {
    expect(shown.stdout).toContain(line);
  }
  expect(readFileSync(config, "utf8")).toBe(before);
  expect(openclawFile()).toBe(original);
  // What stands for systemctl was asked whether there is a systemd.
  expect(await machine.files()).toEqual(expect.arrayContaining(["home/systemctl.log"]));
  expect((await machine.files()).filter((file) => !/^home\/(\.openclaw\/|systemctl\.log)/.test(file))).toEqual([]);
});

it("knows its own gateway by another name, and says that comments go", async () => {
  const gateway = lab.gateway.url.replace("127.0.0.1", "localhost");
  const shown = await run("init", "--owner", OWNER, "--gateway", gateway, "--guard");
  expect(shown.code).toBe(2);
  expect(shown.stdout).toContain("your comments go");
});

it("does it all, with the file edited in place, a copy of it kept, and no secret anywhere", async () => {
  const done = await json("init", "--yes", ...everything());
  expect(done.steps.filter(({ state }: { state: string }) => state !== "done")).toEqual([]);
  expect(done).toMatchObject({ ok: true, code: 0, error: null });
  expect(done.steps.map(({ name, state }: Record<string, string>) => `${name} ${state}`)).toEqual([
    "guard done",
    "helpers done",
    "souls done",
    "commands done",
    "wall done",
  ]);
  // It ends with a look at everything, the gateway included, which may just have started again.
  expect(done.doctor.checks).toContainEqual(expect.objectContaining({ part: "gateway", state: "ok" }));
  const text = readFileSync(config, "utf8");
  expect(text).toContain("// chosen by hand");
  expect(JSON5.parse(text)).toMatchObject({
    gateway: { url: lab.gateway.url },
    access: { owners: [OWNER] },
    discord: { token: "env:DISCORD_TOKEN", guilds: [discord.world.guildIds[0]] },
    slack: { botToken: "env:BOT", appToken: "env:APP" },
  });
  expect(statSync(config).mode & 0o777).toBe(0o600);
  expect(statSync(done.config.backup).mode & 0o777).toBe(0o600);
  expect(readFileSync(done.config.backup, "utf8")).not.toContain(OWNER);
  for (const secret of [lab.gateway.token, discord.token, slack.app.botToken, slack.app.appToken]) {
    expect(text + JSON.stringify(done)).not.toContain(secret);
  }
  expect(JSON.parse(openclawFile())).toMatchObject({
    proxy: { enabled: true },
    channels: { discord: { commands: { native: false } } },
    agents: { entries: { keeper: { model: QWEN } } },
  });
  expect(await clutch.app.guard.status()).toBeDefined();
  expect(done.steps.at(-1).lines.at(-1)).toContain("its traffic goes through the wall");
  expect(readFileSync(formerOpenclaw(), "utf8")).toMatch(/^\/\/ by hand/);
  expect(statSync(formerOpenclaw()).mode & 0o777).toBe(0o600);
});

it("once more says what is done already, and changes nothing", async () => {
  const [file, theirs] = [readFileSync(config, "utf8"), openclawFile()];
  const again = await json("init", "--yes", ...everything());
  expect(again).toMatchObject({ ok: true, code: 0, config: { difference: [], written: false, backup: null } });
  expect(new Set(again.steps.map(({ state }: { state: string }) => state))).toEqual(new Set(["already"]));
  expect([readFileSync(config, "utf8"), openclawFile()]).toEqual([file, theirs]);
});

it("runs as a service that holds the secrets, and none of them is shown", async () => {
  const done = await json("service", "install", "--yes");
  expect(done).toMatchObject({ ok: true, code: 0, done: true });
  const secrets = join(machine.home, ".config", "clutch", "service.env");
  expect(statSync(secrets).mode & 0o777).toBe(0o600);
  expect(readFileSync(secrets, "utf8")).toContain(`DISCORD_TOKEN="${discord.token}"`);
  expect(JSON.stringify(done)).not.toContain(discord.token);
  expect(readFileSync(join(machine.home, "systemctl.log"), "utf8")).toContain("enable --now clutch.service");
});

it("has what leads to this machine go through the wall as well, at once or later", async () => {
  const done = await json("wall", "install", "--strict", "--yes");
  expect(done).toMatchObject({ ok: true, code: 0 });
  expect(JSON.parse(openclawFile())).toMatchObject({ proxy: { enabled: true, loopbackMode: "proxy" } });
});

/** As a Clutch that ran has left them. */
const registerCommands = (...scopes: readonly string[]): void => {
  for (const scope of scopes) discord.commands.scopes.set(scope, [{ id: `${scope}1`, name: "model", type: 1 }]);
};

it("takes all of it back, the lock first, and OpenClaw's configuration is what it was", async () => {
  expect((await run("localonly", "on", "--yes")).stderr).toBe("");
  registerCommands("", discord.world.guildIds[0] ?? "");
  const shown = await json("uninstall");
  expect(shown).toMatchObject({ ok: false, code: 2, error: { code: "confirmation_required" }, done: [] });
  expect(shown.plan.map(({ name }: { name: string }) => name)).toEqual([
    "Local-only mode",
    "The guard",
    "Models of OpenClaw's own calls",
    "Defaults from SOUL.md",
    "OpenClaw's own chat commands",
    "The wall",
    "The service",
    "Clutch's commands on Discord",
  ]);
  const done = await json("uninstall", "--yes");
  expect(done).toMatchObject({ ok: true, code: 0, error: null });
  expect(done.done).toEqual(shown.plan.map(({ name }: { name: string }) => name));
  expect(apartFromMeta(openclawFile())).toEqual(apartFromMeta(original));
  await vi.waitFor(async () => expect(await clutch.app.guard.status()).toBeUndefined(), { timeout: 60_000 });
  for (const file of ["systemd/user/clutch-wall.service", "systemd/user/clutch.service", "clutch/service.env"]) {
    expect(existsSync(join(machine.home, ".config", file)), file).toBe(false);
  }
  expect(existsSync(config)).toBe(true);
  expect(done.remains).toContain(config);
  expect(done.remains).toContainEqual(expect.stringContaining(formerOpenclaw()));
  expect(done.notes).toContain("The wall was stopped.");
  expect([...discord.commands.scopes.values()].flat()).toEqual([]);
  for (const page of ["discord.com/developers/applications", "api.slack.com/apps"]) {
    expect(done.remains).toContainEqual(expect.stringContaining(page));
  }
  expect(await json("uninstall", "--yes")).toMatchObject({ ok: true, plan: [], done: [] });
});

it("with --purge leaves no file of its own, and names what Discord keeps where it does not let it go", async () => {
  registerCommands("");
  discord.fail({ method: "DELETE", status: 500, times: 10 });
  const done = await json("uninstall", "--yes", "--purge");
  expect(done).toMatchObject({ ok: true, code: 0, done: [] });
  expect(done.remains).toContainEqual(expect.stringMatching(/^Clutch's commands on Discord: .*500/));
  expect(existsSync(config)).toBe(false);
  const left = (await machine.files()).filter((file) => !/^home\/(\.openclaw|systemctl)/.test(file));
  expect(left).toEqual([]);
});

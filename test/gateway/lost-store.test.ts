import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync, rmdirSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { listBackups } from "../../src/store/backups.ts";
import { type Machine, newMachine, type Run } from "../cli/machine.ts";
import { type DiscordStandIn, startDiscord } from "../platforms/discord/discord-stand-in.ts";
import type { Exchange } from "../platforms/discord/people.ts";
import type { Channel, Member } from "../platforms/discord/world.ts";
import { type Lab, startLab } from "./harness.ts";

// What becomes of a running Clutch whose store is taken away, exchanged, or cannot grow. The tests build on each other.

const SWITCHED = /Switched to Qwen2.5-Coder/;
const BACK = /Back on/;
const PATIENCE = { timeout: 60_000, interval: 50 };

let lab: Lab;
let machine: Machine;
let discord: DiscordStandIn;
let anna: Member;
let channel: Channel;
let run: Run;
let store: string;
let env: Record<string, string>;
/** Everything that a run printed and did not say as a card. */
const FAULTS = /unhandled|uncaught|TypeError|ERR_INVALID_STATE|database is not open/i;

const model = async (name: string | undefined, expected: RegExp): Promise<string> => {
  const asked = discord.command("model", name === undefined ? {} : { name }, { by: anna, in: channel });
  await vi.waitFor(() => {
    expect(textOf(asked)).toMatch(expected);
  }, PATIENCE);
  return textOf(asked);
};
const textOf = (asked: Exchange): string =>
  asked
    .messages()
    .map(({ text }) => text)
    .join("\n");
const exec = async (line: string): Promise<{ code: number | NodeJS.Signals; out: string }> => {
  const child = machine.clutch(
    ["exec", "--as", `discord:${anna.id}`, "--in", "session:agent:main:main", "--json", line],
    {
      env,
    },
  );
  const code = await child.ended;
  return { code, out: child.stdout() };
};
const start = async (): Promise<void> => {
  run = machine.clutch(["start"], { env });
  await run.sees("Discord: ready");
};
const pin = async (): Promise<string | undefined> => {
  const clutch = await lab.attach();
  const row = await clutch.app.openclaw.readSession(`agent:main:discord:channel:${channel.id}`);
  await clutch.close();
  return row?.pinSource === "user" ? row.model?.model : undefined;
};

beforeAll(async () => {
  [machine, lab, discord] = await Promise.all([newMachine(), startLab(), startDiscord()]);
  anna = discord.world.person("anna");
  channel = discord.world.textChannel();
  store = join(machine.cwd, "clutch.db");
  const file = join(machine.dir, "clutch.config.json");
  env = { CLUTCH_CONFIG: file };
  const config = {
    gateway: { url: lab.gateway.url, token: lab.gateway.token },
    discord: { token: discord.token, guilds: [channel.guildId], apiUrl: discord.apiUrl },
    access: { owners: [`discord:${anna.id}`] },
  };
  await writeFile(file, JSON.stringify(config));
  const clutch = await lab.attach();
  await clutch.say(`agent:main:discord:channel:${channel.id}`, "Hello.", {
    originatingChannel: "discord",
    originatingTo: `channel:${channel.id}`,
    originatingAccountId: "default",
  });
  await clutch.say("agent:main:main", "Hello.");
  await clutch.close();
  await start();
});
afterAll(async () => {
  await machine?.clear();
  await discord?.close();
  await lab?.stop();
});

it("deleted: nothing is written into what nobody can find, and it is written anew with all that was in it", async () => {
  await model("coder", SWITCHED);
  unlinkSync(store);
  await run.sees(/The store \S+ was gone\. Clutch had it open, and wrote it anew with all that was in it/);
  await model("undo", BACK);
  expect(statSync(store).mode & 0o777).toBe(0o600);
  await vi.waitFor(() => {
    const told = [...discord.messages.all.values()].filter((message) => message.channelId !== channel.id);
    expect(JSON.stringify(told)).toContain("Clutch's store was gone");
  }, PATIENCE);
});

it("may not grow: who looks is answered, a switch is not made and says why, and it goes on when there is room", async () => {
  execFileSync("prlimit", [`--pid=${run.pid}`, "--fsize=4096:"]);
  await model(undefined, /Claude Sonnet 5/);
  await model("coder", /The store \S+ could not be (read or )?written/);
  expect(await pin()).toBeUndefined();
  execFileSync("prlimit", [`--pid=${run.pid}`, "--fsize=unlimited:"]);
  await model("coder", SWITCHED);
  expect(await pin()).toBe("qwen2.5-coder:32b");
});

it("replaced by another one: that is used, and what was in the former one is kept", async () => {
  expect(await machine.clutch(["store", "backup"], { env }).ended).toBe(0);
  const other = join(machine.dir, "other.db");
  copyFileSync(listBackups(store)[0]?.path ?? "", other);
  renameSync(other, store);
  // A store is looked through once a minute at most.
  await run.sees(/Another file took its place while Clutch had it open.* is kept as \S+\.replaced-/, 120_000);
  await model("undo", BACK);
});

it("gone with its process, and backups are there: nobody begins a new one unseen, and the next start says what it did", async () => {
  run.kill("SIGKILL");
  await run.ended;
  for (const ending of ["", "-wal", "-shm"]) rmSync(`${store}${ending}`, { force: true });
  const asked = await exec("/model");
  expect(asked.code).toBe(1);
  expect(JSON.parse(asked.out)).toMatchObject({
    ok: false,
    error: { code: "store_failed", hint: expect.stringContaining("clutch store restore") },
  });
  expect(await machine.clutch(["store", "check"], { env }).ended).toBe(1);
  await start();
  await run.sees(/The store \S+ was gone\. It was put back as it was at 20/);
  expect((await exec("/model")).code).toBe(0);
});

it("filled with something else while Clutch runs: it ends without a fault, and the next start restores it", async () => {
  writeFileSync(store, "What a nice day. ".repeat(40_000));
  await sleep(3_000);
  await model(undefined, /Claude Sonnet 5|The store/);
  run.kill("SIGTERM");
  await run.ended;
  expect(run.stdout() + run.stderr()).not.toMatch(FAULTS);
  await start();
  await run.sees(/was damaged: .* It was put back as it was at 20|Attached/);
  await model("coder", SWITCHED);
  await model("undo", BACK);
});

it("a folder in its place: Clutch says so and what to do", async () => {
  unlinkSync(store);
  mkdirSync(store);
  expect(await run.ended).toBe(1);
  expect(run.stdout() + run.stderr()).toMatch(/✗ The store \S+ (is a folder|cannot be opened there)/);
  expect(run.stdout() + run.stderr()).not.toMatch(FAULTS);
  rmdirSync(store);
});

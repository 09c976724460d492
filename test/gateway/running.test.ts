import { execFileSync } from "node:child_process";
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { eventually, type Machine, newMachine, type Run } from "../cli/machine.ts";
import { type DiscordStandIn, startDiscord } from "../platforms/discord/discord-stand-in.ts";
import type { Exchange } from "../platforms/discord/people.ts";
import type { Channel, Member } from "../platforms/discord/world.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { type Lab, startLab } from "./harness.ts";

// `clutch start` as a service, with a real gateway and a Discord: what is seen of it from outside.

const PATIENCE = { timeout: 30_000, interval: 50 };
const STATUS = "127.0.0.1:28377";

let lab: Lab;
let proxy: FaultProxy;
let machine: Machine;
let discord: DiscordStandIn;
let anna: Member;
let ben: Member;
let channel: Channel;
let run: Run;
let configFile: string;

const base = () => ({
  gateway: { url: proxy.url, token: lab.gateway.token },
  discord: { token: discord.token, guilds: [channel.guildId], apiUrl: discord.apiUrl },
  http: { listen: STATUS },
  access: { owners: [`discord:${anna.id}`], viewers: [] as string[] },
});
const configure = (config: object | string): Promise<void> =>
  writeFile(configFile, typeof config === "string" ? config : JSON.stringify(config));
const get = async (path: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://${STATUS}${path}`);
  return { status: response.status, text: await response.text() };
};
const figure = async (name: string): Promise<number | undefined> => {
  const line = (await get("/metrics")).text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
};
const model = (name?: string, by: Member = anna): Exchange =>
  discord.command("model", name === undefined ? {} : { name }, { by, in: channel });
const answer = async (exchange: Exchange): Promise<string> => {
  await vi.waitFor(() => {
    const messages = exchange.messages();
    expect(messages.length > 0 && messages.every(({ loading }) => !loading)).toBe(true);
  }, PATIENCE);
  await sleep(200);
  return exchange
    .messages()
    .map(({ text }) => text)
    .join("\n");
};
/** An interim card may come first. */
const answers = async (exchange: Exchange, expected: RegExp): Promise<string> => {
  await vi.waitFor(() => {
    const shown = exchange.messages().map(({ text }) => text);
    expect(shown.join("\n")).toMatch(expected);
  }, PATIENCE);
  return exchange
    .messages()
    .map(({ text }) => text)
    .join("\n");
};
const logLines = (): Record<string, unknown>[] =>
  run
    .stderr()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  [machine, lab, discord] = await Promise.all([newMachine(), startLab(), startDiscord()]);
  proxy = await startFaultProxy(lab.gateway.url);
  // All of it with a gateway that says more than Clutch knows.
  proxy.newer(true);
  anna = discord.world.person("anna");
  ben = discord.world.person("ben");
  channel = discord.world.textChannel();
  configFile = join(machine.dir, "clutch.config.json");
  await configure(base());
  run = machine.clutch(["start"], { env: { CLUTCH_CONFIG: configFile, CLUTCH_LOG: "debug" } });
});
afterAll(async () => {
  await machine?.clear();
  await proxy?.close();
  await discord?.close();
  await lab?.stop();
});

it("is alive before it is ready, and ready when gateway, store and platform are there", async () => {
  const ready = await eventually(
    () => get("/readyz").catch(() => ({ status: 0, text: "" })),
    ({ status }) => status === 200,
  );
  expect(ready).toEqual({ status: 200, text: '{"ready":true,"failing":[]}\n' });
  expect((await get("/healthz")).status).toBe(200);
  expect(await figure("clutch_gateway_attached")).toBe(1);
});

it("a switch is counted, and its reference leads from the command to the gateway's call and the audit log", async () => {
  const asked = model("coder");
  const question = await answer(asked);
  const [message] = asked.messages();
  const yes = message?.buttons[0];
  if (message === undefined || yes === undefined) throw new Error(question);
  await answer(discord.press(yes.customId, message, anna));
  await vi.waitFor(
    () =>
      expect(
        discord
          .screen({ by: anna, in: channel })
          .map(({ text }) => text)
          .join("\n"),
      ).toContain("Switched to Qwen2.5-Coder 32B"),
    PATIENCE,
  );

  expect(await figure('clutch_switches_total{action="switch",outcome="ok"}')).toBe(1);
  expect(await figure('clutch_commands_total{command="model",platform="discord",outcome="ok"}')).toBe(1);
  expect(await figure('clutch_commands_total{command="model",platform="discord",outcome="question"}')).toBe(1);
  expect(await figure('clutch_ack_latency_seconds_count{platform="discord"}')).toBe(2);
  expect(await figure("clutch_lock_on")).toBe(0);
  const { text } = await get("/metrics");
  for (const hidden of [anna.id, channel.id, lab.gateway.token, discord.token, "agent:", "claude-sonnet"]) {
    expect(text).not.toContain(hidden);
  }

  const patched = logLines().find(({ method }) => method === "sessions.patch");
  expect(patched).toMatchObject({ correlation: expect.stringMatching(/^[0-9a-f]{6}$/), msg: "gateway called" });
  const together = logLines().filter(({ correlation }) => correlation === patched?.["correlation"]);
  expect(together.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["gateway called", "command answered"]));
  const audit = machine.clutch(["audit", "--json", "--action", "model.switch"], { env: { CLUTCH_CONFIG: configFile } });
  await audit.ended;
  expect(JSON.parse(audit.stdout())).toMatchObject({ correlation: patched?.["correlation"], result: "ok" });
  expect(run.stderr() + run.stdout()).not.toContain(lab.gateway.token);
});

it("a gateway that is gone makes it unready, not dead, and a fault's card names the lines of the log", async () => {
  proxy.block("refuse");
  proxy.strike("cut");
  const unready = await eventually(
    () => get("/readyz"),
    ({ status }) => status === 503,
  );
  expect(JSON.parse(unready.text)).toMatchObject({ ready: false, failing: [{ part: "gateway" }] });
  expect((await get("/healthz")).status).toBe(200);
  expect(await figure("clutch_gateway_attached")).toBe(0);

  proxy.block(undefined);
  await eventually(
    () => get("/readyz"),
    ({ status }) => status === 200,
  );
  expect(await figure("clutch_gateway_reconnects_total")).toBe(1);

  const cut = proxy.strikeAt("sessions.describe", "answer", "cut");
  const text = await answer(model());
  await cut;
  const reference = /Reference ([0-9a-f]{6})/.exec(text)?.[1];
  expect(logLines().some(({ correlation, level }) => correlation === reference && level === 50)).toBe(true);
  expect(await figure('clutch_faults_total{code="gateway_lost"}')).toBe(1);
  await eventually(
    () => get("/readyz"),
    ({ status }) => status === 200,
  );
});

it("an access list that changes counts for the next command, and nonsense changes nothing", async () => {
  expect(await answer(model(undefined, ben))).toContain("not on Clutch's lists");
  await configure({ ...base(), access: { owners: [`discord:${anna.id}`], viewers: [`discord:${ben.id}`] } });
  await run.sees("Changed: access.viewers.");
  expect(await answer(model(undefined, ben))).not.toContain("not on Clutch's lists");

  await configure(`{ "access": { "owners": [`);
  await run.sees("is not valid JSON");
  expect(run.stdout()).toContain("Nothing was changed: what was read before stays in force.");
  expect(await answer(model(undefined, ben))).not.toContain("not on Clutch's lists");
  await vi.waitFor(() => {
    const told = [...discord.messages.all.values()].filter((message) => message.channelId !== channel.id);
    expect(JSON.stringify(told)).toContain("cannot be used");
  }, PATIENCE);
  expect(await figure('clutch_config_reloads_total{outcome="refused"}')).toBe(1);
});

it("what the App is made of is exchanged under Discord's hands; a command that comes meanwhile is answered", async () => {
  const identified = discord.gateway.identifies.length;
  await configure({ ...base(), audit: { retentionDays: 30 }, access: base().access });
  await eventually(
    async () => run.stdout(),
    (text) => text.includes("audit.retentionDays"),
  );
  expect(run.stdout()).toContain("Clutch was opened anew for it");
  expect(discord.gateway.identifies.length).toBe(identified);
  expect(await answer(model())).toContain("Qwen2.5-Coder");

  // A gateway that does not let it in: the former one goes on.
  await configure({ ...base(), audit: { retentionDays: 30 }, gateway: { url: proxy.url, token: "of-another-one" } });
  await run.sees("refuses the token that Clutch sent. Nothing was changed");
  expect(await answer(model())).toContain("Qwen2.5-Coder");
  expect(
    await eventually(
      () => get("/readyz"),
      ({ status }) => status === 200,
    ),
  ).toMatchObject({ status: 200 });
});

it("a platform and the status server are started anew, each by itself", async () => {
  const before = discord.gateway.identifies.length;
  await configure({ ...base(), audit: { retentionDays: 30 }, discord: { ...base().discord, guilds: [] } });
  await run.sees("Changed: discord.guilds.");
  await eventually(
    () => get("/readyz"),
    ({ status }) => status === 200,
  );
  expect(discord.gateway.identifies.length).toBe(before + 1);
  expect(await answer(model())).toContain("Qwen2.5-Coder");

  await configure({ ...base(), audit: { retentionDays: 30 }, http: { listen: false } });
  await run.sees(/Changed: (http\.listen|discord\.guilds), (http\.listen|discord\.guilds)\./);
  await expect(get("/healthz")).rejects.toThrow();
  await configure({ ...base(), audit: { retentionDays: 30 } });
  expect(
    await eventually(
      () => get("/readyz").catch(() => ({ status: 0, text: "" })),
      ({ status }) => status === 200,
    ),
  ).toMatchObject({ status: 200 });
});

it("a store that cannot be written makes it unready; nothing is switched, and all goes on when it can", async () => {
  const limit = (size: string) => execFileSync("prlimit", [`--pid=${run.pid}`, `--fsize=${size}:`]);
  limit("1");
  const unready = await eventually(
    () => get("/readyz"),
    ({ status }) => status === 503,
  );
  expect(JSON.parse(unready.text)).toMatchObject({ failing: [{ part: "store" }] });
  const patches = () => logLines().filter(({ method }) => method === "sessions.patch").length;
  const before = patches();
  const refused = await answers(model("llama3.1:70b"), /Reference [0-9a-f]{6}/);
  expect(refused).toMatch(/The store .* could not be/);
  // What only looks still answers, with its buttons.
  expect(await answers(model(), /Qwen2\.5-Coder/)).not.toContain("could not be");
  expect(patches()).toBe(before);
  expect(await figure("clutch_store_errors_total")).toBeGreaterThan(0);
  limit("unlimited");
  await eventually(
    () => get("/readyz"),
    ({ status }) => status === 200,
  );
  await answers(model("llama3.1:70b"), /Switched to/);
  await answers(model("undo"), /Qwen2\.5-Coder/);
});

it("a hang-up reads the configuration again where nobody sits at a terminal", async () => {
  await configure({ ...base(), audit: { retentionDays: 30 } });
  run.kill("SIGHUP");
  await run.sees("The configuration was read again; nothing in it has changed.");
});

it("a configuration whose gateway does not answer disturbs nothing, and is taken once it does", async () => {
  // The connection that there is stays; a new one is not let through.
  proxy.block("refuse");
  await configure({ ...base(), audit: { retentionDays: 31 } });
  await vi.waitFor(() => expect(run.stdout()).toContain("Clutch tries it again every 30 s."), PATIENCE);
  expect(await answer(model())).toContain("Qwen2.5-Coder");
  expect((await get("/readyz")).status).toBe(200);
  const taken = () => run.stdout().split("Changed: audit.retentionDays.").length - 1;
  const before = taken();
  proxy.block(undefined);
  await vi.waitFor(() => expect(taken()).toBe(before + 1), { timeout: 60_000, interval: 200 });
  expect(await answer(model())).toContain("Qwen2.5-Coder");
});

it("is told to stop with a command in flight: the answer comes, and nothing is lost", async () => {
  proxy.delay(700);
  const inFlight = model();
  await vi.waitFor(async () => expect(await inFlight.acknowledgement()).toBeDefined(), PATIENCE);
  run.kill("SIGTERM");
  expect(await run.ended).toBe(0);
  proxy.delay(0);
  expect(await answer(inFlight)).toContain("Qwen2.5-Coder");
  expect(discord.violations).toEqual([]);
  expect(proxy.saidMore()).toBeGreaterThan(100);
  // What came by itself is nobody's: connections are not a command's, whoever found the former one broken.
  const connected = logLines().filter(({ msg }) => msg === "gateway connected");
  expect(connected.length).toBeGreaterThan(2);
  expect(connected.filter(({ correlation }) => correlation !== undefined)).toEqual([]);
});

it("a store that is damaged when it starts is put back as it was, and the owner is told since when", async () => {
  const store = join(machine.cwd, "clutch.db");
  const env = { CLUTCH_CONFIG: configFile };
  expect(await machine.clutch(["store", "backup"], { env }).ended).toBe(0);
  await truncate(store, 8_192);
  expect(await machine.clutch(["store", "check"], { env }).ended).toBe(1);
  run = machine.clutch(["start"], { env });
  await run.sees(/The store \S+ was damaged: .* It was put back as it was at 20/);
  await eventually(
    () => get("/readyz").catch(() => ({ status: 0, text: "" })),
    ({ status }) => status === 200,
  );
  await vi.waitFor(() => {
    const told = [...discord.messages.all.values()].filter((message) => message.channelId !== channel.id);
    expect(JSON.stringify(told)).toContain("Clutch's store was damaged");
  }, PATIENCE);
  // What was switched before the backup is still known.
  expect(await answer(discord.command("model", { name: "undo" }, { by: anna, in: channel }))).toContain("Back on");
  run.kill("SIGTERM");
  expect(await run.ended).toBe(0);
});

it("started with a wrong address it waits, and goes on with the corrected one", async () => {
  const env = { CLUTCH_CONFIG: configFile };
  await configure({ ...base(), gateway: { url: "ws://127.0.0.1:9", token: lab.gateway.token } });
  run = machine.clutch(["start"], { env });
  await run.sees("Nothing listens at 127.0.0.1:9");
  await configure(base());
  await run.sees("Changed: gateway.url.");
  await run.sees("Attached:");
  await eventually(
    () => get("/readyz").catch(() => ({ status: 0, text: "" })),
    ({ status }) => status === 200,
  );
  expect(await answer(model())).toContain("Qwen2.5-Coder");
  run.kill("SIGTERM");
  expect(await run.ended).toBe(0);
});

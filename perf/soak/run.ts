import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../src/bench/seeded.ts";
import { defaultConfig } from "../../src/config.ts";
import { startFaultProxy } from "../../test/gateway/fault-proxy.ts";
import { startLab } from "../../test/gateway/harness.ts";
import { startDiscord } from "../../test/platforms/discord/discord-stand-in.ts";
import { openSlackStandIn } from "../../test/platforms/slack/slack-stand-in.ts";
import { nextAct } from "./acts.ts";
import { type Crowd, createCrowd } from "./crowd.ts";
import { shakyServer, type Trouble, troubles } from "./faults.ts";
import { fromClutch, type Sample } from "./messages.ts";
import { describeRun, verdict } from "./report.ts";
import { discordSeat, slackSeat } from "./seats.ts";
import { describeStall, watchStalls } from "./stalls.ts";
import { terminalCrowd } from "./terminal-seat.ts";

/**
 * Clutch for hours with everything going wrong around it: the real adapters on
 * stand-ins of the platforms, a real gateway, 20 commands a second. Prints what
 * came of them and what Clutch had in hand before and after. Exit code 1 where
 * a command was lost, memory grew or handles stayed; never because it took long.
 * `npm run soak -- --short` takes 10 minutes, `--try` one.
 */
const FORMS = {
  long: { warmUpS: 600, runS: 7_200 - 600, judgesMemory: true },
  short: { warmUpS: 150, runS: 450, judgesMemory: true },
  // V8 has not yet compiled and laid out what it will: memory is shown, and says nothing.
  try: { warmUpS: 20, runS: 40, judgesMemory: false },
} as const;
const PER_SECOND = 20;
/** Of twenty commands. */
const SHARES = { discord: 9, slack: 9, terminal: 2 } as const;
const SEATS = 150;
const COURSE_POINTS = 24;
/** A lease's and a pending answer's longest life is below this, so what is left after it stays, ms. */
const SETTLE_MS = 12_000;

const asked = process.argv.slice(2).map((word) => word.replace(/^--/, ""));
const form = FORMS[asked.includes("try") ? "try" : asked.includes("short") ? "short" : "long"];
const seed = Number(process.env["CLUTCH_SOAK_SEED"] ?? Math.floor(Date.now() / 1_000));
const random = seededRandom(seed);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

print(`Seed ${seed} (CLUTCH_SOAK_SEED repeats it). Starting a gateway …`);
const lab = await startLab();
const closing: (() => unknown)[] = [() => lab.stop()];
let child: ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    child?.kill("SIGKILL");
    await lab.stop();
    process.exit(130);
  });
}
try {
  const [proxy, ollama] = await Promise.all([startFaultProxy(lab.gateway.url), shakyServer(lab.ollama.url)]);
  const [discord, slack] = await Promise.all([startDiscord(), openSlackStandIn()]);
  closing.push(
    () => proxy.close(),
    () => ollama.close(),
    () => discord.close(),
    () => slack.close().catch((error: Error) => print(error.message)),
  );
  const people = {
    discord: Array.from({ length: SEATS }, (_, index) => discordSeat(discord, index)),
    slack: Array.from({ length: SEATS }, (_, index) => slackSeat(slack, index)),
  };
  const database = join(lab.dir, "soak.db");
  const settings = {
    config: {
      ...defaultConfig,
      store: `sqlite:${database}`,
      servers: { ollama: { kind: "ollama", baseUrl: ollama.url } },
      // Every second person may change things; the others look.
      access: {
        owners: [
          ...people.slack.filter((_, index) => index % 2 === 0).map(({ person }) => `slack:${person}`),
          "discord:role:7001",
        ],
        operators: [],
        viewers: ["*"],
      },
      discord: { token: discord.token, guilds: discord.world.guildIds, apiUrl: discord.apiUrl },
      slack: {
        mode: "socket",
        appToken: slack.app.appToken,
        botToken: slack.app.botToken,
        apiUrl: slack.apiUrl,
        commands: {},
      },
    },
    gateway: { url: proxy.url, token: lab.gateway.token },
    stateDirectory: join(lab.dir, "soak-state"),
  };
  const clutch = spawn(
    process.execPath,
    ["--expose-gc", join(import.meta.dirname, "clutch-child.ts"), JSON.stringify(settings)],
    { stdio: ["pipe", "pipe", "inherit", "ipc"], cwd: lab.dir, env: { ...process.env, LANG: "C.UTF-8" } },
  );
  child = clutch;
  const ended = once(clutch, "exit").then(([code]) => {
    throw new Error(`Clutch ended by itself, with ${code}`);
  });
  // Noticed where it matters, in the races below.
  ended.catch(() => undefined);
  if (clutch.stdin === null || clutch.stdout === null) throw new Error("Clutch has no input and output");
  const crowds: Readonly<Record<"discord" | "slack" | "terminal", Crowd>> = {
    discord: createCrowd(people.discord),
    slack: createCrowd(people.slack),
    terminal: terminalCrowd(clutch.stdin, clutch.stdout),
  };
  closing.push(() => {
    for (const crowd of Object.values(crowds)) crowd.stop();
  });
  let ready = (): void => undefined;
  let sampled: (taken: Sample) => void = () => undefined;
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  clutch.on("message", (raw) => {
    const message = fromClutch.parse(raw);
    if (message.kind === "ready") ready();
    else if (message.kind === "sample") sampled(message.sample);
    else if (message.kind === "stall") print(describeStall("Clutch", message.stall));
    else if (message.platform in crowds) crowds[message.platform as keyof typeof crowds].heard(message);
  });
  await Promise.race([isReady, ended]);

  const talker = await lab.attach();
  const sessions = [
    "agent:main:main",
    ...people.discord.slice(0, 8).map(({ place }) => `agent:main:discord:channel:${place}`),
  ];
  for (const key of sessions) await talker.call("sessions.create", { key }).catch(() => undefined);

  const sample = async (): Promise<Sample> => {
    await Promise.race([Promise.all(Object.values(crowds).map((crowd) => crowd.idle(print))), ended]);
    await sleep(SETTLE_MS);
    const taken = new Promise<Sample>((resolve) => {
      sampled = resolve;
    });
    clutch.send({ kind: "sample" });
    return Promise.race([taken, ended]);
  };

  const all = troubles({ lab, proxy, ollama, discord, slack, database });
  const happened = new Map<string, number>();
  const strike = async (trouble: Trouble): Promise<void> => {
    happened.set(trouble.name, (happened.get(trouble.name) ?? 0) + 1);
    if (trouble.cuts !== undefined) crowds[trouble.cuts].cut();
    await trouble.run();
  };
  /** Sends for so long, with troubles beside it, one after the other. */
  const load = async (seconds: number): Promise<void> => {
    const over = performance.now() + seconds * 1_000;
    const trouble = (async () => {
      while (performance.now() < over) {
        await sleep(1_000 + random() * 4_000);
        const next = all[Math.floor(random() * all.length)];
        if (next !== undefined && random() < 1 / (next.rarity ?? 1) && performance.now() < over) await strike(next);
      }
    })();
    const turns = (async () => {
      while (performance.now() < over) {
        const key = sessions[Math.floor(random() * sessions.length)] ?? "agent:main:main";
        await Promise.race([talker.say(key, "A word in between.").catch(() => undefined), sleep(20_000)]);
        await sleep(8_000);
      }
    })();
    const began = performance.now();
    for (let sent = 0; performance.now() < over; await sleep(10)) {
      const due = Math.floor(((performance.now() - began) / 1_000) * PER_SECOND);
      for (; sent < due; sent += 1) {
        const turn = sent % PER_SECOND;
        const platform = turn < SHARES.terminal ? "terminal" : turn % 2 === 0 ? "discord" : "slack";
        crowds[platform].send(nextAct(random, platform === "terminal"));
      }
      // What the stand-ins wrote down is not looked at again.
      discord.journal.length = 0;
    }
    await Promise.race([Promise.all([trouble, turns]), ended]);
  };

  /** Resident memory under load, MB, once every so often. */
  const course: number[] = [];
  const watch = setInterval(
    async () => {
      const status = await readFile(`/proc/${clutch.pid}/status`, "utf8").catch(() => "");
      const resident = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024);
      course.push(resident);
      const [sent, answered, lost] = (["sent", "answered", "lost"] as const).map((what) =>
        Object.values(crowds).reduce((sum, { tally }) => sum + (what === "sent" ? tally.sent : tally.fates[what]), 0),
      );
      print(`${new Date().toISOString()}: ${sent} sent, ${answered} answered, ${lost} lost, ${resident} MB resident`);
    },
    ((form.warmUpS + form.runS) * 1_000) / COURSE_POINTS,
  );
  closing.push(
    () => clearInterval(watch),
    watchStalls((found) => print(describeStall("what sends", found))),
  );

  print(`Warming up for ${form.warmUpS} s …`);
  await load(form.warmUpS);
  const before = await sample();
  print(`Running for ${form.runS} s, ${PER_SECOND} commands a second …`);
  await load(form.runS);
  const after = await sample();
  await talker.close().catch(() => undefined);

  print(`\nresident memory under load, MB: ${course.join(" ")}`);
  const tallies = Object.entries(crowds).map(([name, { tally }]) => ({ name, tally }));
  print(
    describeRun({ tallies, happened, before, after, violations: [...discord.violations, ...slack.takeViolations()] }),
  );
  const broken = verdict(tallies, before, after, form);
  print(
    broken.length === 0 ? "\nEvery promise was kept." : `\nBroken:\n${broken.map((line) => `  ${line}`).join("\n")}`,
  );
  process.exitCode = broken.length === 0 ? 0 : 1;
  clutch.send({ kind: "stop" });
  await Promise.race([once(clutch, "exit"), sleep(20_000)]);
} finally {
  child?.kill("SIGKILL");
  for (const close of closing.reverse()) await close();
}
process.exit();

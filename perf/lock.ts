import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type AttachedClutch, SONNET } from "../test/gateway/harness.ts";
import { type LockedLab, startLockedLab } from "../test/gateway/locked-lab.ts";
import { fillGateway } from "./many-sessions.ts";
import { type Measurement, median, timed } from "./measure.ts";

const TOGGLES = 5;
/** As many as a person, a team and a company have. */
const SESSIONS: readonly number[] = [1, 1_000, 10_000];
const CLOSED_MS = 50;
const TOLD_MS = 2_000;
const KEY = "agent:main:discord:channel:9001";
const ME = { actor: "discord:owner" };

/** How long until the cloud is unreachable and reachable again, with few sessions and with many, and until a person is told whose answer was cut. */
export async function lockCosts(): Promise<Measurement[]> {
  const lab = await startLockedLab({
    change(config) {
      // Otherwise OpenClaw keeps the newest alone.
      config.session = { maintenance: { mode: "warn", maxEntries: 2 * Math.max(...SESSIONS) } };
    },
  });
  try {
    const clutch = await lab.attach();
    await clutch.say(KEY, "hello");
    await toggle(clutch);
    const found: Toggle[][] = [];
    let opened = 0;
    for (const sessions of SESSIONS) {
      // One is there: it has just talked.
      if (sessions > 1) await fillGateway(clutch, sessions, opened);
      opened = sessions > 1 ? sessions : opened;
      found.push(await toggles(clutch));
    }
    const told: number[] = [];
    for (let nth = 0; nth < TOGGLES; nth++) told.push(await cutAnswer(lab, clutch));
    const middle = (what: keyof Toggle): number[] => found.map((some) => median(some.map((one) => one[what])));
    const named = (what: keyof Toggle): string => {
      const times = middle(what).map((ms) => `${ms.toFixed(0)} ms`);
      return `${times.join(", ")} with ${SESSIONS.map((count) => count.toLocaleString("en")).join(", ")} sessions`;
    };
    const worst = (what: keyof Toggle): number => Math.max(...found.flat().map((one) => one[what]));
    const [first = Number.NaN, ...rest] = middle("whole");
    return [
      ...(["on", "off"] as const).map((what) => ({
        name: what === "on" ? "lock: cloud unreachable" : "lock: reachable again",
        found: `${named(what)}; longest ${worst(what).toFixed(0)} ms of ${SESSIONS.length * TOGGLES}`,
        ratio: Math.max(...middle(what)) / CLOSED_MS,
        goal: `below ${CLOSED_MS} ms, the same for all`,
      })),
      {
        name: "lock: with all its canaries",
        found: named("whole"),
        ratio: Math.max(...rest) / first,
        goal: "flat, so about 1",
      },
      {
        name: "lock: cut answer is told",
        found: `median ${median(told).toFixed(0)} ms, longest ${Math.max(...told).toFixed(0)} ms of ${TOGGLES}`,
        ratio: median(told) / TOLD_MS,
        goal: `below ${TOLD_MS} ms`,
      },
    ];
  } finally {
    await lab.stop();
  }
}

interface Toggle {
  /** Until guard and wall were closed, ms. */
  readonly on: number;
  /** Until both were open, ms. */
  readonly off: number;
  /** Turning on with everything, ms. */
  readonly whole: number;
}

async function toggles(clutch: AttachedClutch): Promise<Toggle[]> {
  const found: Toggle[] = [];
  for (let nth = 0; nth < TOGGLES; nth++) found.push(await toggle(clutch));
  return found;
}

/** The step after a layer says when that layer was done. */
async function toggle(clutch: AttachedClutch): Promise<Toggle> {
  const { localOnly } = clutch.app;
  const marks = new Map<string, number>();
  const started = performance.now();
  await localOnly.turnOn({ ...ME, onStep: (step) => void (marks.has(step) || marks.set(step, performance.now())) });
  const whole = performance.now() - started;
  const on = (marks.get("pointing helper calls at a local model") ?? Number.NaN) - started;
  const ended = performance.now();
  await localOnly.turnOff({
    ...ME,
    restore: "all",
    onStep: (step) => void (marks.has(step) || marks.set(step, performance.now())),
  });
  const off = (marks.get("putting helper calls back") ?? Number.NaN) - ended;
  return { on, off, whole };
}

/** From the command until the person whose answer was being written is told. */
async function cutAnswer(lab: LockedLab, clutch: AttachedClutch): Promise<number> {
  lab.answerWith(({ model }) =>
    model === SONNET.split("/")[1] ? { text: "word ".repeat(400), chunkDelayMs: 100 } : undefined,
  );
  const before = lab.anthropic.chats.length;
  const runId = randomUUID();
  await clutch.call("chat.send", { sessionKey: KEY, message: "a long story", idempotencyKey: runId });
  while (lab.anthropic.chats.length === before) await sleep(20);
  let turningOn: Promise<unknown> = Promise.resolve();
  const told = await timed(async () => {
    turningOn = clutch.app.localOnly.turnOn(ME);
    await clutch.call("agent.wait", { runId, timeoutMs: 60_000 });
  });
  await turningOn;
  lab.answerWith(undefined);
  await clutch.app.localOnly.turnOff({ ...ME, restore: "all" });
  return told;
}

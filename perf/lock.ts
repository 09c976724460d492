import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type AttachedClutch, SONNET } from "../test/gateway/harness.ts";
import { type LockedLab, startLockedLab } from "../test/gateway/locked-lab.ts";
import { fillGateway } from "./many-sessions.ts";
import { type Measurement, median, timed } from "./measure.ts";

const TOGGLES = 3;
const CLOSED_MS = 50;
const TOLD_MS = 2_000;
const KEY = "agent:main:discord:channel:9001";
const ME = { actor: "discord:owner" };

/** How long until the cloud is unreachable and reachable again, with few sessions and with many, and until a person is told whose answer was cut. */
export async function lockCosts(many: number): Promise<Measurement[]> {
  const lab = await startLockedLab();
  try {
    const clutch = await lab.attach();
    await clutch.say(KEY, "hello");
    await toggle(clutch);
    const few = await toggles(clutch);
    await fillGateway(clutch, many);
    const lots = await toggles(clutch);
    const named = (what: "on" | "off" | "whole"): string =>
      `${median(few.map((one) => one[what])).toFixed(0)} ms with few sessions, ${median(lots.map((one) => one[what])).toFixed(0)} ms with ${many}`;
    const ratio = (what: "on" | "off" | "whole"): number =>
      median(lots.map((one) => one[what])) / median(few.map((one) => one[what]));
    const told = await cutAnswer(lab, clutch);
    return [
      {
        name: "lock: cloud unreachable",
        found: named("on"),
        ratio: median(lots.map(({ on }) => on)) / CLOSED_MS,
        goal: `below ${CLOSED_MS} ms`,
      },
      {
        name: "lock: reachable again",
        found: named("off"),
        ratio: median(lots.map(({ off }) => off)) / CLOSED_MS,
        goal: `below ${CLOSED_MS} ms`,
      },
      { name: "lock: with all its canaries", found: named("whole"), ratio: ratio("whole"), goal: "flat, so about 1" },
      {
        name: "lock: cut answer is told",
        found: `${told.toFixed(0)} ms`,
        ratio: told / TOLD_MS,
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

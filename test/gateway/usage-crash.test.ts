import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttachedClutch } from "./harness.ts";
import { channel, startUsageLab, type UsageLab, usingTools } from "./usage-lab.ts";

/** Whoever is killed, and whenever: afterwards every request at a model is one row of the ledger. */
let usage: UsageLab;
let clutch: AttachedClutch;
beforeAll(async () => {
  usage = await startUsageLab();
  clutch = await usage.lab.attach();
  await clutch.say("agent:main:main", "Good morning.");
}, 240_000);
afterAll(() => usage?.lab.stop());

const CHILD = join(import.meta.dirname, "usage-crash-child.ts");
const newStore = (): string => `sqlite:${join(usage.lab.dir, `usage-${randomUUID()}.db`)}`;

/** A Clutch of its own that counts into a store. */
function startChild(store: string, killAt: number) {
  const { url, token } = usage.lab.gateway;
  const child = spawn(process.execPath, [CHILD, JSON.stringify({ gateway: { url, token }, store, killAt })], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let problems = "";
  child.stderr.on("data", (chunk) => (problems += chunk));
  const lines: string[] = [];
  const gone = once(child, "close").then(([code, signal]: (number | string | null)[]) => {
    if (signal !== "SIGKILL") throw new Error(`ended with ${code ?? signal}: ${problems}`);
    return lines;
  });
  const reading = createInterface({ input: child.stdout });
  const read = new Promise<void>((resolve) => {
    reading.on("line", (line) => {
      lines.push(line);
      if (line === "read") resolve();
    });
    void gone.then(() => resolve());
  });
  return { read, gone, kill: () => void child.kill("SIGKILL") };
}

/** What a Clutch that is not killed makes of a store. */
async function settled(store: string): Promise<void> {
  const last = await usage.lab.attach({}, {}, { store });
  try {
    await last.app.usageCollector.catchUp();
    await usage.counted(last.app.ledger);
    expect(await last.app.usageCollector.catchUp()).toEqual({ added: 0, completed: 0 });
  } finally {
    await last.close();
  }
}

let turns = 0;
const turn = (more?: Parameters<UsageLab["saying"]>[0]): Promise<string> => {
  usage.saying(more ?? (() => undefined));
  return clutch.say(channel(`${turns++ % 3}`), "Go on.");
};

describe("kill -9 of Clutch", () => {
  it("at its writes, one after the other, while it reads the history", { timeout: 1_800_000 }, async () => {
    for (let each = 0; each < 4; each++) await turn(usingTools(each % 3));
    const store = newStore();
    const whole = startChild(newStore(), 0);
    await whole.read;
    whole.kill();
    const writes = (await whole.gone).indexOf("read");
    expect(writes).toBeGreaterThan(10);
    const points = [1, 2, 3, 5, 8, 11, 14, 18, 22, 27, 33].filter((point) => point <= writes);
    for (const point of points) {
      const child = startChild(store, point);
      // Something happens meanwhile.
      await turn();
      await child.read;
      child.kill();
      await child.gone;
    }
    await settled(store);
    // And each by itself, with nothing of what the others left.
    for (const point of points.filter((_, index) => index % 3 === 0)) {
      const own = newStore();
      const child = startChild(own, point);
      await child.read;
      child.kill();
      await child.gone;
      await settled(own);
    }
  });

  it("while it follows", { timeout: 600_000 }, async () => {
    const store = newStore();
    for (const afterMs of [0, 300, 700, 1_500]) {
      const child = startChild(store, 0);
      await child.read;
      await turn(usingTools(1));
      await sleep(afterMs);
      child.kill();
      await child.gone;
    }
    await turn();
    await settled(store);
  });
});

describe("of the gateway", () => {
  it("kill -9 in the middle of a call: the call is one of unknown size", { timeout: 600_000 }, async () => {
    const store = newStore();
    const follower = await usage.lab.attach({}, {}, { store });
    follower.app.watch(async () => undefined);
    await turn();
    const pid = (await clutch.app.guard.status())?.pid;
    if (pid === undefined) throw new Error("no guard");
    usage.saying(() => ({
      text: "Slowly, one two three four five six seven eight.",
      chunkDelayMs: 2_000,
      isCut: true,
    }));
    await usage.requests(1, () => usage.begin(clutch, channel("1"), "Slow."));
    await sleep(500);
    process.kill(pid, "SIGKILL");
    usage.saying(() => undefined);
    await usage.lab.gateway.restart();
    await turn();
    const found = await usage.counted(follower.app.ledger);
    expect(found.filter(({ outcome }) => outcome === "aborted")).toEqual([
      expect.objectContaining({ tokens: undefined, sessionKey: channel("1") }),
    ]);
    await follower.close();
    await settled(store);
  });

  it("an orderly restart between turns, with jobs of the record on the disk", { timeout: 600_000 }, async () => {
    await turn(usingTools(2));
    await usage.lab.gateway.restart();
    await turn();
    await settled(newStore());
  });
});

it("a model that fails again and again until another stands in: each try is a row", { timeout: 600_000 }, async () => {
  usage.saying(({ server }) => (server === "ollama" ? { text: "it broke", status: 500 } : undefined));
  const before = usage.journal.length;
  await clutch.say(channel("7700", "keeper"), "Hello keeper.");
  expect(usage.journal.length - before).toBeGreaterThan(3);
  await settled(newStore());
});

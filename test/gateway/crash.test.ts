import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../src/store/open-store.ts";
import { createReturns } from "../../src/store/returns.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, startLab } from "./harness.ts";

/**
 * Kill -9 at every step: afterwards each conversation is as before or as asked
 * for, the journal is settled, the card tells which, and what was to end by
 * itself still does.
 */
let lab: Lab;
let observer: AttachedClutch;
beforeAll(async () => {
  lab = await startLab();
  observer = await lab.attach();
});
afterAll(() => lab?.stop());

const MINUTE = 60_000;
const CHILD = join(import.meta.dirname, "crash-child.ts");

/** Runs it in a process of its own; resolves with the steps that it reached when it is gone. */
async function die(task: {
  store: string;
  line?: string;
  at: string;
  killAt: number;
  ahead?: number;
}): Promise<readonly string[]> {
  const { url, token } = lab.gateway;
  const argument = JSON.stringify({ gateway: { url, token }, ahead: 0, ...task });
  const child = spawn(process.execPath, [CHILD, argument], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let problems = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (problems += chunk));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const steps = out.split("\n").filter(Boolean);
  const survived = task.killAt === 0 || steps.length < task.killAt;
  if (survived ? code !== 0 : signal !== "SIGKILL") throw new Error(`ended with ${code ?? signal}: ${problems}`);
  return steps;
}

let channel = 3_000;
const newKey = async (): Promise<string> => {
  const key = `agent:main:discord:channel:${++channel}`;
  await observer.call("sessions.patch", { key, model: LLAMA });
  return key;
};
const newStore = (): string => `sqlite:${join(lab.dir, `crash-${randomUUID()}.db`)}`;
const pinOf = async (key: string): Promise<string | null> => {
  const row = await observer.app.openclaw.readSession(key);
  if (row === undefined) throw new Error(`no row ${key}`);
  return row.pinSource === "user" && row.model !== undefined ? `${row.model.provider}/${row.model.model}` : null;
};
const waiting = async (store: string): Promise<number> => {
  const opened = await openStore(store, { clock: Date.now });
  const rows = await createReturns(opened.db).waiting();
  await opened.close();
  return rows.length;
};
const start = (store: string, ahead: number) => lab.attach({}, {}, { store, clock: () => Date.now() + ahead });

/** What a person sees of a conversation, which has to be what is the case. Gives the pin. */
async function seen(clutch: AttachedClutch, key: string): Promise<{ pin: string | null; lasts: string | undefined }> {
  await expect.poll(() => clutch.app.services.journal.unfinished(), { timeout: 15_000 }).toEqual([]);
  const pin = await pinOf(key);
  const { card, error } = await clutch.run("/model", `session:${key}`);
  expect(error).toBeUndefined();
  const field = (name: string) => card.fields?.find((entry) => entry.name === name)?.value;
  expect(field("Model")).toBe(pin);
  // Set by hand before, or by Clutch: the journal knows.
  expect(field("Because")).toMatch(pin === QWEN ? /^pinned here by discord:owner/ : /^pinned in this conversation$/);
  return { pin, lasts: field("Lasts") };
}

/** Kills it at the first step, the second, and so on to the last; `check` looks after each death. */
async function atEveryStep(
  run: (killAt: number) => Promise<readonly string[]>,
  check: (step: string) => Promise<void>,
): Promise<readonly string[]> {
  const reached: string[] = [];
  for (let killAt = 1; ; killAt++) {
    const steps = await run(killAt);
    if (steps.length < killAt) return reached;
    const step = `${killAt}: ${steps.at(-1)}`;
    reached.push(step);
    try {
      await check(step);
    } catch (error) {
      throw new Error(`killed at step ${step}`, { cause: error });
    }
  }
}

/** Both outcomes have to come up, or the steps were not where they should be. */
const expectBoth = (pins: readonly (string | null)[]): void =>
  expect([...new Set(pins)].sort()).toEqual([LLAMA, QWEN].sort());

describe("killed at every step", () => {
  it("a switch: the old model or the new one", { timeout: 240_000 }, async () => {
    const pins: (string | null)[] = [];
    let key = "";
    let store = "";
    const steps = await atEveryStep(
      async (killAt) => {
        [key, store] = [await newKey(), newStore()];
        return die({ store, line: `/model ${QWEN}`, at: `session:${key}`, killAt });
      },
      async () => {
        const clutch = await start(store, 2 * MINUTE);
        const { pin, lasts } = await seen(clutch, key);
        pins.push(pin);
        expect(lasts).toBeUndefined();
        if (pin === QWEN) {
          expect((await clutch.run("/model undo", `session:${key}`)).ok).toBe(true);
          expect(await pinOf(key)).toBe(LLAMA);
        }
        await clutch.close();
      },
    );
    expectBoth(pins);
    expect(steps.join("\n")).toMatch(
      /insert into changes[\s\S]*patch is sent[\s\S]*on its way[\s\S]*answered[\s\S]*update changes/,
    );
  });

  it.each([
    ["once", "once"],
    ["for", "for:30m"],
  ])("%s: the old model, or the new one with its ending", { timeout: 300_000 }, async (kind, option) => {
    const pins: (string | null)[] = [];
    let key = "";
    let store = "";
    const steps = await atEveryStep(
      async (killAt) => {
        [key, store] = [await newKey(), newStore()];
        return die({ store, line: `/model ${QWEN} ${option}`, at: `session:${key}`, killAt });
      },
      async () => {
        const clutch = await start(store, 2 * MINUTE);
        clutch.app.watch(async () => undefined);
        const { pin, lasts } = await seen(clutch, key);
        pins.push(pin);
        if (pin === LLAMA) expect(lasts).toBeUndefined();
        else expect(lasts).toMatch(kind === "once" ? /^for the next turn, then/ : /^for 2[78] more minutes, then/);
        if (pin === QWEN && kind === "once") await clutch.say(key, "Once.");
        await clutch.close();
        const later = await start(store, 60 * MINUTE);
        later.app.watch(async () => undefined);
        await expect.poll(() => pinOf(key), { timeout: 15_000 }).toBe(LLAMA);
        await expect.poll(() => waiting(store), { timeout: 15_000 }).toBe(0);
        expect((await seen(later, key)).lasts).toBeUndefined();
        await later.close();
      },
    );
    expectBoth(pins);
    expect(steps.join("\n")).toMatch(/insert into changes[\s\S]*insert into returns[\s\S]*patch is sent/);
  });

  it("going back: it is done by the next one", { timeout: 240_000 }, async () => {
    const pins: (string | null)[] = [];
    let key = "";
    let store = "";
    const steps = await atEveryStep(
      async (killAt) => {
        [key, store] = [await newKey(), newStore()];
        const brief = await start(store, 0);
        await brief.run(`/model ${QWEN} for:30m`, `session:${key}`);
        await brief.close();
        return die({ store, at: `session:${key}`, killAt, ahead: 31 * MINUTE });
      },
      async () => {
        await sleep(100);
        pins.push(await pinOf(key));
        const next = await start(store, 33 * MINUTE);
        next.app.watch(async () => undefined);
        await expect.poll(() => pinOf(key), { timeout: 15_000 }).toBe(LLAMA);
        await expect.poll(() => waiting(store), { timeout: 15_000 }).toBe(0);
        expect((await seen(next, key)).lasts).toBeUndefined();
        expect((await next.run("/model undo", `session:${key}`)).error?.code).toBe("nothing_to_undo");
        await next.close();
      },
    );
    expectBoth(pins);
    expect(steps.join("\n")).toMatch(/update returns[\s\S]*insert into changes[\s\S]*patch is sent/);
  });

  it("all conversations: each the old model or the new one, and one undo for the lot", {
    timeout: 400_000,
  }, async () => {
    // Two agents, so that the conversations of the other tests stay out of it.
    const keys = ["agent:keeper:discord:channel:7700", "agent:keeper:main"];
    const mixed = new Set<string>();
    let store = "";
    const steps = await atEveryStep(
      async (killAt) => {
        store = newStore();
        for (const key of keys) await observer.call("sessions.patch", { key, model: LLAMA });
        return die({ store, line: `/model ${QWEN} scope:all agent:keeper`, at: "session:agent:main:main", killAt });
      },
      async () => {
        const clutch = await start(store, 2 * MINUTE);
        const pins = [];
        for (const key of keys) pins.push((await seen(clutch, key)).pin);
        mixed.add(pins.filter((pin) => pin === QWEN).length.toString());
        expect(pins.every((pin) => pin === QWEN || pin === LLAMA)).toBe(true);
        const undo = await clutch.run("/model undo", "session:agent:main:main");
        expect(undo.ok).toBe(pins.includes(QWEN));
        for (const key of keys) expect(await pinOf(key)).toBe(LLAMA);
        await clutch.close();
      },
    );
    expect(steps.length).toBeGreaterThanOrEqual(14);
    expect(mixed.has("0") && mixed.has("2")).toBe(true);
  });
});

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { GuardRules } from "../../src/openclaw/guard-client.ts";
import type { Answer } from "../../src/sandbox/stand-in.ts";
import { LLAMA, QWEN, SONNET } from "./harness.ts";
import { ABSENT, type LeakLab, startLeakLab } from "./leak-lab.ts";

/** What a person sees in a conversation on a cloud model while the lock is on and something is broken. */
let lab: LeakLab;
let key: string;
const ME = { actor: "discord:owner" };
/** Without the guard's notice it is 72 s and more until OpenClaw gives up; with it some 2 s on an idle machine. */
const SOON_MS = 10_000;
const elsewhere = mkdtempSync(join(tmpdir(), "clutch-no-wall-"));

beforeAll(async () => {
  lab = await startLeakLab();
  key = await lab.conversation("main", SONNET);
  await say("Hello.");
});
beforeEach(async () => {
  lab.answerWith(undefined);
  await lab.front.be("passing");
});
afterAll(async () => {
  await lab?.stop();
  rmSync(elsewhere, { recursive: true, force: true });
});

const say = (message: string, during?: () => Promise<unknown>) => lab.say(key, message, during);

const rulesFor = (models: readonly string[]): GuardRules => ({
  models: models.map((ref) => {
    const model = ref.slice("ollama/".length);
    return { provider: "ollama", model, baseUrl: lab.front.url, ollama: true };
  }),
  order: { "*": models },
  tools: [],
});

/** Anew, so that nothing is remembered of what was broken before. */
async function lock(models: readonly string[]): Promise<void> {
  await lab.hold();
  await lab.hold("guard", "wall");
  await lab.clutch.app.guard.setRules(rulesFor(models));
}

const failing =
  (model: string, text: string): (() => Promise<void>) =>
  async () =>
    lab.answerWith((chat): Answer | undefined =>
      `${chat.server}/${chat.model}` === model ? { status: 500, text } : undefined,
    );
const MEMORY = "model requires more system memory (48.0 GiB) than is available (16.0 GiB)";
const NEXT =
  /Local-only mode is on, and ollama\/llama3.1:70b did not answer.* Send it again: ollama\/qwen2.5-coder:32b answers next/;
const nobody = (why: string): RegExp =>
  new RegExp(`Local-only mode is on, and no local model answers right now \\(.*${why}.*Nothing was sent to the cloud`);

type Fault = [what: string, models: readonly string[], breakIt: () => Promise<void>, told: RegExp];

it.each<Fault>([
  ["the only server is down", [LLAMA, QWEN], () => lab.front.be("gone"), nobody("its server is down")],
  ["the only server hangs", [LLAMA, QWEN], () => lab.front.be("hanging"), nobody("its server does not answer")],
  ["the only model fails", [LLAMA], failing(LLAMA, "boom"), nobody("its last call failed")],
  ["the only model has no memory", [LLAMA], failing(LLAMA, MEMORY), nobody("its last call failed")],
  ["the only model is not downloaded", [ABSENT], async () => undefined, nobody("not downloaded")],
  ["one of two models fails", [LLAMA, QWEN], failing(LLAMA, "boom"), NEXT],
  ["one of two models has no memory", [LLAMA, QWEN], failing(LLAMA, MEMORY), NEXT],
  ["one of two models is not downloaded", [ABSENT, QWEN], async () => undefined, /^qwen2.5-coder:32b answers/],
])("%s: told soon, nothing to the cloud", async (_, models, breakIt, told) => {
  await lock(models);
  await breakIt();
  const { said, escaped } = await lab.escaped(() => say("Are you there?"));
  expect(said.text).toMatch(told);
  expect(said.ms).toBeLessThan(SOON_MS);
  expect(escaped).toBe(0);
});

it("with two models the next message goes to the other one", async () => {
  await lock([LLAMA, QWEN]);
  await failing(LLAMA, "boom")();
  expect((await say("Are you there?")).text).toMatch(NEXT);
  expect((await say("Are you there now?")).text).toMatch(/^qwen2.5-coder:32b answers/);
});

it.each<Fault>([
  ["a server that was down", [LLAMA], () => lab.front.be("gone"), nobody("down")],
  ["a server that hung", [LLAMA], () => lab.front.be("hanging"), nobody("does not answer")],
  ["the only model, which failed", [LLAMA], failing(LLAMA, "boom"), nobody("failed")],
])("%s answers again within seconds", async (_, models, breakIt, told) => {
  await lock(models);
  await breakIt();
  const question = `Are you there, ${randomUUID()}?`;
  expect((await say(question)).text).toMatch(told);
  lab.answerWith(undefined);
  await lab.front.be("passing");
  const { said, escaped } = await lab.escaped(async () => {
    const started = performance.now();
    while (performance.now() - started < 2 * SOON_MS) {
      if (/^llama3.1:70b answers/.test((await say("And now?")).text)) return performance.now() - started;
      await sleep(500);
    }
    return Number.POSITIVE_INFINITY;
  });
  expect(said).toBeLessThan(2 * SOON_MS);
  expect(escaped).toBe(0);
  // What was answered by a notice is still part of the conversation.
  expect(JSON.stringify(lab.asked("And now?").at(-1)?.body)).toContain(question);
});

describe("a cloud answer that is streaming when the lock comes on", () => {
  /** Begins one, does it once some of it is there, and gives what the person gets. */
  async function streaming(doIt: () => Promise<unknown>) {
    await lab.hold();
    lab.answerWith(({ server }) =>
      server === "anthropic" ? { text: "word ".repeat(600), chunkDelayMs: 100 } : undefined,
    );
    const before = lab.anthropic.chats.length;
    const question = `A long story, please, number ${randomUUID()}.`;
    let requests = 0;
    const { text } = await say(question, async () => {
      await vi.waitFor(() => expect(lab.anthropic.chats.length).toBeGreaterThan(before), { timeout: 60_000 });
      await sleep(500);
      await doIt();
      requests = lab.anthropic.chats.length;
    });
    lab.answerWith(undefined);
    return { text, question, isSilent: lab.anthropic.chats.length === requests };
  }

  it("is cut by guard and wall: the person is told and can repeat it here", async () => {
    await lock([LLAMA, QWEN]);
    const { cut } = lab.wall.status().totals;
    const { text, question, isSilent } = await streaming(() => lab.hold("guard", "wall"));
    expect(lab.wall.status().totals.cut).toBeGreaterThan(cut);
    expect(text).toMatch(/Local-only mode is on.*would have gone to anthropic\/claude-sonnet-5.*Send it again/);
    expect(isSilent).toBe(true);
    const { said, escaped } = await lab.escaped(() => say(question));
    expect(said.text).toMatch(/^(llama|qwen).* answers/);
    expect(escaped).toBe(0);
  });

  it("is stopped where there is the guard alone, and can be repeated here", async () => {
    const alone = await lab.attach({}, {}, { stateDirectory: elsewhere });
    let turningOn: ReturnType<typeof alone.app.localOnly.turnOn> | undefined;
    const { text, question, isSilent } = await streaming(async () => {
      turningOn = alone.app.localOnly.turnOn(ME);
      await vi.waitFor(async () => expect((await alone.app.guard.status())?.state.on).toBe(true));
    });
    // It did not come to its end by itself.
    expect(text.length).toBeLessThan(3_000);
    expect(isSilent).toBe(true);
    expect((await turningOn)?.status).toMatchObject({ enforcement: "partly" });
    const { said, escaped } = await lab.escaped(() => say(question));
    expect(said.text).toMatch(/^(llama|qwen).* answers/);
    expect(escaped).toBe(0);
    expect((await alone.app.localOnly.turnOff({ ...ME, restore: "all" })).status.enforcement).toBe("off");
    await alone.close();
  });

  it("is cut where there is the wall alone", async () => {
    await lab.hold();
    await lab.patch({ plugins: { entries: { "clutch-guard": { enabled: false } } } });
    await vi.waitFor(async () => expect(await lab.clutch.app.guard.status()).toBeUndefined(), { timeout: 30_000 });
    const stopped = await streamingWithoutGuard();
    expect(stopped).toMatchObject({ enforcement: "partly", isSilent: true });
    await lab.clutch.app.localOnly.turnOff({ ...ME, restore: "all" });
    expect((await say("And now?")).text).toMatch(/^claude-sonnet-5 answers/);
  });

  async function streamingWithoutGuard() {
    lab.answerWith(({ server }) =>
      server === "anthropic" ? { text: "word ".repeat(600), chunkDelayMs: 100 } : undefined,
    );
    const before = lab.anthropic.chats.length;
    let enforcement: string | undefined;
    let bytes = 0;
    const { text } = await say("A long story.", async () => {
      await vi.waitFor(() => expect(lab.anthropic.chats.length).toBeGreaterThan(before), { timeout: 60_000 });
      await sleep(500);
      const turningOn = lab.clutch.app.localOnly.turnOn(ME);
      await vi.waitFor(() => expect(lab.wall.status().closed).toBe(true), { timeout: 30_000, interval: 5 });
      bytes = lab.outside();
      enforcement = (await turningOn).status.enforcement;
    });
    lab.answerWith(undefined);
    return { text, enforcement, isSilent: lab.outside() === bytes };
  }
});

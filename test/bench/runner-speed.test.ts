import { describe, expect, it } from "vitest";
import { speedFigures } from "../../src/bench/speed-figures.ts";
import { someSuite } from "./bench-items.ts";
import { CLOUD } from "./lab-parts.ts";
import { isWarmUp, items, right, startLab } from "./runner-lab.ts";
import type { AskedChat, Script } from "./scripted-ollama.ts";

const COUNTING = "one two three four five six seven eight nine ten eleven twelve";
const isTimed = (chat: AskedChat): boolean => chat.text.includes("Count from one");
const timed = (chats: readonly AskedChat[]) => chats.filter(isTimed);
const answer =
  (script: Script = {}) =>
  (chat: AskedChat): Script =>
    isTimed(chat) ? { text: COUNTING, ...script } : right(chat);
const request = { speed: true } as const;

describe("speed", () => {
  it("is measured before the items, at each size, without the first call of each", async () => {
    const lab = await startLab({ request, answer: answer(), suites: [someSuite(1)] });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    const speeds = await lab.speeds();
    expect(speeds.map(({ promptTokens, cold }) => [promptTokens, cold])).toEqual([
      [500, true],
      ...Array(3).fill([500, false]),
      ...Array(3).fill([4_000, false]),
    ]);
    const chats = lab.servers.local.asked;
    expect(timed(chats)).toHaveLength(1 + 2 * (1 + 3));
    // The first is a warm-up of the model, the last are the items.
    expect(chats.findIndex(isWarmUp)).toBe(0);
    expect(chats.indexOf(items(lab.servers.local)[0] as AskedChat)).toBeGreaterThan(chats.findLastIndex(isTimed));
    expect(new Set(timed(chats).map(({ text }) => text.split("\n")[0])).size).toBe(9);
    for (const { promptTokens, tokens } of speeds) {
      expect(tokens.input).toBeGreaterThan(0.93 * promptTokens);
      expect(tokens.input).toBeLessThan(1.03 * promptTokens);
      expect(tokens.output).toBe(12);
    }
  });

  it("is what the server took, in its parts", async () => {
    const lab = await startLab({
      request,
      answer: answer({ promptMs: 60, tokenMs: 10 }),
      loadMs: 120,
      suites: [someSuite(1)],
    });
    await lab.work();
    const given = lab.servers.local.given.filter(({ tokens }) => tokens === 12);
    const [cold, ...warm] = (await lab.speeds()).map((sample) => ({
      ...speedFigures(sample),
      timings: sample.timings,
    }));
    const truth = given[0];
    expect(cold?.loadMs).toBe(120);
    expect(cold?.promptMs).toBeCloseTo((truth?.firstTokenMs ?? 0) - 120, 3);
    expect(cold?.firstTokenMs).toBeGreaterThanOrEqual((truth?.firstTokenMs ?? 0) - 1);
    expect(cold?.restMs).toBeCloseTo((cold?.firstTokenMs ?? 0) - (truth?.firstTokenMs ?? 0), 3);
    for (const [at, { loadMs, decode }] of warm.entries()) {
      expect(loadMs).toBe(0);
      // Each size has a warm-up of its own before it.
      const its = given[1 + at + (at < 3 ? 1 : 2)];
      expect(decode).toBeCloseTo(12_000 / (its?.decodeMs ?? 0), 6);
    }
  });

  it("of a cold start needs the model to be loaded anew", async () => {
    const lab = await startLab({ request, answer: answer(), suites: [someSuite(1)] });
    await lab.work();
    expect(lab.servers.local.loads).toEqual(["a", "a"]);
  });

  it("of a cold start is left out where a conversation uses the model, and that is said", async () => {
    const lab = await startLab({ request, answer: answer(), suites: [someSuite(1)] });
    lab.state.isUsed = true;
    expect(await lab.work()).toEqual({
      kind: "done",
      left: ["A conversation uses ollama/a, so it was not loaded anew to time that."],
    });
    expect(lab.servers.local.loads).toEqual(["a"]);
    expect((await lab.speeds()).some(({ cold }) => cold)).toBe(false);
    const agreed = await startLab({
      request: { ...request, consent: { usd: 1, evict: true } },
      answer: answer(),
      suites: [someSuite(1)],
    });
    agreed.state.isUsed = true;
    expect(await agreed.work()).toEqual({ kind: "done", left: [] });
    expect(agreed.servers.local.loads).toEqual(["a", "a"]);
  });

  it("of a model in the cloud has no cold start", async () => {
    const lab = await startLab({ request, models: [CLOUD], cloud: answer(), suites: [someSuite(1)] });
    await lab.work();
    expect((await lab.speeds()).map(({ cold }) => cold)).toEqual(Array(6).fill(false));
  });

  it("is not measured twice where the run goes on", async () => {
    const stop = new AbortController();
    const lab = await startLab({
      request,
      suites: [someSuite(1)],
      answer: (chat) => {
        if (timed(lab.servers.local.asked).length === 5) stop.abort();
        return answer()(chat);
      },
    });
    await expect(lab.work({ signal: stop.signal })).rejects.toThrow();
    const before = await lab.speeds();
    expect(before.length).toBe(3);
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    const after = await lab.speeds();
    expect(after.slice(0, 3)).toEqual(before);
    expect(after).toHaveLength(7);
  });

  it("that cannot be measured costs neither the run nor the items", async () => {
    const lab = await startLab({
      request,
      answer: (chat) => (isTimed(chat) ? { status: 400, text: "no" } : right(chat)),
    });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect(await lab.speeds()).toEqual([]);
    expect(await lab.answers()).toHaveLength(6);
    expect(lab.state.progress.at(-1)).toMatchObject({ done: 13, total: 13 });
  });

  it("comes with what the machine drew, where it tells", async () => {
    let started = 0;
    const energy = {
      async start() {
        started++;
        return async () => 12.5;
      },
    };
    const lab = await startLab({ request, answer: answer(), suites: [someSuite(1)], parts: { energy } });
    await lab.work();
    expect((await lab.speeds()).map((sample) => sample.energy)).toEqual(Array(7).fill(12.5));
    expect(started).toBe(9);
  });
});

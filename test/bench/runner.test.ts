import { describe, expect, it } from "vitest";
import { someItem, someSuite, suiteOf } from "./bench-items.ts";
import { A, B, CLOUD } from "./lab-parts.ts";
import { isWarmUp, items, questionOf, right, startLab } from "./runner-lab.ts";

describe("a run", () => {
  it("asks every item of every model, keeps what was answered and ends", async () => {
    const lab = await startLab({ models: [A, CLOUD] });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    const answers = await lab.answers();
    expect(answers).toHaveLength(12);
    expect(answers.every(({ passed, outcome }) => passed && outcome === "answered")).toBe(true);
    expect(new Set(await lab.keys()).size).toBe(12);
    expect(await lab.runs.read(lab.run.id)).toMatchObject({ state: "done", note: undefined });
    const local = answers.find(({ model }) => model.provider === "ollama");
    expect(local).toMatchObject({
      ...{ task: "reasoning", score: 1, usd: 0, load: 0.25, thinkingCharacters: 0, notes: [] },
      timings: { totalMs: expect.any(Number), firstTokenMs: expect.any(Number) },
    });
    const cloud = answers.find(({ model }) => model.provider === "cloud");
    const { input = 0, output = 0 } = cloud?.tokens ?? {};
    expect(cloud?.usd).toBeCloseTo((input * 3 + output * 15) / 1e6, 12);
  });

  it("keeps the level with an answer after a text that is as long as the level says", async () => {
    const haystack = { needle: "The gate is green.", at: 0.5 };
    const lab = await startLab({ suites: [suiteOf(someItem(0), someItem(1, { haystack }))] });
    await lab.work();
    const levels = (await lab.answers()).map(({ itemId, level }) => [itemId, level]);
    expect(Object.fromEntries(levels)).toEqual({ "sums/even/v0": undefined, "sums/odd/v1": "quick" });
  });

  it("asks with a fixed seed and temperature, the item's limit, and another beginning each time", async () => {
    const lab = await startLab({ request: { repeats: 2 } });
    await lab.work();
    const asked = items(lab.servers.local);
    expect(asked.map(({ options }) => options)).toEqual([
      ...Array.from({ length: 6 }, () => ({ num_predict: 32, temperature: 0, seed: 5 })),
      ...Array.from({ length: 6 }, () => ({ num_predict: 32, temperature: 0, seed: 6 })),
    ]);
    const beginnings = asked.map(({ text }) => text.split("\n")[0]);
    expect(new Set(beginnings).size).toBe(12);
    expect(beginnings[0]).toMatch(/^Note [0-9a-f]{10}\.$/);
  });

  it("asks each item of all models one after the other where nothing is pushed out", async () => {
    const order: string[] = [];
    const note = (name: string) => (chat: Parameters<typeof right>[0]) => {
      if (questionOf(chat) !== undefined) order.push(`${name}${questionOf(chat)}`);
      return right(chat);
    };
    const lab = await startLab({ models: [A, CLOUD], answer: note("a"), cloud: note("c") });
    await lab.work();
    const pairs = Array.from({ length: 6 }, (_, at) => order.slice(at * 2, at * 2 + 2));
    for (const [first = "", second = ""] of pairs) expect(first.slice(1)).toBe(second.slice(1));
    expect(pairs.map(([first = ""]) => first[0])).toEqual(["a", "c", "a", "c", "a", "c"]);
  });

  it("loads models that share a memory once a batch, and drops the first answer after each load", async () => {
    const lab = await startLab({ models: [A, B], suites: [someSuite(15)] });
    await lab.work();
    expect(lab.servers.local.loads).toEqual(["a", "b", "a"]);
    expect(lab.servers.local.asked.filter(isWarmUp).map(({ model }) => model)).toEqual(["a", "b", "a"]);
    expect(await lab.answers()).toHaveLength(30);
  });

  it("counts what was right and what was wrong", async () => {
    const lab = await startLab({
      answer: (chat) => ((questionOf(chat) ?? 0) < 2 ? { text: "It is 99." } : right(chat)),
    });
    await lab.work();
    const wrong = (await lab.answers()).filter(({ passed }) => !passed);
    expect(wrong.map(({ itemId }) => itemId).toSorted()).toEqual(["sums/even/v0", "sums/odd/v1"]);
    expect(wrong[0]).toMatchObject({ outcome: "answered", score: 0, notes: ["another number"] });
  });

  it("tells how far it is, and how long it will take once it knows", async () => {
    const lab = await startLab();
    await lab.work();
    const { progress } = lab.state;
    expect(progress[0]).toMatchObject({ done: 0, total: 6, leftMs: undefined });
    expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).toSorted((a, b) => a - b));
    expect(progress.at(-1)).toMatchObject({ done: 6, total: 6, leftMs: 0 });
    expect(progress.find(({ done, doing }) => done === 3 && doing === "asking")?.leftMs).toBeGreaterThan(0);
    expect(new Set(progress.map(({ doing }) => doing))).toEqual(new Set(["asking", "loading"]));
  });

  it("remembers how machine and servers were", async () => {
    const lab = await startLab();
    await lab.work();
    expect((await lab.runs.read(lab.run.id))?.conditions).toEqual({
      load: 0.25,
      models: [{ model: A, server: "ollama 0.20.7", quantization: "Q4_K_M", windowTokens: 32_768 }],
    });
  });

  it("keeps what was said", async () => {
    const lab = await startLab();
    await lab.work();
    expect(await lab.runs.said(lab.run.id, { model: A, itemId: "sums/even/v0", repeat: 0 })).toEqual({
      turns: [{ text: "It is 1.", toolCalls: [] }],
    });
  });

  it("says what is wrong with going on", async () => {
    const lab = await startLab();
    const { runner } = lab;
    const how = { signal: new AbortController().signal };
    await expect(runner.work(99, how)).rejects.toMatchObject({ code: "no_bench" });
    lab.state.suites = [someSuite(6, { hash: "b" })];
    await expect(lab.work()).rejects.toMatchObject({
      code: "changed_meanwhile",
      message: expect.stringMatching(/sums was changed/),
    });
    lab.state.suites = [];
    await expect(lab.work()).rejects.toMatchObject({
      code: "changed_meanwhile",
      message: expect.stringMatching(/not there/),
    });
    lab.state.suites = [someSuite(6)];
    expect((await lab.work()).kind).toBe("done");
    await expect(lab.work()).rejects.toMatchObject({ code: "no_bench", message: expect.stringMatching(/ended/) });
  });

  it("is worked on by one process at a time", async () => {
    let inside: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      inside = resolve;
    });
    const lab = await startLab({
      answer: (chat) => {
        inside();
        return { ...right(chat), promptMs: 100 };
      },
    });
    const first = lab.work();
    await begun;
    await expect(lab.work()).rejects.toMatchObject({ code: "bench_running" });
    expect((await first).kind).toBe("done");
  });
});

describe("items of several turns", () => {
  it("go on from the replies of another model, and give the model its own answers", async () => {
    const turns = [{ say: "Hello", reply: "Ahoy." }, { say: "Question 0: first?" }, { say: "Question 0: again?" }];
    const lab = await startLab({ suites: [suiteOf(someItem(0, { turns, system: "You are Pip." }))] });
    await lab.work();
    const [first, second] = items(lab.servers.local);
    expect(first?.system).toMatch(/^Note [0-9a-f]+\.\n\nYou are Pip\.$/);
    expect(first?.messages.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      "user: Hello",
      "assistant: Ahoy.",
      "user: Question 0: first?",
    ]);
    expect(second?.messages.slice(3).map(({ role, content }) => `${role}: ${content}`)).toEqual([
      "assistant: It is 1.",
      "user: Question 0: again?",
    ]);
    expect(await lab.answers()).toMatchObject([{ passed: true, tokens: { output: 6 } }]);
  });

  it("pass their tools on, and what was called", async () => {
    const tools = [{ name: "look", description: "Looks.", parameters: { type: "object", properties: {} } }];
    const lab = await startLab({
      suites: [suiteOf(someItem(0, { tools }))],
      answer: () => ({ toolCalls: [{ name: "look", args: { at: "sea" } }] }),
      parts: {
        grade: async (_, { turns }) => {
          const passed = turns[0]?.toolCalls[0]?.args["at"] === "sea";
          return { score: passed ? 1 : 0, passed, malformedTool: false, notes: [], outcome: "answered" };
        },
      },
    });
    await lab.work();
    expect(items(lab.servers.local)[0]?.body["tools"]).toMatchObject([{ function: { name: "look" } }]);
    expect(await lab.answers()).toMatchObject([{ passed: true, outcome: "answered" }]);
  });

  it("have a haystack that the model's own window takes, once it is loaded", async () => {
    const haystack = { needle: "The key is under the mat.", at: 0.9 };
    const lab = await startLab({
      suites: [suiteOf(someItem(0, { haystack, level: "full" }))],
      windowTokens: 6_000,
      request: { level: "full" },
    });
    await lab.work();
    const text = items(lab.servers.local)[0]?.text ?? "";
    // The scripted server counts four characters a token.
    expect(text.length / 4 + 32).toBeLessThan(6_000);
    expect(text.length / 4).toBeGreaterThan(5_400);
    expect(text.indexOf("under the mat") / text.length).toBeGreaterThan(0.85);
  });
});

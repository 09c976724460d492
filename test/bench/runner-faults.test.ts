import { describe, expect, it } from "vitest";
import { someItem, someSuite, suiteOf } from "./bench-items.ts";
import { A, CLOUD } from "./lab-parts.ts";
import { isWarmUp, items, questionOf, right, startLab } from "./runner-lab.ts";
import { type AskedChat, type Script, startScriptedOllama } from "./scripted-ollama.ts";

/** Does something else the first times that a question is asked. */
function atFirst(at: number, times: number, script: Script, then = right) {
  let done = 0;
  return (chat: AskedChat): Script => (questionOf(chat) === at && done++ < times ? script : then(chat));
}
const outcomes = async (lab: Awaited<ReturnType<typeof startLab>>) =>
  Object.fromEntries((await lab.answers()).map(({ itemId, outcome }) => [itemId.split("/v")[1], outcome]));

describe("a server that asks for a pause", () => {
  const limited = (headers: Record<string, string>): Script => ({ status: 429, text: "slow down", headers });

  it("gets it, as long as it says, and the item is asked again", async () => {
    const lab = await startLab({ answer: atFirst(2, 1, limited({ "retry-after": "7" })) });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect(lab.state.sleeps).toEqual([7_000]);
    expect(await outcomes(lab)).toEqual({
      0: "answered",
      1: "answered",
      2: "answered",
      3: "answered",
      4: "answered",
      5: "answered",
    });
    expect(lab.state.progress.find(({ doing }) => doing === "waiting")?.why).toMatch(
      /HTTP 429.*slow down.* The bench waits 7 s\.$/,
    );
  });

  it("gets longer and longer ones where it does not say", async () => {
    const lab = await startLab({ answer: atFirst(2, 3, limited({})) });
    expect((await lab.work()).kind).toBe("done");
    expect(lab.state.sleeps).toEqual([15_000, 30_000, 60_000]);
  });

  it("is left alone where it wants more than minutes: its items are not burned", async () => {
    const lab = await startLab({
      models: [A, CLOUD],
      cloud: (chat) => (isWarmUp(chat) ? right(chat) : limited({ "retry-after": "3600" })),
    });
    const { kind, left } = await lab.work();
    expect(kind).toBe("done");
    expect(left).toEqual([expect.stringMatching(/HTTP 429.* 6 questions to cloud\/c were not asked\.$/)]);
    expect(lab.state.sleeps).toEqual([]);
    expect((await lab.answers()).map(({ model }) => model.provider)).toEqual(Array(6).fill("ollama"));
    expect((await lab.runs.read(lab.run.id))?.note).toBe(left[0]);
  });
});

describe("a server that breaks off", () => {
  it.each<[string, Script]>([
    ["answers HTTP 500", { status: 500, text: "out of memory" }],
    ["closes the connection", { text: "It is not", breakAfter: 1 }],
  ])("and %s is asked twice more", async (_, script) => {
    const lab = await startLab({ answer: atFirst(2, 2, script) });
    expect((await lab.work()).kind).toBe("done");
    expect(lab.state.sleeps).toEqual([2_000, 8_000]);
    expect((await outcomes(lab))[2]).toBe("answered");
    // A prompt that was read once could come from a cache.
    const asked = items(lab.servers.local).filter((chat) => questionOf(chat) === 2);
    expect(new Set(asked.map(({ text }) => text)).size).toBe(3);
  });

  it("each time costs the item, not the run", async () => {
    const lab = await startLab({ answer: atFirst(2, 3, { status: 500, text: "out of memory" }) });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect((await lab.answers()).find(({ itemId }) => itemId.endsWith("/v2"))).toMatchObject({
      ...{ outcome: "failed", score: 0, passed: false, usd: 0 },
      notes: [expect.stringMatching(/HTTP 500.*out of memory/)],
    });
    expect(Object.values(await outcomes(lab)).filter((outcome) => outcome === "answered")).toHaveLength(5);
  });

  it("at every item is asked no further after five", async () => {
    const lab = await startLab({
      models: [A, CLOUD],
      suites: [someSuite(12)],
      answer: (chat) => (isWarmUp(chat) ? right(chat) : { status: 500, text: "no" }),
    });
    const { kind, left } = await lab.work();
    expect(kind).toBe("done");
    expect(left).toEqual([
      expect.stringMatching(/^5 items in a row came to nothing .* 7 questions to ollama\/a were not asked\.$/),
    ]);
    expect((await lab.answers()).filter(({ model }) => model.provider === "cloud")).toHaveLength(12);
  });

  it("with HTTP 400 is not asked the same again", async () => {
    const lab = await startLab({ answer: atFirst(2, 9, { status: 400, text: "the prompt is too long" }) });
    await lab.work();
    expect(items(lab.servers.local).filter((chat) => questionOf(chat) === 2)).toHaveLength(1);
    expect((await outcomes(lab))[2]).toBe("failed");
  });

  it("since the model takes no tools counts against the model", async () => {
    const lab = await startLab({ answer: atFirst(2, 9, { status: 400, text: '"a" does not support tools' }) });
    await lab.work();
    const answer = (await lab.answers()).find(({ itemId }) => itemId.endsWith("/v2"));
    expect(answer).toMatchObject({ outcome: "empty", passed: false, notes: ["its server takes no tools for it"] });
  });

  it("since it has no such model is asked nothing more", async () => {
    const lab = await startLab({ models: [A, CLOUD], answer: () => ({ status: 404, text: "model 'a' not found" }) });
    const { left } = await lab.work();
    expect(left).toEqual([expect.stringMatching(/no model called “a”\. 6 questions/)]);
    expect(await lab.answers()).toHaveLength(6);
  });
});

describe("a server that a question takes down", () => {
  /** It starts again by itself each time, as a service does. */
  async function startMortal(isDeadly: (at: number) => boolean, suites = [someSuite(6)]) {
    let end: Promise<unknown> = Promise.resolve();
    const answer = (chat: AskedChat): Script => {
      if (!isDeadly(questionOf(chat) ?? -1)) return right(chat);
      end = lab.servers.local.close();
      return { text: "It is", breakAfter: 0 };
    };
    const asked: AskedChat[] = [];
    const lab = await startLab({
      answer,
      suites,
      parts: {
        async sleep(ms) {
          lab.state.sleeps.push(ms);
          if (lab.state.sleeps.length > 40) throw new Error("It would go on for ever.");
          if (lab.state.sleeps.length % 2 === 1) return;
          await end;
          asked.push(...items(lab.servers.local));
          const { port } = new URL(lab.servers.local.url);
          lab.servers.local = await startScriptedOllama(answer, { port: Number(port) });
        },
      },
    });
    return { lab, asked };
  }

  it("each time is asked that twice; the others are answered", async () => {
    const { lab, asked } = await startMortal((at) => at === 2);
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect((await lab.answers()).find(({ itemId }) => itemId.endsWith("/v2"))).toMatchObject({
      outcome: "failed",
      notes: [expect.stringMatching(/^Its server went down twice at it: /)],
    });
    expect(Object.values(await outcomes(lab)).filter((outcome) => outcome === "answered")).toHaveLength(5);
    expect(asked.filter((chat) => questionOf(chat) === 2)).toHaveLength(2);
  });

  it("whichever it is, is left alone after five of them", async () => {
    const { lab } = await startMortal((at) => at >= 0, [someSuite(8)]);
    expect((await lab.work()).left).toEqual([
      expect.stringMatching(/^5 items in a row came to nothing .* 3 questions to ollama\/a were not asked\.$/),
    ]);
  });
});

describe("a server that is down", () => {
  it("in the middle keeps no other waiting and costs no item: the rest is asked when it is back", async () => {
    let back: Promise<unknown> | undefined;
    const lab = await startLab({
      models: [A, CLOUD],
      parts: {},
      answer: right,
      cloud: (chat) => {
        // It goes down after its second item, and comes back when the other server is done.
        if (questionOf(chat) !== undefined && items(lab.servers.cloud).length === 2) void lab.servers.local.close();
        if (items(lab.servers.cloud).length === 6) {
          const { port } = new URL(lab.servers.local.url);
          back = startScriptedOllama(right, { port: Number(port) }).then((server) => {
            lab.servers.local = server;
          });
        }
        return right(chat);
      },
    });
    const asked = lab.servers.local.asked;
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    await back;
    expect(asked.length).toBeLessThan(6);
    expect(new Set(await lab.keys()).size).toBe(12);
    expect((await lab.answers()).every(({ outcome }) => outcome === "answered")).toBe(true);
  });

  it("for long pauses the run, and it goes on where it was", async () => {
    const lab = await startLab({
      answer: (chat) => {
        if (items(lab.servers.local).length === 3) setImmediate(() => void lab.servers.local.close());
        return right(chat);
      },
    });
    const { kind, left } = await lab.work();
    expect(kind).toBe("paused");
    expect(left).toEqual([expect.stringMatching(/nothing listens there\. \d questions wait for it\.$/)]);
    const stored = await lab.runs.read(lab.run.id);
    expect(stored).toMatchObject({ state: "open", note: left[0] });
    const before = await lab.answers();
    expect(before.length).toBeGreaterThanOrEqual(2);
    expect(before.every(({ outcome }) => outcome === "answered")).toBe(true);
    expect(lab.state.waitedMs).toBeGreaterThanOrEqual(15 * 60_000);
    expect(lab.state.progress.at(-1)?.why).toMatch(/The bench goes on when it is back\.$/);

    lab.servers.local = await startScriptedOllama(right);
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect(await lab.answers()).toHaveLength(6);
    expect((await lab.runs.read(lab.run.id))?.note).toBeUndefined();
    expect(items(lab.servers.local)).toHaveLength(6 - before.length);
  });
});

describe("an answer", () => {
  const one = (script: Script, more: Parameters<typeof startLab>[0] = {}) =>
    startLab({ suites: [suiteOf(someItem(0))], answer: (chat) => (isWarmUp(chat) ? right(chat) : script), ...more });

  it.each<[string, Script, object]>([
    ["that is empty", { text: "" }, { outcome: "empty", passed: false }],
    ["of white space", { text: " \n " }, { outcome: "empty", passed: false }],
    [
      "that was cut at its most tokens",
      { text: `${"so ".repeat(40)}1` },
      { outcome: "cut", notes: ["cut off at its most tokens"] },
    ],
    [
      "that thought until nothing was left for it",
      { thinking: "hm ".repeat(90), text: " ".repeat(3) + "\n ".repeat(40) },
      { thinkingCharacters: 270, passed: false },
    ],
    [
      "after some thought",
      { thinking: "One and nothing is 7.", text: "It is 1." },
      { outcome: "answered", passed: true, thinkingCharacters: 21 },
    ],
    ["that refuses", { text: "I'm sorry, but I can't help with that request." }, { outcome: "refused", passed: false }],
  ])("%s is what it was", async (_, script, expected) => {
    const lab = await one(script);
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect(await lab.answers()).toMatchObject([expected]);
  });

  it("of 1 MB is cut off while it comes", async () => {
    const lab = await one({ text: "blah ".repeat(200_000), tokenMs: 0 });
    await lab.work();
    expect(await lab.answers()).toMatchObject([
      { outcome: "cut", notes: ["cut off: far longer than allowed", "another number"] },
    ]);
    const said = JSON.stringify(await lab.runs.said(lab.run.id, { model: A, itemId: "sums/even/v0", repeat: 0 }));
    expect(said.length).toBeLessThan(21_000);
  });

  it("that never ends is cut off, and counts as far as it came", async () => {
    const lab = await one({ endless: true }, { parts: { deadlineMs: () => 300 } });
    await lab.work();
    expect(await lab.answers()).toMatchObject([
      { outcome: "cut", notes: [expect.stringMatching(/^cut off/), "another number"] },
    ]);
  });

  it("that never begins is none", async () => {
    const lab = await one({ silent: true }, { parts: { deadlineMs: () => 200 } });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect(await lab.answers()).toMatchObject([{ outcome: "failed", notes: ["It gave no answer within 0.2 s."] }]);
    expect(lab.state.sleeps).toEqual([]);
  });

  it("that the grader chokes on is not held against the model", async () => {
    const lab = await one({ text: "It is 1." }, { parts: { grade: () => Promise.reject(new Error("bug")) } });
    await lab.work();
    expect(await lab.answers()).toMatchObject([{ outcome: "failed", notes: ["The answer could not be graded."] }]);
  });
});

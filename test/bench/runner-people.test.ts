import { describe, expect, it } from "vitest";
import { someSuite } from "./bench-items.ts";
import { A, B, CLOUD } from "./lab-parts.ts";
import { isWarmUp, items, questionOf, right, startLab } from "./runner-lab.ts";

describe("people come first", () => {
  it("between two items the bench waits until nobody is being answered", async () => {
    const lab = await startLab();
    lab.state.busy = [false, false, true, true, true, false];
    expect((await lab.work()).kind).toBe("done");
    expect(lab.state.sleeps).toEqual([1_000, 1_000, 1_000]);
    const waiting = lab.state.progress.filter(({ doing }) => doing === "waiting");
    expect(waiting[0]?.why).toBe("A conversation is being answered on this machine; the bench goes on after it.");
    // Whatever was in memory, the first answer afterwards does not count.
    expect(lab.servers.local.asked.filter(isWarmUp)).toHaveLength(2);
  });

  it("in the middle of an item a local model is stopped, and asked again once it is quiet", async () => {
    let isFirst = true;
    const lab = await startLab({
      answer: (chat) => {
        if (questionOf(chat) !== undefined && items(lab.servers.local).length === 3 && isFirst) {
          isFirst = false;
          lab.state.busy = [true];
          setImmediate(() => {
            for (const listener of lab.state.listeners) listener();
          });
          return { ...right(chat), promptMs: 30_000 };
        }
        return right(chat);
      },
    });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    const answers = await lab.answers();
    expect(answers).toHaveLength(6);
    expect(answers.every(({ outcome, timings }) => outcome === "answered" && timings.totalMs < 5_000)).toBe(true);
    expect(lab.state.sleeps).toEqual([1_000]);
    const third = questionOf(items(lab.servers.local)[2] as never);
    expect(items(lab.servers.local).filter((chat) => questionOf(chat) === third)).toHaveLength(2);
    expect(lab.state.listeners.size).toBe(0);
  });

  it("after a turn that was over at once the first answer does not count either", async () => {
    let isFirst = true;
    const lab = await startLab({
      answer: (chat) => {
        if (questionOf(chat) === undefined || !isFirst) return right(chat);
        isFirst = false;
        setImmediate(() => {
          for (const listener of lab.state.listeners) listener();
        });
        return { ...right(chat), promptMs: 30_000 };
      },
    });
    await lab.work();
    expect(lab.servers.local.asked.filter(isWarmUp)).toHaveLength(2);
    expect(await lab.answers()).toHaveLength(6);
  });

  /** Does something while the cloud is asked its second question. */
  const duringCloud = (doing: () => unknown) => {
    let count = 0;
    return (chat: Parameters<typeof right>[0]) => {
      const isIt = questionOf(chat) !== undefined && ++count === 2;
      if (isIt) setImmediate(doing);
      return { ...right(chat), promptMs: isIt ? 300 : 0 };
    };
  };

  it("a turn that came and went while the cloud was asked: what it left in memory stays until nobody uses it", async () => {
    const lab = await startLab({
      models: [A, CLOUD],
      cloud: duringCloud(async () => {
        const body = JSON.stringify({ model: B.model, messages: [{ role: "user", content: "Hello" }] });
        await fetch(`${lab.servers.local.url}/api/chat`, { method: "POST", body });
        for (const listener of lab.state.listeners) listener();
        lab.state.evictions = [{ model: "b", usedBy: ["agent:main:main"] }];
      }),
      parts: {
        async sleep(ms) {
          lab.state.sleeps.push(ms);
          if (lab.state.sleeps.length === 2) lab.state.evictions = [];
        },
      },
    });
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect(lab.state.sleeps).toEqual([15_000, 15_000]);
    expect(lab.servers.local.loads).toEqual(["a", "b", "a"]);
    expect(lab.state.listeners.size).toBe(0);
  });

  it("after a turn while the cloud was asked the first answer does not count either", async () => {
    const lab = await startLab({
      models: [A, CLOUD],
      cloud: duringCloud(() => {
        for (const listener of lab.state.listeners) listener();
      }),
    });
    await lab.work();
    expect(lab.servers.local.asked.filter(isWarmUp)).toHaveLength(2);
  });

  it("a model that its server has dropped meanwhile is loaded before an answer counts", async () => {
    const lab = await startLab({
      models: [A, CLOUD],
      loadMs: 200,
      cloud: duringCloud(() =>
        fetch(`${lab.servers.local.url}/api/generate`, {
          method: "POST",
          body: JSON.stringify({ model: A.model, keep_alive: 0 }),
        }),
      ),
    });
    await lab.work();
    expect(lab.servers.local.loads).toEqual(["a", "a"]);
    expect(lab.servers.local.asked.filter(isWarmUp)).toHaveLength(2);
    const local = (await lab.answers()).filter(({ model }) => model.provider === "ollama");
    expect(local.every(({ timings }) => (timings.loadMs ?? 0) === 0)).toBe(true);
  });

  it("an answer in the cloud is not stopped: there nobody waits for it", async () => {
    const lab = await startLab({
      models: [CLOUD],
      cloud: (chat) => {
        for (const listener of lab.state.listeners) listener();
        return right(chat);
      },
    });
    await lab.work();
    expect(items(lab.servers.cloud)).toHaveLength(6);
  });
});

describe("a model in use stays in memory", () => {
  const evictions = [{ model: "llama3:70b", usedBy: ["agent:main:main"] }];

  it("until nobody uses it", async () => {
    const lab = await startLab({
      parts: {
        async sleep(ms) {
          lab.state.sleeps.push(ms);
          if (lab.state.sleeps.length === 3) lab.state.evictions = [];
        },
      },
    });
    lab.state.evictions = evictions;
    expect((await lab.work()).kind).toBe("done");
    expect(lab.state.sleeps).toEqual([15_000, 15_000, 15_000]);
    expect(lab.state.progress[0]?.why ?? lab.state.progress[1]?.why).toMatch(
      /^ollama\/a would push llama3:70b out of memory, which a conversation uses/,
    );
  });

  it("unless a person said yes", async () => {
    const lab = await startLab({ request: { consent: { usd: 1, evict: true } } });
    lab.state.evictions = evictions;
    expect((await lab.work()).kind).toBe("done");
    expect(lab.state.sleeps).toEqual([]);
  });

  it("and keeps no model in the cloud waiting", async () => {
    const lab = await startLab({ models: [CLOUD] });
    lab.state.evictions = evictions;
    expect((await lab.work()).kind).toBe("done");
    expect(lab.state.sleeps).toEqual([]);
  });
});

describe("local-only mode", () => {
  it("leaves out what is in the cloud from the moment it is on, and says so", async () => {
    const lab = await startLab({
      models: [A, CLOUD],
      cloud: (chat) => {
        if (items(lab.servers.cloud).length === 2) lab.state.locked = true;
        return right(chat);
      },
    });
    const { kind, left } = await lab.work();
    expect(kind).toBe("done");
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(/^Local-only mode is on.* [45] questions to cloud\/c were not asked\.$/);
    const answers = await lab.answers();
    expect(answers.filter(({ model }) => model.provider === "ollama")).toHaveLength(6);
    expect(answers.filter(({ model }) => model.provider === "cloud").length).toBeLessThanOrEqual(2);
    expect(items(lab.servers.cloud)).toHaveLength(2);
  });

  it("stops an answer from the cloud that is under way", async () => {
    const lab = await startLab({
      models: [CLOUD],
      cloud: (chat) => {
        if (questionOf(chat) === undefined) return right(chat);
        lab.state.locked = true;
        return { ...right(chat), promptMs: 60_000 };
      },
    });
    expect((await lab.work()).left).toEqual([
      expect.stringMatching(/^Local-only mode is on, so cloud\/c is not asked any more\. 6 questions/),
    ]);
    expect(await lab.answers()).toEqual([]);
  });
});

describe("what a run may cost", () => {
  it("is never exceeded by more than the item that was under way", async () => {
    // 32 tokens of answer at $15 and some prompt: each item costs some $0.0002.
    const lab = await startLab({
      models: [A, CLOUD],
      suites: [someSuite(8)],
      request: { consent: { usd: 0.0003, evict: false } },
    });
    const { kind, left } = await lab.work();
    expect(kind).toBe("done");
    expect(left).toEqual([
      expect.stringMatching(
        /^The cloud has cost more than the \$0\.0003 that were agreed to\. \d questions to cloud\/c/,
      ),
    ]);
    const cloud = (await lab.answers()).filter(({ model }) => model.provider === "cloud");
    const costs = cloud.map(({ usd = 0 }) => usd);
    expect(costs.reduce((sum, usd) => sum + usd, 0)).toBeGreaterThan(0.0003);
    expect(costs.slice(0, -1).reduce((sum, usd) => sum + usd, 0)).toBeLessThanOrEqual(0.0003);
  });

  it("has what is timed in it, also of before an interruption", async () => {
    // Prompts of 500 tokens at $3 a million: a call costs some $0.0015, the first of a size twice that.
    const agreed = 0.008;
    const stop = new AbortController();
    let calls = 0;
    const lab = await startLab({
      models: [CLOUD],
      request: { speed: true, consent: { usd: agreed, evict: false } },
      cloud: (chat) => {
        if (!isWarmUp(chat) && ++calls === 4) setImmediate(() => stop.abort());
        return { ...right(chat), promptMs: calls === 4 ? 1_000 : 0 };
      },
    });
    await expect(lab.work({ signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect((await lab.work()).left).toEqual([
      expect.stringMatching(/^The cloud has cost more than the \$0\.0080 that were agreed to\. \d+ questions/),
    ]);
    const costs = (await lab.speeds()).map(({ usd = 0 }) => usd);
    const spent = (of: readonly number[]) => of.reduce((sum, usd) => sum + usd, 0);
    expect(spent(costs)).toBeGreaterThan(agreed);
    expect(spent(costs.slice(0, -1))).toBeLessThanOrEqual(agreed);
    expect(costs.map((usd) => Math.round(usd / 0.0015))).toEqual([2, 1, 2, 16]);
    expect(items(lab.servers.cloud)).toEqual([]);
  });

  it("counts an answer of which the server has not said its size as the longest that it may be", async () => {
    const lab = await startLab({
      models: [CLOUD],
      request: { consent: { usd: 0.0006, evict: false } },
      cloud: (chat) => (questionOf(chat) === undefined ? right(chat) : { endless: true }),
      parts: { deadlineMs: () => 100 },
    });
    expect((await lab.work()).left).toEqual([expect.stringMatching(/^The cloud has cost more .* 4 questions/)]);
    const answers = await lab.answers();
    expect(answers).toMatchObject([
      { outcome: "cut", usd: undefined },
      { outcome: "cut", usd: undefined },
    ]);
    for (const { mostUsd } of answers) expect(mostUsd).toBeGreaterThan((32 * 15) / 1e6);
  });
});

it("models that share a memory do not take turns at every item", async () => {
  const lab = await startLab({ models: [A, B] });
  await lab.work();
  expect(lab.servers.local.loads).toEqual(["a", "b"]);
});

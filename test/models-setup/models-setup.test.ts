import { describe, expect, it } from "vitest";
import type { SetupRequest, SetupResult } from "../../src/models-setup/models-setup.ts";
import type { TriedModel } from "../../src/models-setup/set-up-model.ts";
import { CODER, LLAMA, machineWith, obligingAnswer, type SetupLab, startSetupLab } from "./setup-lab.ts";

const signal = new AbortController().signal;

async function prepare(lab: SetupLab, request: SetupRequest): Promise<readonly SetupResult[]> {
  const found = await lab.setup.findServer(undefined, signal);
  return lab.setup.prepare(found, await lab.setup.plan(found, request, signal), { signal });
}

/** Sets up whatever passes, and gives what was tried and which slots changed. */
async function setUp(lab: SetupLab, ...names: string[]) {
  const found = await lab.setup.findServer(undefined, signal);
  const results = await prepare(lab, { names });
  const tried = results.map((result): TriedModel => {
    if (result.kind === "failed") throw result.error;
    return result.model;
  });
  const definitions = await lab.setup.definitions(found, tried);
  const changes = await lab.setup.preview(definitions);
  const offered = await lab.setup.write(definitions, "terminal:ann");
  return { tried, offered, notes: definitions.notes, changed: changes.map(({ name }) => name) };
}

const ollamaIn = (lab: SetupLab) => (lab.config()["models"] as { providers: { ollama: unknown } }).providers.ollama;

describe("a model that is not there yet", () => {
  it("is downloaded, tried and defined; again there is nothing to change, and undo leaves nothing", async () => {
    const lab = await startSetupLab({ pullable: [LLAMA], config: { gateway: { port: 1 } } });
    const { tried, offered } = await setUp(lab, "llama3.2:3b");
    expect(tried[0]).toMatchObject({
      name: "llama3.2:3b",
      contextTokens: 65_536,
      problems: [],
      probe: { tools: "works", windowTokens: 65_536, longPrompt: { verdict: "whole" }, onGpu: 1 },
    });
    expect(tried[0]?.probe.longPrompt.readTokens).toBeGreaterThan(0.7 * 65_536);
    expect(offered).toContain("ollama/llama3.2:3b");
    expect(ollamaIn(lab)).toEqual({
      baseUrl: lab.ollama.url,
      api: "ollama",
      apiKey: "ollama-local",
      timeoutSeconds: 300,
      models: [
        {
          id: "llama3.2:3b",
          name: "llama3.2:3b",
          input: ["text"],
          cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
          contextWindow: 131_072,
          contextTokens: 65_536,
          maxTokens: 8_192,
          params: { num_ctx: 65_536 },
        },
      ],
    });

    const again = await setUp(lab, "ollama/llama3.2:3b");
    expect(again.changed).toEqual([]);
    expect(again.tried[0]?.probe.loadMs).toBeUndefined();

    await lab.setup.undo("terminal:ann");
    expect(lab.config()).toEqual({ gateway: { port: 1 } });
    await expect(lab.setup.undo("terminal:ann")).rejects.toMatchObject({ code: "nothing_to_undo" });
  });

  it("shows in the registry with what was measured", async () => {
    const lab = await startSetupLab({ pullable: [LLAMA] });
    await setUp(lab, "llama3.2:3b");
    const { models } = await lab.setup.described();
    const facts = models.find(({ ref }) => ref.model === "llama3.2:3b")?.facts;
    expect(facts?.toolCalls).toMatchObject({
      value: "works",
      origin: "measured",
      source: "a trial on ollama at 127.0.0.1",
    });
    expect(facts?.loadMs?.value).toBeGreaterThanOrEqual(30);
    // The stand-in's own clock: a token read in 1 ms, written in 20.
    const decodes = facts?.speeds.flatMap(({ decode }) => decode?.value ?? []) ?? [];
    expect(decodes).toHaveLength(2);
    for (const decode of decodes) expect(decode).toBeCloseTo(50);
    expect(facts?.speeds.at(-1)?.depthTokens).toBeGreaterThan(0.7 * 65_536);
    for (const { prefill } of facts?.speeds ?? []) if (prefill) expect(prefill.value).toBeCloseTo(1_000);
  });

  it("is known to be there at once, although its server was listed a moment before", async () => {
    const lab = await startSetupLab({ models: [LLAMA], pullable: [{ ...LLAMA, name: "second:3b" }] });
    await setUp(lab, LLAMA.name);
    await setUp(lab, "second:3b");
    const profile = lab.registry.find({ provider: "ollama", model: "second:3b" });
    expect(profile).toMatchObject({ served: { name: "second:3b" }, locality: { kind: "local" } });
  });

  it("goes on where a download was broken off", async () => {
    const lab = await startSetupLab({ pullable: [LLAMA] });
    const found = await lab.setup.findServer(undefined, signal);
    const planned = await lab.setup.plan(found, { names: ["llama3.2:3b"] }, signal);
    const interrupted = new AbortController();
    const first = lab.setup.prepare(found, planned, {
      signal: interrupted.signal,
      onPull: (_, { doneBytes = 0 }) => doneBytes > 1e9 && interrupted.abort(new Error("Ctrl-C")),
    });
    await expect(first).rejects.toThrow("Ctrl-C");
    expect(lab.ollama.chats).toEqual([]);

    const seen: number[] = [];
    await lab.setup.prepare(found, planned, {
      signal,
      onPull: (_, { doneBytes }) => doneBytes !== undefined && doneBytes > 0 && seen.push(doneBytes),
    });
    expect(seen[0]).toBeGreaterThan(0.9e9);
    expect(lab.ollama.chats.length).toBeGreaterThan(0);
  });

  it("is refused with the figures where the disk has no room", async () => {
    const machine = await machineWith({ disk: 12e9 });
    const lab = await startSetupLab({ pullable: [CODER], machine });
    await expect(prepare(lab, { names: ["qwen2.5-coder:32b"] })).rejects.toMatchObject({
      code: "bad_option",
      message: expect.stringMatching(/19\.8 GB.* 12\.0 GB free/),
    });
    expect(await prepare(lab, { names: ["qwen2.5-coder:32b"], force: true })).toMatchObject([
      { kind: "failed", error: { message: expect.stringContaining("stopped") } },
    ]);
  });

  it("of unknown size is stopped as soon as its size is known", async () => {
    const lab = await startSetupLab({
      pullable: [{ ...LLAMA, name: "own:1b", sizeBytes: 50e9 }],
      machine: await machineWith({ disk: 9e9 }),
    });
    expect(await prepare(lab, { names: ["own:1b"] })).toMatchObject([
      {
        kind: "failed",
        name: "own:1b",
        error: { code: "bad_option", message: expect.stringContaining("9.0 GB free") },
      },
    ]);
    expect(lab.ollama.chats).toEqual([]);
  });

  it("that nobody has is said, and the next one has its turn", async () => {
    const lab = await startSetupLab({ models: [LLAMA] });
    expect(await prepare(lab, { names: ["nothing:1b", "llama3.2:3b"] })).toMatchObject([
      { kind: "failed", name: "nothing:1b", error: { code: "unknown_model" } },
      { kind: "tried" },
    ]);
  });
});

describe("memory", () => {
  it("refuses what does not fit, with the figures, unless forced", async () => {
    const lab = await startSetupLab({ models: [CODER], machine: await machineWith({ memory: 16 * 1024 ** 3 }) });
    await expect(prepare(lab, { names: ["qwen2.5-coder:32b"] })).rejects.toMatchObject({
      code: "bad_option",
      message: expect.stringMatching(/does not fit.* there are 16\.0 GiB/),
    });
    expect(await prepare(lab, { names: ["qwen2.5-coder:32b"], force: true })).toMatchObject([{ kind: "tried" }]);
  });

  it("counts what Ollama has in memory as free, so that a second run comes to the same", async () => {
    const big = { ...LLAMA, contextLength: 1_048_576, sizeBytes: 2e9 };
    // 4 for the system, 1.5 for buffers, 1.86 for the weights: 43k tokens of 112 KiB are left.
    const lab = await startSetupLab({ models: [big], machine: await machineWith({ memory: 12 * 1024 ** 3 }) });
    const first = (await setUp(lab, big.name)).tried[0]?.contextTokens;
    expect(first).toBe(40_960);
    expect((await setUp(lab, big.name)).changed).toEqual([]);
  });
});

describe("tool calls", () => {
  it("that come as text are mended by a copy with another template, which is what agents get", async () => {
    const lab = await startSetupLab({ models: [CODER], config: { agents: { defaults: { models: { "x/y": {} } } } } });
    const { tried, offered } = await setUp(lab, "qwen2.5-coder:32b");
    expect(tried[0]).toMatchObject({
      asked: "qwen2.5-coder:32b",
      name: "qwen2.5-coder-tools:32b",
      contextTokens: 32_768,
      problems: [],
      notes: [expect.stringContaining("[tool_call]")],
    });
    expect([...offered]).toEqual(["ollama/qwen2.5-coder-tools:32b"]);
    expect(lab.config()).toMatchObject({
      agents: {
        defaults: { models: { "x/y": {}, "ollama/qwen2.5-coder-tools:32b": { alias: "qwen2.5-coder-tools" } } },
      },
    });
    expect((await setUp(lab, "qwen2.5-coder:32b")).changed).toEqual([]);
    expect(lab.ollama.chats.filter(({ model }) => model === CODER.name)).toEqual([]);
  });

  it("try the next template where the first does not help", async () => {
    let copies = 0;
    const lab = await startSetupLab({
      models: [CODER],
      answer: (chat) => {
        if (chat.body["tools"] === undefined) return obligingAnswer(chat);
        copies += 1;
        return copies > 1 ? obligingAnswer(chat) : { text: '{"name": "read_thermometer", "arguments": {}}' };
      },
    });
    const { tried } = await setUp(lab, "qwen2.5-coder:32b");
    expect(tried[0]).toMatchObject({ probe: { tools: "works" }, notes: [expect.stringContaining("bare JSON")] });
  });

  it.each([
    ["text, with prompts of another form", { ...LLAMA, textTools: true }, undefined, "text"],
    ["none", LLAMA, { text: "It is cold." }, "none"],
    ["the wrong tool", LLAMA, { text: "", toolCalls: [{ name: "send_message", args: {} }] }, "none"],
    ["no place for tools in its template", LLAMA, { text: "llama3.2:3b does not support tools", status: 400 }, "none"],
  ] as const)("%s: said, and not for agents", async (_, model, answer, tools) => {
    const lab = await startSetupLab({
      models: [model],
      answer: (chat) => (chat.body["tools"] !== undefined && answer !== undefined ? answer : obligingAnswer(chat)),
    });
    const [result] = await prepare(lab, { names: [model.name] });
    expect(result).toMatchObject({ kind: "tried", model: { name: model.name, probe: { tools } } });
    expect(result?.kind === "tried" && result.model.problems).toHaveLength(1);
  });

  it("a copy of that name which somebody else made stays as it is", async () => {
    const theirs = { ...CODER, name: "qwen2.5-coder-tools:32b", template: "mine", textTools: false };
    const lab = await startSetupLab({ models: [CODER, theirs] });
    const { tried } = await setUp(lab, "qwen2.5-coder:32b");
    expect(tried[0]).toMatchObject({ name: theirs.name, description: { template: "mine" }, problems: [] });
  });
});

describe("a long prompt", () => {
  /** A server that takes no wishes: it gives 4,096 tokens and leaves out what is above, without a word. */
  const deaf: typeof globalThis.fetch = (input, init) => {
    if (typeof init?.body !== "string" || !String(input).endsWith("/api/chat")) return fetch(input, init);
    const { truncate: _truncate, options, ...body } = JSON.parse(init.body);
    return fetch(input, { ...init, body: JSON.stringify({ ...body, options: { ...options, num_ctx: 4_096 } }) });
  };

  it("that is cut without a word is found out", async () => {
    const lab = await startSetupLab({ models: [LLAMA], fetch: deaf });
    const [result] = await prepare(lab, { names: ["llama3.2:3b"] });
    expect(result).toMatchObject({
      kind: "tried",
      model: {
        contextTokens: 4_096,
        probe: { windowTokens: 4_096, longPrompt: { verdict: "cut", readTokens: 4_096 } },
        problems: [expect.stringContaining("4096")],
      },
    });
  });

  it("that is read whole and not remembered is only a note", async () => {
    const answer = (chat: Parameters<typeof obligingAnswer>[0]) =>
      chat.body["tools"] === undefined ? { text: "I forgot." } : obligingAnswer(chat);
    const lab = await startSetupLab({ models: [LLAMA], answer });
    const [result] = await prepare(lab, { names: ["llama3.2:3b"] });
    expect(result).toMatchObject({ model: { probe: { longPrompt: { verdict: "forgot" } }, problems: [] } });
  });

  it("that the server refuses keeps the model from agents", async () => {
    const answer: typeof obligingAnswer = (chat) =>
      chat.messages.some(({ text }) => text.length > 20_000)
        ? { text: "out of memory", status: 500 }
        : obligingAnswer(chat);
    const lab = await startSetupLab({ models: [LLAMA], answer });
    const [result] = await prepare(lab, { names: ["llama3.2:3b"] });
    expect(result).toMatchObject({
      model: { probe: { longPrompt: { verdict: "failed" } }, problems: [expect.stringContaining("out of memory")] },
    });
  });
});

it("says before a trial what it may put out of memory", async () => {
  const lab = await startSetupLab({ models: [LLAMA, CODER] });
  const found = await lab.setup.findServer(undefined, signal);
  await found.server.warm(CODER.name, {}, signal);
  const notesOn = async (name: string) => (await lab.setup.plan(found, { names: [name] }, signal))[0]?.notes;
  expect(await notesOn(LLAMA.name)).toEqual([expect.stringContaining(CODER.name)]);
  expect(await notesOn(CODER.name)).toEqual([expect.stringContaining("tool calls as text")]);
});

describe("what there is to choose", () => {
  it("is what is there first, then what this machine should take; clouds and copies are left out", async () => {
    const lab = await startSetupLab({
      models: [
        LLAMA,
        CODER,
        { ...CODER, name: "qwen2.5-coder-tools:32b" },
        { ...LLAMA, name: "big:cloud", remoteHost: "https://ollama.com" },
        { ...LLAMA, name: "nomic-embed-text:latest", capabilities: ["embedding"] },
      ],
    });
    const choices = await lab.setup.choices(await lab.setup.findServer(undefined, signal), signal);
    expect(choices.slice(0, 3).map(({ name, isPulled }) => [name, isPulled])).toEqual([
      ["llama3.2:3b", true],
      ["qwen2.5-coder:32b", true],
      [choices[2]?.name, false],
    ]);
    expect(choices.filter(({ isRecommended }) => isRecommended)).toHaveLength(1);
    expect(choices[2]).toMatchObject({ isRecommended: true, assessment: { verdict: "usable" } });
    expect(choices.map(({ name }) => name)).not.toContain("nomic-embed-text:latest");
  });

  it("is nothing of the cloud", async () => {
    const lab = await startSetupLab({ models: [{ ...LLAMA, name: "big:cloud", remoteHost: "https://ollama.com" }] });
    await expect(prepare(lab, { names: ["big:cloud"] })).rejects.toMatchObject({ code: "bad_option" });
  });
});

describe("where no Ollama answers", () => {
  it("says what was tried and how to install it", async () => {
    const lab = await startSetupLab({ reachable: false });
    await expect(lab.setup.findServer(undefined, signal)).rejects.toMatchObject({
      code: "server_unreachable",
      message: expect.stringContaining("127.0.0.1:9"),
      hint: expect.stringMatching(/ollama\.com/),
    });
    await expect(lab.setup.findServer("other", signal)).rejects.toMatchObject({ code: "bad_option" });
  });

  it("asks the one that OpenClaw uses before the usual address", async () => {
    const elsewhere = await startSetupLab({ models: [LLAMA] });
    const config = { models: { providers: { box: { api: "ollama", baseUrl: elsewhere.ollama.url } } } };
    const lab = await startSetupLab({ reachable: false, config });
    const { server, isHere } = await lab.setup.findServer(undefined, signal);
    expect([server.id, server.baseUrl, isHere]).toEqual(["box", elsewhere.ollama.url, true]);
  });
});

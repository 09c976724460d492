import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TriedModel } from "../../src/models-setup/set-up-model.ts";
import type { StandIn } from "../../src/sandbox/stand-in.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { CODER, obligingAnswer, LLAMA as SMALL } from "../models-setup/setup-lab.ts";
import { type AttachedClutch, type Lab, LLAMA, startLab } from "./harness.ts";

// The tests build on each other: a model comes and goes.

const WINDOW = 24_576;
let lab: Lab;
let clutch: AttachedClutch;
/** In place of the lab's own Ollama, since this one has models to download. */
let ollama: StandIn;
/** What stood there before Clutch came. */
let original: unknown;

beforeAll(async () => {
  ollama = await startOllamaStandIn({
    models: [{ ...CODER, sizeBytes: 2e9 }],
    pullable: [SMALL],
    pullStepMs: 5,
    answer: (chat) =>
      chat.messages.some(({ text }) => /Ledger|cellar/.test(text)) ? obligingAnswer(chat) : { text: "Aye." },
  });
  lab = await startLab((config) => {
    const { models } = config as { models: { providers: { ollama: { baseUrl: string } } } };
    models.providers.ollama.baseUrl = ollama.url;
    return config;
  });
  clutch = await lab.attach();
  original = await onDisk();
});
afterAll(async () => {
  await lab?.stop();
  await ollama?.close();
});

/** What the file says of models. */
const onDisk = async (): Promise<unknown> => {
  const read = (await clutch.call("config.get", {})) as { path: string };
  return JSON.parse(await readFile(read.path, "utf8")).models;
};

async function setUp(name: string) {
  const { modelsSetup } = clutch.app;
  const { signal } = new AbortController();
  const found = await modelsSetup.findServer("ollama", signal);
  // What this machine has in memory is not the point here.
  const planned = await modelsSetup.plan(found, { names: [name], contextTokens: WINDOW, force: true }, signal);
  const results = await modelsSetup.prepare(found, planned, { signal });
  const tried = results.map((result): TriedModel => {
    if (result.kind === "failed") throw result.error;
    return result.model;
  });
  const definitions = await modelsSetup.definitions(found, tried);
  const changed = (await modelsSetup.preview(definitions)).map((difference) => difference.name);
  const offered = await modelsSetup.write(definitions, "terminal:ann");
  return { tried, changed, offered };
}

/** Switches the conversation, says something, and gives the window that the agent's request asked for. */
async function windowAfterSwitch(name: string, channel: string): Promise<unknown> {
  const key = `agent:main:discord:channel:${channel}`;
  await clutch.say(key, "Good morning.");
  const switched = await clutch.run(`/model ${name}`, `discord:${channel}`);
  expect(switched.error).toBeUndefined();
  const before = ollama.chats.length;
  expect(await clutch.say(key, "Who are you?")).toBe("Aye.");
  const [chat, ...others] = ollama.chats.slice(before);
  expect(others).toEqual([]);
  expect(`ollama/${chat?.model}`).toBe(name);
  return (chat?.body["options"] as { num_ctx?: unknown } | undefined)?.num_ctx;
}

it("a model that was downloaded and tried answers for an agent, with the window that was tried", async () => {
  const { tried, offered } = await setUp(SMALL.name);
  expect(tried[0]).toMatchObject({
    contextTokens: WINDOW,
    problems: [],
    probe: { tools: "works", windowTokens: WINDOW },
  });
  expect(offered).toContain(`ollama/${SMALL.name}`);
  expect(await windowAfterSwitch(`ollama/${SMALL.name}`, "51")).toBe(WINDOW);
});

it("a second time there is nothing to change", async () => {
  expect((await setUp(SMALL.name)).changed).toEqual([]);
});

it("a copy that calls tools answers in place of the model that prints them", async () => {
  const { tried, offered } = await setUp(CODER.name);
  expect(tried[0]).toMatchObject({ name: "qwen2.5-coder-tools:32b", problems: [], probe: { tools: "works" } });
  expect(offered).toContain(LLAMA);
  expect(await windowAfterSwitch("ollama/qwen2.5-coder-tools:32b", "52")).toBe(WINDOW);
});

it("undo leaves the configuration as it was", async () => {
  await clutch.app.modelsSetup.undo("terminal:ann");
  await clutch.app.modelsSetup.undo("terminal:ann");
  expect(await onDisk()).toEqual(original);
  const { models: offered } = await clutch.app.services.registry.refresh();
  expect(offered.map(({ ref }) => ref.model)).not.toContain(SMALL.name);
});

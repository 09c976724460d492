import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Card } from "../../commands/card.ts";
import type { Outcome } from "../../commands/dispatcher.ts";
import { type AttachedClutch, type Lab, LLAMA, PERSONA, QWEN, SONNET, startLab, turns } from "./harness.ts";

const GONE = "gone/qwen3:8b";
const FULL = "full/qwen3:8b";
const MISSING = "ollama/qwen3-coder:30b";

let lab: Lab;
let clutch: AttachedClutch;
let full: { readonly url: string; close(): void };

beforeAll(async () => {
  full = await startFullOllama();
  lab = await startLab((config) => {
    const models = config["models"] as { providers: Record<string, { models: object[] }> };
    const model = { id: "qwen3:8b", name: "Qwen3 8B", contextWindow: 40_960, contextTokens: 32_768, maxTokens: 4_096 };
    const { ollama } = models.providers;
    if (ollama === undefined) throw new Error("the lab has no Ollama");
    ollama.models.push({ ...model, id: "qwen3-coder:30b", name: "Qwen3 Coder 30B" });
    const at = (baseUrl: string) => ({ ...ollama, baseUrl, models: [model] });
    return {
      ...config,
      // Nothing listens on port 9.
      models: { ...models, providers: { ...models.providers, gone: at("http://127.0.0.1:9"), full: at(full.url) } },
    };
  });
  clutch = await lab.attach();
});
afterAll(async () => {
  await lab?.stop();
  full?.close();
});

/** An Ollama that lists its model and cannot load it. */
async function startFullOllama(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (request.url === "/api/tags") json(200, { models: [{ name: "qwen3:8b", size: 500_000_000 }] });
    else if (request.url === "/api/ps") json(200, { models: [] });
    else if (request.url === "/api/generate") json(500, { error: "model requires more system memory (40 GiB)" });
    else json(404, { error: "not here" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

const rowOf = async (key: string) => {
  const row = z.object({ modelProvider: z.string(), model: z.string(), modelOverrideSource: z.string().nullish() });
  const { session } = z.object({ session: row }).parse(await clutch.call("sessions.describe", { key }));
  return { model: `${session.modelProvider}/${session.model}`, pin: session.modelOverrideSource ?? null };
};
const loaded = async (): Promise<Readonly<Record<string, number>>> => {
  const reply: unknown = await (await fetch(`${lab.ollama.url}/api/ps`)).json();
  const { models } = z
    .object({ models: z.array(z.object({ name: z.string(), context_length: z.number() })) })
    .parse(reply);
  return Object.fromEntries(models.map(({ name, context_length }) => [name, context_length]));
};
const unload = (model: string) =>
  fetch(`${lab.ollama.url}/api/generate`, { method: "POST", body: JSON.stringify({ model, keep_alive: 0 }) });
const field = ({ card }: Outcome, name: string): string | undefined =>
  card.fields?.find((entry) => entry.name === name)?.value;
const lines = ({ card }: Outcome): readonly string[] => (card.actions ?? []).map(({ line }) => line);

describe("what cannot answer is refused, and nothing changes", () => {
  const key = "agent:main:discord:channel:6001";
  const at = `session:${key}`;
  beforeAll(() => clutch.say(key, "Hello."));

  it.each([
    { what: "a server that is down", model: GONE, code: "server_unreachable", says: /127\.0\.0\.1:9/ },
    { what: "a model that was not pulled", model: MISSING, code: "model_missing", says: /does not have/ },
    {
      what: "a model that cannot be loaded",
      model: FULL,
      code: "server_unreachable",
      says: /requires more system memory/,
    },
  ])("$what", async ({ model, code, says }) => {
    const before = await rowOf(key);
    const outcome = await clutch.run(`/model ${model}`, at);
    expect(outcome.error).toMatchObject({ code, message: expect.stringMatching(says) });
    expect(outcome.error?.message).toContain("Nothing was changed");
    expect(outcome.error?.hint).toMatch(/Llama 3\.1 70B|ollama\/llama3\.1:70b/);
    expect(await rowOf(key)).toEqual(before);
  });

  it.each(["scope:all", "scope:agent", "scope:global", "scope:helpers"])("also with %s", async (scope) => {
    const down = await clutch.run(`/model ${GONE} ${scope}`, at, "owner", true);
    expect(down.error).toMatchObject({ code: "server_unreachable", message: expect.stringContaining("127.0.0.1:9") });
    expect((await clutch.run(`/model ${MISSING} ${scope}`, at, "owner", true)).error?.code).toBe("model_missing");
  });

  it("a server that is down costs no time once that is known", async () => {
    await clutch.run(`/model ${GONE} plan`, at);
    const asked: string[] = [];
    const real = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      asked.push(String(input));
      return real(input, init);
    };
    const outcome = await clutch.run(`/model ${GONE} plan`, at).finally(() => {
      globalThis.fetch = real;
    });
    expect(outcome.card.body?.join(" ")).toContain("127.0.0.1:9");
    expect(asked.filter((url) => url.includes("127.0.0.1:9/"))).toEqual([]);
  });
});

it("a model that was not pulled is, with progress, where an owner asks for it", async () => {
  const key = "agent:main:discord:channel:6005";
  await clutch.say(key, "Hello.");
  const refused = await clutch.run(`/model ${MISSING} pull`, `session:${key}`, "operator");
  expect(refused.error?.code).toBe("not_allowed");
  const shown: Card[] = [];
  const outcome = await clutch.app.dispatcher.run({
    line: `/model ${MISSING} pull`,
    conversation: { platform: "session", channel: key, kind: "channel", person: "owner" },
    person: { platform: "discord", id: "owner" },
    confirmed: false,
    progress: (card) => shown.push(card),
  });
  expect(outcome.error).toBeUndefined();
  expect(shown[0]?.title).toBe("Downloading Qwen3 Coder 30B …");
  const meters = shown.flatMap(({ meter }) => meter ?? []);
  expect(meters.length).toBeGreaterThan(1);
  expect(meters.at(-1)).toMatchObject({ value: 500_000_000, max: 500_000_000, text: "500 MB of 500 MB" });
  expect(await rowOf(key)).toEqual({ model: MISSING, pin: "user" });
  expect(await clutch.say(key, "Who are you?")).toContain("qwen3-coder:30b");
});

describe("a switch that is prepared", () => {
  const key = "agent:main:discord:channel:6002";
  const at = `session:${key}`;
  beforeAll(() => clutch.say(key, "Hello."));

  it("plan shows what would be, also to a viewer, and does nothing", async () => {
    await unload("llama3.1:70b");
    const before = await rowOf(key);
    const outcome = await clutch.run(`/model ${LLAMA} plan:true`, at, "viewer");
    expect(outcome).toMatchObject({ ok: true, visibility: "private", card: { tone: "info" } });
    expect(field(outcome, "Load")).toMatch(/^~/);
    expect(field(outcome, "Conversation")).toMatch(/fits$/);
    expect(field(outcome, "Coming back")).toMatch(/^\$0\.\d+ for/);
    expect(lines(outcome)).toContain(`/model ${LLAMA}`);
    expect(await rowOf(key)).toEqual(before);
    expect(await loaded()).not.toHaveProperty("llama3.1:70b");
  });

  it("loads the model before the pin moves, with the window that OpenClaw will ask for", async () => {
    await unload("llama3.1:70b");
    const said: string[] = [];
    const outcome = await clutch.app.dispatcher.run({
      line: `/model ${LLAMA}`,
      conversation: { platform: "session", channel: key, kind: "channel", person: "owner" },
      person: { platform: "discord", id: "owner" },
      confirmed: false,
      progress: (card) => said.push(card.title),
    });
    expect(outcome.ok).toBe(true);
    expect(said).toEqual(["Loading Llama 3.1 70B …"]);
    expect(field(outcome, "Loaded")).toMatch(/^in /);
    expect((await loaded())["llama3.1:70b"]).toBe(65_536);
    await clutch.say(key, "And now?");
    // The turn asked for the same window: nothing had to be loaded again.
    expect(lab.ollama.chats.at(-1)?.body["options"]).toMatchObject({ num_ctx: 65_536 });
  });

  it("says nothing of loading where the model is loaded", async () => {
    await clutch.run("/model default", at);
    const outcome = await clutch.run(`/model ${LLAMA}`, at);
    expect(outcome.ok).toBe(true);
    expect(field(outcome, "Loaded")).toBeUndefined();
  });
});

describe("a conversation that is too long", () => {
  const key = "agent:main:discord:channel:6003";
  const at = `session:${key}`;
  const FACT = "The galley key hangs behind the flour.";
  // OpenClaw refuses a summary that lacks one of its sections.
  const SUMMARY = ["Decisions", "Open TODOs", "Constraints/Rules", "Pending user asks", "Exact identifiers"]
    .map((section) => `## ${section}\n- ${FACT}`)
    .join("\n\n");
  beforeAll(async () => {
    await clutch.say(key, FACT);
    // About 30,000 tokens; a 32k window leaves room for 24,576.
    for (const part of ["one", "two", "three"])
      await clutch.say(key, `Log book, part ${part}: ${"all is well. ".repeat(3_000)}`);
  }, 300_000);

  it("is refused with the ways on, and nothing changes", async () => {
    const outcome = await clutch.run(`/model ${QWEN}`, at);
    expect(outcome).toMatchObject({ ok: false, error: { code: "does_not_fit" } });
    expect(outcome.card.body?.join(" ")).toMatch(/has \d\d(\.\d)?k tokens.*room for 24\.6k/);
    expect(lines(outcome)).toEqual([`/model ${QWEN} compact`, `/model ${LLAMA}`, `/model ${QWEN} force`]);
    expect(await rowOf(key)).toEqual({ model: SONNET, pin: null });
  });

  it("is summarised by the old model first, then switched; persona and facts come along", async () => {
    lab.answerWith((chat) =>
      chat.server === "anthropic" && /summar|compact/i.test(chat.system + JSON.stringify(chat.messages.at(-1)))
        ? { text: SUMMARY }
        : undefined,
    );
    const cloudBefore = lab.anthropic.chats.length;
    const localBefore = lab.ollama.chats.length;
    const outcome = await clutch.run(`/model ${QWEN} compact`, at);
    expect(outcome.error).toBeUndefined();
    expect(lab.anthropic.chats.length).toBeGreaterThan(cloudBefore);
    expect(lab.ollama.chats.length).toBe(localBefore);
    expect(await rowOf(key)).toEqual({ model: QWEN, pin: "user" });

    await clutch.say(key, "Where is the key?");
    const heard = lab.ollama.chats.at(-1);
    expect(heard?.model).toBe("qwen2.5-coder:32b");
    expect(heard?.system).toContain(PERSONA);
    expect(JSON.stringify(heard?.body)).toContain(FACT);
    expect(heard === undefined ? [] : turns(heard)).toContainEqual(expect.stringContaining("Where is the key?"));
    lab.answerWith(undefined);
  });

  it("is switched all the same where that is asked for", async () => {
    const long = "agent:main:discord:channel:6004";
    for (const part of ["one", "two", "three"])
      await clutch.say(long, `Log book, part ${part}: ${"all is well. ".repeat(3_000)}`);
    const outcome = await clutch.run(`/model ${QWEN} force`, `session:${long}`);
    expect(outcome.ok).toBe(true);
    expect(outcome.card.body?.join(" ")).toMatch(/room for 24\.6k.*OpenClaw would summarise it/);
    expect(await rowOf(long)).toEqual({ model: QWEN, pin: "user" });
  }, 300_000);
});

import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { estimateTokens, listen, sendJson } from "../../src/sandbox/stand-in.ts";

/** What a scripted model does with a question. */
export interface Script {
  readonly text?: string;
  readonly thinking?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[];
  /** Refuses with it; `text` is the message. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Closes the connection after so many tokens. */
  readonly breakAfter?: number;
  /** Goes on until nobody listens. */
  readonly endless?: boolean;
  /** Says nothing, for good. */
  readonly silent?: boolean;
  /** Reading the prompt, ms. */
  readonly promptMs?: number;
  /** Between two tokens, ms. */
  readonly tokenMs?: number;
}

export interface AskedChat {
  readonly model: string;
  readonly system: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of the last message. */
  readonly text: string;
}

/** Truth about one answer, as the server gave it. */
export interface GivenAnswer {
  readonly firstTokenMs: number;
  readonly decodeMs: number;
  readonly tokens: number;
}

export interface ScriptedOllama {
  readonly url: string;
  readonly asked: readonly AskedChat[];
  readonly given: readonly GivenAnswer[];
  /** Models in memory, in the order in which they were loaded. */
  readonly loads: readonly string[];
  close(): Promise<void>;
}

const NS_PER_MS = 1e6;

/**
 * Ollama's API on a port of one's own, answering by a script, with delays that are
 * kept against a clock rather than added up. One model at a time is in its memory.
 */
export async function startScriptedOllama(
  answer: (chat: AskedChat, count: number) => Script,
  options: {
    readonly port?: number;
    readonly loadMs?: number;
    readonly windowTokens?: number;
    readonly models?: readonly string[];
  } = {},
): Promise<ScriptedOllama> {
  const { port = 0, loadMs = 0, windowTokens = 32_768, models = ["a", "b"] } = options;
  const asked: AskedChat[] = [];
  const given: GivenAnswer[] = [];
  const loads: string[] = [];
  let loaded: string | undefined;

  const load = async (model: string): Promise<number> => {
    if (loaded === model) return 0;
    await sleep(loadMs);
    loaded = model;
    loads.push(model);
    return loadMs;
  };
  const tag = (name: string) => ({ name, model: name, size: 1e9, details: { quantization_level: "Q4_K_M" } });

  const { url, close } = await listen(async ({ path, body }, response) => {
    const name = String(body["model"]);
    if (path === "/api/version") sendJson(response, 200, { version: "0.20.7" });
    else if (path === "/api/tags") sendJson(response, 200, { models: models.map(tag) });
    else if (path === "/api/ps") {
      const entry = (model: string) => ({ ...tag(model), context_length: windowTokens, size_vram: 1e9 });
      sendJson(response, 200, { models: loaded === undefined ? [] : [entry(loaded)] });
    } else if (path === "/api/generate") {
      if (body["keep_alive"] === 0) loaded = undefined;
      else await load(name);
      sendJson(response, 200, { model: name, response: "", done: true });
    } else if (path === "/api/chat") {
      const chat = readChat(body);
      asked.push(chat);
      const spentMs = await load(name);
      await reply(response, chat, answer(chat, asked.length - 1), spentMs, given);
    } else return false;
    return true;
  }, port);
  return { url, asked, given, loads, close };
}

function readChat(body: Record<string, unknown>): AskedChat {
  const all = body["messages"] as { role: string; content: string }[];
  const messages = all.filter(({ role }) => role !== "system");
  return {
    model: String(body["model"]),
    system: all.find(({ role }) => role === "system")?.content ?? "",
    messages,
    options: (body["options"] ?? {}) as Record<string, unknown>,
    body,
    text: messages.at(-1)?.content ?? "",
  };
}

async function reply(response: ServerResponse, chat: AskedChat, script: Script, loadMs: number, given: GivenAnswer[]) {
  const { text = "", promptMs = 0, tokenMs = 0, status, thinking, toolCalls } = script;
  if (status !== undefined) {
    response.writeHead(status, { "content-type": "application/json", ...script.headers });
    response.end(JSON.stringify({ error: text }));
    return;
  }
  if (script.silent === true) return;
  const started = performance.now();
  const until = async (ms: number): Promise<void> => {
    const left = ms - (performance.now() - started);
    if (left > 0) await sleep(left);
  };
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const send = (message: object): boolean =>
    response.write(
      `${JSON.stringify({ model: chat.model, message: { role: "assistant", ...message }, done: false })}\n`,
    );
  const words = text.match(/\S+\s*|\s+/g) ?? [];
  await until(promptMs);
  const firstTokenMs = performance.now() - started;
  if (thinking !== undefined) send({ content: "", thinking });
  for (let at = 0; at < words.length || script.endless === true; at++) {
    if (at > 0) await until(promptMs + at * tokenMs);
    if (response.destroyed) return;
    if (script.breakAfter === at) return void response.destroy();
    send({ content: words[at] ?? "on and " });
    if (script.endless === true) await sleep(1);
  }
  if (toolCalls !== undefined) {
    send({ content: "", tool_calls: toolCalls.map(({ name, args }) => ({ function: { name, arguments: args } })) });
  }
  const decodeMs = performance.now() - started - firstTokenMs;
  given.push({ firstTokenMs: loadMs + firstTokenMs, decodeMs, tokens: words.length });
  const most = Number(chat.options["num_predict"] ?? 1e9);
  const done = {
    done: true,
    done_reason: words.length > most ? "length" : "stop",
    load_duration: loadMs * NS_PER_MS,
    prompt_eval_count: estimateTokens(chat.system + chat.messages.map(({ content }) => content).join("")),
    prompt_eval_duration: firstTokenMs * NS_PER_MS,
    eval_count: words.length,
    eval_duration: decodeMs * NS_PER_MS,
  };
  response.end(`${JSON.stringify({ model: chat.model, message: { role: "assistant", content: "" }, ...done })}\n`);
}

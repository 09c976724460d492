import type { ServerResponse } from "node:http";
import { z } from "zod";
import {
  type Answer,
  type Answerer,
  chunksOf,
  estimateTokens,
  listen,
  pause,
  type ReceivedChat,
  type StandIn,
  sendJson,
} from "./stand-in.ts";
import {
  keepAliveMs,
  type Loaded,
  numberAt,
  type OllamaModel,
  running,
  show,
  tag,
  windowFor,
} from "./stand-in-ollama-models.ts";
import { type Downloads, pull } from "./stand-in-ollama-pull.ts";

export type { OllamaModel } from "./stand-in-ollama-models.ts";

const chatBody = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.string().default("") })).default([]),
  stream: z.boolean().default(true),
});
const createBody = z.looseObject({
  model: z.string(),
  from: z.string(),
  template: z.string().optional(),
  parameters: z.looseObject({ num_ctx: z.number().optional() }).optional(),
  stream: z.boolean().default(true),
});

const PULL_STEP_MS = 40;
const NS_PER_MS = 1_000_000;
const MS_PER_PROMPT_TOKEN = 1;
const MS_PER_ANSWER_TOKEN = 20;
/** What loading a model costs that is loaded already. */
const TOUCH_MS = 5;

const now = (): string => new Date().toISOString();

/** Ollama's native API (github.com/ollama/ollama, docs/api.md) as far as OpenClaw and Clutch use it. */
export async function startOllamaStandIn(options: {
  readonly models: readonly OllamaModel[];
  readonly answer: Answerer;
  readonly port?: number;
  /** What its registry has besides, to be downloaded. */
  readonly pullable?: readonly OllamaModel[];
  /** Between two steps of a download, ms. */
  readonly pullStepMs?: number;
}): Promise<StandIn> {
  const chats: ReceivedChat[] = [];
  const models = [...options.models];
  const loaded = new Map<string, Loaded>();
  const downloads: Downloads = new Map();
  const named = (list: readonly OllamaModel[], name: unknown): OllamaModel | undefined =>
    list.find((model) => model.name === name || model.name === `${String(name)}:latest`);
  const find = (name: unknown) => named(models, name);
  const put = (model: OllamaModel): void => {
    const at = models.findIndex(({ name }) => name === model.name);
    if (at < 0) models.push(model);
    else models[at] = model;
  };

  /** Loads the model with the window that the request asks for. Gives the time that it took, ms; undefined where the client left. */
  async function load(model: OllamaModel, body: Record<string, unknown>, response: ServerResponse) {
    const contextTokens = windowFor(body, model);
    const ready = loaded.get(model.name)?.contextTokens === contextTokens;
    if (!ready && !(await pause(response, model.loadMs))) return undefined;
    const ms = keepAliveMs(body["keep_alive"]);
    // The last day that a date can have, for a model that is kept for good.
    if (ms > 0) loaded.set(model.name, { contextTokens, expiresAt: Math.min(Date.now() + ms, 8.64e15) });
    else loaded.delete(model.name);
    return ready ? TOUCH_MS : (model.loadMs ?? TOUCH_MS);
  }
  const inMemory = () =>
    models.flatMap((model) => {
      const state = loaded.get(model.name);
      return state === undefined || state.expiresAt <= Date.now() ? [] : [running(model, state)];
    });

  const listener = await listen(async ({ method, path, body }, response) => {
    const name = body["model"] ?? body["name"];
    const present = find(name);
    const withModel = async (work: (model: OllamaModel) => void | Promise<void>): Promise<void> => {
      if (present !== undefined) await work(present);
      else sendJson(response, 404, { error: `model '${String(name)}' not found` });
    };
    if (path === "/") response.end("Ollama is running");
    else if (path === "/api/version") sendJson(response, 200, { version: "0.20.7" });
    else if (path === "/api/tags") sendJson(response, 200, { models: models.map(tag) });
    else if (path === "/api/ps") sendJson(response, 200, { models: inMemory() });
    else if (method !== "POST") return false;
    else if (path === "/api/show") {
      await withModel((model) => sendJson(response, 200, show(model, body["verbose"] === true)));
    } else if (path === "/api/embed") {
      sendJson(response, 200, { model: name, embeddings: [[0.1, 0.2, 0.3]], prompt_eval_count: 3 });
    } else if (path === "/api/generate") {
      await withModel(async (model) => {
        const done_reason = keepAliveMs(body["keep_alive"]) <= 0 ? "unload" : "load";
        if (done_reason === "unload") loaded.delete(model.name);
        else if ((await load(model, body, response)) === undefined) return;
        sendJson(response, 200, { model: model.name, created_at: now(), response: "", done: true, done_reason });
      });
    } else if (path === "/api/pull") {
      const wanted = present ?? named(options.pullable ?? [], name);
      const stepMs = options.pullStepMs ?? PULL_STEP_MS;
      const whole = await pull(response, wanted, present === undefined ? downloads : "there", stepMs);
      if (whole && wanted !== undefined) put(wanted);
    } else if (path === "/api/create") {
      const asked = createBody.parse(body);
      const from = find(asked.from);
      if (from === undefined) sendJson(response, 500, { error: "pull model manifest: file does not exist" });
      else {
        put(derived(from, asked));
        sendLines(response, asked.stream, ["using existing layer", "writing manifest", "success"]);
      }
    } else if (path === "/api/chat") {
      const parsed = chatBody.parse(body);
      await withModel(async (model) => {
        const loadMs = await load(model, body, response);
        if (loadMs === undefined) return;
        const chat = received(parsed, body);
        chats.push(chat);
        await reply(response, chat, inItsWay(model, await options.answer(chat)), model, loadMs);
      });
    } else return false;
    return true;
  }, options.port ?? 0);
  return { ...listener, chats };
}

function derived(from: OllamaModel, asked: z.infer<typeof createBody>): OllamaModel {
  const name = /:[^/]*$/.test(asked.model) ? asked.model : `${asked.model}:latest`;
  const numCtx = asked.parameters?.num_ctx;
  return {
    ...from,
    name,
    ...(asked.template === undefined ? {} : { template: asked.template, textTools: false }),
    ...(numCtx === undefined ? {} : { numCtx }),
  };
}

function sendLines(response: ServerResponse, stream: boolean, statuses: readonly string[]): void {
  if (!stream) sendJson(response, 200, { status: statuses.at(-1) });
  else {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.end(statuses.map((status) => `${JSON.stringify({ status })}\n`).join(""));
  }
}

function received(parsed: z.infer<typeof chatBody>, body: Record<string, unknown>): ReceivedChat {
  const texts = parsed.messages.map(({ role, content }) => ({ role, text: content }));
  return {
    server: "ollama",
    model: parsed.model,
    system: texts
      .filter(({ role }) => role === "system")
      .map(({ text }) => text)
      .join("\n"),
    messages: texts.filter(({ role }) => role !== "system"),
    stream: parsed.stream,
    body,
  };
}

function inItsWay(model: OllamaModel, answer: Answer): Answer {
  if (model.textTools !== true || answer.toolCalls === undefined) return answer;
  const { toolCalls, ...rest } = answer;
  const printed = toolCalls.map(({ name, args }) => JSON.stringify({ name, arguments: args }));
  return { ...rest, text: [answer.text, ...printed].filter((part) => part !== "").join("\n") };
}

async function reply(
  response: ServerResponse,
  chat: ReceivedChat,
  answer: Answer,
  model: OllamaModel,
  loadMs: number,
): Promise<void> {
  if (!(await pause(response, answer.delayMs))) return;
  if (answer.status !== undefined && answer.status !== 200) {
    sendJson(response, answer.status, { error: answer.text });
    return;
  }
  const { text, cut } = shortened(answer.text, numberAt(chat.body["options"], "num_predict"));
  const tool_calls = answer.toolCalls?.map(({ name, args }) => ({ function: { name, arguments: args } }));
  const line = (content: string) => ({
    model: chat.model,
    created_at: now(),
    message: { role: "assistant", content, ...(tool_calls === undefined ? {} : { tool_calls }) },
  });
  const given = estimateTokens(chat.system + chat.messages.map((message) => message.text).join(""));
  // What does not fit is left out without a word, unless the client forbids it.
  const promptTokens = chat.body["truncate"] === false ? given : Math.min(given, windowFor(chat.body, model));
  const answerTokens = estimateTokens(text);
  const last = {
    done: true,
    done_reason: cut ? "length" : "stop",
    total_duration: (loadMs + promptTokens * MS_PER_PROMPT_TOKEN + answerTokens * MS_PER_ANSWER_TOKEN) * NS_PER_MS,
    load_duration: loadMs * NS_PER_MS,
    prompt_eval_count: promptTokens,
    prompt_eval_duration: promptTokens * MS_PER_PROMPT_TOKEN * NS_PER_MS,
    eval_count: answerTokens,
    eval_duration: answerTokens * MS_PER_ANSWER_TOKEN * NS_PER_MS,
  };
  if (!chat.stream) {
    sendJson(response, 200, { ...line(text), ...last });
    return;
  }
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  for (const chunk of tool_calls === undefined ? chunksOf(text) : [text]) {
    response.write(`${JSON.stringify({ ...line(chunk), done: false })}\n`);
    if (!(await pause(response, answer.chunkDelayMs))) return;
  }
  response.end(
    `${JSON.stringify({ model: chat.model, created_at: now(), message: { role: "assistant", content: "" }, ...last })}\n`,
  );
}

/** As much of the answer as the request allows; zero and less allow all. */
function shortened(text: string, mostTokens: number): { readonly text: string; readonly cut: boolean } {
  if (mostTokens <= 0 || estimateTokens(text) <= mostTokens) return { text, cut: false };
  return { text: text.slice(0, mostTokens * 4), cut: true };
}

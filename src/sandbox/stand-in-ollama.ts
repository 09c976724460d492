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

/** A model as the stand-in offers it. `remoteHost` makes it a cloud model in disguise, as Ollama marks those. */
export interface OllamaModel {
  readonly name: string;
  readonly contextLength: number;
  readonly capabilities?: readonly string[];
  readonly parameterSize?: string;
  readonly remoteHost?: string;
}

const chatBody = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.string().default("") })).default([]),
  stream: z.boolean().default(true),
});

/** Ollama's native API (github.com/ollama/ollama, docs/api.md) as far as OpenClaw and Clutch use it. */
export async function startOllamaStandIn(options: {
  readonly models: readonly OllamaModel[];
  readonly answer: Answerer;
  readonly port?: number;
}): Promise<StandIn> {
  const chats: ReceivedChat[] = [];
  const loaded = new Map<string, number>();
  const find = (name: unknown) =>
    options.models.find((model) => model.name === name || model.name === `${String(name)}:latest`);

  const listener = await listen(async ({ method, path, body }, response) => {
    if (path === "/") response.end("Ollama is running");
    else if (path === "/api/version") sendJson(response, 200, { version: "0.20.7" });
    else if (path === "/api/tags") sendJson(response, 200, { models: options.models.map(tag) });
    else if (path === "/api/ps") {
      const running = options.models.filter((model) => loaded.has(model.name));
      sendJson(response, 200, {
        models: running.map((model) => ({
          ...tag(model),
          context_length: loaded.get(model.name),
          size_vram: SIZE,
          expires_at: "2099-01-01T00:00:00Z",
        })),
      });
    } else if (path === "/api/show" && method === "POST") {
      const model = find(body["model"] ?? body["name"]);
      if (model === undefined) missing(response, body["model"]);
      else sendJson(response, 200, show(model));
    } else if (path === "/api/embed" && method === "POST") {
      sendJson(response, 200, { model: body["model"], embeddings: [[0.1, 0.2, 0.3]], prompt_eval_count: 3 });
    } else if (path === "/api/generate" && method === "POST") {
      const model = find(body["model"]);
      if (model === undefined) missing(response, body["model"]);
      else {
        loaded.set(model.name, contextOf(body, model));
        sendJson(response, 200, {
          model: model.name,
          created_at: now(),
          response: "",
          done: true,
          done_reason: "load",
        });
      }
    } else if (path === "/api/chat" && method === "POST") {
      const parsed = chatBody.parse(body);
      const model = find(parsed.model);
      if (model === undefined) {
        missing(response, parsed.model);
        return true;
      }
      loaded.set(model.name, contextOf(body, model));
      const chat = received(parsed, body);
      chats.push(chat);
      await reply(response, chat, await options.answer(chat));
    } else return false;
    return true;
  }, options.port ?? 0);
  return { ...listener, chats };
}

const SIZE = 19_851_349_856;
const now = (): string => new Date().toISOString();

const contextOf = (body: Record<string, unknown>, model: OllamaModel): number => {
  const options = body["options"];
  const asked = typeof options === "object" && options !== null ? (options as Record<string, unknown>)["num_ctx"] : 0;
  return Math.min(typeof asked === "number" && asked > 0 ? asked : 4096, model.contextLength);
};

const missing = (response: ServerResponse, name: unknown): void =>
  sendJson(response, 404, { error: `model '${String(name)}' not found` });

const tag = (model: OllamaModel) => ({
  name: model.name,
  model: model.name,
  modified_at: "2026-11-01T00:00:00Z",
  size: model.remoteHost === undefined ? SIZE : 384,
  digest: "b92d6a0bd47e",
  details: {
    format: "gguf",
    family: model.name.split(/[.:]/)[0],
    parameter_size: model.parameterSize ?? "32.8B",
    quantization_level: "Q4_K_M",
  },
  ...(model.remoteHost === undefined ? {} : { remote_host: model.remoteHost, remote_model: model.name }),
});

const show = (model: OllamaModel) => ({
  details: tag(model).details,
  model_info: { "general.architecture": "demo", "demo.context_length": model.contextLength },
  capabilities: model.capabilities ?? ["completion", "tools"],
  ...(model.remoteHost === undefined ? {} : { remote_host: model.remoteHost, remote_model: model.name }),
});

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

async function reply(response: ServerResponse, chat: ReceivedChat, answer: Answer): Promise<void> {
  if (!(await pause(response, answer.delayMs))) return;
  if (answer.status !== undefined && answer.status !== 200) {
    sendJson(response, answer.status, { error: answer.text });
    return;
  }
  const tool_calls = answer.toolCalls?.map(({ name, args }) => ({ function: { name, arguments: args } }));
  const line = (content: string) => ({
    model: chat.model,
    created_at: now(),
    message: { role: "assistant", content, ...(tool_calls === undefined ? {} : { tool_calls }) },
  });
  const promptTokens = estimateTokens(chat.system + chat.messages.map(({ text }) => text).join(""));
  const answerTokens = estimateTokens(answer.text);
  const last = {
    done: true,
    done_reason: "stop",
    total_duration: (promptTokens * 1 + answerTokens * 20) * 1_000_000,
    load_duration: 5_000_000,
    prompt_eval_count: promptTokens,
    prompt_eval_duration: promptTokens * 1_000_000,
    eval_count: answerTokens,
    eval_duration: answerTokens * 20_000_000,
  };
  if (!chat.stream) {
    sendJson(response, 200, { ...line(answer.text), ...last });
    return;
  }
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  for (const chunk of tool_calls === undefined ? chunksOf(answer.text) : [answer.text]) {
    response.write(`${JSON.stringify({ ...line(chunk), done: false })}\n`);
    if (!(await pause(response, answer.chunkDelayMs))) return;
  }
  response.end(
    `${JSON.stringify({ model: chat.model, created_at: now(), message: { role: "assistant", content: "" }, ...last })}\n`,
  );
}

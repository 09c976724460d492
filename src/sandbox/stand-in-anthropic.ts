import { randomUUID } from "node:crypto";
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

const content = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]);
const messagesBody = z.looseObject({
  model: z.string(),
  system: content.optional(),
  messages: z.array(z.looseObject({ role: z.string(), content })),
  stream: z.boolean().default(false),
});

interface AnthropicModel {
  readonly id: string;
  readonly name: string;
  readonly maxInputTokens?: number;
  /** The values of `thinking.type` that it takes; what it can do is not told where absent. */
  readonly thinking?: readonly ("adaptive" | "between_tools" | "disabled" | "enabled")[];
}

/** Anthropic's Messages API (docs.anthropic.com, version 2023-06-01) as far as OpenClaw and Clutch use it. */
export async function startAnthropicStandIn(options: {
  readonly models: readonly AnthropicModel[];
  readonly answer: Answerer;
  readonly port?: number;
}): Promise<StandIn> {
  const chats: ReceivedChat[] = [];
  const listener = await listen(async ({ method, path, body }, response) => {
    if (path === "/v1/models") {
      const data = options.models.map(modelInfo);
      sendJson(response, 200, {
        data,
        has_more: false,
        first_id: data[0]?.id ?? null,
        last_id: data.at(-1)?.id ?? null,
      });
    } else if (path.startsWith("/v1/models/")) {
      const id = decodeURIComponent(path.slice("/v1/models/".length));
      const model = options.models.find((each) => each.id === id);
      if (model !== undefined) sendJson(response, 200, modelInfo(model));
      else sendJson(response, 404, { type: "error", error: { type: "not_found_error", message: `model: ${id}` } });
    } else if (path === "/v1/messages" && method === "POST") {
      const parsed = messagesBody.parse(body);
      const chat: ReceivedChat = {
        server: "anthropic",
        model: parsed.model,
        system: parsed.system === undefined ? "" : textOf(parsed.system),
        messages: parsed.messages.map((message) => ({ role: message.role, text: textOf(message.content) })),
        stream: parsed.stream,
        body,
      };
      chats.push(chat);
      await reply(response, chat, await options.answer(chat));
    } else return false;
    return true;
  }, options.port ?? 0);
  return { ...listener, chats };
}

function modelInfo({ id, name, maxInputTokens, thinking }: AnthropicModel) {
  const supports = (type: "adaptive" | "between_tools" | "disabled" | "enabled") => ({
    supported: thinking?.includes(type) === true,
  });
  const types = {
    adaptive: supports("adaptive"),
    between_tools: supports("between_tools"),
    disabled: supports("disabled"),
    enabled: supports("enabled"),
  };
  const thinks = { supported: types.adaptive.supported || types.enabled.supported, types };
  return {
    type: "model",
    id,
    display_name: name,
    created_at: "2026-01-01T00:00:00Z",
    ...(maxInputTokens === undefined ? {} : { max_input_tokens: maxInputTokens }),
    ...(thinking === undefined ? {} : { capabilities: { image_input: { supported: true }, thinking: thinks } }),
  };
}

const textOf = (value: z.infer<typeof content>): string =>
  typeof value === "string" ? value : value.map(({ text }) => text ?? "").join("\n");

async function reply(response: ServerResponse, chat: ReceivedChat, answer: Answer): Promise<void> {
  if (!(await pause(response, answer.delayMs))) return;
  if (answer.status !== undefined && answer.status !== 200) {
    const type =
      answer.status === 429 ? "rate_limit_error" : answer.status >= 500 ? "api_error" : "invalid_request_error";
    sendJson(response, answer.status, { type: "error", error: { type, message: answer.text } });
    return;
  }
  const input_tokens = estimateTokens(chat.system + chat.messages.map(({ text }) => text).join(""));
  const output_tokens = estimateTokens(answer.text);
  const blocks = [
    ...(answer.text === "" ? [] : [{ type: "text", text: answer.text }]),
    ...(answer.toolCalls ?? []).map(({ name, args }) => ({
      type: "tool_use",
      id: `toolu_${randomUUID().replaceAll("-", "").slice(0, 24)}`,
      name,
      input: args,
    })),
  ];
  const stop_reason = answer.toolCalls === undefined ? "end_turn" : "tool_use";
  const usage = { input_tokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const head = { id: `msg_${randomUUID()}`, type: "message", role: "assistant", model: chat.model };
  if (!chat.stream) {
    sendJson(response, 200, {
      ...head,
      content: blocks,
      stop_reason,
      stop_sequence: null,
      usage: { ...usage, output_tokens },
    });
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send("message_start", {
    message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
  });
  for (const [index, block] of blocks.entries()) {
    if ("text" in block) {
      send("content_block_start", { index, content_block: { type: "text", text: "" } });
      for (const text of chunksOf(block.text)) {
        send("content_block_delta", { index, delta: { type: "text_delta", text } });
        if (!(await pause(response, answer.chunkDelayMs))) return;
      }
    } else {
      send("content_block_start", { index, content_block: { ...block, input: {} } });
      send("content_block_delta", {
        index,
        delta: { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
      });
    }
    send("content_block_stop", { index });
  }
  send("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens } });
  send("message_stop", {});
  response.end();
}

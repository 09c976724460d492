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

/** Anthropic's Messages API (docs.anthropic.com, version 2023-06-01) as far as OpenClaw and Clutch use it. */
export async function startAnthropicStandIn(options: {
  readonly models: readonly { readonly id: string; readonly name: string }[];
  readonly answer: Answerer;
  readonly port?: number;
}): Promise<StandIn> {
  const chats: ReceivedChat[] = [];
  const listener = await listen(async ({ method, path, body }, response) => {
    if (path === "/v1/models") {
      const data = options.models.map(({ id, name }) => ({
        type: "model",
        id,
        display_name: name,
        created_at: "2026-01-01T00:00:00Z",
      }));
      sendJson(response, 200, {
        data,
        has_more: false,
        first_id: data[0]?.id ?? null,
        last_id: data.at(-1)?.id ?? null,
      });
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

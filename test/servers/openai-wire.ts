import type { Wire } from "./generate.suite.ts";

/** A piece of an answer that streams, as OpenAI's chat completions send it. */
export const event = (value: object): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", ...value })}\n\n`;
export const delta = (value: object, finish_reason: string | null = null): string =>
  event({ choices: [{ index: 0, delta: value, finish_reason }] });
export const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** An answer as OpenAI's chat completions send it. */
export const OPENAI_WIRE: Wire = {
  contentType: "text/event-stream",
  opening: delta({ role: "assistant", content: "" }),
  text: (content) => delta({ content }),
  thinking: (reasoning_content) => delta({ reasoning_content }),
  tool(name, args) {
    const json = JSON.stringify(args);
    const call = { index: 0, id: "call_1", type: "function", function: { name, arguments: json.slice(0, 7) } };
    return (
      delta({ tool_calls: [call] }) + delta({ tool_calls: [{ index: 0, function: { arguments: json.slice(7) } }] })
    );
  },
  closing: (reason) =>
    `${delta({}, reason === "tool" ? "tool_calls" : reason)}${event({ choices: [], usage })}data: [DONE]\n\n`,
  failure: (message) => `data: ${JSON.stringify({ error: { message, type: "server_error", code: 500 } })}\n\n`,
  malformed: 'data: {"choices": sk-very-secret-key\n\n',
  error: (message) => ({ error: { message, type: "server_error", param: null, code: 500 } }),
  missing: (model) => ({
    status: 404,
    body: {
      error: { message: `The model \`${model}\` does not exist.`, type: "NotFoundError", param: "model", code: 404 },
    },
  }),
};

import { type Answer, chunksOf, estimateTokens, listen, type StandIn, sendJson } from "../../src/sandbox/stand-in.ts";

/** OpenAI's chat completions as llama.cpp's server answers them (tools/server/README.md), timings included. */
export async function startOpenAiStandIn(options: {
  readonly models: readonly Readonly<Record<string, unknown>>[];
  readonly answer: () => Answer;
}): Promise<Pick<StandIn, "url" | "close"> & { readonly bodies: readonly Record<string, unknown>[] }> {
  const bodies: Record<string, unknown>[] = [];
  const listener = await listen(async ({ method, path, body }, response) => {
    if (path === "/v1/models") {
      sendJson(response, 200, {
        object: "list",
        data: options.models.map((model) => ({ object: "model", created: 1_790_000_000, ...model })),
      });
    } else if (path === "/v1/chat/completions" && method === "POST") {
      bodies.push(body);
      const { text, toolCalls = [] } = options.answer();
      const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_790_000_000, model: body["model"] };
      const send = (value: object): boolean => response.write(`data: ${JSON.stringify({ ...head, ...value })}\n\n`);
      const say = (delta: object, finish_reason: string | null = null): boolean =>
        send({ choices: [{ index: 0, delta, finish_reason }] });
      response.writeHead(200, { "content-type": "text/event-stream" });
      say({ role: "assistant", content: null });
      for (const content of chunksOf(text)) say({ content });
      for (const [index, { name, args }] of toolCalls.entries()) {
        const json = JSON.stringify(args);
        say({ tool_calls: [{ index, id: `call_${index}`, type: "function", function: { name, arguments: "" } }] });
        say({ tool_calls: [{ index, function: { arguments: json.slice(0, 5) } }] });
        say({ tool_calls: [{ index, function: { arguments: json.slice(5) } }] });
      }
      say({}, toolCalls.length > 0 ? "tool_calls" : "stop");
      send({
        choices: [],
        usage: {
          prompt_tokens: 30,
          completion_tokens: estimateTokens(text),
          prompt_tokens_details: { cached_tokens: 12 },
        },
        timings: { cache_n: 12, prompt_n: 18, prompt_ms: 53.7, predicted_n: 2, predicted_ms: 88.5 },
      });
      response.end("data: [DONE]\n\n");
    } else return false;
    return true;
  }, 0);
  return { ...listener, bodies };
}

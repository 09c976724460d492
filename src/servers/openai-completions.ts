import type { ChatCompletionCreateParamsStreaming } from "openai/resources/chat/completions";
import { z } from "zod";
import { startAnswerClock } from "./answer-clock.ts";
import type { GenerateEvent, GenerateRequest, Timings, TokenCounts } from "./model-server.ts";
import { cutOff } from "./server-fault.ts";
import { toolEvent } from "./tool-event.ts";

/** The longest that a timer takes: the deadlines are kept by the `fetch` that is passed in. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

const count = z.number().int().nonnegative().nullish().catch(undefined);
const ms = z.number().nonnegative().nullish().catch(undefined);
const toolDelta = z.object({
  index: z.number().int().nonnegative().nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});
const chunk = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: z.string().nullish(),
            /** llama.cpp, LM Studio and older vLLM; newer vLLM says `reasoning`. */
            reasoning_content: z.string().nullish(),
            reasoning: z.string().nullish(),
            tool_calls: z.array(toolDelta).nullish(),
          })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z
    .object({
      prompt_tokens: count,
      completion_tokens: count,
      prompt_tokens_details: z.object({ cached_tokens: count }).nullish().catch(undefined),
    })
    .nullish(),
  /** llama.cpp. */
  timings: z.object({ prompt_ms: ms, predicted_ms: ms, cache_n: count }).nullish().catch(undefined),
});
type Chunk = z.infer<typeof chunk>;

/** One answer of a chat completions API. The package's own deadline, retries, key and output are all switched off. */
export async function* completionEvents(
  apiRoot: string,
  fetch: typeof globalThis.fetch,
  request: GenerateRequest,
): AsyncGenerator<GenerateEvent> {
  // Some 0.2 s and 30 MB, which only those need who ask for an answer.
  const { default: OpenAI } = await import("openai");
  const client = new OpenAI({
    baseURL: apiRoot,
    fetch,
    // The package wants a key, and would take this and more from the environment; `fetch` sends the real one.
    apiKey: "sent-by-fetch",
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: NO_TIMEOUT_MS,
    logLevel: "off",
  });
  const clock = startAnswerClock();
  const calls = joinedCalls();
  let finish: string | undefined;
  let usage: Chunk["usage"];
  let timings: Chunk["timings"];

  for await (const raw of await client.chat.completions.create(completionBody(request))) {
    const said = chunk.parse(raw);
    usage = said.usage ?? usage;
    timings = said.timings ?? timings;
    const choice = said.choices?.[0];
    finish = choice?.finish_reason ?? finish;
    for (const piece of piecesOf(choice?.delta)) {
      clock.piece();
      yield piece;
    }
    for (const delta of choice?.delta?.tool_calls ?? []) {
      clock.piece();
      calls.add(delta);
    }
  }
  // Counts come after the reason, so that only the end of the stream is the end of the answer.
  if (finish === undefined) throw cutOff();
  const tools = calls.joined().map(({ name, json }) => toolEvent(name, json));
  yield* tools;
  yield {
    kind: "end",
    reason: endReason(finish, tools.length > 0),
    tokens: tokensOf(usage, timings),
    timings: { ...timingsOf(timings), ...clock.read() },
  };
}

function completionBody(request: GenerateRequest): ChatCompletionCreateParamsStreaming {
  const { model, system, messages, tools, maxTokens, temperature, seed } = request;
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
      ...messages.map(({ role, text }) => ({ role, content: text })),
    ],
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            type: "function" as const,
            function: { name, description, parameters: { ...parameters } },
          })),
        }),
    // The newer `max_completion_tokens` is not known to all of these servers.
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(seed === undefined ? {} : { seed }),
  };
}

type Delta = NonNullable<NonNullable<Chunk["choices"]>[number]["delta"]>;

function piecesOf(delta: Delta | null | undefined): GenerateEvent[] {
  const thinking = delta?.reasoning_content ?? delta?.reasoning;
  return [
    ...(thinking ? [{ kind: "thinking" as const, text: thinking }] : []),
    ...(delta?.content ? [{ kind: "text" as const, text: delta.content }] : []),
  ];
}

/** Joins the pieces of tool calls. Some servers leave the index out: there a new id begins a new call. */
function joinedCalls() {
  const calls: { name: string; json: string }[] = [];
  return {
    add({ index, id, function: part }: z.infer<typeof toolDelta>) {
      const at = index ?? (id || calls.length === 0 ? calls.length : calls.length - 1);
      const call = calls[at] ?? { name: "", json: "" };
      calls[at] = { name: call.name || (part?.name ?? ""), json: call.json + (part?.arguments ?? "") };
    },
    // An index may have been skipped.
    joined: () => calls.filter((call) => call !== undefined),
  };
}

function tokensOf(usage: Chunk["usage"], timings: Chunk["timings"]): TokenCounts {
  const { prompt_tokens: prompt, completion_tokens: output } = usage ?? {};
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? timings?.cache_n;
  return {
    ...(typeof prompt === "number" ? { input: Math.max(0, prompt - (cached ?? 0)) } : {}),
    ...(typeof output === "number" ? { output } : {}),
    ...(typeof cached === "number" ? { cacheRead: cached } : {}),
  };
}

const timingsOf = (timings: Chunk["timings"]): Omit<Timings, "totalMs"> => ({
  ...(typeof timings?.prompt_ms === "number" ? { promptMs: timings.prompt_ms } : {}),
  ...(typeof timings?.predicted_ms === "number" ? { decodeMs: timings.predicted_ms } : {}),
});

function endReason(said: string, calledTool: boolean): "stop" | "length" | "tool" | "refused" | "other" {
  if (said === "length") return "length";
  if (said === "content_filter") return "refused";
  if (calledTool || said === "tool_calls" || said === "function_call") return "tool";
  return said === "stop" ? "stop" : "other";
}

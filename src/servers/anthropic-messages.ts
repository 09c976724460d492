import type { MessageCreateParamsStreaming, ThinkingConfigParam } from "@anthropic-ai/sdk/resources/messages";
import { z } from "zod";
import { startAnswerClock } from "./answer-clock.ts";
import type { GenerateEvent, GenerateRequest, TokenCounts } from "./model-server.ts";
import { cutOff } from "./server-fault.ts";
import { toolEvent } from "./tool-event.ts";

/** The `thinking.type` by which a model is told to think or not to; undefined where it takes none. */
export interface ThinkingSwitch {
  readonly on?: "adaptive" | "enabled";
  readonly off?: "disabled" | "between_tools";
}

/** The API wants a limit; this one is within what every model that is still served can answer with. */
const DEFAULT_MAX_TOKENS = 8_192;
/** The least that the API takes. */
const THINKING_BUDGET_TOKENS = 1_024;
/** The longest that a timer takes: the deadlines are kept by the `fetch` that is passed in. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

const count = z.number().int().nonnegative().nullish().catch(undefined);
const usage = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
});
type Usage = z.infer<typeof usage>;

const text = z.string().optional();
/** Of the stream's events what matters here; kinds that are not known are left out, as the API asks for. */
const streamEvent = z.object({
  type: z.string(),
  message: z.object({ usage: usage.partial() }).optional(),
  content_block: z.object({ type: z.string(), name: text }).optional(),
  delta: z
    .object({ type: text, text, thinking: text, partial_json: text, stop_reason: z.string().nullish() })
    .optional(),
  usage: usage.partial().optional(),
});

/** One answer of the Messages API. The package's own deadline, retries, key and output are all switched off. */
export async function* messageEvents(
  baseUrl: string,
  fetch: typeof globalThis.fetch,
  request: GenerateRequest,
  thinking: ThinkingSwitch,
): AsyncGenerator<GenerateEvent> {
  // Some 0.2 s and 30 MB, which only those need who ask for an answer.
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  const client = new Anthropic({
    baseURL: baseUrl,
    fetch,
    // Without a key the package would look for one in the environment and on the disk; `fetch` sends the real one.
    apiKey: "sent-by-fetch",
    maxRetries: 0,
    timeout: NO_TIMEOUT_MS,
    logLevel: "off",
    openTelemetry: false,
  });
  const clock = startAnswerClock();
  let counted: Partial<Usage> = {};
  let stopReason: string | null | undefined;
  let tool: { readonly name: string; json: string } | undefined;

  for await (const raw of await client.messages.create(messageBody(request, thinking))) {
    const event = streamEvent.parse(raw);
    counted = { ...counted, ...known(event.message?.usage), ...known(event.usage) };
    stopReason = event.delta?.stop_reason ?? stopReason;
    if (event.content_block?.type === "tool_use") tool = { name: event.content_block.name ?? "", json: "" };
    if (tool !== undefined) {
      clock.piece();
      tool.json += event.delta?.partial_json ?? "";
    }

    const piece =
      pieceOf(event.delta) ??
      (event.type === "content_block_stop" && tool ? toolEvent(tool.name, tool.json) : undefined);
    if (event.type === "content_block_stop") tool = undefined;
    if (piece !== undefined) {
      clock.piece();
      yield piece;
    }
    if (event.type === "message_stop") {
      yield { kind: "end", reason: endReason(stopReason), tokens: tokensOf(counted), timings: clock.read() };
      return;
    }
  }
  throw cutOff();
}

function messageBody(request: GenerateRequest, thinking: ThinkingSwitch): MessageCreateParamsStreaming {
  const { model, system, messages, tools, maxTokens = DEFAULT_MAX_TOKENS } = request;
  const config = thinkingConfig(request.thinking ?? false, thinking);
  return {
    model,
    stream: true,
    max_tokens: config?.type === "enabled" ? maxTokens + THINKING_BUDGET_TOKENS : maxTokens,
    ...(system === undefined ? {} : { system }),
    messages: messages.map(({ role, text }) => ({ role, content: text })),
    ...(config === undefined ? {} : { thinking: config }),
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            name,
            description,
            input_schema: { ...parameters, type: "object" as const },
          })),
        }),
  };
}

function thinkingConfig(wanted: boolean, { on, off }: ThinkingSwitch): ThinkingConfigParam | undefined {
  if (!wanted) return off === undefined ? undefined : { type: off };
  if (on === "adaptive") return { type: "adaptive", display: "summarized" };
  return on === undefined ? undefined : { type: "enabled", budget_tokens: THINKING_BUDGET_TOKENS };
}

function pieceOf(delta: z.infer<typeof streamEvent>["delta"]): GenerateEvent | undefined {
  if (delta?.type === "text_delta" && delta.text) return { kind: "text", text: delta.text };
  if (delta?.type === "thinking_delta" && delta.thinking) return { kind: "thinking", text: delta.thinking };
  return undefined;
}

/** The counts in a later event replace earlier ones, unless they are not there. */
const known = (counts: Partial<Usage> | undefined): Partial<Usage> =>
  Object.fromEntries(Object.entries(counts ?? {}).filter(([, value]) => typeof value === "number"));

const tokensOf = (counts: Partial<Usage>): TokenCounts => ({
  ...(typeof counts.input_tokens === "number" ? { input: counts.input_tokens } : {}),
  ...(typeof counts.output_tokens === "number" ? { output: counts.output_tokens } : {}),
  ...(typeof counts.cache_read_input_tokens === "number" ? { cacheRead: counts.cache_read_input_tokens } : {}),
  ...(typeof counts.cache_creation_input_tokens === "number" ? { cacheWrite: counts.cache_creation_input_tokens } : {}),
});

function endReason(said: string | null | undefined): "stop" | "length" | "tool" | "refused" | "other" {
  if (said === "end_turn" || said === "stop_sequence") return "stop";
  if (said === "max_tokens" || said === "model_context_window_exceeded") return "length";
  if (said === "refusal") return "refused";
  return said === "tool_use" ? "tool" : "other";
}

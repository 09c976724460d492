import { z } from "zod";
import { startAnswerClock } from "./answer-clock.ts";
import type { GenerateEvent, GenerateRequest } from "./model-server.ts";
import { jsonLines } from "./ndjson.ts";
import { brokenOff, cutOff } from "./server-fault.ts";

const NS_PER_MS = 1_000_000;

const count = z.number().int().nonnegative().optional().catch(undefined);
const durationMs = z
  .number()
  .nonnegative()
  .transform((ns) => ns / NS_PER_MS)
  .optional()
  .catch(undefined);
const toolCall = z.object({
  function: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).nullish() }),
});
const chatLine = z.union([
  z.object({ error: z.string() }),
  z.object({
    message: z
      .object({
        content: z.string().nullish(),
        thinking: z.string().nullish(),
        tool_calls: z.array(toolCall).nullish(),
      })
      .optional(),
    done: z.boolean().default(false),
    done_reason: z.string().optional(),
    prompt_eval_count: count,
    eval_count: count,
    load_duration: durationMs,
    prompt_eval_duration: durationMs,
    eval_duration: durationMs,
  }),
]);

/** A time as Ollama reads it: Go's notation. */
export const goDuration = (ms: number): string => `${Math.round(ms)}ms`;

/** The body of `/api/chat`. */
export function chatBody(request: GenerateRequest): Readonly<Record<string, unknown>> {
  const { model, system, messages, tools, maxTokens, temperature, seed, contextTokens, keepAliveMs } = request;
  return {
    model,
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      ...messages.map(({ role, text }) => ({ role, content: text })),
    ],
    stream: true,
    // Ollama's own default is to think wherever the model can.
    think: request.thinking ?? false,
    // Without these Ollama leaves out the beginning of what does not fit its window, and says nothing.
    truncate: false,
    shift: false,
    ...(tools === undefined ? {} : { tools: tools.map((tool) => ({ type: "function", function: tool })) }),
    ...(keepAliveMs === undefined ? {} : { keep_alive: goDuration(keepAliveMs) }),
    options: {
      ...(contextTokens === undefined ? {} : { num_ctx: contextTokens }),
      ...(maxTokens === undefined ? {} : { num_predict: maxTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(seed === undefined ? {} : { seed }),
    },
  };
}

/** Reads what `/api/chat` streams; the clock starts here, so `response` is asked for inside. */
export async function* chatEvents(ask: () => Promise<Response>): AsyncGenerator<GenerateEvent> {
  const clock = startAnswerClock();
  let calledTool = false;
  for await (const value of jsonLines(await ask())) {
    const line = chatLine.parse(value);
    if ("error" in line) throw brokenOff(line.error);
    for (const event of piecesOf(line.message)) {
      clock.piece();
      calledTool ||= event.kind === "tool";
      yield event;
    }
    if (!line.done) continue;
    yield {
      kind: "end",
      reason: endReason(line.done_reason, calledTool),
      tokens: {
        ...(line.prompt_eval_count === undefined ? {} : { input: line.prompt_eval_count }),
        ...(line.eval_count === undefined ? {} : { output: line.eval_count }),
      },
      timings: {
        ...(line.load_duration === undefined ? {} : { loadMs: line.load_duration }),
        ...(line.prompt_eval_duration === undefined ? {} : { promptMs: line.prompt_eval_duration }),
        ...(line.eval_duration === undefined ? {} : { decodeMs: line.eval_duration }),
        ...clock.read(),
      },
    };
    return;
  }
  throw cutOff();
}

type ChatLine = Exclude<z.infer<typeof chatLine>, { error: string }>;

function piecesOf(message: ChatLine["message"]): GenerateEvent[] {
  const { content, thinking, tool_calls } = message ?? {};
  return [
    ...(thinking ? [{ kind: "thinking" as const, text: thinking }] : []),
    ...(content ? [{ kind: "text" as const, text: content }] : []),
    ...(tool_calls ?? []).map(({ function: { name, arguments: args } }) => ({
      kind: "tool" as const,
      name,
      args: args ?? {},
    })),
  ];
}

function endReason(said: string | undefined, calledTool: boolean): "stop" | "length" | "tool" | "other" {
  if (said === "length") return "length";
  if (calledTool) return "tool";
  return said === "stop" ? "stop" : "other";
}

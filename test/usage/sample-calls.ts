import type { UsageCall, UsageCause } from "../../src/models/usage-call.ts";
import { createCallPricer } from "../../src/usage/call-pricer.ts";
import { createPriceBook } from "../../src/usage/price-book.ts";

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

const { price } = createCallPricer({
  book: createPriceBook({ stated: () => new Map(), configuredCost: () => undefined, clock: () => 0 }),
  baselineOf: () => ({ provider: "anthropic", model: "claude-sonnet-5" }),
});

interface Kind {
  readonly model: string;
  readonly locality: UsageCall["locality"];
  readonly cause: UsageCause;
  /** Of every so many calls one is of this kind. */
  readonly every: number;
  readonly prompt: number;
  readonly fallback?: true;
  readonly unsized?: true;
}

const KINDS: readonly Kind[] = [
  { model: "ollama/qwen3-coder:30b", locality: "local", cause: "chat", every: 1, prompt: 17_000 },
  { model: "anthropic/claude-sonnet-5", locality: "cloud", cause: "chat", every: 4, prompt: 22_000 },
  { model: "ollama/llama3.1:70b", locality: "local", cause: "sub-agent", every: 6, prompt: 9_000 },
  { model: "anthropic/claude-haiku-5-5", locality: "cloud", cause: "heartbeat", every: 5, prompt: 14_000 },
  { model: "anthropic/claude-sonnet-5", locality: "cloud", cause: "chat", every: 97, prompt: 31_000, fallback: true },
  { model: "anthropic/claude-sonnet-5", locality: "cloud", cause: "compaction", every: 61, prompt: 0, unsized: true },
  { model: "acme/anvil-1", locality: "cloud", cause: "cron", every: 83, prompt: 4_000 },
];

/** Four weeks of a small team before `now` (epoch ms): the same each time. */
export function sampleCalls(now: number, sessionKey = "agent:main:main"): UsageCall[] {
  const calls: UsageCall[] = [];
  for (let number = 0, at = now - 28 * DAY; at <= now; number++) {
    const mixed = (number * 2_654_435_761) % 4_294_967_296;
    const kind = KINDS.findLast(({ every }) => number % every === 0);
    at += (new Date(at).getUTCDay() % 6 === 0 ? 90 : 25) * 60_000 + (mixed % (20 * 60_000));
    if (kind === undefined || at > now) continue;
    const [provider = "", model = ""] = kind.model.split("/");
    calls.push(
      price({
        id: `call-${number}`,
        at,
        sessionKey: number % 3 === 0 ? sessionKey : `agent:ops:discord:channel:${number % 4}`,
        agentId: number % 3 === 0 ? "main" : "ops",
        channel: kind.cause === "heartbeat" || kind.cause === "cron" ? undefined : "discord",
        model: { provider, model },
        locality: kind.locality,
        cause: kind.cause,
        tokens:
          kind.unsized === true
            ? undefined
            : { input: kind.prompt + (mixed % 5_000), output: 200 + (mixed % 700), cacheRead: 0, cacheWrite: 0 },
        durationMs: kind.locality === "local" ? 9_000 + (mixed % 20_000) : 3_000 + (mixed % 4_000),
        outcome: number % 53 === 0 ? "failed" : "answered",
        fallback: kind.fallback ?? false,
      }),
    );
  }
  return calls;
}

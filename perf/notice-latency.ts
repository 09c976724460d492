import { setTimeout as sleep } from "node:timers/promises";
import type { AttachedClutch, Lab } from "../test/gateway/harness.ts";
import { type Measurement, percentile } from "./measure.ts";

const ROUNDS = 20;

/** From the event of a turn's end at the gateway until the notice was handed to the adapter. */
export async function noticeLatency(lab: Lab, clutch: AttachedClutch): Promise<Measurement> {
  const posted = new Map<string, number>();
  clutch.app.watch(async ({ sessionKey }) => {
    posted.set(sessionKey, performance.now());
  });
  const ended = new Map<string, number>();
  clutch.app.connection.onEvent(({ event, payload }) => {
    const message = payload as { sessionKey?: string; message?: { role?: string; provider?: string } } | null;
    if (event === "session.message" && message?.message?.role === "assistant" && message.sessionKey !== undefined) {
      ended.set(message.sessionKey, performance.now());
    }
  });
  await sleep(500);
  lab.answerWith((chat) => (chat.server === "ollama" ? { text: "not here", status: 404 } : undefined));
  const latencies: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const key = `agent:main:discord:channel:${9100 + round}`;
    await clutch.say(key, "Who answers?");
    for (let waited = 0; waited < 5_000 && !posted.has(key); waited += 20) await sleep(20);
    const [end, post] = [ended.get(key), posted.get(key)];
    if (end === undefined || post === undefined) throw new Error(`no notice for ${key}`);
    latencies.push(Math.max(0, post - end));
  }
  lab.answerWith(undefined);
  const p95 = percentile(latencies, 95);
  return {
    name: "notice of a fallback",
    found: `p50 ${percentile(latencies, 50).toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, n=${ROUNDS}`,
    ratio: p95 / 500,
    goal: "p95 < 500 ms, so < 1",
  };
}

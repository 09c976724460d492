import { type AttachedClutch, LLAMA, QWEN } from "../test/gateway/harness.ts";
import { type Measurement, median, percentile, timed } from "./measure.ts";

const PAIRS = 50;

/**
 * A verified switch by Clutch against OpenClaw's own text `/model` in the same
 * session, alternating, in one run. Both end when the answer is there; Clutch's
 * includes reading the row back.
 */
export async function switchLatency(clutch: AttachedClutch): Promise<Measurement> {
  const key = "agent:main:discord:channel:9001";
  await clutch.say(key, "Hello.");
  const own: number[] = [];
  const theirs: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const model = pair % 2 === 0 ? QWEN : LLAMA;
    const other = pair % 2 === 0 ? LLAMA : QWEN;
    own.push(
      await timed(async () => {
        const outcome = await clutch.run(`/model ${model}`, `session:${key}`);
        if (!outcome.ok) throw new Error(outcome.card.title);
      }),
    );
    theirs.push(await timed(() => openclawSwitch(clutch, key, other, pair)));
  }
  return {
    name: "verified /model switch",
    found: `Clutch ${median(own).toFixed(1)} ms (p95 ${percentile(own, 95).toFixed(1)}), OpenClaw's text /model ${median(theirs).toFixed(1)} ms (p95 ${percentile(theirs, 95).toFixed(1)}), n=${PAIRS}`,
    ratio: median(own) / median(theirs),
    goal: "<= 0.50, aim 0.33",
  };
}

/** Sends the text and waits for its final, as a chat client does. */
async function openclawSwitch(clutch: AttachedClutch, key: string, model: string, nth: number): Promise<void> {
  const runId = `perf-${nth}-${Date.now()}`;
  const final = new Promise<void>((resolve) => {
    const forget = clutch.app.connection.onEvent(({ event, payload }) => {
      if (event !== "chat" || typeof payload !== "object" || payload === null) return;
      const chat = payload as { runId?: unknown; state?: unknown };
      if (chat.runId !== runId || chat.state !== "final") return;
      forget();
      resolve();
    });
  });
  await clutch.call("chat.send", { sessionKey: key, message: `/model ${model}`, idempotencyKey: runId });
  await final;
}

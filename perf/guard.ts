import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guardCode } from "../test/guard/guard-code.ts";
import { type Measurement, median, percentile } from "./measure.ts";

const CALLS = 10_000;
const P99_MS = 0.5;

/** What the guard adds to a turn that goes to a local model, whose server was asked within the last 1.5 s. */
export async function guardCosts(): Promise<Measurement[]> {
  const directory = await mkdtemp(join(tmpdir(), "clutch-guard-perf-"));
  const tags = Array.from({ length: 20 }, (_, index) => ({ name: `model-${index}:7b` }));
  const server = createServer((_, response) => response.end(JSON.stringify({ models: tags })));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [{ createLock }, { createHealth }, { createHooks }, { createCalls, readCalls }] = await Promise.all([
    guardCode("lock.js"),
    guardCode("health.js"),
    guardCode("hooks.js"),
    guardCode("calls.js"),
  ]);
  try {
    const lock = createLock({ path: join(directory, "guard.json"), clock: Date.now });
    const models = tags.map(({ name }) => ({ provider: "ollama", model: name, baseUrl, ollama: true }));
    lock.on("perf", { models, order: { "*": models.map(({ model }) => `ollama/${model}`) }, tools: ["web_search"] });
    const hooks = createHooks(
      {
        lock,
        health: createHealth({ fetch: globalThis.fetch, clock: Date.now }),
        memory: { escapes: [], canaries: [], heard: { modelResolve: 0, agentReply: 0, agentRun: 0 } },
      },
      { config: () => ({ models: { providers: { ollama: { baseUrl } } } }), entryOf: () => undefined, clock: Date.now },
    );
    const run = {
      runId: "r",
      agentId: "main",
      sessionKey: "agent:main:main",
      modelProviderId: "anthropic",
      modelId: "x",
    };
    const local = { ...run, modelProviderId: "ollama", modelId: "model-0:7b" };
    const turn = async (): Promise<number> => {
      const started = performance.now();
      await hooks.beforeModelResolve({}, run);
      await hooks.beforeAgentReply({}, run);
      await hooks.beforeAgentRun({}, local);
      return performance.now() - started;
    };
    for (let warm = 0; warm < 500; warm++) await turn();
    const times: number[] = [];
    for (let call = 0; call < CALLS; call++) times.push(await turn());
    const p99 = percentile(times, 99);
    const calls = createCalls({
      memory: readCalls({ path: join(directory, "calls.jsonl"), clock: Date.now }),
      clock: Date.now,
    });
    /** All that is recorded of a call, at the end of a run with a hundred messages before it. */
    const record = (nth: number): number => {
      const event = { ...run, runId: `r${nth}`, callId: `r${nth}:model:1`, provider: "ollama", model: "model-0:7b" };
      const context = { trace: { spanId: `s${nth}` } };
      const usage = { input: 20_000, output: 300, cacheRead: 0, cacheWrite: 0 };
      const message = { role: "assistant", provider: "ollama", model: "model-0:7b", timestamp: Date.now(), usage };
      const messages = Array.from({ length: 100 }, () => ({ ...message, timestamp: 0 }));
      const started = performance.now();
      calls.seen({ ...run, runId: event.runId });
      calls.started(event, context);
      calls.ended({ ...event, outcome: "completed" }, context);
      calls.written(message, run);
      calls.runEnded({ runId: event.runId, messages: [...messages, message] });
      return performance.now() - started;
    };
    for (let warm = 0; warm < 500; warm++) record(warm);
    const recordings = Array.from({ length: CALLS }, (_, nth) => record(500 + nth));
    const recorded = percentile(recordings, 99);
    return [
      {
        name: "guard, record of a call",
        found: `p50 ${median(recordings).toFixed(3)} ms, p99 ${recorded.toFixed(3)} ms of ${CALLS.toLocaleString("en")} calls, all five hooks together`,
        ratio: recorded / P99_MS,
        goal: `p99 below ${P99_MS} ms`,
      },
      {
        name: "guard, three hooks of a turn",
        found: `p50 ${median(times).toFixed(3)} ms, p99 ${p99.toFixed(3)} ms of ${CALLS.toLocaleString("en")} turns, 20 local models`,
        ratio: p99 / P99_MS,
        goal: `p99 below ${P99_MS} ms`,
      },
    ];
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pino } from "pino";
import { planRun, type RunRequest } from "../src/bench/plan-run.ts";
import { readAnswers } from "../src/bench/run-log.ts";
import { createBenchRunner } from "../src/bench/runner.ts";
import { speedFigures } from "../src/bench/speed-figures.ts";
import { SPEED_ANSWER_TOKENS } from "../src/bench/speed-prompt.ts";
import { createOllamaServer } from "../src/servers/ollama.ts";
import { createBenchRuns } from "../src/store/bench-runs.ts";
import { createLeases } from "../src/store/leases.ts";
import { openStore } from "../src/store/open-store.ts";
import { someSuite } from "../test/bench/bench-items.ts";
import { A, gradeNumber, targetsAt } from "../test/bench/lab-parts.ts";
import { type AskedChat, type Script, startScriptedOllama } from "../test/bench/scripted-ollama.ts";
import { type Measurement, median, percentile } from "./measure.ts";

const ITEMS = 1_000;
/** What a quick model in the cloud takes for an item, ms; a mini PC takes a minute. */
const QUICK_ITEM_MS = 1_000;
const GOAL_SHARE = 0.02;
const SAMPLES = 20;
const MB = 1_000_000;

/** What `/bench` itself adds to what it measures: on servers of known speed, over HTTP on loopback, kept in SQLite. */
export async function benchCosts(): Promise<Measurement[]> {
  return [...(await runOf1000()), ...(await timingErrors())];
}

async function runOf1000(): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "clutch-perf-bench-"));
  const store = await openStore(`sqlite:${join(folder, "clutch.db")}`, { clock: Date.now });
  const server = await startScriptedOllama(right);
  const suites = [someSuite(ITEMS)];
  const runs = createBenchRuns(store.db, Date.now);
  const runner = createBenchRunner({
    runs,
    leases: createLeases(store.db, Date.now),
    suites: async () => suites,
    targets: targetsAt(
      () => ({ local: server.url, cloud: server.url }),
      () => ({}),
    ),
    grade: gradeNumber,
    people: { isBusy: async () => false, onTurn: () => () => undefined },
    isLocalOnly: () => false,
    rate: () => undefined,
    load: () => 0,
    clock: Date.now,
    logger: pino({ level: "silent" }),
  });
  const request: RunRequest = {
    suites,
    level: "quick",
    models: [{ ref: A, local: true, memory: "this machine" }],
    seed: 1,
    speed: false,
    consent: { usd: 0, evict: false },
  };
  const start = async () => (await runs.begin({ actor: "perf", plan: planRun(request) })).id;
  const signal = new AbortController().signal;
  try {
    // The first run compiles and connects.
    await runner.work(await start(), { signal });
    const before = heapMb();
    let peakMb = 0;
    const started = performance.now();
    const id = await start();
    await runner.work(id, {
      signal,
      onProgress: ({ done }) => {
        if (done % 100 === 0) peakMb = Math.max(peakMb, process.memoryUsage().heapUsed / MB);
      },
    });
    const perItemMs = (performance.now() - started) / ITEMS;
    const grownMb = heapMb() - before;
    const answers = await readAnswers(runs, id);
    const serverMs = answers.reduce((sum, { timings }) => sum + timings.totalMs, 0) / answers.length;
    return [
      {
        name: "bench, what an item costs besides",
        found: `${(perItemMs - serverMs).toFixed(1)} ms of ${perItemMs.toFixed(1)} ms with a server that answers at once, ${ITEMS} items`,
        ratio: (perItemMs - serverMs) / (GOAL_SHARE * QUICK_ITEM_MS),
        goal: "< 2 % of an item of 1 s, so < 1",
      },
      {
        name: "bench, memory of 1,000 items",
        found: `heap ${grownMb.toFixed(1)} MB larger after it, ${peakMb.toFixed(0)} MB at most before collection`,
        ratio: grownMb / 10,
        goal: "< 10 MB stay, so < 1",
      },
    ];
  } finally {
    await server.close();
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

/** As seen from here, without the server's own account, which would be exact. */
async function timingErrors(): Promise<Measurement[]> {
  const words = Array.from({ length: SPEED_ANSWER_TOKENS }, (_, at) => `word${at}`).join(" ");
  const script: Script = { text: words, promptMs: 250, tokenMs: 12 };
  const server = await startScriptedOllama(() => script);
  try {
    const driver = createOllamaServer({ id: "a", baseUrl: server.url, fetch: globalThis.fetch, timeoutMs: 60_000 });
    const first: number[] = [];
    const speed: number[] = [];
    for (let at = 0; at < SAMPLES + 1; at++) {
      const request = { model: "a", messages: [{ role: "user" as const, text: "Count." }] };
      for await (const event of driver.generate(request, new AbortController().signal)) {
        if (event.kind !== "end" || at === 0) continue;
        const { firstTokenMs, totalMs } = event.timings;
        const truth = server.given.at(-1);
        const seen = speedFigures({
          tokens: event.tokens,
          timings: { totalMs, ...(firstTokenMs === undefined ? {} : { firstTokenMs }) },
        });
        if (truth === undefined) continue;
        first.push(Math.abs((seen.firstTokenMs ?? 0) / truth.firstTokenMs - 1));
        speed.push(Math.abs((seen.decode ?? 0) / (((truth.tokens - 1) / truth.decodeMs) * 1_000) - 1));
      }
    }
    const measurement = (name: string, errors: readonly number[]): Measurement => ({
      name,
      found: `${(100 * median(errors)).toFixed(2)} % off in the median, ${(100 * percentile(errors, 100)).toFixed(2)} % at most, n=${errors.length}`,
      ratio: median(errors) / GOAL_SHARE,
      goal: "< 2 % in the median, so < 1",
    });
    return [measurement("bench, time to first token", first), measurement("bench, tokens a second", speed)];
  } finally {
    await server.close();
  }
}

function right({ text }: AskedChat): Script {
  const at = /Question (\d+):/.exec(text)?.[1];
  return { text: `It is ${Number(at ?? 0) + 1}.` };
}

/** After everything that can go is gone. */
function heapMb(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") for (let time = 0; time < 3; time++) collect();
  return process.memoryUsage().heapUsed / MB;
}

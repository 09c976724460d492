import { join } from "node:path";
import { pino } from "pino";
import { startBenchWorker } from "../../src/bench/bench-worker.ts";
import { gradeAnswer } from "../../src/bench/grade-answer.ts";
import { createBenchRunner } from "../../src/bench/runner.ts";
import { createSuiteFiles } from "../../src/bench/suite-files.ts";
import { createBenchRuns } from "../../src/store/bench-runs.ts";
import { createLeases } from "../../src/store/leases.ts";
import { openStore } from "../../src/store/open-store.ts";
import { targetsAt } from "../bench/lab-parts.ts";

/** A process that works on open benches until it is killed: `node bench-watch-child.ts FOLDER LOCAL CLOUD`. */
const [, , folder = "", local = "", cloud = ""] = process.argv;
const store = await openStore(`sqlite:${join(folder, "clutch.db")}`, { clock: Date.now });
const runs = createBenchRuns(store.db, Date.now);
const files = createSuiteFiles([], folder, folder);
const logger = pino({ level: "silent" });
startBenchWorker({
  runs,
  runner: createBenchRunner({
    runs,
    leases: createLeases(store.db, Date.now),
    suites: async () => (await files.load()).suites,
    targets: targetsAt(
      () => ({ local, cloud }),
      () => ({}),
    ),
    grade: gradeAnswer,
    people: { isBusy: async () => false, onTurn: () => () => undefined },
    isLocalOnly: () => false,
    rate: () => undefined,
    load: () => 0,
    clock: Date.now,
    logger,
  }),
  onProgress: () => undefined,
  onNews: async () => undefined,
  clock: Date.now,
  logger,
});
// Its timers hold nothing.
setInterval(() => undefined, 1_000);

import { pino } from "pino";
import { createBenchRunner } from "../../src/bench/runner.ts";
import { createBenchRuns } from "../../src/store/bench-runs.ts";
import { createLeases } from "../../src/store/leases.ts";
import { openStore } from "../../src/store/open-store.ts";
import { someSuite } from "./bench-items.ts";
import { gradeNumber, targetsAt } from "./lab-parts.ts";

/** Another process that works on a run, until it is killed: `node bench-child.ts STORE LOCAL CLOUD RUN ITEMS`. */
const [, , url = "", local = "", cloud = "", run = "", count = ""] = process.argv;
const store = await openStore(url, { clock: Date.now });
const runner = createBenchRunner({
  runs: createBenchRuns(store.db, Date.now),
  leases: createLeases(store.db, Date.now),
  suites: async () => [someSuite(Number(count))],
  targets: targetsAt(
    () => ({ local, cloud }),
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
const end = await runner.work(Number(run), {
  signal: new AbortController().signal,
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
});
process.stdout.write(`${end.kind}\n`);
await store.close();

import { writeSync } from "node:fs";
import { dirname } from "node:path";
import { StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { z } from "zod";
import { createApp } from "../../src/app.ts";
import { defaultConfig } from "../../src/config.ts";

/**
 * A Clutch that counts calls and dies by kill -9 at one of its writes to the ledger:
 * `node usage-crash-child.ts JSON`. It prints the name of each as it reaches it, and
 * `read` once it has read the history.
 */
const task = z
  .object({
    gateway: z.object({ url: z.string(), token: z.string() }),
    store: z.string(),
    /** The write at which it dies, from 1; 0 for none. */
    killAt: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? "{}"));

let writes = 0;
let counting = false;
const WRITE = /^(?:(insert into|update|delete from) "(usage_\w+)"|(commit))/;
for (const name of ["run", "all"] as const) {
  const original: (...values: never[]) => unknown = StatementSync.prototype[name];
  Object.defineProperty(StatementSync.prototype, name, {
    value(this: StatementSync, ...values: never[]) {
      const write = WRITE.exec(this.sourceSQL)?.[0];
      if (counting && write !== undefined) {
        writeSync(1, `${write}\n`);
        if (++writes === task.killAt) process.kill(process.pid, "SIGKILL");
      }
      return original.apply(this, values);
    },
  });
}

const app = await createApp({
  config: { ...defaultConfig, store: task.store },
  gateway: task.gateway,
  stateDirectory: dirname(task.store.replace("sqlite:", "")),
  access: { owners: [], operators: [], viewers: [] },
  logger: pino({ level: "silent" }),
});
counting = true;
app.watch(async () => undefined);
while (app.usageCollector.countedUpTo() === undefined) await sleep(20);
writeSync(1, "read\n");
// Until it is killed.
await sleep(600_000);

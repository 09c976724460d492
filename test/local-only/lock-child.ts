import { readSync, writeSync } from "node:fs";
import { z } from "zod";
import { openStore } from "../../src/store/open-store.ts";
import { connectGateway } from "./gateway-stand-in.ts";
import { ME, openClutch } from "./lock-lab.ts";

/**
 * A Clutch in a process of its own, to be killed: `lock-child.ts JSON`. Says each
 * step as it reaches it, stands still at the one where somebody is to be killed until
 * it is told to go on, and says at last what it told the person.
 */
const task = z
  .object({
    directory: z.string(),
    store: z.string(),
    /** How far its clock is ahead, ms. */
    ahead: z.number(),
    action: z.enum(["on", "off"]),
    /** The step at which it stands still, from 1; 0 for none. */
    stopAt: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? "{}"));

let steps = 0;
const gate = async (step: string): Promise<void> => {
  writeSync(1, `${step}\n`);
  if (++steps === task.stopAt) readSync(0, Buffer.alloc(1));
};

const clock = (): number => Date.now() + task.ahead;
const store = await openStore(task.store, { clock });
const { lock } = await openClutch({
  ...{ store, clock, gate },
  directory: task.directory,
  request: connectGateway(task.directory),
});
const result = await (task.action === "on" ? lock.turnOn(ME) : lock.turnOff({ ...ME, restore: "all" })).then(
  ({ status }) => `told: ${status.isOn ? "on" : "off"}`,
  (thrown: unknown) => `told: ${String((thrown as Error).message)}`,
);
writeSync(1, `${result}\n`);
process.exit(0);

import { writeSync } from "node:fs";
import { dirname } from "node:path";
import { StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { WebSocket } from "ws";
import { z } from "zod";
import { createApp } from "../../src/app.ts";
import { defaultConfig } from "../../src/config.ts";
import { parsePlace } from "../../src/models/place.ts";

/**
 * A Clutch that dies by kill -9 at one step of its work: `node crash-child.ts
 * JSON`. A step is everything that outlives the process, seen from outside the
 * program: each write to the tables, and the switch on its way to the gateway
 * and back. It prints the name of each step as it reaches it.
 */
const task = z
  .object({
    gateway: z.object({ url: z.string(), token: z.string() }),
    store: z.string(),
    /** How far its clock is ahead, ms. */
    ahead: z.number(),
    /** A command line and where it is typed; without one it only makes endings come. */
    line: z.string().optional(),
    at: z.string(),
    /** The step at which it dies, from 1; 0 for none. */
    killAt: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? "{}"));

let steps = 0;
let counting = false;
function reach(step: string): void {
  if (!counting) return;
  writeSync(1, `${step}\n`);
  if (++steps === task.killAt) process.kill(process.pid, "SIGKILL");
}

const WRITE = /^(?:(insert into|update|delete from) "(changes|returns|audit)"|(commit))/;
for (const name of ["run", "all"] as const) {
  const original: (...values: never[]) => unknown = StatementSync.prototype[name];
  Object.defineProperty(StatementSync.prototype, name, {
    value(this: StatementSync, ...values: never[]) {
      const [, verb, table, commit] = WRITE.exec(this.sourceSQL) ?? [];
      if (verb !== undefined) reach(`before: ${verb} ${table}`);
      if (commit !== undefined) reach("before: commit");
      return original.apply(this, values);
    },
  });
}

const patches = new Set<string>();
const frame = z.object({ id: z.string(), method: z.string().optional(), type: z.string() });
const read = (data: unknown) => {
  try {
    return frame.safeParse(JSON.parse(String(data))).data;
  } catch {
    return undefined;
  }
};
const { send, emit } = WebSocket.prototype;
Object.assign(WebSocket.prototype, {
  send(this: WebSocket, data: Parameters<typeof send>[0], ...rest: unknown[]) {
    const request = read(data);
    if (request?.method !== "sessions.patch") return Reflect.apply(send, this, [data, ...rest]);
    patches.add(request.id);
    reach("before: patch is sent");
    return Reflect.apply(send, this, [data, () => reach("patch is on its way")]);
  },
  emit(this: WebSocket, event: string, ...values: unknown[]) {
    const reply = event === "message" ? read(values[0]) : undefined;
    if (reply?.type === "res" && patches.delete(reply.id)) reach("patch is answered");
    return Reflect.apply(emit, this, [event, ...values]);
  },
});

const clock = (): number => Date.now() + task.ahead;
const app = await createApp({
  config: { ...defaultConfig, store: task.store },
  gateway: task.gateway,
  stateDirectory: dirname(task.store.replace("sqlite:", "")),
  access: { owners: ["discord:owner"], operators: [], viewers: [] },
  logger: pino({ level: "silent" }),
  clock,
});
counting = true;
if (task.line === undefined) {
  app.watch(async () => undefined);
  // Until the journal says that it went back.
  while ((await app.services.journal.lastUndoable({ target: task.at.replace("session:", "") })) !== undefined) {
    await sleep(20);
  }
  await sleep(200);
} else {
  const outcome = await app.dispatcher.run({
    line: task.line,
    conversation: parsePlace(task.at, "owner"),
    person: { platform: "discord", id: "owner" },
    confirmed: true,
  });
  if (!outcome.ok) throw new Error(outcome.error?.message);
}
reach("done");
process.exit(0);

import { readSync, writeSync } from "node:fs";
import http from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { StatementSync } from "node:sqlite";
import { pino } from "pino";
import { WebSocket } from "ws";
import { z } from "zod";

/**
 * A Clutch that turns the lock on or off and stands still at one step: `node
 * lock-crash-child.ts JSON`. A step is everything that outlives the process, seen
 * from outside the program: each write to the tables, and what is said to the guard,
 * to the wall and to OpenClaw's configuration, on its way there and back. It prints
 * the name of each step as it reaches it; where it stands still, it is killed or
 * killed around, and told to go on by a line.
 */
const task = z
  .object({
    gateway: z.object({ url: z.string(), token: z.string() }),
    stateDirectory: z.string(),
    store: z.string(),
    /** How far its clock is ahead, ms. */
    ahead: z.number(),
    action: z.enum(["on", "off"]),
    /** The first step whose name begins so is where it stands still. */
    stopAt: z.string().min(1).optional(),
  })
  .parse(JSON.parse(process.argv[2] ?? "{}"));

let { stopAt } = task;
let counting = false;
function reach(step: string): void {
  if (!counting) return;
  writeSync(1, `${step}\n`);
  if (stopAt === undefined || !step.startsWith(stopAt)) return;
  stopAt = undefined;
  readSync(0, Buffer.alloc(1));
}

const WRITE = /^(?:(insert into|update|delete from) "(locks|changes|audit|leases|expiring)"|(commit))/;
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

const METHODS = /^(config\.patch|clutch\.guard\.(on|off|rules|keep|release))$/;
const sent = new Map<string, string>();
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
    const { id = "", method = "" } = read(data) ?? {};
    if (!METHODS.test(method)) return Reflect.apply(send, this, [data, ...rest]);
    sent.set(id, method);
    reach(`before: ${method}`);
    return Reflect.apply(send, this, [data, () => reach(`on its way: ${method}`)]);
  },
  emit(this: WebSocket, event: string, ...values: unknown[]) {
    const reply = event === "message" ? read(values[0]) : undefined;
    const method = reply?.type === "res" ? sent.get(reply.id) : undefined;
    if (reply !== undefined && method !== undefined && sent.delete(reply.id)) reach(`answered: ${method}`);
    return Reflect.apply(emit, this, [event, ...values]);
  },
});

const { request } = http;
Object.assign(http, {
  request(...values: unknown[]) {
    const [options] = values as [{ socketPath?: string; method?: string; path?: string }];
    const isWall = options.socketPath !== undefined && options.method === "POST";
    if (isWall) reach(`before: wall ${options.path}`);
    const made: http.ClientRequest = Reflect.apply(request, http, values);
    if (isWall) made.once("response", () => reach(`answered: wall ${options.path}`));
    return made;
  },
});
syncBuiltinESMExports();

const [{ createApp }, { defaultConfig }] = await Promise.all([
  import("../../src/app.ts"),
  import("../../src/config.ts"),
]);
const app = await createApp({
  config: { ...defaultConfig, store: task.store },
  gateway: task.gateway,
  stateDirectory: task.stateDirectory,
  access: { owners: ["discord:owner"], operators: [], viewers: [] },
  logger: pino({ level: "silent" }),
  clock: () => Date.now() + task.ahead,
});
const { localOnly } = app;
counting = true;
const me = { actor: "discord:owner" };
const told = await (task.action === "on" ? localOnly.turnOn(me) : localOnly.turnOff({ ...me, restore: "all" })).then(
  ({ status }) => (status.isOn ? "on" : "off"),
  (thrown: unknown) => String((thrown as Error).message),
);
counting = false;
writeSync(1, `told: ${told}\n`);
process.exit(0);

import { once } from "node:events";
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { z } from "zod";
import { damageIn, sqliteError } from "./sqlite-error.ts";

const LOCK_WAIT_MS = 5_000;
const MARK = "clutch-sqlite-damage";

/** What is wrong with the pages of a SQLite file, in words; undefined where nothing is. Throws as `sqliteError` makes it. */
export function damageOf(file: string): string | undefined {
  try {
    return lookThrough(file);
  } catch (thrown) {
    throw sqliteError(thrown, file);
  }
}

/** The same in a thread of its own: a large file takes seconds, in which this process has others to answer. */
export async function findDamage(file: string): Promise<string | undefined> {
  const worker = new Worker(import.meta.filename, { workerData: { mark: MARK, file } });
  try {
    const [answer] = await once(worker, "message");
    const { damage, failure } = found.parse(answer);
    if (failure !== undefined) throw sqliteError(Object.assign(new Error(failure.message), failure), file);
    return damage;
  } finally {
    await worker.terminate();
  }
}

/** True where a file has nothing in it at all: what was in it is lost, or it never was used. */
export const isEmptyFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.size === 0;

function lookThrough(file: string): string | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    const [row] = database.prepare("pragma quick_check(1)").all();
    const text = String(Object.values(row ?? {})[0] ?? "");
    return text === "ok" ? undefined : text.replaceAll("\n", " ").trim().slice(0, 200);
  } catch (thrown) {
    const damage = damageIn(thrown);
    if (damage === undefined) throw thrown;
    return damage;
  } finally {
    database?.close();
  }
}

/** An error's own properties do not pass from one thread to the other. */
const failed = z.object({ message: z.string(), code: z.string().optional(), errcode: z.number().optional() });
const found = z.object({ damage: z.string().optional(), failure: failed.optional() });
const asked = z.object({ mark: z.literal(MARK), file: z.string() });

const task = isMainThread ? undefined : asked.safeParse(workerData).data;
if (task !== undefined) {
  try {
    parentPort?.postMessage({ damage: lookThrough(task.file) });
  } catch (thrown) {
    parentPort?.postMessage({ failure: failed.parse({ message: String(thrown), ...failed.partial().parse(thrown) }) });
  }
}

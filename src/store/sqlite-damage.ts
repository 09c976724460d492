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
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    const [found] = database.prepare("pragma quick_check(1)").all();
    const text = String(Object.values(found ?? {})[0] ?? "");
    return text === "ok" ? undefined : text.replaceAll("\n", " ").trim().slice(0, 200);
  } catch (thrown) {
    const damage = damageIn(thrown);
    if (damage !== undefined) return damage;
    throw sqliteError(thrown, file);
  } finally {
    database?.close();
  }
}

/** The same in a thread of its own: a large file takes seconds, in which this process has others to answer. */
export async function findDamage(file: string): Promise<string | undefined> {
  const worker = new Worker(import.meta.filename, { workerData: { mark: MARK, file } });
  try {
    const [found] = await once(worker, "message");
    return z.string().optional().parse(found);
  } catch (thrown) {
    throw sqliteError(thrown, file);
  } finally {
    await worker.terminate();
  }
}

const task = isMainThread
  ? undefined
  : z.object({ mark: z.literal(MARK), file: z.string() }).safeParse(workerData).data;
if (task !== undefined) parentPort?.postMessage(damageOf(task.file));

/** True where a file has nothing in it at all: what was in it is lost, or it never was used. */
export const isEmptyFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.size === 0;

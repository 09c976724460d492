import { once } from "node:events";
import { rmSync, writeSync } from "node:fs";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { backUp } from "../../src/store/backups.ts";
import { createBenchRuns } from "../../src/store/bench-runs.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { createLeases } from "../../src/store/leases.ts";
import { mendStore } from "../../src/store/mend-store.ts";
import { openStore } from "../../src/store/open-store.ts";
import { createUsageLedger } from "../../src/store/usage-ledger.ts";
import { usageCall } from "./usage-calls.ts";

/** Another process that uses a store: `node store-child.ts TASK URL`. It prints what it has done, a line each. */
const [, , task = "", url = "", ballast] = process.argv;
/** Waits until it is in the pipe: what `process.stdout` keeps while nobody reads dies with the process. */
const print = (line: string) => writeSync(1, `${line}\n`);
const open = () => openStore(url, { clock: Date.now });
const change = { scope: "session", target: "s", actor: "child", before: null, after: "a/b" } as const;

const tasks: Record<string, () => Promise<void>> = {
  /** Says that it is ready, waits for a word, then opens, writes a little and closes. */
  async "open-together"() {
    print("ready");
    await once(process.stdin, "data");
    process.stdin.destroy();
    const store = await open();
    const journal = createChangeJournal(store.db, Date.now);
    const id = await journal.intend(change);
    await journal.done(id);
    await createAuditLog(store.db, Date.now).append({ actor: `pid:${process.pid}`, action: "open", result: "ok" });
    await store.close();
    print("closed");
  },

  /** Writes changes as fast as it can until it is killed. */
  async "write-forever"() {
    const journal = createChangeJournal((await open()).db, Date.now);
    for (;;) {
      const id = await journal.intend(change);
      print(`intended ${id}`);
      await journal.done(id, `model/${id}`);
      print(`done ${id}`);
    }
  },

  /** Writes the same thousand model calls as others do, in an order of its own, each report twice. */
  async "record-calls"() {
    print("ready");
    await once(process.stdin, "data");
    process.stdin.destroy();
    const store = await open();
    const ledger = createUsageLedger(store.db, Date.now);
    await ledger.keepDays("Asia/Kathmandu");
    const start = Math.floor(Math.random() * 1_000);
    const calls = Array.from({ length: 1_000 }, (_, index) => usageCall((start + index * 7) % 1_000));
    for (let from = 0; from < calls.length; from += 50) {
      const some = calls.slice(from, from + 50);
      await ledger.record(some.map((call) => ({ ...call, tokens: undefined, usd: undefined })));
      await ledger.record(some);
    }
    await store.close();
    print("closed");
  },

  /** Writes model calls as fast as it can until it is killed. */
  async "record-forever"() {
    const ledger = createUsageLedger((await open()).db, Date.now);
    await ledger.keepDays("Asia/Kathmandu");
    for (let next = 0; ; next += 20) {
      const calls = Array.from({ length: 20 }, (_, index) => usageCall(next + index));
      await ledger.record(calls.map((call) => ({ ...call, tokens: undefined, usd: undefined })));
      await ledger.record(calls);
      print(`recorded ${next + 20}`);
    }
  },

  /** Writes answers of a bench as fast as it can until it is killed. */
  async "bench-forever"() {
    const { db } = await open();
    const runs = createBenchRuns(db, Date.now);
    const { id } = await runs.begin({ actor: "child", plan: {} });
    await createLeases(db, Date.now).hold("bench", async (lease) => {
      const notes = runs.heldBy(lease);
      for (let repeat = 0; ; repeat++) {
        const key = { model: { provider: "a", model: "b" }, itemId: "x/y/z", repeat };
        for (const score of [1, 0]) await notes.answer(id, key, { score }, { turns: [] });
        print(`answered ${repeat}`);
      }
    });
  },

  /** Stays inside a transaction that has written something. */
  async "hang-in-transaction"() {
    const { db } = await open();
    const keepAlive = setInterval(() => undefined, 1_000);
    await db.transaction().execute(async (transaction) => {
      await createAuditLog(transaction, Date.now).append({ actor: "child", action: "hang", result: "ok" });
      print("inside");
      await once(process.stdin, "data");
      clearInterval(keepAlive);
    });
  },

  /** Writes until the disk is full; after a word, and without the ballast, writes on. */
  async fill() {
    const store = await open();
    const audit = createAuditLog(store.db, Date.now);
    const entry = { actor: "child", action: "fill", reason: "x".repeat(20_000), result: "ok" } as const;
    let written = 0;
    try {
      for (; ; written++) await audit.append(entry);
    } catch (thrown) {
      print(wordsOf(thrown));
    }
    print(`reads ${(await audit.list({ limit: 10_000 })).length === written}`);
    await once(process.stdin, "data");
    process.stdin.destroy();
    if (ballast !== undefined) rmSync(ballast);
    await audit.append(entry);
    print(`went on ${(await audit.list({ limit: 10_000 })).length === written + 1}`);
    await store.close();
  },

  async "back-up"() {
    await backUp(url.replace("sqlite:", ""), Date.now());
    print("backed up");
  },

  /** Mends a store as soon as it has said that it is ready. */
  async mend() {
    const file = url.replace("sqlite:", "");
    print("ready");
    await mendStore(file, Date.now());
    print("mended");
  },

  async "open-once"() {
    const store = await open();
    await store.close();
  },
};

try {
  await tasks[task]?.();
} catch (thrown) {
  print(wordsOf(thrown));
}

function wordsOf(thrown: unknown): string {
  const { code, message, hint } = thrown as { code?: string; message: string; hint?: string };
  return JSON.stringify({ code, message, hint });
}

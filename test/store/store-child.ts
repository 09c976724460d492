import { once } from "node:events";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { openStore } from "../../src/store/open-store.ts";

/** Another process that uses a store: `node store-child.ts TASK FILE`. It prints what it has done, a line each. */
const [, , task = "", file = ""] = process.argv;
const print = (line: string) => process.stdout.write(`${line}\n`);
const open = () => openStore(`sqlite:${file}`, { clock: Date.now });
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

  async "open-once"() {
    const store = await open();
    await store.close();
  },
};

try {
  await tasks[task]?.();
} catch (thrown) {
  const { code, message, hint } = thrown as { code?: string; message: string; hint?: string };
  print(JSON.stringify({ code, message, hint }));
}

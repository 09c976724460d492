import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { DATABASES, newDatabase } from "../store/databases.ts";
import { someSuite } from "./bench-items.ts";
import { A, CLOUD } from "./lab-parts.ts";
import { items, questionOf, right, startLab } from "./runner-lab.ts";

const CHILD = join(import.meta.dirname, "bench-child.ts");
const ITEMS = 12;

describe.each(DATABASES)("on %s", (database) => {
  it.each([1, 7, 16])(
    "kill -9 after %d answers, and the rest by another process: the same answers, none twice",
    async (kills) => {
      const url = await newDatabase(database);
      const lab = await startLab({
        url,
        models: [A, CLOUD],
        suites: [someSuite(ITEMS)],
        answer: (chat) => ({ ...right(chat), tokenMs: 1 }),
      });
      const { local, cloud } = lab.servers;
      const child = spawn(process.execPath, [CHILD, url, local.url, cloud.url, String(lab.run.id), String(ITEMS)]);
      child.stderr.pipe(process.stderr);
      for await (const line of createInterface({ input: child.stdout })) {
        if (Number(line) >= kills) break;
      }
      child.kill("SIGKILL");
      await once(child, "exit");
      const before = await lab.answers();
      expect(before.length).toBeGreaterThanOrEqual(kills);
      expect(before.length).toBeLessThan(2 * ITEMS);

      // The dead process still has its lease: nobody else comes in before that has run out.
      await expect(lab.work()).rejects.toMatchObject({ code: "bench_running" });
      lab.state.waitedMs += 21_000;
      expect(await lab.work()).toEqual({ kind: "done", left: [] });
      const after = await lab.answers();
      expect(after.slice(0, before.length)).toEqual(before);
      const keys = await lab.keys();
      expect(keys.toSorted()).toEqual(
        [A, CLOUD]
          .flatMap(({ provider, model }) => someSuite(ITEMS).items.map(({ id }) => `${provider}/${model} ${id} 0`))
          .toSorted(),
      );
      // At most the one that was under way was asked twice.
      expect(items(local).length + items(cloud).length).toBeLessThanOrEqual(2 * ITEMS + 1);
    },
  );
});

describe("a run that is to stop", () => {
  const stopAt = (at: number, stop: () => unknown) => (chat: Parameters<typeof right>[0]) => {
    if (questionOf(chat) !== undefined && at-- === 0) setImmediate(stop);
    return { ...right(chat), promptMs: 20, tokenMs: 5 };
  };

  it.each([0, 1, 3])("by its signal in item %d stays open as far as it came, and goes on later", async (at) => {
    const stop = new AbortController();
    const reason = new Error("the process ends");
    const lab = await startLab({ answer: stopAt(at, () => stop.abort(reason)) });
    await expect(lab.work({ signal: stop.signal })).rejects.toBe(reason);
    expect(await lab.runs.read(lab.run.id)).toMatchObject({ state: "open", note: undefined });
    expect((await lab.answers()).length).toBe(at);
    expect(await lab.work()).toEqual({ kind: "done", left: [] });
    expect(new Set(await lab.keys()).size).toBe(6);
    expect(await lab.answers()).toHaveLength(6);
  });

  it("stops at once while it waits", async () => {
    const stop = new AbortController();
    const lab = await startLab({
      parts: {
        sleep: async (_, signal) => {
          stop.abort();
          signal.throwIfAborted();
        },
      },
    });
    lab.state.busy = [true];
    await expect(lab.work({ signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(await lab.answers()).toEqual([]);
  });

  it("since it was cancelled here ends at once, and what was answered stays", async () => {
    const lab = await startLab({ answer: stopAt(2, () => lab.runner.cancel(lab.run.id)) });
    expect(await lab.work()).toEqual({ kind: "cancelled", left: [] });
    expect(await lab.answers()).toHaveLength(2);
    expect(await lab.runs.read(lab.run.id)).toMatchObject({ state: "cancelled" });
    expect(await lab.runner.cancel(lab.run.id)).toBe(false);
    await expect(lab.work()).rejects.toMatchObject({ code: "no_bench" });
  });

  it("since another process cancelled it ends too, and keeps nothing that came after", async () => {
    const lab = await startLab({
      answer: (chat) => {
        if (items(lab.servers.local).length === 3) void lab.runs.end(lab.run.id, "cancelled");
        return { ...right(chat), promptMs: items(lab.servers.local).length === 3 ? 10_000 : 0 };
      },
    });
    expect(await lab.work()).toEqual({ kind: "cancelled", left: [] });
    expect(await lab.answers()).toHaveLength(2);
  });
});

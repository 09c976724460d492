import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fillGateway } from "../../perf/many-sessions.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, startLab } from "../gateway/harness.ts";

const SESSIONS = 10_000;

let lab: Lab;
let clutch: AttachedClutch;
beforeAll(async () => {
  lab = await startLab((config) => ({ ...config, session: { maintenance: { mode: "warn", maxEntries: 20_000 } } }));
  clutch = await lab.attach();
});
afterAll(() => lab?.stop());

it("10,000 sessions in the gateway: Clutch finds the right one, and holds none of the others", async () => {
  await fillGateway(clutch, SESSIONS);
  const { totalCount } = (await clutch.call("sessions.list", { limit: 1 })) as { totalCount?: number };
  expect(totalCount).toBeGreaterThanOrEqual(SESSIONS);

  const late = await lab.attach();
  const notices: string[] = [];
  const before = process.memoryUsage().heapUsed;
  const watcher = late.app.watch(async ({ sessionKey }) => {
    notices.push(sessionKey);
  });
  await sleep(3_000);
  await watcher.idle();
  expect(watcher.size()).toBeLessThan(500);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
  expect(notices).toEqual([]);

  for (const channel of [100_000, 104_999, 109_999]) {
    const outcome = await late.run(`/model ${LLAMA}`, `discord:${channel}`);
    expect(outcome.card).toMatchObject({ tone: "success", title: "Switched to Llama 3.1 70B" });
    expect((await late.run("/model undo", `discord:${channel}`)).ok).toBe(true);
    const row = await late.app.openclaw.readSession(`agent:main:discord:channel:${channel}`);
    expect(`${row?.model?.provider}/${row?.model?.model}`).toBe(QWEN);
  }
  await late.close();
});

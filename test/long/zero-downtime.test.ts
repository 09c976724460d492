import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AttachedClutch, type Lab, startLab } from "../gateway/harness.ts";
import { talkWhileSwitching } from "../gateway/zero-downtime.ts";

let lab: Lab;
let clutch: AttachedClutch;
beforeAll(async () => {
  lab = await startLab();
  clutch = await lab.attach();
});
afterAll(() => lab?.stop());

it("1,000 switches, and the gateway restarted in the middle", async () => {
  const traffic = await talkWhileSwitching(lab, clutch, {
    conversations: 10,
    messagesEach: 20,
    switches: 1_000,
    disturb: async () => {
      await sleep(15_000);
      await lab.gateway.restart();
    },
  });
  expect(traffic.problems).toEqual([]);
  expect(traffic.messages).toBe(200);
  expect(traffic.switches).toBe(1_000);
});

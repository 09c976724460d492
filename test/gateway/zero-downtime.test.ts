import { afterAll, beforeAll, expect, it } from "vitest";
import { type AttachedClutch, type Lab, startLab } from "./harness.ts";
import { talkWhileSwitching } from "./zero-downtime.ts";

let lab: Lab;
let clutch: AttachedClutch;
beforeAll(async () => {
  lab = await startLab();
  clutch = await lab.attach();
});
afterAll(() => lab?.stop());

it("10 conversations talk on while 200 switches happen: nothing lost, nothing doubled", {
  timeout: 400_000,
}, async () => {
  const traffic = await talkWhileSwitching(lab, clutch, { conversations: 10, messagesEach: 6, switches: 200 });
  expect(traffic.problems).toEqual([]);
  expect(traffic).toMatchObject({ messages: 60, switches: 200 });
});

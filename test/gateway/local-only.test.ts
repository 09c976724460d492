import { afterAll, beforeAll, expect, it } from "vitest";
import { type AttachedClutch, QWEN, SONNET } from "./harness.ts";
import { type LockedLab, startLockedLab } from "./locked-lab.ts";

let lab: LockedLab;
let clutch: AttachedClutch;
const KEY = "agent:main:discord:channel:8001";
const ME = { actor: "discord:owner" };

beforeAll(async () => {
  lab = await startLockedLab();
  clutch = await lab.attach();
});
afterAll(() => lab?.stop());

it("turns on, proves it, and off again", async () => {
  const { localOnly } = clutch.app;
  expect(await clutch.say(KEY, "hello")).toMatch(/^claude-sonnet-5 answers/);
  const before = await clutch.app.openclaw.readConfig();
  const steps: string[] = [];
  const started = performance.now();
  const on = await localOnly.turnOn({
    ...ME,
    onStep: (step) => steps.push(`${Math.round(performance.now() - started)} ${step}`),
  });
  console.log(steps, JSON.stringify(on, null, 1));
  expect(on.status.enforcement).toBe("enforced");
  const requests = lab.cloudRequests();
  expect(await clutch.say(KEY, "and now?")).toMatch(/^qwen2.5-coder:32b|^llama3.1:70b/);
  expect(lab.cloudRequests()).toBe(requests);
  const off = await localOnly.turnOff({ ...ME, restore: "all" });
  console.log(JSON.stringify(off));
  expect(off.status.enforcement).toBe("off");
  expect((await clutch.app.openclaw.readConfig()).authored).toEqual(before.authored);
  expect(await clutch.say(KEY, "back?")).toMatch(/^claude-sonnet-5 answers/);
});

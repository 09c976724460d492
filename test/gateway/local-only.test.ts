import { afterAll, beforeAll, expect, it } from "vitest";
import type { AttachedClutch } from "./harness.ts";
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
  expect(on.status.enforcement).toBe("enforced");
  const requests = lab.cloudRequests();
  expect(await clutch.say(KEY, "and now?")).toMatch(/^qwen2.5-coder:32b|^llama3.1:70b/);
  expect(lab.cloudRequests()).toBe(requests);
  const off = await localOnly.turnOff({ ...ME, restore: "all" });
  expect(off.status.enforcement).toBe("off");
  // OpenClaw stamps the file whenever it is written.
  const { meta: _, ...after } = (await clutch.app.openclaw.readConfig()).authored;
  const { meta: __, ...former } = before.authored;
  expect(after).toEqual(former);
  expect(await clutch.say(KEY, "back?")).toMatch(/^claude-sonnet-5 answers/);
});

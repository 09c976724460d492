import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LockAlert } from "../../src/local-only/lock-alerts.ts";
import { type ClutchInLab, type LockLab, ME, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
let clutch: ClutchInLab;
beforeEach(async () => {
  lab = await startLockLab();
  clutch = await lab.clutch();
});
afterEach(() => lab.stop());

const states = async () => {
  const status = await clutch.lock.status();
  return [status.enforcement, ...status.layers.map(({ state }) => state)];
};
const ON = ["enforced", "closed", "closed", "closed"];
const OFF = ["off", "open", "open", "open"];

it("closes guard, wall and helper calls, proves it, and puts everything back", async () => {
  const before = lab.gateway.config();
  expect(await states()).toEqual(OFF);
  const on = await clutch.lock.turnOn(ME);
  expect(on).toMatchObject({ changed: true, status: { enforcement: "enforced", isOn: true, last: ME } });
  expect(await states()).toEqual(ON);
  expect(lab.gateway.config()).not.toEqual(before);
  const off = await clutch.lock.turnOff({ ...ME, restore: "all" });
  expect(off).toMatchObject({ changed: true, notes: [], status: { enforcement: "off", isOn: false } });
  expect(await states()).toEqual(OFF);
  expect(lab.gateway.config()).toEqual(before);
});

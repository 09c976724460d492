import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backUp, listBackups } from "../../src/store/backups.ts";
import { restoreStore } from "../../src/store/mend-store.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { type ClutchInLab, type LockLab, ME, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
let file: string;
let store: Store;
let clutch: ClutchInLab;

const open = async (): Promise<void> => {
  store = await openStore(`sqlite:${file}`, { clock: () => lab.now });
  clutch = await lab.clutch({ store });
};
beforeEach(async () => {
  lab = await startLockLab();
  file = join(lab.directory, "clutch.db");
  await open();
});
afterEach(async () => {
  await store.close();
  await lab.stop();
});

const off = () => clutch.lock.turnOff({ ...ME, restore: "all" });
/** The store is put back as it was at its newest backup. */
async function putBack(): Promise<void> {
  await store.close();
  await restoreStore(file, listBackups(file)[0]?.path ?? "", lab.now);
  await open();
}
const passes = async (ms: number): Promise<void> => {
  lab.now += ms;
};

describe("a store that is put back", () => {
  it("from before the lock was turned on: it stays on, the owners hear of it, and an owner can turn it off", async () => {
    await clutch.lock.turnOn(ME);
    await off();
    await backUp(file, lab.now);
    await passes(60_000);
    await clutch.lock.turnOn(ME);
    await passes(60_000);
    await putBack();
    expect(clutch.lock.isOn()).toBe(true);
    const alerts = await clutch.lock.reconcile();
    expect(alerts.map(({ kind }) => kind)).toEqual(["told"]);
    expect((await clutch.lock.status()).enforcement).toBe("enforced");
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
  });

  it("from while another lock was on: it stays on", async () => {
    await clutch.lock.turnOn(ME);
    await backUp(file, lab.now);
    await off();
    await passes(60_000);
    await clutch.lock.turnOn(ME);
    await putBack();
    await clutch.lock.reconcile();
    expect((await clutch.lock.status()).enforcement).toBe("enforced");
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
  });

  it("from while a lock was on that is off since: the stricter wins, and an owner can turn it off", async () => {
    await clutch.lock.turnOn(ME);
    await backUp(file, lab.now);
    await off();
    await passes(60_000);
    await putBack();
    await clutch.lock.reconcile();
    expect((await clutch.lock.status()).isOn).toBe(true);
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
    expect(await clutch.lock.reconcile()).toEqual([]);
  });
});

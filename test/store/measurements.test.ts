import { describe, expect, it } from "vitest";
import { createMeasurements } from "../../src/store/measurements.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

describe.each(DATABASES)("on %s", (database) => {
  const SPEED = {
    provider: "ollama",
    model: "qwen3:8b",
    kind: "speed",
    value: { points: [{ depthTokens: 0, decode: 33.5 }] },
    source: "a probe",
  };

  async function open(url?: string) {
    const { store, time } = await openTemp(url ?? (await newDatabase(database)));
    return { store, time, measurements: createMeasurements(store.db, () => time.now) };
  }

  it("keeps all of a measurement, with when it was saved", async () => {
    const { measurements } = await open();
    expect(await measurements.all()).toEqual([]);
    await measurements.save(SPEED);
    expect(await measurements.all()).toEqual([{ ...SPEED, at: 1_000 }]);
  });

  it("keeps the newest of each kind of each model", async () => {
    const { measurements, time } = await open();
    await measurements.save(SPEED);
    const others = [
      { ...SPEED, kind: "load", value: { ms: 9_000 } },
      { ...SPEED, model: "qwen3:32b" },
      { ...SPEED, provider: "box" },
    ];
    for (const other of others) await measurements.save(other);
    time.now = 2_000;
    await measurements.save({ ...SPEED, value: { points: [] }, source: "another probe" });
    const all = await measurements.all();
    expect(all).toHaveLength(4);
    expect(all).toContainEqual({ ...SPEED, value: { points: [] }, source: "another probe", at: 2_000 });
    for (const other of others) expect(all).toContainEqual({ ...other, at: 1_000 });
  });

  it("has them again after it was closed", async () => {
    const url = await newDatabase(database);
    const first = await open(url);
    await first.measurements.save(SPEED);
    await first.store.close();
    const { measurements } = await open(url);
    expect(await measurements.all()).toEqual([{ ...SPEED, at: 1_000 }]);
  });

  it("says so where an entry is not its own", async () => {
    const { measurements, store } = await open();
    await measurements.save(SPEED);
    await store.db.updateTable("measurements").set({ value_json: "{" }).execute();
    await expect(measurements.all()).rejects.toMatchObject({
      code: "store_failed",
      message: expect.stringContaining("measurements"),
    });
  });
});

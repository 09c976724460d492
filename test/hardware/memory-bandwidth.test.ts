import { describe, expect, it } from "vitest";
import { measureMemoryBandwidth } from "../../src/hardware/memory-bandwidth.ts";

const clock = () => Date.parse("2026-11-22T10:00:00Z");
const MIB = 1024 ** 2;

describe("measureMemoryBandwidth", () => {
  it("finds what any machine of today has, and no more than any has", async () => {
    const { signal } = new AbortController();
    const found = await measureMemoryBandwidth(1024 * MIB, { signal, clock });
    expect(found).toMatchObject({ origin: "measured", date: "2026-11-22" });
    // Bytes a second: 100 MB at least, however busy the machine is, and 10 TB at most.
    expect(found?.value).toBeGreaterThan(100e6);
    expect(found?.value).toBeLessThan(10e12);
  });

  it("leaves it where there is too little memory to tell it from the cache", async () => {
    const { signal } = new AbortController();
    expect(await measureMemoryBandwidth(128 * MIB, { signal, clock })).toBeUndefined();
  });

  it("ends with the signal", async () => {
    expect(await measureMemoryBandwidth(1024 * MIB, { signal: AbortSignal.abort(), clock })).toBeUndefined();
    const soon = new AbortController();
    const measuring = measureMemoryBandwidth(1024 * MIB, { signal: soon.signal, clock });
    soon.abort();
    expect(await measuring).toBeUndefined();
  });
});

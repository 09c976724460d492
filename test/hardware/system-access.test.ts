import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { systemAccess } from "../../src/hardware/system-access.ts";

describe("systemAccess", () => {
  const { signal } = new AbortController();
  const system = systemAccess(signal);

  it("makes what is missing undefined", async () => {
    const nowhere = "/nowhere/at/all";
    expect(await system.read(nowhere)).toBeUndefined();
    expect(await system.list(nowhere)).toEqual([]);
    expect(await system.exists(nowhere)).toBe(false);
    expect(await system.freeBytes(nowhere)).toBeUndefined();
    expect(await system.run("no-such-command-anywhere", [])).toBeUndefined();
    expect(await system.run(process.execPath, ["-e", "process.exit(3)"])).toBeUndefined();
  });

  it("gives what is there", async () => {
    expect(await system.run(process.execPath, ["-e", "console.log(' found ')"])).toBe("found");
    expect(await system.list(import.meta.dirname)).toContain("system-access.test.ts");
    expect(await system.freeBytes(import.meta.dirname)).toBeGreaterThan(0);
    expect(system.node().cores).toBeGreaterThan(0);
  });

  it("leaves nothing on the signal, whether a command ends, fails or is not there", async () => {
    const { signal: long } = new AbortController();
    const asked = systemAccess(long);
    expect(await asked.run(process.execPath, ["-p", "1 + 1"])).toBe("2");
    expect(await asked.run(process.execPath, ["-e", "process.exit(3)"])).toBeUndefined();
    expect(await asked.run("no-such-command-anywhere", [])).toBeUndefined();
    expect(getEventListeners(long, "abort")).toEqual([]);
  });

  it("ends a command with the signal", async () => {
    const stop = new AbortController();
    const running = systemAccess(stop.signal).run(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    stop.abort();
    expect(await running).toBeUndefined();
  });
});

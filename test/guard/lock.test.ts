import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forget, guardCode, type Lock, OFF, QWEN, RULES, temporaryDirectory } from "./guard-code.ts";

const { createLock } = await guardCode("lock.js");
const { readState, writeState } = await guardCode("state-file.js");

let directory: string;
let path: string;
let now: number;
const clock = (): number => now;
const open = (): Lock => createLock({ path, clock });

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory, "guard", "guard.json");
  now = 1_000;
});
afterEach(() => forget(directory));

/** A disk on which nothing can be written: not by rights, since tests may run as root. */
function breakDisk(): void {
  rmSync(join(directory, "guard"), { recursive: true, force: true });
  writeFileSync(join(directory, "guard"), "");
}
const mendDisk = (): void => {
  rmSync(join(directory, "guard"));
  mkdirSync(join(directory, "guard"));
};

describe("the lock", () => {
  it("survives the process", () => {
    open().on("one", RULES);
    expect(open().state()).toEqual({ ...RULES, on: true, id: "one", at: 1_000, kept: {} });
    now = 2_000;
    open().off("one");
    expect(open().state()).toEqual({ ...RULES, on: false, id: "one", at: 2_000, kept: {} });
  });

  it("may be told the same again, and takes new rules with that", () => {
    const lock = open();
    lock.on("one", RULES);
    now = 5_000;
    lock.on("one", { ...RULES, models: [QWEN] });
    expect(lock.state()).toMatchObject({ on: true, at: 1_000, models: [QWEN] });
    lock.off("one");
    lock.off("one");
    expect(lock.state().on).toBe(false);
  });

  it("belongs to the id that turned it on", () => {
    const lock = open();
    lock.on("one", RULES);
    expect(() => lock.on("two", RULES)).toThrow("the lock is on by one");
    expect(() => lock.off("two")).toThrow("the lock is on by one");
    expect(lock.state()).toMatchObject({ on: true, id: "one" });
  });

  it("does not come back by a late repetition", () => {
    const lock = open();
    lock.on("one", RULES);
    lock.off("one");
    expect(() => lock.on("one", RULES)).toThrow("ended already");
    expect(() => open().on("one", RULES)).toThrow("ended already");
    lock.on("two", RULES);
    expect(lock.state().on).toBe(true);
  });

  it("is on at once where that cannot be written, and says that it cannot until it can", () => {
    const lock = open();
    breakDisk();
    expect(() => lock.on("one", { ...RULES, models: [] })).toThrow();
    expect(lock.state()).toMatchObject({ on: true, id: "one", damage: "could not be written" });
    expect(() => lock.setRules(RULES)).toThrow("could not be written");
    now = 2_000;
    expect(() => lock.on("one", RULES)).toThrow();
    expect(lock.state()).toMatchObject({ at: 1_000, damage: "could not be written", models: RULES.models });
    mendDisk();
    lock.on("one", RULES);
    expect(lock.state()).toEqual({ ...RULES, on: true, id: "one", at: 1_000, kept: {} });
    expect(readState(path)).toEqual(lock.state());
  });

  it("may be ended where that it is on could not be written", () => {
    const lock = open();
    breakDisk();
    expect(() => lock.on("one", RULES)).toThrow();
    mendDisk();
    lock.off("one");
    expect(lock.state()).toEqual({ ...RULES, on: false, id: "one", at: 1_000, kept: {} });
  });

  it("stays on where that it ended cannot be written", () => {
    const lock = open();
    lock.on("one", RULES);
    breakDisk();
    expect(() => lock.off("one")).toThrow();
    expect(lock.state()).toMatchObject({ on: true, id: "one" });
    mendDisk();
    lock.off("one");
    expect(readState(path)).toMatchObject({ on: false, id: "one" });
  });

  it("keeps conversations by their key in any case, on or off, until they are released", () => {
    const lock = open();
    lock.keep(["agent:main:Slack:C01", "agent:main:main"], "here");
    now = 9_000;
    lock.keep(["agent:main:main"], "unreleased");
    expect(lock.state().kept).toEqual({
      "agent:main:slack:c01": { why: "here", at: 1_000 },
      "agent:main:main": { why: "here", at: 1_000 },
    });
    lock.on("one", RULES);
    lock.off("one");
    lock.release(["AGENT:main:main"]);
    expect(Object.keys(open().state().kept)).toEqual(["agent:main:slack:c01"]);
  });

  it("keeps a conversation at once and lets none go where that cannot be written", () => {
    const lock = open();
    lock.keep(["a"], "here");
    breakDisk();
    expect(() => lock.keep(["b"], "here")).toThrow();
    expect(Object.keys(lock.state().kept).toSorted()).toEqual(["a", "b"]);
    expect(() => lock.release(["a"])).toThrow();
    expect(Object.keys(lock.state().kept)).toContain("a");
  });

  it.each(["__proto__", "constructor", "toString"])("keeps %s like any other key", (key) => {
    const lock = open();
    lock.keep([key], "here");
    expect(Object.hasOwn(open().state().kept, key.toLowerCase())).toBe(true);
    lock.release([key]);
    expect(Object.keys(open().state().kept)).toEqual([]);
  });

  describe("whose file is damaged", () => {
    beforeEach(() => {
      mkdirSync(join(directory, "guard"));
      writeFileSync(path, "{");
    });

    it("is on, and learns nothing", () => {
      const lock = open();
      expect(lock.state()).toMatchObject({ on: true, id: "damaged", models: [] });
      expect(() => lock.setRules(RULES)).toThrow("is damaged");
      expect(() => lock.keep(["a"], "here")).toThrow("is damaged");
    });

    it("can be turned on anew, or off by its own id", () => {
      const lock = open();
      lock.on("one", RULES);
      expect(lock.state()).toMatchObject({ on: true, id: "one", models: RULES.models });
      expect(lock.state().damage).toBeUndefined();
      writeFileSync(path, "{");
      const other = open();
      other.off("damaged");
      expect(open().state()).toMatchObject({ on: false, id: "damaged" });
    });
  });

  it("is found ended where somebody ended it in the file, and not where the file is gone or damaged", () => {
    const lock = open();
    lock.on("one", RULES);
    rmSync(path);
    now += 5_000;
    expect(lock.state().on).toBe(true);
    writeFileSync(path, "{");
    now += 5_000;
    expect(lock.state().on).toBe(true);
    writeState(path, { ...OFF, id: "another" });
    now += 5_000;
    expect(lock.state().on).toBe(true);
    writeState(path, { ...OFF, id: "one" });
    now += 5_000;
    expect(lock.state().on).toBe(false);
  });

  it("is found ended by force also where the clock was set back by an hour meanwhile", () => {
    now = 3_600_000;
    const lock = open();
    lock.on("one", RULES);
    now = 0;
    writeState(path, { ...readState(path), on: false });
    expect(lock.state().on).toBe(false);
  });

  it("is one for all registrations in a process, whatever version of the code they come with", () => {
    const memory = { state: undefined };
    const older = createLock({ path, clock, memory });
    breakDisk();
    expect(() => older.on("one", RULES)).toThrow();
    // The update finds nothing on the disk, and is on all the same.
    const newer = createLock({ path, clock, memory });
    expect(newer.state()).toMatchObject({ on: true, id: "one" });
    mendDisk();
    newer.off("one");
    expect(older.state().on).toBe(false);
  });
});

import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forget, guardCode, OFF, RULES, temporaryDirectory } from "./guard-code.ts";

const { readState, writeState } = await guardCode("state-file.js");
const ON = {
  ...OFF,
  ...RULES,
  on: true,
  id: "one",
  at: 1_000,
  kept: { "agent:main:main": { why: "here", at: 5 } },
} as const;

let directory: string;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory, "guard.json");
});
afterEach(() => forget(directory));

describe("the file of the lock", () => {
  it("gives back what was written, readable by its owner alone, without leaving drafts", () => {
    writeState(path, ON);
    expect(readState(path)).toEqual(ON);
    writeState(path, { ...ON, on: false });
    expect(readState(path)).toEqual({ ...ON, on: false });
    expect(readdirSync(directory)).toEqual(["guard.json"]);
  });

  it("means off where there is none", () => {
    expect(readState(path)).toEqual(OFF);
    expect(readState(join(directory, "nowhere", "guard.json"))).toEqual(OFF);
  });

  const valid = JSON.stringify({ version: 1, ...OFF });
  it.each<[string, string]>([
    ["empty", ""],
    ["cut off", valid.slice(0, -10)],
    ["of another version", valid.replace('"version":1', '"version":2')],
    ["of no version", valid.replace('"version":1,', "")],
    ["no object", "[]"],
    ["null", "null"],
    ["off in words", valid.replace('"on":false', '"on":"false"')],
    ["without a time", valid.replace('"at":0', '"at":null')],
    ["without what is kept", valid.replace('"kept":{}', '"kept":[]')],
    ["with a model of no form", valid.replace('"models":[]', '"models":[{"provider":"a"}]')],
  ])("means on, with no model to go to, where it is %s", (_, text) => {
    writeFileSync(path, text);
    expect(readState(path)).toMatchObject({ on: true, id: "damaged", models: [], damage: "is damaged" });
  });

  it("means on where it cannot be read", () => {
    mkdirSync(path);
    expect(readState(path)).toMatchObject({ on: true, id: "damaged", damage: "cannot be read (EISDIR)" });
  });

  it("keeps the former state where the new one cannot be written", () => {
    writeState(path, ON);
    const before = readFileSync(path, "utf8");
    const draft = join(directory, "not-a-directory");
    writeFileSync(draft, "");
    expect(() => writeState(join(draft, "guard.json"), OFF)).toThrow();
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it.skipIf(process.getuid?.() === 0)("means on where it may not be read", () => {
    writeState(path, OFF);
    chmodSync(path, 0o000);
    expect(readState(path)).toMatchObject({ on: true, damage: "cannot be read (EACCES)" });
  });

  it("is never believed to be off unless it says so plainly, whatever bytes it holds", () => {
    // Mostly what may stand there, so that each thing that may not decides alone now and then.
    const mostly = <T, U>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<U>) =>
      fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: bad });
    const kept = fc.dictionary(fc.string(), fc.record({ why: fc.string(), at: fc.nat() }));
    const whole = fc.record({
      version: mostly(fc.constant(1), fc.constantFrom(2, "1", null)),
      on: mostly(fc.boolean(), fc.constantFrom(0, "off", null)),
      id: mostly(fc.string(), fc.integer()),
      at: mostly(fc.nat(), fc.constantFrom(null, "x")),
      kept: mostly(kept, fc.constantFrom(null, [])),
      models: mostly(fc.constant([]), fc.constantFrom<unknown>([{}], "all")),
      order: mostly(fc.dictionary(fc.string(), fc.array(fc.string())), fc.constant([])),
      tools: mostly(fc.array(fc.string()), fc.constant(7)),
    });
    const bytes = fc.oneof(
      fc.uint8Array().map((array) => Buffer.from(array)),
      fc.json().map((text) => Buffer.from(text)),
      whole.map((value) => Buffer.from(JSON.stringify(value))),
      // Cut or hit somewhere.
      fc.tuple(whole, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const buffer = Buffer.from(JSON.stringify(value));
        buffer[at % buffer.length] = byte;
        return at % 3 === 0 ? buffer.subarray(0, at % buffer.length) : buffer;
      }),
    );
    let off = 0;
    fc.assert(
      fc.property(bytes, (content) => {
        writeFileSync(path, content);
        const state = readState(path);
        if (state.on) return;
        off += 1;
        const said = JSON.parse(content.toString("utf8"));
        expect([said.version, said.on, typeof said.id, typeof said.at]).toEqual([1, false, "string", "number"]);
        expect(Number.isFinite(state.at)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    // Otherwise nothing was tried.
    expect(off).toBeGreaterThan(20);
  });
});

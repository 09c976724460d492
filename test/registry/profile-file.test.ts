import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { profileFileSchema, readProfileFile } from "../../src/registry/profile-file.ts";

const folder = mkdtempSync(join(tmpdir(), "clutch-profiles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, "clutch.models.json");
const read = (text: string) => {
  writeFileSync(path, text);
  utimesSync(path, new Date("2026-11-01T12:00:00Z"), new Date("2026-11-01T12:00:00Z"));
  return readProfileFile(path);
};

const FULL = {
  models: {
    "ollama/mine:latest": {
      architecture: { layers: 48, kvHeads: 4, headDim: 128, parameters: 30e9, activeParameters: 3e9 },
      diskBytes: 18e9,
      contextLength: { value: 65_536, source: "tried", date: "2026-10-20" },
      capabilities: ["tools"],
      ratings: { code: 71, persona: { value: 60, source: "my own bench" } },
      brokenToolTemplate: false,
      speeds: [{ depthTokens: 0, decode: 33.5 }],
      price: { tiers: [{ input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 }] },
    },
  },
};

describe("readProfileFile", () => {
  it("has nothing to say where there is no file", async () => {
    expect(await readProfileFile(join(folder, "none.json"))).toEqual(new Map());
  });

  it("takes bare values and figures, and dates what has no date by the file", async () => {
    const mine = (await read(JSON.stringify(FULL))).get("ollama/mine:latest");
    const bare = { origin: "stated", source: "clutch.models.json", date: "2026-11-01" };
    expect(mine).toEqual({
      architecture: FULL.models["ollama/mine:latest"].architecture,
      diskBytes: { value: 18e9, ...bare },
      contextLength: { value: 65_536, origin: "stated", source: "tried", date: "2026-10-20" },
      capabilities: { value: ["tools"], ...bare },
      ratings: [
        { task: "code", score: { value: 71, ...bare } },
        { task: "persona", score: { value: 60, ...bare, source: "my own bench" } },
      ],
      brokenToolTemplate: { value: false, ...bare },
      speeds: [{ depthTokens: 0, decode: { value: 33.5, ...bare }, prefill: undefined }],
      price: { value: { tiers: [{ input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 }] }, ...bare },
    });
  });

  it("takes comments and trailing commas, and leaves unknown what is not stated", async () => {
    const read1 = await read("{ models: { 'qwen3:8b': { /* slow disk */ }, }, }");
    expect(read1.get("qwen3:8b")).toMatchObject({ contextLength: undefined, ratings: [], speeds: [] });
  });

  it.each([
    ["{ models: { a: { contextLenght: 5 } } }", "“models > a > contextLenght” is no key that Clutch knows"],
    ["{ models: { a: { contextLength: -5 } } }", "“models > a > contextLength” is wrong"],
    ["{ models: { a: { contextLength: '5' } } }", "“models > a > contextLength” is wrong"],
    [
      "{ models: { a: { diskBytes: { value: 5, date: 'today' } } } }",
      "“models > a > diskBytes > date” is wrong: a date looks",
    ],
    ["{ models: { a: { ratings: { code: 101 } } } }", "“models > a > ratings > code” is wrong"],
    ["{ models: { a: { ratings: { singing: 10 } } } }", "“models > a > ratings > singing” is no key"],
    ["{ models: { a: { price: { tiers: [] } } } }", "“models > a > price > tiers” is wrong"],
    ["{ models: [] }", "“models” is wrong"],
    ["[]", "the whole is wrong"],
    ["{ models: ", "is not valid JSON"],
  ])("names file and key in %s", async (text, message) => {
    const failed: unknown = await read(text).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ClutchError);
    expect(failed).toMatchObject({ code: "bad_config", message: expect.stringContaining(message) });
    expect(failed).toMatchObject({ message: expect.stringContaining(path) });
  });

  it("says so where the file cannot be read", async () => {
    await expect(readProfileFile(folder)).rejects.toMatchObject({ code: "bad_config" });
  });
});

describe("profileFileSchema", () => {
  it("accepts and refuses the same as the reader", () => {
    const validate = new Ajv2020({ strict: false, logger: false }).compile(profileFileSchema());
    expect(validate(FULL)).toBe(true);
    expect(validate({ models: { a: { contextLenght: 5 } } })).toBe(false);
    expect(validate({ models: { a: { contextLength: -5 } } })).toBe(false);
    expect(validate({})).toBe(false);
  });
});

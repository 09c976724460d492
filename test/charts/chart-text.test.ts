import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { chartLine, cutText, textWidth } from "../../src/charts/chart-text.ts";
import { FONT_FILES, LONG } from "./charts.ts";

/** Advances of a TrueType font in units of its size, by character (tables head, hhea, hmtx; cmap in format 12). */
async function advances(file: string): Promise<Map<string, number>> {
  const font = await readFile(file);
  const tables = new Map<string, number>();
  for (let at = 12; at < 12 + font.readUInt16BE(4) * 16; at += 16)
    tables.set(font.toString("latin1", at, at + 4), font.readUInt32BE(at + 8));
  const table = (name: string): number => tables.get(name) ?? Number.NaN;
  const unit = font.readUInt16BE(table("head") + 18);
  const measured = font.readUInt16BE(table("hhea") + 34);
  const found = new Map<string, number>();
  for (let index = 0; index < font.readUInt16BE(table("cmap") + 2); index += 1) {
    const start = table("cmap") + font.readUInt32BE(table("cmap") + 8 + index * 8);
    if (font.readUInt16BE(start) !== 12) continue;
    for (let group = 0; group < font.readUInt32BE(start + 12); group += 1) {
      const at = start + 16 + group * 12;
      const first = font.readUInt32BE(at);
      for (let code = first; code <= font.readUInt32BE(at + 4); code += 1) {
        const glyph = font.readUInt32BE(at + 8) + code - first;
        const advance = font.readUInt16BE(table("hmtx") + 4 * Math.min(glyph, measured - 1));
        found.set(String.fromCodePoint(code), advance / unit);
      }
    }
  }
  return found;
}

describe("the width of a text", () => {
  it.each([
    ["regular", 0, false],
    ["bold", 1, true],
  ] as const)("is never less than the font's, %s", async (_, file, bold) => {
    const font = await advances(FONT_FILES[file] ?? "");
    expect(font.size).toBeGreaterThan(5_000);
    const under = [...font].filter(
      ([character, advance]) =>
        chartLine(character) !== "" && !/\p{M}/u.test(character) && textWidth(character, 1, bold) < advance,
    );
    expect(under).toEqual([]);
  });

  it("is not much more either, for what is written most", async () => {
    const font = await advances(FONT_FILES[0] ?? "");
    const words = "anthropic/claude-sonnet-5 12.3k 2026-11-22 $0.42 this conversation";
    const real = [...words].reduce((total, character) => total + (font.get(character) ?? 0), 0);
    expect(textWidth(words, 1) / real).toBeLessThan(1.15);
  });
});

describe("a text in a drawing", () => {
  it.each([
    ["a\u202eb\u2066c\u200f", "abc"],
    ["a\u0000\u001b[31m\u0085b", "a[31m b".replace(" ", "")],
    [" two\n\tlines ", "two lines"],
    ["\ud800x\ufffe\uffff", "\ufffdx"],
    [`e${"\u0301".repeat(50)}`, "é\u0301\u0301"],
    ["x".repeat(9_999), "x".repeat(400)],
  ])("is made harmless: %j", (given, inert) => expect(chartLine(given)).toBe(inert));

  it("is cut to its room between characters, and left alone where it fits", () => {
    expect(cutText("local", 13, 100)).toBe("local");
    const cut = cutText(LONG, 13, 100);
    expect(cut).toMatch(/^a-model.*…$/);
    expect(textWidth(cut, 13)).toBeLessThanOrEqual(100);
    expect(textWidth(cut, 13)).toBeGreaterThan(85);
    expect(cutText("👩‍👩‍👧👩‍👩‍👧", 10, 70)).toMatch(/^(👩‍👩‍👧)?…$/u);
    expect(cutText("wide", 13, 3)).toBe("");
  });
});

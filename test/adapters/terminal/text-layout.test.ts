import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, rowsOf, widthOf, wrap } from "../../../adapters/terminal/text-layout.ts";

describe("wrapping", () => {
  it.each([
    { text: "one two three", width: 7, rows: ["one two", "three"] },
    { text: "", width: 5, rows: [""] },
    { text: "a\n\nb", width: 5, rows: ["a", "", "b"] },
    { text: "  indented code", width: 10, rows: ["  indented", "code"] },
    { text: "a unbreakable", width: 5, rows: ["a", "unbre", "akabl", "e"] },
    { text: "字字字", width: 5, rows: ["字字", "字"] },
    { text: "👩‍👩‍👧👩‍👩‍👧", width: 3, rows: ["👩‍👩‍👧", "👩‍👩‍👧"] },
    { text: "字", width: 1, rows: ["字"] },
  ])("breaks $text at $width", ({ text, width, rows }) => expect(wrap(text, width)).toEqual(rows));

  it("loses nothing but white space", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 30 }), (text, width) => {
        expect(wrap(text, width).join("").replaceAll(/\s/g, "")).toBe(text.replaceAll(/\s/g, ""));
      }),
    );
  });

  it("of a stream gives the same rows as of the whole, however it is cut into pieces", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "字"), minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(
        fc.array(word),
        fc.integer({ min: 4, max: 20 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
        (words, width, sizes) => {
          const whole = words.join(" ");
          const rows: string[] = [];
          let tail = "";
          for (let at = 0; at < whole.length; ) {
            const size = sizes.next().value ?? 1;
            rows.push(...wrap(tail + whole.slice(at, at + size), width));
            tail = rows.pop() ?? "";
            at += size;
          }
          expect([...rows, tail].map((row) => row.trim()).filter(Boolean)).toEqual(
            wrap(whole, width)
              .map((row) => row.trim())
              .filter(Boolean),
          );
        },
      ),
    );
  });
});

describe("cutting", () => {
  it.each([
    { text: "short", width: 5, cutTo: "short" },
    { text: "longer", width: 5, cutTo: "long…" },
    { text: "字字字", width: 4, cutTo: "字…" },
  ])("makes $cutTo of $text", ({ text, width, cutTo }) => {
    expect(cut(text, width)).toBe(cutTo);
    expect(widthOf(cut(text, width))).toBeLessThanOrEqual(width);
  });
});

describe("rows on a terminal that breaks by itself", () => {
  it.each([
    { text: "", rows: 1 },
    { text: "a".repeat(9), rows: 1 },
    { text: "a".repeat(10), rows: 2 },
    { text: `${"a".repeat(9)}字`, rows: 2 },
    { text: "a\tb\tc", rows: 2 },
    { text: `\x1b[36m${"a".repeat(9)}\x1b[39m`, rows: 1 },
  ])("of $text are $rows", ({ text, rows }) => expect(rowsOf(text, 10)).toBe(rows));
});

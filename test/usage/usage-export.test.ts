import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CALL_COLUMNS, exportItems, sumColumns, sumsToExport } from "../../src/usage/usage-export.ts";
import { usageCall } from "../store/usage-calls.ts";
import { figuresOf } from "./recount.ts";

const textOf = async (pieces: AsyncGenerator<string>) => (await Array.fromAsync(pieces)).join("");
const csv = <T>(items: readonly T[], columns: Parameters<typeof exportItems<T>>[1]) =>
  textOf(exportItems(items, columns, "csv"));
const json = async <T>(items: readonly T[], columns: Parameters<typeof exportItems<T>>[1]) =>
  JSON.parse(await textOf(exportItems(items, columns, "json")));

/** RFC 4180, read by the letter. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  const row: string[] = [];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let found = cells.exec(text); found !== null; found = cells.exec(text)) {
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === "\r\n") rows.push(row.splice(0));
  }
  return rows;
}

const NAME = { name: (text: string) => text, other: () => undefined };

describe("an export of calls", () => {
  const calls = [usageCall(3), usageCall(1), usageCall(2, { tokens: undefined })];

  it("has the same names in both formats, and nothing for what is not known", async () => {
    const [head, ...rows] = parseCsv(await csv(calls, CALL_COLUMNS));
    const objects = await json(calls, CALL_COLUMNS);
    expect(head).toEqual(Object.keys(CALL_COLUMNS));
    expect(objects.map((each: object) => Object.keys(each))).toEqual([head, head, head]);
    for (const [index, row] of rows.entries()) {
      expect(row).toEqual(Object.values(objects[index]).map((value) => (value === null ? "" : String(value))));
    }
    expect(objects[0]).toMatchObject({
      ...{ id: "message-3", at: "2026-03-28T12:21:00.000Z", channel: "discord", model: "anthropic/claude-sonnet-5" },
      ...{ input_tokens: 1003, cache_read_tokens: 3, usd: 0.0031599, rate_input: 3, rate_cache_write: null },
      ...{ rate_source: "override", rate_date: "2026-01-01", baseline_model: null, fallback: false },
    });
    expect(objects[1]).toMatchObject({
      ...{ usd: 0, rate_source: "local", baseline_model: "anthropic/claude-sonnet-5", baseline_low_usd: 0.0004506 },
    });
    expect(objects[2]).toMatchObject({ input_tokens: null, output_tokens: null, usd: null });
  });

  it("of nothing has its names, or no rows", async () => {
    expect(await csv([], CALL_COLUMNS)).toBe(`${Object.keys(CALL_COLUMNS).join(",")}\r\n`);
    expect(await json([], CALL_COLUMNS)).toEqual([]);
  });
});

it("an export of sums has a row for each side that has calls", async () => {
  const split = (some: readonly number[]) => {
    const calls = some.map((number) => usageCall(number));
    return {
      all: figuresOf(calls),
      local: figuresOf(calls.filter(({ locality }) => locality === "local")),
      cloud: figuresOf(calls.filter(({ locality }) => locality !== "local")),
      unknown: figuresOf([]),
    };
  };
  const rows = [
    { name: "main", ...split([1, 3, 5, 6]) },
    { name: "", ...split([3]) },
  ];
  const objects = await json(sumsToExport(rows), sumColumns("agent"));
  expect(objects).toMatchObject([
    { agent: "main", ran: "local", calls: 2, usd: 0, compared_calls: 2, input_tokens: 2_006 },
    { agent: "main", ran: "cloud", calls: 2 },
    { agent: null, ran: "cloud", calls: 1, unsized_calls: 0, usd: 0.0031599 },
  ]);
});

describe("a cell", () => {
  it.each(["=1+1", "+1", "-1", "@cmd", " =1", "\t=1", "\r\n@x", "＝1", "－1", "\t", "\r"])(
    "%j is no formula",
    async (text) => {
      expect(parseCsv(await csv([text], NAME))[1]).toEqual([`'${text}`, ""]);
      // A script reads what it is.
      expect(await json([text], NAME)).toEqual([{ name: text, other: null }]);
    },
  );

  it("comes back as it was, whatever is in it, and begins no formula", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary", maxLength: 20 }), { maxLength: 5 }), async (texts) => {
        const [head, ...rows] = parseCsv(await csv(texts, NAME));
        expect(head).toEqual(["name", "other"]);
        const cells = rows.map(([name = ""]) => name);
        expect(cells.filter((cell) => /^\s*[=+\-@]/.test(cell))).toEqual([]);
        expect(cells.map((cell, index) => (texts[index] === cell ? cell : cell.replace(/^'/, "")))).toEqual(texts);
      }),
    );
  });

  it.each([
    [0.000_000_000_001, "0.000000000001"],
    [0.1 + 0.2, "0.3"],
    [1 / 3, "0.333333333333"],
    [1_234_567.5, "1234567.5"],
    [0, "0"],
  ])("%d is written as %s", async (value, text) => {
    expect(parseCsv(await csv([value], { value: (each: number) => each }))[1]).toEqual([text]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cardBlocks, MAX_BUTTONS } from "../../../adapters/slack/card-blocks.ts";
import { tableText } from "../../../adapters/slack/table-text.ts";
import type { Card } from "../../../commands/card.ts";
import { messageIssues } from "../../platforms/slack/block-rules.ts";
import { blocksText, liveMarkup } from "../../platforms/slack/message-text.ts";

const draw = (card: Partial<Card>) =>
  cardBlocks(
    { tone: "info", title: "A card", ...card },
    {
      blockPrefix: "channel/",
      ...(card.choices === undefined ? {} : { menu: `pick.model.${"x".repeat(24)}` }),
      buttons: (card.actions ?? []).map(({ label, style }, index) => ({
        actionId: `run.${index}`,
        value: "x".repeat(24),
        label,
        style,
      })),
    },
  );

/** Words that would mean something to Slack, and characters that disturb. */
const nasty = fc.oneof(
  fc.constantFrom(
    "<!channel>",
    "<@U0BOB>",
    "<http://evil.example|safe>",
    "*bold*",
    "`code`",
    "```",
    "&lt;!here&gt;",
    ":tada:",
    "",
  ),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constantFrom(1, 149, 150, 151, 2_000, 3_001, 20_000).map((length) => "<&>😀".repeat(length).slice(0, length)),
);
const many = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { maxLength: 60 });
const cards: fc.Arbitrary<Card> = fc.record(
  {
    tone: fc.constantFrom("info", "success", "warning", "error"),
    title: nasty,
    body: many(nasty),
    fields: many(fc.record({ name: nasty, value: nasty })),
    meter: fc.record({ label: nasty, value: fc.double(), max: fc.double(), text: nasty }),
    table: fc.record({ columns: fc.array(nasty, { maxLength: 30 }), rows: many(fc.array(nasty, { maxLength: 30 })) }),
    choices: fc.record({ label: nasty, command: fc.constant("/model"), items: fc.constant([]) }),
    actions: many(fc.record({ label: nasty, line: nasty, style: fc.constantFrom("primary", "secondary", "danger") })),
    image: fc.record({ png: fc.constant(new Uint8Array()), alt: nasty }),
    footer: nasty,
  },
  { requiredKeys: ["tone", "title"] },
);

describe("a card in Block Kit", () => {
  it("breaks no limit, whatever is in it, and says nothing that Slack would act on", () => {
    fc.assert(
      fc.property(cards, (card) => {
        const { text, blocks } = draw(card);
        expect(messageIssues(blocks)).toEqual([]);
        expect(liveMarkup({ text, blocks })).toEqual([]);
        expect(text.length).toBeGreaterThan(0);
        expect(text.length).toBeLessThanOrEqual(3_000);
        expect(blocksText(blocks).length).toBeLessThan(15_000);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    { part: "a title", card: { title: "x".repeat(151) }, kept: 150 },
    { part: "a paragraph", card: { body: ["x".repeat(3_001)] }, kept: 3_000 },
    { part: "a field", card: { fields: [{ name: "", value: "x".repeat(2_001) }] }, kept: 600 },
    { part: "a footer", card: { footer: "x".repeat(2_001) }, kept: 2_000 },
    {
      part: "a button",
      card: { actions: [{ label: "x".repeat(76), line: "/x", style: "primary" as const }] },
      kept: 75,
    },
  ])("cuts $part with a mark", ({ card, kept }) => {
    const cut = /x+…/.exec(blocksText(draw(card).blocks))?.[0] ?? "";
    expect(cut).toHaveLength(kept);
  });

  it("says how much it left out", () => {
    const fields = Array.from({ length: 60 }, (_, index) => ({ name: `n${index}`, value: "v" }));
    expect(blocksText(draw({ fields }).blocks)).toContain("and 20 more");
    const rows = Array.from({ length: 150 }, (_, index) => [`row ${index}`]);
    const table = blocksText(draw({ table: { columns: ["a"], rows } }).blocks);
    expect(table).toContain("row 99");
    expect(table).toContain("and 50 more");
  });

  it("draws at most so many buttons, in their styles", () => {
    const actions = Array.from({ length: 30 }, (_, index) => ({
      label: `b${index}`,
      line: "/x",
      style: "secondary" as const,
    }));
    expect(blocksText(draw({ actions }).blocks).match(/\[b\d+\]/g)).toHaveLength(MAX_BUTTONS);
  });

  it.each([
    { value: 5, max: 10, bar: "▰▰▰▰▰▰▰▰▰▰▱▱▱▱▱▱▱▱▱▱" },
    { value: 20, max: 10, bar: "▰".repeat(20) },
    { value: 1, max: 0, bar: "▱".repeat(20) },
    { value: Number.NaN, max: 10, bar: "▱".repeat(20) },
  ])("fills a bar: $value of $max", ({ value, max, bar }) => {
    expect(blocksText(draw({ meter: { label: "Context", value, max, text: "of it" } }).blocks)).toContain(
      `Context  ${bar}  of it`,
    );
  });

  it("keeps a reader without blocks informed", () => {
    const { text } = draw({
      title: "Switched",
      body: ["to <qwen>"],
      fields: [{ name: "Runs", value: "local" }],
      image: { png: new Uint8Array(), alt: "a chart" },
    });
    expect(text).toBe("Switched\nto &lt;qwen&gt;\nRuns: local\na chart");
  });
});

describe("a table as text", () => {
  it("is aligned, also with wide characters, and cannot end its fence", () => {
    expect(
      tableText(
        {
          columns: ["a", "b"],
          rows: [
            ["日本", "1"],
            ["x", "```<!here>"],
          ],
        },
        3_000,
        6_000,
      ),
    ).toEqual(["```\na     b\n日本  1\nx     '''&lt;!here&gt;\n```"]);
  });

  it("is nothing without columns", () => expect(tableText({ columns: [], rows: [["x"]] }, 3_000, 6_000)).toEqual([]));
});

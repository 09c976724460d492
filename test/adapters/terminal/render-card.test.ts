import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { renderCard } from "../../../adapters/terminal/render-card.ts";
import type { Card } from "../../../commands/card.ts";
import { anyChart } from "../../charts/charts.ts";

const PLAIN = { columns: 60, colour: false };

const cases: { name: string; card: Card; columns?: number; ascii?: boolean; drawn: string }[] = [
  { name: "a title alone", card: { tone: "success", title: "Switched" }, drawn: "✓ Switched" },
  { name: "a warning", card: { tone: "warning", title: "Careful" }, drawn: "! Careful" },
  {
    name: "an error with a hint",
    card: { tone: "error", title: "No.", body: ["Try /model."] },
    drawn: "✗ No.\n  Try /model.",
  },
  {
    name: "wrapped paragraphs",
    card: {
      tone: "info",
      title: "A title that is too long for it",
      body: ["one two three four five six", "seven\neight"],
    },
    columns: 20,
    drawn: "• A title that is\n  too long for it\n  one two three four\n  five six\n  seven\n  eight",
  },
  {
    name: "aligned fields",
    card: {
      tone: "info",
      title: "Fields",
      fields: [
        { name: "Model", value: "ollama/qwen3:8b" },
        { name: "模型", value: "wide" },
      ],
    },
    drawn: "• Fields\n\n  Model  ollama/qwen3:8b\n  模型   wide",
  },
  {
    name: "fields whose names leave no room",
    card: { tone: "info", title: "F", fields: [{ name: "A very long name", value: "and its value" }] },
    columns: 20,
    drawn: "• F\n\n  A very long name:\n    and its value",
  },
  {
    name: "a meter in eighths",
    card: { tone: "info", title: "M", meter: { label: "Context", value: 33, max: 192, text: "33 of 192" } },
    drawn: `• M\n\n  Context  ████▏${"░".repeat(19)}  33 of 192`,
  },
  {
    name: "a meter in ASCII",
    card: { tone: "info", title: "M", meter: { label: "Context", value: 1, max: 2, text: "half" } },
    ascii: true,
    drawn: `[i] M\n\n  Context  ${"#".repeat(12)}${".".repeat(12)}  half`,
  },
  {
    name: "a meter that is over its end, on a narrow terminal",
    card: { tone: "info", title: "M", meter: { label: "Context", value: 9, max: 3, text: "9 of 3 tokens" } },
    columns: 20,
    drawn: `• M\n\n  Context\n  ${"█".repeat(18)}\n  9 of 3 tokens`,
  },
  {
    name: "a meter without an end",
    card: { tone: "info", title: "M", meter: { label: "", value: 9, max: 0, text: "9" } },
    drawn: `• M\n\n  ${"░".repeat(24)}  9`,
  },
  {
    name: "a table, numbers to the right, wide characters counted",
    card: {
      tone: "info",
      title: "T",
      table: {
        columns: ["Model", "Turns", "Cost"],
        rows: [["qwen3", "412", "$0.00"], ["通义千问", "3", "?"], ["short row"]],
      },
    },
    drawn: [
      "• T",
      "",
      "  Model      Turns   Cost",
      "  ─────────  ─────  ─────",
      "  qwen3        412  $0.00",
      "  通义千问       3      ?",
      "  short row",
    ].join("\n"),
  },
  {
    name: "a table whose widest column is wrapped",
    card: { tone: "info", title: "T", table: { columns: ["Text", "N"], rows: [["one two three four five", "1"]] } },
    columns: 20,
    drawn: "• T\n\n  Text             N\n  ───────────────  ─\n  one two three    1\n  four five",
  },
  {
    name: "a table as lists where columns cannot stand side by side",
    card: {
      tone: "info",
      title: "T",
      table: {
        columns: ["Model", "Locality", "Price"],
        rows: [
          ["ollama/qwen3", "on this machine", "nothing"],
          ["claude", "", "dear"],
        ],
      },
    },
    columns: 20,
    drawn:
      "• T\n\n  Model:\n  ollama/qwen3\n  Locality: on this\n  machine\n  Price: nothing\n\n  Model: claude\n  Price: dear",
  },
  {
    name: "choices by group, the current one marked",
    card: {
      tone: "info",
      title: "C",
      choices: {
        label: "Switch to",
        command: "/model",
        items: [
          { value: "ollama/qwen3", label: "qwen3", detail: "32k", group: "Local", current: true },
          { value: "anthropic/claude", label: "Claude 5", detail: "1M", group: "Cloud", current: false },
          { value: "ollama/llama", label: "llama", detail: "", group: "Local", current: false },
        ],
      },
    },
    drawn: [
      "• C",
      "",
      "  Switch to",
      "  Local",
      "    ● ollama/qwen3      32k (current)",
      "    ○ ollama/llama",
      "  Cloud",
      "    ○ anthropic/claude  Claude 5 · 1M",
      "  Type /model <name>",
    ].join("\n"),
  },
  {
    name: "choices on a narrow terminal, in ASCII",
    card: {
      tone: "info",
      title: "C",
      choices: {
        label: "",
        command: "/model",
        items: [{ value: "ollama/qwen3:8b-long", label: "x", detail: "32k · fast", group: "", current: true }],
      },
    },
    columns: 20,
    ascii: true,
    drawn: "[i] C\n\n  (*) ollama/qwen3:8\n      b-long\n      x - 32k - fast\n      (current)\n  Type /model <name>",
  },
  {
    name: "actions, without the one that confirms",
    card: {
      tone: "warning",
      title: "Sure?",
      actions: [
        { label: "Yes", line: "/localonly on", style: "danger", confirms: true },
        { label: "Look first", line: "/localonly status", style: "secondary" },
      ],
      footer: "Nothing was changed yet.",
    },
    drawn: "! Sure?\n\n  Look first: /localonly status\n\n  Nothing was changed yet.",
  },
  {
    name: "escape sequences, control characters and direction overrides as nothing",
    card: {
      tone: "info",
      title: "\x1b[31mred\x1b[0m \x1b]0;owned\x07title\r\nsame line",
      body: ["\u009b2Jclean\u0007 \u202eabc", "half \x1b["],
      fields: [{ name: "a\tb", value: "1\n2" }],
    },
    drawn: "• red title same line\n  clean abc\n  half [\n\n  a b  1\n       2",
  },
  {
    name: "ASCII alone where nothing else can be shown",
    card: { tone: "error", title: "“Größe” → 5 × 3 … 通" },
    ascii: true,
    drawn: '[error] "Gro?e" -> 5 x 3 ... ?',
  },
];

describe("a card on the terminal", () => {
  it.each(cases)("draws $name", ({ card, columns = 60, ascii = false, drawn }) => {
    expect(renderCard(card, { columns, ascii, colour: false })).toBe(drawn);
  });

  it("says by colour what marks and words say too, and takes no more room for it", () => {
    const card: Card = { tone: "error", title: "No", body: ["Because."], footer: "quiet" };
    const coloured = renderCard(card, { ...PLAIN, colour: true });
    expect(coloured).toContain("\x1b[31m✗\x1b[39m \x1b[1mNo\x1b[22m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken away here.
    expect(coloured.replace(/\x1b\[\d+m/g, "")).toBe(renderCard(card, PLAIN));
  });

  it("cuts what is endless and says how much is missing", () => {
    const rows = Array.from({ length: 1_000 }, (_, row) => [`row ${row}`]);
    const drawn = renderCard({ tone: "info", title: "x".repeat(100_000), table: { columns: ["R"], rows } }, PLAIN);
    expect(drawn).toContain("and 800 more");
    expect(drawn.length).toBeLessThan(20_000);
  });
});

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\x1b", "\x1b[", "\x1b]", "\u009b", "\u009d", "\x07", "\n", "\r", "\t", "\u202e", "\ud800", " "),
    fc.constantFrom("字", "👩‍👩‍👧", "e\u0301", "long-word-without-a-break", "2J", "31m", "·"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
  ),
  maxLength: 12,
});
const list = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { maxLength: 4 });
const anyCard: fc.Arbitrary<Card> = fc.record(
  {
    tone: fc.constantFrom("info", "success", "warning", "error"),
    title: nasty,
    body: list(nasty),
    fields: list(fc.record({ name: nasty, value: nasty })),
    chart: anyChart,
    meter: fc.record({ label: nasty, value: fc.double(), max: fc.double(), text: nasty }),
    table: fc.record({ columns: list(nasty), rows: list(list(nasty)) }),
    choices: fc.record({
      label: nasty,
      command: nasty,
      items: list(fc.record({ value: nasty, label: nasty, detail: nasty, group: nasty, current: fc.boolean() })),
    }),
    actions: list(fc.record({ label: nasty, line: nasty, style: fc.constant("primary" as const) })),
    footer: nasty,
  },
  { requiredKeys: ["tone", "title"] },
);

describe("any card", () => {
  it("cannot paint the terminal, and never leaves its width", () => {
    fc.assert(
      fc.property(anyCard, fc.integer({ min: 12, max: 90 }), fc.boolean(), (card, columns, ascii) => {
        const drawn = renderCard(card, { columns, ascii, colour: false });
        expect(drawn).not.toMatch(/(?!\n)\p{Cc}|\p{Cs}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
        if (ascii) expect(drawn).toMatch(/^[\n\x20-\x7e]*$/);
        for (const line of drawn.split("\n")) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 300 },
    );
  });

  it("holds no escape sequence but colours", () => {
    fc.assert(
      fc.property(anyCard, (card) => {
        const coloured = renderCard(card, { columns: 40, colour: true });
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken away here.
        expect(coloured.replace(/\x1b\[(?:0|1|2|22|3[0-9])m/g, "")).toBe(
          renderCard(card, { columns: 40, colour: false }),
        );
      }),
      { numRuns: 100 },
    );
  });
});

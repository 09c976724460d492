import fc from "fast-check";
import Keyv from "keyv";
import { describe, expect, it } from "vitest";
import { createButtons, parseControl } from "../../../adapters/discord/buttons.ts";
import { drawEmbed } from "../../../adapters/discord/draw-embed.ts";
import { createMessageDrawer } from "../../../adapters/discord/draw-message.ts";
import { codeLine, markdownLine, markdownText, plainLine } from "../../../adapters/discord/inert.ts";
import { LIMITS } from "../../../adapters/discord/limits.ts";
import { createActionStore } from "../../../commands/action-store.ts";
import type { Card, Choices } from "../../../commands/card.ts";
import { messageIssues } from "../../platforms/discord/hand-rules.ts";
import { loadJudge } from "../../platforms/discord/openapi-judge.ts";

const judge = loadJudge();
const drawer = () => createMessageDrawer(createButtons(createActionStore(new Keyv<unknown>())));
const draw = (card: Card) => drawer().draw({ card, channelId: "1" });
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const long = "x".repeat(9_000);
const choices = (count: number, text = "m"): Choices => ({
  label: text,
  command: "/model",
  items: many(count, (index) => ({
    value: `${text}${index}`,
    label: text,
    detail: text,
    group: text,
    current: index === 0,
  })),
});
const base: Card = { tone: "warning", title: "t" };
const issues = async (card: Card) => {
  const { body, files } = await draw(card);
  return [
    ...messageIssues(
      body,
      files.map(({ name }) => name),
    ),
    ...(judge?.issues("PATCH", "/webhooks/1/t/messages/@original", body) ?? []),
  ];
};

interface Measured {
  readonly what: string;
  readonly card: Card;
  readonly limit: number;
  measure(drawn: Awaited<ReturnType<typeof draw>>): number | undefined;
}

// Each case reaches its limit: a rule that cut more than it must would fail as well.
const atTheLimit: readonly Measured[] = [
  {
    what: "title",
    card: { ...base, title: long },
    limit: LIMITS.embedTitle,
    measure: ({ body }) => body.embeds?.[0]?.title?.length,
  },
  {
    what: "fields",
    card: { ...base, fields: many(99, () => ({ name: "n", value: "v" })) },
    limit: LIMITS.embedFields,
    measure: ({ body }) => body.embeds?.[0]?.fields?.length,
  },
  {
    what: "name of a field",
    card: { ...base, fields: [{ name: long, value: "v" }] },
    limit: LIMITS.fieldName,
    measure: ({ body }) => body.embeds?.[0]?.fields?.[0]?.name.length,
  },
  {
    what: "value of a field",
    card: { ...base, fields: [{ name: "n", value: long }] },
    limit: LIMITS.fieldValue,
    measure: ({ body }) => body.embeds?.[0]?.fields?.[0]?.value.length,
  },
  {
    what: "footer",
    card: { ...base, footer: long },
    limit: LIMITS.embedFooter,
    measure: ({ body }) => body.embeds?.[0]?.footer?.text.length,
  },
  {
    what: "options of a menu",
    card: { ...base, choices: choices(99) },
    limit: LIMITS.selectOptions,
    measure: ({ body }) => optionsOf(body).length,
  },
  {
    what: "label of an option",
    card: { ...base, choices: choices(1, long) },
    limit: LIMITS.optionLabel,
    measure: ({ body }) => optionsOf(body)[0]?.label.length,
  },
  {
    what: "description of an option",
    card: { ...base, choices: choices(1, long) },
    limit: LIMITS.optionDescription,
    measure: ({ body }) => optionsOf(body)[0]?.description?.length,
  },
  {
    what: "rows",
    card: { ...base, choices: choices(99), actions: many(99, () => ({ label: "l", line: "/x", style: "primary" })) },
    limit: LIMITS.rows,
    measure: ({ body }) => body.components.length,
  },
  {
    what: "buttons in a row",
    card: { ...base, actions: many(99, () => ({ label: "l", line: "/x", style: "primary" })) },
    limit: LIMITS.buttonsInRow,
    measure: ({ body }) => body.components[0]?.components.length,
  },
  {
    what: "label of a button",
    card: { ...base, actions: [{ label: long, line: "/x", style: "danger" }] },
    limit: LIMITS.buttonLabel,
    measure: ({ body }) => labelOf(body.components[0]?.components[0]),
  },
  {
    what: "alternative text",
    card: { ...base, image: { png: new Uint8Array(3), alt: long } },
    limit: LIMITS.attachmentDescription,
    measure: ({ body }) => body.attachments?.[0]?.description?.length,
  },
];

type Body = Awaited<ReturnType<typeof draw>>["body"];
const optionsOf = ({ components }: Body) =>
  components.flatMap((row) => row.components).flatMap((part) => ("options" in part ? part.options : []));
const labelOf = (part: unknown) =>
  typeof part === "object" && part !== null && "label" in part && typeof part.label === "string"
    ? part.label.length
    : undefined;

describe("limits", () => {
  it.each(atTheLimit)("$what: $limit", async ({ card, limit, measure }) => {
    expect(measure(await draw(card))).toBe(limit);
    expect(await issues(card)).toEqual([]);
  });

  it("hold together: 6000 characters, with a word on what is missing", async () => {
    const card: Card = {
      ...base,
      body: many(9, () => long),
      footer: long,
      fields: many(99, () => ({ name: "n".repeat(99), value: "v".repeat(99) })),
      table: { columns: ["a", "b"], rows: many(999, (index) => [`row ${index}`, "cell"]) },
    };
    const embed = drawEmbed(card);
    expect(embed.description).toMatch(/… and \d+ more rows, 99 more entries/);
    expect(await issues(card)).toEqual([]);
  });

  it("leave a picture out that is too large", async () => {
    const { files, body } = await draw({
      ...base,
      image: { png: new Uint8Array(LIMITS.attachmentBytes + 1), alt: "big" },
    });
    expect(files).toEqual([]);
    expect(body.attachments).toEqual([]);
  });

  it("leave a file out that is too large, and say so", async () => {
    const file = { name: "calls.csv", mediaType: "text/csv", text: "ä".repeat(LIMITS.attachmentBytes / 2) };
    expect((await draw({ ...base, file })).files).toHaveLength(1);
    const { files, body } = await draw({ ...base, file: { ...file, text: `${file.text}ä` } });
    expect(files).toEqual([]);
    expect(body.embeds?.[0]?.description).toContain("calls.csv is larger than");
  });

  it("carry a picture and a file side by side", async () => {
    const file = { name: "calls.csv", mediaType: "text/csv", text: "a" };
    const { files, body } = await draw({ ...base, image: { png: new Uint8Array(3), alt: "three" }, file });
    expect(files.map(({ name }) => name)).toEqual(["image.png", "calls.csv"]);
    expect(body.attachments).toEqual([
      { id: "0", filename: "image.png", description: "three" },
      { id: "1", filename: "calls.csv" },
    ]);
    expect(body.embeds?.[0]?.image).toEqual({ url: "attachment://image.png" });
  });

  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.constant("```@everyone<@1>"),
    fc.constant(long),
  );
  const card: fc.Arbitrary<Card> = fc.record({
    tone: fc.constantFrom("info", "success", "warning", "error"),
    title: text,
    body: fc.array(text, { maxLength: 4 }),
    fields: fc.array(fc.record({ name: text, value: text }), { maxLength: 30 }),
    meter: fc.record({ label: text, value: fc.double(), max: fc.double(), text }),
    table: fc.record({
      columns: fc.array(text, { minLength: 1, maxLength: 4 }),
      rows: fc.array(fc.array(text, { maxLength: 5 }), { maxLength: 30 }),
    }),
    choices: fc.record({
      label: text,
      command: fc.constant("/model"),
      items: fc.array(fc.record({ value: text, label: text, detail: text, group: text, current: fc.boolean() }), {
        maxLength: 60,
      }),
    }),
    actions: fc.array(
      fc.record({ label: text, line: text, style: fc.constantFrom("primary", "secondary", "danger") }),
      { maxLength: 30 },
    ),
    footer: text,
  });
  it("hold for any card", async () => {
    await fc.assert(
      fc.asyncProperty(card, async (any) => {
        expect(await issues(any)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe("text", () => {
  it.each([
    [
      "**bold** _it_ ~~no~~ `code` ||spoiler||",
      "\\*\\*bold\\*\\* \\_it\\_ \\~\\~no\\~\\~ \\`code\\` \\|\\|spoiler\\|\\|",
    ],
    ["[here](https://x.y)", "\\[here\\]\\(https\\://x.y\\)"],
    ["<@123> <#1> <:e:1> <t:1>", "\\<@\u200b123\\> \\<#1\\> \\<\\:e:1\\> \\<t:1\\>"],
    ["@everyone and @here", "@\u200beveryone and @\u200bhere"],
    ["# big\n- list\n1. one\n> quote", "\\# big\n\\- list\n1\\. one\n\\> quote"],
    [":skull: qwen3:8b", "\\:skull: qwen3:8b"],
    ["a\u202eb\u0007c\u0000\ud800", "abc\ufffd"],
    ["ollama/qwen3:8b", "ollama/qwen3:8b"],
  ])("is inert: %s", (given, expected) => {
    expect(markdownText(given, 1_000)).toBe(expected);
  });

  it("is cut between characters, never inside of one or of its escape", () => {
    expect(markdownLine("ab****", 5)).toBe("ab\\*…");
    expect(plainLine("a😀😀", 4)).toBe("a😀…");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (given, limit) => {
        const cut = markdownText(given, limit);
        expect(cut.length).toBeLessThanOrEqual(limit);
        expect(cut.isWellFormed()).toBe(true);
        expect(cut).not.toMatch(/(^|[^\\])(\\\\)*\\…$/);
      }),
    );
  });

  it("stays on its line and inside of its fence", () => {
    expect(plainLine(" a\n\tb ", 20)).toBe("a b");
    expect(codeLine("```\n@everyone", 40)).toBe("''' @everyone");
    const { description = "" } = drawEmbed({ ...base, table: { columns: ["```"], rows: [["``` **x**"]] } });
    expect(description.match(/```/g)).toHaveLength(2);
  });
});

describe("an embed", () => {
  it("says its tone without colour too", () => {
    const titles = (["info", "success", "warning", "error"] as const).map(
      (tone) => drawEmbed({ tone, title: "t" }).title,
    );
    expect(new Set(titles).size).toBe(4);
  });

  it.each([
    [0, 32_768, "`░░░░░░░░░░░░░░░░` 0"],
    [16_384, 32_768, "`████████░░░░░░░░` 16384"],
    [40_000, 32_768, "`████████████████` 40000"],
    [5, 0, "`░░░░░░░░░░░░░░░░` 5"],
    [Number.NaN, 10, "`░░░░░░░░░░░░░░░░` NaN"],
  ])("fills a bar to %d of %d", (value, max, expected) => {
    expect(drawEmbed({ ...base, meter: { label: "Context", value, max, text: String(value) } }).fields).toEqual([
      { name: "Context", value: expected, inline: false },
    ]);
  });

  it("lines a table up", () => {
    const { description } = drawEmbed({
      ...base,
      body: ["Look:"],
      table: { columns: ["Model", "Turns"], rows: [["日本", "1"], ["qwen3"]] },
    });
    expect(description).toBe("Look:\n```\nModel  Turns\n日本   1\nqwen3\n```");
  });
});

describe("a control's id", () => {
  it("says nothing, and is read back", async () => {
    const buttons = createButtons(createActionStore(new Keyv<unknown>()));
    const id = await buttons.seal("run", { line: "/model undo" }, "1");
    expect(id).toMatch(/^run:[\w-]{24}$/);
    const control = parseControl(id);
    if (control === undefined) throw new Error("not read");
    const person = { platform: "discord", id: "9" };
    expect(await buttons.open(control, person, "1")).toMatchObject({ kind: "ok", action: { line: "/model undo" } });
    expect(await buttons.open(control, person, "2")).toEqual({ kind: "gone" });
    expect(await buttons.open({ ...control, kind: "confirm" }, person, "1")).toEqual({ kind: "gone" });
  });
});

import { z } from "zod";
import type { Constraint, FieldRule, Grade } from "./grade.ts";
import { oneOfKeys, shape } from "./suite-words.ts";

/** The longest text that a rule may hold, characters. */
const MOST_CHARS = 2_000;

const text = z.string().max(MOST_CHARS).regex(/\S/, "write more than white space");
const count = z.int().min(0).max(100_000);
const texts = z.array(text).min(1).max(200);
const tolerance = z.number().nonnegative();

export const fieldRule: z.ZodType<FieldRule> = oneOfKeys("text, number, boolean, date, set or absent", [
  shape({ text: z.string().max(MOST_CHARS), also: texts.exactOptional() }),
  shape({ number: z.number(), within: tolerance.exactOptional() }),
  shape({ boolean: z.boolean() }),
  shape({ date: z.iso.date("a date looks like 2026-11-22, in quotes") }),
  shape({ set: z.array(z.string().max(MOST_CHARS)).max(200) }),
  shape({ absent: z.literal(true) }),
]);

const range = shape({ min: count.exactOptional(), max: count.exactOptional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, "write min, max or both")
  .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, "min is more than max");

const pattern = z
  .string()
  .min(1)
  .max(500)
  .superRefine((source, ctx) => {
    try {
      new RegExp(source, "u");
    } catch (error) {
      ctx.addIssue({ code: "custom", message: error instanceof Error ? error.message : "no regular expression" });
    }
  });

const constraint: z.ZodType<Constraint> = oneOfKeys(
  "words, sentences, paragraphs, bullets, numbered, lines, startsWith, endsWith, includes, excludes, noCharacter, allCaps, lowerCase, onlyJson, onlyOneOf, inOrder or matches",
  [
    shape({ words: range }),
    shape({ sentences: range }),
    shape({ paragraphs: count }),
    shape({ bullets: count }),
    shape({ numbered: count }),
    shape({ lines: count }),
    shape({ startsWith: text }),
    shape({ endsWith: text }),
    shape({ includes: text, times: z.int().min(1).max(1_000).exactOptional() }),
    shape({ excludes: text }),
    shape({ noCharacter: text.refine((value) => [...value].length === 1, "write one character") }),
    shape({ allCaps: z.literal(true) }),
    shape({ lowerCase: z.literal(true) }),
    shape({ onlyJson: z.literal(true) }),
    shape({ onlyOneOf: texts }),
    shape({ inOrder: texts }),
    shape({ matches: pattern }),
  ],
);
const constraints = z.array(constraint).min(1).max(50);

const fieldPath = z
  .string()
  .max(200)
  .regex(/^[^.[\]]+(?:\[\d{1,4}\]|\.[^.[\]]+)*$/, "a path looks like total, customer.city or items[0].price");

const codeCase = shape({
  args: z.array(z.json()).max(20),
  returns: z.json().exactOptional(),
  throws: z.literal(true).exactOptional(),
}).refine(
  (value) => "returns" in value !== "throws" in value,
  "write either returns, with what the function must return, or throws: true",
);

/** The grade of an item as a suite file has it, its names replaced. */
export const gradeSchema: z.ZodType<Grade> = z.discriminatedUnion(
  "kind",
  [
    shape({
      kind: z.literal("code"),
      entry: z.string().regex(/^[A-Za-z_$][\w$]{0,60}$/, "write the function's name, such as sumOfDigits"),
      cases: z.array(codeCase).min(1).max(100),
    }),
    shape({
      kind: z.literal("fields"),
      fields: z
        .record(fieldPath, fieldRule)
        .refine((fields) => Object.keys(fields).length > 0, "name a field at least"),
      closed: z.boolean().exactOptional(),
    }),
    shape({ kind: z.literal("number"), value: z.number(), within: tolerance.exactOptional() }),
    shape({ kind: z.literal("constraints"), checks: constraints }),
    shape({
      kind: z.literal("facts"),
      must: z.array(texts).min(1).max(50),
      mustNot: z.array(texts).max(50),
      maxWords: z.int().min(1).max(100_000),
    }),
    shape({
      kind: z.literal("tools"),
      calls: z
        .array(
          shape({
            name: text,
            args: z.record(z.string(), fieldRule),
            optional: z.array(z.string()).max(50).exactOptional(),
          }),
        )
        .max(20),
    }),
    shape({ kind: z.literal("persona"), turns: z.array(constraints).min(1).max(50) }),
    shape({ kind: z.literal("needle"), value: texts }),
  ],
  { error: "write a kind: code, fields, number, constraints, facts, tools, persona or needle" },
);

import { z } from "zod";
import { TASKS } from "../registry/seed-profile.ts";
import { gradeSchema } from "./grade-schema.ts";
import { LEVELS } from "./suite.ts";
import { shape } from "./suite-words.ts";

/** Characters of one text that a model is given. */
export const MOST_TEXT_CHARS = 200_000;
export const DEFAULT_MAX_TOKENS = 512;

const said = z.string().min(1).max(MOST_TEXT_CHARS);
const name = z
  .string()
  .max(40)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "a name has lower-case letters, digits and hyphens, at most 40");
/** `id: 1` is a number in YAML. */
const id = z.union([name, z.int().nonnegative().transform(String)], { error: "an id looks like a, b2 or three-items" });

const toolCall = shape({ name: z.string().min(1).max(100), args: z.record(z.string(), z.json()) });
const answer = shape({
  text: z.string().max(MOST_TEXT_CHARS).exactOptional(),
  toolCalls: z.array(toolCall).max(50).exactOptional(),
});
const turnKey = z.union([z.string().max(MOST_TEXT_CHARS), answer], {
  error: "write a text, or {text, toolCalls}",
});

const item = {
  family: name,
  /** Of an item without variants, where its family has others. */
  id: id.exactOptional(),
  level: z.enum(LEVELS).exactOptional(),
  maxTokens: z.int().min(1).max(32_000).exactOptional(),
  system: said.exactOptional(),
  prompt: said.exactOptional(),
  turns: z
    .array(shape({ say: said, reply: said.exactOptional() }))
    .min(1)
    .max(50)
    .exactOptional(),
  tools: z
    .array(
      shape({
        name: z.string().regex(/^[A-Za-z_][\w-]{0,63}$/, "a tool's name has letters, digits, _ and -"),
        description: z.string().min(1).max(2_000),
        parameters: z.looseObject({ type: z.literal("object", "write type: object") }),
      }),
    )
    .min(1)
    .max(50)
    .exactOptional(),
  haystack: shape({
    needle: z.string().min(1).max(2_000),
    at: z.number().min(0).max(1),
    decoys: z.array(z.string().min(1).max(2_000)).max(50).exactOptional(),
  }).exactOptional(),
  grade: gradeSchema,
  key: z.union([z.string().max(MOST_TEXT_CHARS), answer, shape({ turns: z.array(turnKey).min(1).max(50) })], {
    error: "write a text, {text, toolCalls}, or {turns: […]} with one of these for each turn",
  }),
};

/** An item for one variant, its names replaced. */
export const itemSchema = shape(item);
export type WrittenItem = z.output<typeof itemSchema>;

const PLACEHOLDER_NAME = /^[A-Za-z]\w{0,40}$/;
export const variantSchema = shape({
  id,
  level: z.enum(LEVELS).exactOptional(),
  with: z
    .record(z.string().regex(PLACEHOLDER_NAME, "a name to replace looks like total or dueDate"), z.json())
    .exactOptional(),
});

const head = {
  $schema: z.string().exactOptional(),
  suite: name,
  title: z.string().min(1).max(100),
  task: z.enum(TASKS),
};

/** All but what stands in the items, which differs by variant. */
export const envelopeSchema = shape({
  ...head,
  items: z.array(z.looseObject({ family: name, variants: z.array(variantSchema).min(1).exactOptional() })).min(1),
});

/** The JSON Schema of a suite file, for an editor. */
export function suiteFileSchema(): Record<string, unknown> {
  const written = z.strictObject({ ...item, variants: z.array(variantSchema).min(1).exactOptional() });
  const schema = z.toJSONSchema(z.strictObject({ ...head, items: z.array(written).min(1) }), { io: "input" });
  const items = schema.properties?.["items"];
  return { ...schema, properties: { ...schema.properties, items: isSchema(items) ? admitNames(items) : items } };
}

type JsonSchema = Readonly<Record<string, unknown>>;
const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const NAME_ALONE = { type: "string", pattern: "^\\{\\{\\s*[A-Za-z]\\w*\\s*\\}\\}$" };

/** Anything in an item but its own name and variants may be a name to replace, and so be text all the same. */
function admitNames(items: JsonSchema): JsonSchema {
  const each = items["items"];
  if (!isSchema(each) || !isSchema(each["properties"])) return items;
  const own = new Set(["family", "id", "level", "variants"]);
  const properties = mapValues(each["properties"], (value, key) => (own.has(key) ? value : admitName(value)));
  return { ...items, items: { ...each, properties } };
}

function admitName(schema: unknown): unknown {
  const inside = admitInside(schema);
  const takesText = !isSchema(inside) || (inside["type"] === "string" && !("pattern" in inside)) || "const" in inside;
  return takesText ? inside : { anyOf: [inside, NAME_ALONE] };
}

function admitInside(schema: unknown): unknown {
  if (!isSchema(schema)) return schema;
  return mapValues(schema, (value, key) => {
    if (key === "properties" && isSchema(value)) return mapValues(value, admitName);
    if (key === "items" || key === "additionalProperties") return admitName(value);
    if ((key === "anyOf" || key === "oneOf") && Array.isArray(value)) return value.map(admitInside);
    return value;
  });
}

const mapValues = (record: JsonSchema, map: (value: unknown, key: string) => unknown): JsonSchema =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));

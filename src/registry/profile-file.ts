import { readFile, stat } from "node:fs/promises";
import JSON5 from "json5";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { Figure } from "../models/figure.ts";
import type { CacheArchitecture } from "../models/fit.ts";
import { type Price, TASKS } from "./seed-profile.ts";

const day = z.iso.date("a date looks like 2026-11-22");
const size = z.number().positive();
const count = z.int().positive();
const rate = z.number().nonnegative();

/** A bare value, or one that says where it is from. */
const figure = <T extends z.ZodType>(value: T) =>
  z.union([value, z.strictObject({ value, source: z.string().min(1).optional(), date: day.optional() })], {
    error: "write the value itself, or {value, source, date}",
  });

const tier = z.strictObject({
  upToPromptTokens: count.optional(),
  input: rate,
  output: rate,
  cacheRead: rate,
  cacheWrite: rate,
  cacheWriteHour: rate.optional(),
});

const architecture = z.strictObject({
  layers: count,
  growingLayers: z.int().nonnegative().optional(),
  kvHeads: count,
  headDim: count,
  sliding: z.strictObject({ layers: count, kvHeads: count, headDim: count, windowTokens: count }).optional(),
  parameters: size,
  activeParameters: size,
});

const profile = z.strictObject({
  architecture: architecture.optional(),
  diskBytes: figure(size).optional(),
  contextLength: figure(count).optional(),
  capabilities: figure(z.array(z.string())).optional(),
  ratings: z.partialRecord(z.enum(TASKS), figure(z.number().min(0).max(100))).optional(),
  brokenToolTemplate: figure(z.boolean()).optional(),
  /** Measured or wished for on this machine, so without its name. */
  speeds: z
    .array(
      z.strictObject({
        depthTokens: z.int().nonnegative(),
        decode: figure(size).optional(),
        prefill: figure(size).optional(),
      }),
    )
    .optional(),
  price: figure(z.strictObject({ tiers: z.array(tier).min(1) })).optional(),
});

const schema = z.strictObject({
  $schema: z.string().optional(),
  /** By `provider/model`, or by the model's name on every server. */
  models: z.record(z.string().min(1), profile),
});

/** What a person wrote about a model; every figure is of origin `stated`. */
export interface StatedProfile {
  readonly architecture: CacheArchitecture | undefined;
  readonly diskBytes: Figure<number> | undefined;
  readonly contextLength: Figure<number> | undefined;
  readonly capabilities: Figure<readonly string[]> | undefined;
  readonly ratings: readonly { readonly task: (typeof TASKS)[number]; readonly score: Figure<number> }[];
  readonly brokenToolTemplate: Figure<boolean> | undefined;
  readonly speeds: readonly StatedSpeed[];
  readonly price: Figure<Price> | undefined;
}

export interface StatedSpeed {
  readonly depthTokens: number;
  /** Tokens a second. */
  readonly decode: Figure<number> | undefined;
  readonly prefill: Figure<number> | undefined;
}

/**
 * Reads `clutch.models.json`, where a person may state what Clutch would guess
 * (comments and trailing commas are fine), by `provider/model` or by name; empty
 * where there is no such file. A figure without a date is as old as the file.
 * Throws `bad_config`, naming file and key.
 */
export async function readProfileFile(path: string): Promise<ReadonlyMap<string, StatedProfile>> {
  const file = await Promise.all([readFile(path, "utf8"), stat(path)]).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw bad(`${path} cannot be read (${error.code ?? error.message}).`, "Check the file's permissions.", error);
  });
  if (file === undefined) return new Map();
  const [text, { mtime }] = file;
  const parsed = schema.safeParse(parse(text, path));
  if (!parsed.success) {
    throw bad(`${path}: ${describe(parsed.error.issues[0])}.`, "docs/hardware.md shows what may stand in this file.");
  }
  const models = Object.entries(parsed.data.models);
  const modified = mtime.toISOString().slice(0, 10);
  return new Map(models.map(([name, stated]) => [name, statedProfile(stated, modified)]));
}

/** The file's JSON Schema, for an editor. */
export const profileFileSchema = (): Record<string, unknown> => z.toJSONSchema(schema, { io: "input" });

function statedProfile(stated: z.output<typeof profile>, modified: string): StatedProfile {
  const figureOf = <T>(
    written: T | { value: T; source?: string | undefined; date?: string | undefined } | undefined,
  ): Figure<T> | undefined => {
    if (written === undefined) return undefined;
    const { value, source, date } = hasValue(written)
      ? written
      : { value: written, source: undefined, date: undefined };
    return { value, origin: "stated", source: source ?? "clutch.models.json", date: date ?? modified };
  };
  return {
    architecture: stated.architecture,
    diskBytes: figureOf(stated.diskBytes),
    contextLength: figureOf(stated.contextLength),
    capabilities: figureOf(stated.capabilities),
    ratings: TASKS.flatMap((task) => {
      const score = figureOf(stated.ratings?.[task]);
      return score === undefined ? [] : [{ task, score }];
    }),
    brokenToolTemplate: figureOf(stated.brokenToolTemplate),
    speeds: (stated.speeds ?? []).map(({ depthTokens, decode, prefill }) => ({
      depthTokens,
      decode: figureOf(decode),
      prefill: figureOf(prefill),
    })),
    price: figureOf(stated.price),
  };
}

interface Written<T> {
  readonly value: T;
  readonly source?: string | undefined;
  readonly date?: string | undefined;
}

/** No value that a figure can have has a field of this name itself. */
const hasValue = <T>(written: T | Written<T>): written is Written<T> =>
  typeof written === "object" && written !== null && "value" in written;

function parse(text: string, path: string): unknown {
  try {
    return JSON5.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : "unreadable";
    throw bad(`${path} is not valid JSON: ${why}.`, "Correct the file; until then nothing in it counts.", error);
  }
}

function describe(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path.map(String) ?? [];
  if (issue?.code === "unrecognized_keys") {
    return `“${issue.keys.map((key) => [...path, key].join(" > ")).join(", ")}” is no key that Clutch knows`;
  }
  const what = path.length === 0 ? "the whole" : `“${path.join(" > ")}”`;
  const message = issue?.message ?? "";
  return `${what} is wrong: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

const bad = (message: string, hint: string, cause?: unknown): ClutchError =>
  new ClutchError("bad_config", message, { hint, cause });

import { z } from "zod";
import { closestTo } from "../models/closest.ts";

/** A mapping with these keys and no others. */
export const shape = <const S extends z.core.$ZodShape>(keys: S) =>
  // What `flatten` takes apart again, since one issue stands for all keys that do not belong there.
  z.strictObject(keys, {
    error: ({ code }) => (code === "unrecognized_keys" ? Object.keys(keys).join(" ") : undefined),
  });

function unknownKey(key: string, known: readonly string[]): string {
  const [near] = closestTo(key, known);
  return `“${key}” is no key here; ${near === undefined ? `there are ${known.join(", ")}` : `did you mean “${near}”?`}`;
}

/** Mappings that are told apart by the keys that they have; `names` says which these are. */
export const oneOfKeys = <const T extends readonly z.core.SomeType[]>(names: string, shapes: T) =>
  z.union(shapes, { error: `write one of ${names}` });

/** What is wrong at one place of what was read. */
export interface Flaw {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of a mapping: the key that does not belong there. */
  readonly key?: string;
}

/** What a schema found wrong with a value, said to the person who wrote it. */
export function flawsOf(schema: z.ZodType, value: unknown): readonly Flaw[] {
  const { error } = schema.safeParse(value, { reportInput: true });
  return error === undefined ? [] : flatten(error.issues, []);
}

type Issue = z.core.$ZodIssue;

function flatten(issues: readonly Issue[], at: readonly PropertyKey[]): Flaw[] {
  return issues.flatMap((issue): Flaw[] => {
    const path = [...at, ...issue.path];
    if (issue.code === "invalid_union") {
      // Of several shapes the one is meant whose keys are there.
      const meant = issue.errors.find((branch) => branch.length > 0 && branch.every(isInside));
      if (meant !== undefined) return flatten(meant, path);
    }
    if (issue.code === "invalid_key" || issue.code === "invalid_element") {
      return issue.issues.map(({ message }) => ({ path, message: lower(message) }));
    }
    if (issue.code === "unrecognized_keys") {
      const known = issue.message.split(" ");
      return issue.keys.map((key) => ({ path, key, message: unknownKey(key, known) }));
    }
    return [{ path, message: messageOf(issue) }];
  });
}

const isInside = (issue: Issue): boolean => issue.path.length > 0 && issue.input !== undefined;

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of keys to values",
  record: "a mapping of keys to values",
};

const VALUE_ISSUES: ReadonlySet<string | undefined> = new Set(["invalid_type", "invalid_value", "invalid_union"]);

function messageOf(issue: Issue): string {
  const { input } = issue;
  const isMissing = input === undefined && issue.path.length > 0 && VALUE_ISSUES.has(issue.code);
  if (isMissing) return `“${String(issue.path.at(-1))}” is missing`;
  if (issue.code !== "invalid_type") return lower(issue.message);
  const wanted = `this must be ${KINDS[issue.expected] ?? issue.expected}`;
  const isScalar = ["number", "boolean"].includes(typeof input) || input === null;
  return issue.expected === "string" && isScalar ? `${wanted}; put it in quotes` : wanted;
}

const lower = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

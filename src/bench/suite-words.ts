import { distance } from "fastest-levenshtein";
import { z } from "zod";

/** A mapping with these keys and no others; a wrong key is answered with the ones that there are. */
export const shape = <const S extends z.core.$ZodShape>(keys: S) =>
  z.strictObject(keys, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return undefined;
      const known = Object.keys(keys);
      return (issue.keys as readonly string[]).map((key) => unknownKey(key, known)).join("; ");
    },
  });

function unknownKey(key: string, known: readonly string[]): string {
  const near = known.find((each) => distance(key.toLowerCase(), each.toLowerCase()) <= 2);
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
    const [key] = issue.code === "unrecognized_keys" ? issue.keys : [];
    return [{ path, message: messageOf(issue), ...(key === undefined ? {} : { key }) }];
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

function messageOf(issue: Issue): string {
  if (issue.code !== "invalid_type") return lower(issue.message);
  const { input } = issue;
  if (input === undefined) return `“${String(issue.path.at(-1) ?? "")}” is missing`;
  const wanted = `this must be ${KINDS[issue.expected] ?? issue.expected}`;
  const isScalar = ["number", "boolean"].includes(typeof input) || input === null;
  return issue.expected === "string" && isScalar ? `${wanted}; put it in quotes` : wanted;
}

const lower = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

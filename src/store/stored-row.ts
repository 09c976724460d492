import { z } from "zod";
import { ClutchError } from "../errors.ts";

/** A nullable column, read as undefined where it is empty. */
export const nullable = <T extends z.ZodType>(column: T) => column.nullable().transform((value) => value ?? undefined);

/** A column that holds JSON, read as what it says. */
export const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("not JSON");
    return z.NEVER;
  }
});

/** Parses one row; a row that does not fit was not written by Clutch and fails with `store_failed`. */
export function parseRow<T extends z.ZodType>(schema: T, table: string, row: unknown): z.output<T> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  throw new ClutchError("store_failed", `An entry of "${table}" in the store can't be read.`, {
    hint: "It was changed by something other than Clutch. Restore the store from a backup, or move it away.",
    cause: parsed.error,
  });
}

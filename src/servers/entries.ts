import { z } from "zod";

/** A model's name as a server may give it: nothing that could not stand in a model ref. */
export const modelName = z.string().regex(/^[^\s\p{Cc}]{1,300}$/u);

/** Absent, null and blank all mean that the server says nothing. */
export const optionalText = z
  .string()
  .nullish()
  .transform((text) => (text === null || text === undefined || text.trim() === "" ? undefined : text));

/** Leaves out what cannot be understood, so that one odd model does not hide the others. */
export const keptEntries = <T>(schema: z.ZodType<T>, entries: readonly unknown[]): readonly T[] =>
  entries.flatMap((entry) => {
    const parsed = schema.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });

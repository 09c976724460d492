import { ClutchError, toClutchError } from "../errors.ts";

/**
 * What is told of a change that was made, `made` in a sentence, and that the store did
 * not take: neither that it failed nor that it is recorded.
 */
export function unnoted(made: string, thrown: unknown): ClutchError {
  const why = toClutchError(thrown);
  return new ClutchError(why.code, `${made} It could not be written down. ${why.message}`, {
    hint: `${why.hint} Until Clutch has caught up, /model undo does not know of it.`.trim(),
    cause: thrown,
  });
}

/**
 * How a figure came about. A person's own word in `clutch.models.json` beats what was
 * measured here, that beats what the server or OpenClaw says, that what was published
 * elsewhere, and that an estimate.
 */
export type Origin = "stated" | "measured" | "reported" | "published" | "estimated";

/** A value that says where it is from. What is not known is undefined, never zero. */
export interface Figure<T> {
  readonly value: T;
  readonly origin: Origin;
  /** Where: a publication, a server's name, a formula. One plain phrase. */
  readonly source: string;
  /** Day, `2026-11-22`; for an estimate the day of the figures that it rests on. */
  readonly date: string;
}

const RANKS: Readonly<Record<Origin, number>> = { stated: 0, measured: 1, reported: 2, published: 3, estimated: 4 };

/** The most trustworthy; among equals the newest. */
export function bestFigure<T>(figures: readonly (Figure<T> | undefined)[]): Figure<T> | undefined {
  const known = figures.filter((figure) => figure !== undefined);
  return known.sort((a, b) => RANKS[a.origin] - RANKS[b.origin] || b.date.localeCompare(a.date))[0];
}

/** A value of an item, which depends on those of its family. */
export interface FamilyValue {
  readonly family: string;
  readonly value: number;
}

/** The values of one family, added up. */
interface Family {
  readonly count: number;
  readonly total: number;
}

export interface Families {
  readonly n: number;
  readonly mean: number;
  readonly families: readonly Family[];
  /** Families of unequal size tell less than their number (Kish 1965): one that holds nearly all counts as one. */
  readonly freedom: number;
}

export function byFamily(values: readonly FamilyValue[]): Families {
  const found = new Map<string, Family>();
  for (const { family, value } of values) {
    const { count, total } = found.get(family) ?? { count: 0, total: 0 };
    found.set(family, { count: count + 1, total: total + value });
  }
  const families = [...found.values()];
  const n = values.length;
  const total = families.reduce((sum, family) => sum + family.total, 0);
  const squares = families.reduce((sum, { count }) => sum + count * count, 0);
  return { n, mean: n === 0 ? Number.NaN : total / n, families, freedom: n === 0 ? 0 : (n * n) / squares - 1 };
}

/**
 * How far the families' sums scatter around `mean` times their size, squared and
 * added up; divided by n² it is the variance of a mean that allows for any
 * dependence within a family. Each family draws the mean towards itself, the more the
 * larger it is, which is divided out (CR2 of Bell and McCaffrey 2002). Endless for a single family.
 */
export const scatter = ({ families, n }: Families, mean: number): number =>
  families.length < 2
    ? Number.POSITIVE_INFINITY
    : families.reduce((sum, { count, total }) => sum + (total - count * mean) ** 2 / (1 - count / n), 0);

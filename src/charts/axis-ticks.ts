import type { ChartUnit } from "./chart.ts";

const LEAST = 1e-300;

/** Three to five round values from 0 to at least `most`, evenly apart: steps of 1, 2 or 5 and zeros. */
export function axisTicks(most: number, unit: ChartUnit): number[] {
  // What lies below counts as nothing: a quarter of the smallest number is 0, and a step of 0 has no end.
  const wanted = most > LEAST ? most / 4 : 0.25;
  const power = 10 ** Math.floor(Math.log10(wanted));
  // A hair less, because 0.3 / 0.1 is not quite 3.
  const round = [1, 2, 5, 10].map((figure) => figure * power).find((step) => step >= wanted * (1 - 1e-9)) ?? wanted;
  // There is no half a token and no half a call.
  const step = unit === "USD" ? round : Math.max(1, round);
  const steps = Math.max(2, Math.ceil((most / step) * (1 - 1e-9)));
  return Array.from({ length: steps + 1 }, (_, index) => index * step);
}

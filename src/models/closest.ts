import { distance } from "fastest-levenshtein";

/** Of `names` those that somebody may have meant who typed `typed`, the nearest first; a slash before them is left out of account. */
export function closestTo(typed: string, names: readonly string[]): readonly string[] {
  const plain = (name: string): string => name.replace(/^\//, "").toLowerCase();
  return names
    .map((name) => ({ name, apart: distance(plain(typed), plain(name)), length: plain(name).length }))
    .filter(({ apart, length }) => apart <= Math.min(2, length - 2))
    .sort((a, b) => a.apart - b.apart)
    .map(({ name }) => name);
}

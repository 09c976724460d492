import { isDeepStrictEqual } from "node:util";

/**
 * How OpenClaw 2026.9.6 applies `config.patch`, written down from its
 * documentation (gateway/configuration/config-rpc) and checked against a
 * gateway in `test/gateway/config-changes.test.ts`: a JSON merge patch
 * (RFC 7396), except that lists whose entries all have an `id` are merged by it.
 */
type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isEntry = (value: unknown): value is Json & { id: string } =>
  isObject(value) && typeof value["id"] === "string" && value["id"] !== "";

/** Which lists are replaced as a whole. */
type Replaced = Pick<readonly string[], "includes">;
export const ALL_LISTS: Replaced = { includes: () => true };

export function mergePatch(base: unknown, patch: unknown, replacePaths: Replaced, at = ""): unknown {
  if (!isObject(patch)) return patch;
  const result: Json = isObject(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    const path = at === "" ? key : `${at}.${key}`;
    const former = result[key];
    if (value === null) delete result[key];
    else if (Array.isArray(value) && Array.isArray(former) && !replacePaths.includes(path) && former.every(isEntry))
      result[key] = mergeEntries(former, value, replacePaths, path);
    else result[key] = isObject(value) ? mergePatch(isObject(former) ? former : {}, value, replacePaths, path) : value;
  }
  return result;
}

function mergeEntries(base: readonly Json[], patch: readonly unknown[], replacePaths: Replaced, at: string) {
  const merged: unknown[] = [...base];
  for (const item of patch) {
    const index = merged.findIndex((other) => isEntry(other) && isEntry(item) && other.id === item.id);
    if (index === -1) merged.push(item);
    else merged[index] = mergePatch(merged[index], item, replacePaths, `${at}[]`);
  }
  return merged;
}

/** The lists that a patch takes away or shortens, as OpenClaw names them when it refuses one. */
export function listsLost(base: unknown, patch: unknown, merged: unknown, at = ""): string[] {
  if (!isObject(base) || !isObject(patch)) return [];
  return Object.entries(patch).flatMap(([key, value]) => {
    const path = at === "" ? key : `${at}.${key}`;
    const [former, next] = [base[key], isObject(merged) ? merged[key] : undefined];
    if (Array.isArray(former)) {
      if (!Array.isArray(value) || !Array.isArray(next)) return [path];
      if (!former.every(isEntry)) return keepsAll(former, next) ? [] : [path];
      const known = (list: readonly unknown[], id: string) => list.find((item) => isEntry(item) && item.id === id);
      if (!former.every(({ id }) => known(next, id) !== undefined)) return [path];
      return value.flatMap((item) =>
        isEntry(item) ? listsLost(known(former, item.id), item, known(next, item.id), `${path}[]`) : [],
      );
    }
    return isObject(former) && !isObject(value) ? listsWithin(former, path) : listsLost(former, value, next, path);
  });
}

const listsWithin = (value: unknown, path: string): string[] =>
  Array.isArray(value)
    ? [path]
    : Object.entries(isObject(value) ? value : {}).flatMap(([key, inner]) => listsWithin(inner, `${path}.${key}`));

function keepsAll(list: readonly unknown[], next: readonly unknown[]): boolean {
  const left = [...next];
  return list.every((item) => {
    const index = left.findIndex((other) => isDeepStrictEqual(other, item));
    return index !== -1 && left.splice(index, 1).length === 1;
  });
}

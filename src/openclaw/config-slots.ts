import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

/** A step into OpenClaw's configuration: a key, or the entry of a list that has this `id`. */
type SlotStep = string | { readonly id: string };
export type SlotPath = readonly SlotStep[];

/** A place in the configuration and what stands, or is to stand, there; null where nothing does. */
export interface Slot {
  readonly path: SlotPath;
  readonly value: unknown;
}

/** As OpenClaw's documentation writes paths; list entries and odd keys in brackets. */
export const formatSlot = (path: SlotPath): string =>
  path
    .map((step, index) => {
      if (typeof step !== "string") return `[${step.id}]`;
      if (!/^[\w-]+$/.test(step)) return `["${step}"]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");

const record = z.record(z.string(), z.unknown());
const entry = z.looseObject({ id: z.string() });

/** What stands at a path; null where nothing does. */
export function readSlot(config: unknown, path: SlotPath): unknown {
  let value = config;
  for (const step of path) {
    if (typeof step === "string") {
      const object = record.safeParse(value);
      value = object.success && Object.hasOwn(object.data, step) ? object.data[step] : null;
    } else {
      value = entriesOf(value).find(({ id }) => id === step.id) ?? null;
    }
    if (value === null || value === undefined) return null;
  }
  return value;
}

const entriesOf = (value: unknown): readonly z.infer<typeof entry>[] =>
  (Array.isArray(value) ? value : []).flatMap((item: unknown) => {
    const parsed = entry.safeParse(item);
    return parsed.success ? [parsed.data] : [];
  });

export interface ConfigPatch {
  /** A JSON merge patch; OpenClaw merges lists of objects with an `id` by it. */
  readonly patch: Record<string, unknown>;
  /** Lists that become shorter, which OpenClaw allows only where they are named. */
  readonly replacePaths: readonly string[];
}

/** The patch after which every slot holds exactly its value, and nothing else changed. */
export function patchFor(config: unknown, slots: readonly Slot[]): ConfigPatch {
  const replacePaths = new Set<string>();
  let patch: unknown = {};
  // Entries that go together must not undo each other: they leave the list as a whole.
  const gone = new Map<string, { readonly list: SlotPath; readonly ids: Set<string> }>();
  for (const { path, value } of slots) {
    const last = path.at(-1);
    if (value === null && typeof last === "object") {
      const list = path.slice(0, -1);
      const key = formatSlot(list);
      const ids = gone.get(key)?.ids ?? new Set();
      ids.add(last.id);
      gone.set(key, { list, ids });
      continue;
    }
    const difference = differenceOf(readSlot(config, path), value, path, replacePaths);
    patch = mergeIn(patch, path, difference);
  }
  for (const [key, { list, ids }] of gone) {
    const kept = entriesOf(readSlot(config, list)).filter(({ id }) => !ids.has(id));
    patch = mergeIn(patch, list, kept);
    replacePaths.add(key);
  }
  return { patch: record.parse(patch), replacePaths: [...replacePaths] };
}

/** Keys that go are named with null; what stays as it is may stay out, but does no harm. */
function differenceOf(from: unknown, to: unknown, path: SlotPath, replacePaths: Set<string>): unknown {
  if (Array.isArray(from) && !isDeepStrictEqual(from, to)) replacePaths.add(formatListPath(path));
  const [before, after] = [record.safeParse(from), record.safeParse(to)];
  if (!before.success || Array.isArray(from)) return to;
  if (!after.success || Array.isArray(to)) {
    for (const [key, value] of Object.entries(before.data)) {
      if (Array.isArray(value)) replacePaths.add(formatListPath([...path, key]));
    }
    return to;
  }
  const keys = new Set([...Object.keys(before.data), ...Object.keys(after.data)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      const next = Object.hasOwn(after.data, key) ? after.data[key] : null;
      return [key, differenceOf(before.data[key] ?? null, next, [...path, key], replacePaths)];
    }),
  );
}

/** OpenClaw names a list within the entries of another one as `models[].input`. */
const formatListPath = (path: SlotPath): string =>
  formatSlot(path.map((step) => (typeof step === "string" ? step : { id: "" })));

function mergeIn(patch: unknown, path: SlotPath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) {
    const [before, after] = [record.safeParse(patch), record.safeParse(value)];
    return before.success && after.success && !Array.isArray(value) ? { ...before.data, ...after.data } : value;
  }
  if (typeof step === "string") {
    const object = record.safeParse(patch);
    const inner = object.success ? object.data : {};
    return { ...inner, [step]: mergeIn(inner[step], rest, value) };
  }
  const entries = entriesOf(patch);
  const own = entries.find(({ id }) => id === step.id) ?? { id: step.id };
  const merged = mergeIn(own, rest, value);
  return [...entries.filter(({ id }) => id !== step.id), { ...record.parse(merged), id: step.id }];
}

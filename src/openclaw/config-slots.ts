import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

/** A step into OpenClaw's configuration: a key, or the entry of a list that has this `id`. */
type SlotStep = string | { readonly id: string };
export type SlotPath = readonly SlotStep[];

/**
 * A place in the configuration and what stands, or is to stand, there; null
 * where nothing does. The value is JSON; null inside it says nothing, because
 * a merge patch cannot write one. The entry of a list holds its own `id`.
 */
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

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const entry = z.looseObject({ id: z.string().min(1) });
const isEntry = (value: unknown): value is Json & { readonly id: string } => entry.safeParse(value).success;
const idOf = (value: unknown): string | undefined => (isEntry(value) ? value.id : undefined);

/** What stands at a path; null where nothing does. */
export function readSlot(config: unknown, path: SlotPath): unknown {
  let value = config;
  for (const step of path) {
    if (typeof step === "string") value = isObject(value) && Object.hasOwn(value, step) ? value[step] : null;
    else value = Array.isArray(value) ? value.find((item: unknown) => idOf(item) === step.id) : null;
    if (value === null || value === undefined) return null;
  }
  return value;
}

/** The configuration with a slot set. A new entry of a list comes last; what leads to a new value is created. */
export function withSlot(config: unknown, { path, value }: Slot): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return withoutNulls(value);
  if (value == null && readSlot(config, path) === null) return config;
  const gone = value == null && rest.length === 0;
  if (typeof step === "string") {
    const object = isObject(config) ? config : {};
    if (!gone) return { ...object, [step]: withSlot(object[step], { path: rest, value }) };
    return Object.fromEntries(Object.entries(object).filter(([key]) => key !== step));
  }
  const list: readonly unknown[] = Array.isArray(config) ? config : [];
  if (gone) return list.filter((item) => idOf(item) !== step.id);
  const index = list.findIndex((item) => idOf(item) === step.id);
  const former = index === -1 ? { id: step.id } : list[index];
  const next = { ...object(withSlot(former, { path: rest, value })), id: step.id };
  return index === -1 ? [...list, next] : list.with(index, next);
}

const object = (value: unknown): Json => (isObject(value) ? value : {});

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner == null ? [] : [[key, withoutNulls(inner)]])),
  );
}

export interface ConfigPatch {
  /** A JSON merge patch; OpenClaw merges lists whose entries all have an `id` entry by entry. */
  readonly patch: Record<string, unknown>;
  /** Lists that are replaced or lose entries, which OpenClaw does only where they are named: keys joined by dots. */
  readonly replacePaths: readonly string[];
}

/**
 * The patch after which every slot holds its value and nothing else changed.
 * OpenClaw applies it to `authored`, what the file says, but asks for the names
 * of the lists that `config`, the file completed by defaults, would lose.
 */
export function patchFor(
  { authored, config }: { readonly authored: unknown; readonly config: unknown },
  slots: readonly Slot[],
): ConfigPatch {
  const target = slots.reduce<unknown>(withSlot, authored);
  const replaced = new Set<string>();
  const patch = difference({ from: authored, to: target, running: config, path: "", inEntry: false }, replaced);
  return { patch: { ...object(patch) }, replacePaths: [...replaced] };
}

interface Comparison {
  readonly from: unknown;
  readonly to: unknown;
  /** What stands there with OpenClaw's defaults. */
  readonly running: unknown;
  /** As `replacePaths` names it: keys joined by dots, `[]` for the entries of a list. */
  readonly path: string;
  readonly inEntry: boolean;
}

function difference(at: Comparison, replaced: Set<string>): unknown {
  const { from, to, running, path } = at;
  if (Array.isArray(to)) return listDifference(at, to, replaced);
  if (!isObject(to)) {
    for (const list of [...listsIn(from, path), ...listsIn(running, path)]) replaced.add(list);
    return to ?? null;
  }
  if (Array.isArray(from) || Array.isArray(running)) replaced.add(path);
  const [before, now] = [object(from), object(running)];
  const changed = [...new Set([...Object.keys(before), ...Object.keys(to)])].filter(
    (key) => !isDeepStrictEqual(before[key], to[key]),
  );
  return Object.fromEntries(
    changed.map((key) => {
      const inner = { from: before[key], to: to[key], running: now[key], path: joined(path, key) };
      return [key, difference({ ...at, ...inner }, replaced)];
    }),
  );
}

const joined = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function listDifference(
  { from, running, path, inEntry }: Comparison,
  to: readonly unknown[],
  replaced: Set<string>,
): unknown {
  // Lists within entries share one name, so there only whole lists are safe.
  if (!inEntry && onlyGrows(from, to) && (running === undefined || onlyGrows(running, to))) {
    const [before, now]: unknown[][] = [from, running ?? []];
    return to.flatMap((item) => {
      const id = idOf(item);
      const known = before?.find((other) => idOf(other) === id);
      if (isDeepStrictEqual(known, item)) return [];
      const inner = { from: known, to: item, running: now?.find((other) => idOf(other) === id), path: `${path}[]` };
      return [{ ...object(difference({ ...inner, inEntry: true }, replaced)), id }];
    });
  }
  for (const list of [from, running]) {
    if (!Array.isArray(list)) continue;
    const entries = list.every(isEntry);
    if (entries || !keepsAll(list, to)) replaced.add(path);
    // Where no entry goes, OpenClaw looks into them.
    if (!entries || !list.every(({ id }) => to.some((item) => idOf(item) === id))) continue;
    for (const item of list) for (const inner of listsIn(item, `${path}[]`)) replaced.add(inner);
  }
  for (const inner of isObject(running) ? listsIn(running, path) : []) replaced.add(inner);
  return to;
}

/** True for lists that OpenClaw merges entry by entry, where that gives `to`: all have an id, once, in the same order. */
function onlyGrows(from: unknown, to: readonly unknown[]): from is unknown[] {
  if (!Array.isArray(from) || from.length === 0) return false;
  const ids = to.map(idOf);
  if (ids.includes(undefined) || new Set(ids).size !== ids.length) return false;
  return from.every((item, index) => isEntry(item) && item.id === ids[index]);
}

function keepsAll(list: readonly unknown[], to: readonly unknown[]): boolean {
  const left = [...to];
  return list.every((item) => {
    const index = left.findIndex((other) => isDeepStrictEqual(other, item));
    return index !== -1 && left.splice(index, 1).length === 1;
  });
}

/** The lists that go with a value; those within a list go with it. */
function listsIn(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return [path];
  return Object.entries(object(value)).flatMap(([key, inner]) => listsIn(inner, joined(path, key)));
}

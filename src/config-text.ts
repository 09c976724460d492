import { isDeepStrictEqual } from "node:util";
import JSON5 from "json5";
import { ClutchError } from "./errors.ts";

/** Where a value stands, as the keys that lead to it. */
export type KeyPath = readonly string[];

/**
 * Sets a key in the text of a configuration (JSON5) and keeps every other
 * character: comments, order, line ends. Lists and objects on the way that are
 * not there are made. Throws `bad_config` where that cannot be done with nothing
 * else changed, and says what to write by hand.
 */
export function withValue(text: string, path: KeyPath, value: unknown): string {
  const node = nodeAt(text, path);
  if (node !== undefined && isDeepStrictEqual(meaningOf(text, node), value)) return text;
  const edited =
    node === undefined
      ? inserted(text, path, value)
      : text.slice(0, node.start) + rendered(value, indentAt(text, node.start)) + text.slice(node.end);
  return proved(text, edited, path, value);
}

/** Adds an entry to a list, at its end. The text itself where it is there already. */
export function withEntry(text: string, path: KeyPath, entry: string): string {
  const node = nodeAt(text, path);
  const list = listAt(text, path);
  if (list.includes(entry)) return text;
  if (node === undefined) return withValue(text, path, [entry]);
  return proved(text, put(text, node, JSON.stringify(entry)), path, [...list, entry]);
}

/** Takes an entry out of a list, with the comment on its line where it has one of its own. */
export function withoutEntry(text: string, path: KeyPath, entry: string): string {
  const rest = listAt(text, path).filter((other) => other !== entry);
  let edited = text;
  for (;;) {
    const node = nodeAt(edited, path);
    const index = node?.items.findIndex((item) => meaningOf(edited, item) === entry) ?? -1;
    if (node === undefined || index === -1) break;
    edited = without(edited, node, index);
  }
  return edited === text ? text : proved(text, edited, path, rest);
}

interface Node {
  readonly kind: "object" | "list" | "scalar";
  readonly start: number;
  readonly end: number;
  /** What stands in an object or a list; a member of an object begins with its key. */
  readonly items: readonly Item[];
}

interface Item {
  readonly start: number;
  readonly end: number;
  readonly key: string | undefined;
  readonly value: Node;
}

const meaningOf = (text: string, { start, end }: Pick<Node, "start" | "end">): unknown =>
  JSON5.parse(text.slice(start, end));

function nodeAt(text: string, path: KeyPath): Node | undefined {
  let node: Node | undefined = scan(text);
  // JSON5 takes the last where a key stands twice.
  for (const key of path) node = node?.items.findLast((item) => item.key === key)?.value;
  return node;
}

function listAt(text: string, path: KeyPath): readonly unknown[] {
  const node = nodeAt(text, path);
  if (node === undefined) return [];
  if (node.kind !== "list") throw byHand(path, "is no list");
  return meaningOf(text, node) as readonly unknown[];
}

/** Proves that the text says the same as before but for this one value. */
function proved(before: string, after: string, path: KeyPath, value: unknown): string {
  const wanted = assigned(JSON5.parse(before), path, value);
  let got: unknown;
  try {
    got = JSON5.parse(after);
  } catch {
    throw byHand(path, "stands where it cannot be changed alone");
  }
  if (!isDeepStrictEqual(got, wanted)) throw byHand(path, "stands where it cannot be changed alone");
  return after;
}

function assigned(config: unknown, [key, ...rest]: KeyPath, value: unknown): unknown {
  if (key === undefined) return value;
  const object = typeof config === "object" && config !== null && !Array.isArray(config) ? config : {};
  return { ...object, [key]: assigned((object as Record<string, unknown>)[key], rest, value) };
}

function inserted(text: string, path: KeyPath, value: unknown): string {
  const depth = path.findIndex((_, index) => nodeAt(text, path.slice(0, index + 1)) === undefined);
  const parent = nodeAt(text, path.slice(0, depth));
  const [key = "", ...inner] = path.slice(depth);
  if (parent?.kind !== "object") throw byHand(path, "has no object around it");
  const nested = inner.reduceRight<unknown>((made, name) => ({ [name]: made }), value);
  const indent = indentWithin(text, parent);
  return put(text, parent, `${JSON.stringify(key)}: ${rendered(nested, indent)}`);
}

/** Adds to the end of an object or list, after the comment on the line of what was the last. */
function put(text: string, node: Node, entry: string): string {
  const last = node.items.at(-1);
  const close = node.end - 1;
  const isOneLine = !text.slice(node.start, close).includes("\n");
  if (last === undefined) {
    if (isOneLine && text.slice(node.start + 1, close).trim() === "") {
      const gap = node.kind === "object" ? " " : "";
      return `${text.slice(0, node.start + 1)}${gap}${entry}${gap}${text.slice(close)}`;
    }
    // Only comments: the entry goes below them.
    const indent = indentWithin(text, node);
    return `${text.slice(0, close).trimEnd()}\n${indent}${entry}\n${indentAt(text, node.start)}${text.slice(close)}`;
  }
  const comma = commaAfter(text, last.end);
  if (isOneLine) {
    const at = comma === undefined ? last.end : comma + 1;
    return `${text.slice(0, at)}${comma === undefined ? ", " : " "}${entry}${text.slice(at)}`;
  }
  const lineEnd = endOfLine(text, comma === undefined ? last.end : comma + 1, close);
  const before =
    comma === undefined ? `${text.slice(0, last.end)},${text.slice(last.end, lineEnd)}` : text.slice(0, lineEnd);
  return `${before}\n${indentAt(text, last.start)}${entry}${comma === undefined ? "" : ","}${text.slice(lineEnd)}`;
}

function without(text: string, node: Node, index: number): string {
  const item = node.items[index];
  if (item === undefined) return text;
  const comma = commaAfter(text, item.end);
  const end = comma === undefined ? item.end : comma + 1;
  const lineStart = text.lastIndexOf("\n", item.start - 1) + 1;
  const lineEnd = endOfLine(text, end, node.end - 1);
  const ownsItsLine = text.slice(lineStart, item.start).trim() === "" && /^\r?\n/.test(text.slice(lineEnd));
  if (ownsItsLine) return text.slice(0, lineStart) + text.slice(lineEnd).replace(/^\r?\n/, "");
  const next = node.items[index + 1];
  if (next !== undefined) return text.slice(0, item.start) + text.slice(next.start);
  const former = node.items[index - 1];
  return text.slice(0, former?.end ?? item.start) + text.slice(end);
}

/** Where the line ends on which `from` is, or what `close` is where that comes first; comments that stay on it are passed. */
function endOfLine(text: string, from: number, close: number): number {
  const rest =
    /^[^\S\n]*(?:\/\*(?:(?!\*\/)[^\n])*\*\/[^\S\n]*)*(?:\/\/[^\n]*)?/.exec(text.slice(from, close))?.[0] ?? "";
  return from + rest.trimEnd().length;
}

function commaAfter(text: string, from: number): number | undefined {
  const at = skip(text, from);
  return text[at] === "," ? at : undefined;
}

const indentAt = (text: string, at: number): string =>
  /^[^\S\n]*/.exec(text.slice(text.lastIndexOf("\n", at - 1) + 1, at))?.[0] ?? "";

const indentWithin = (text: string, { items, start }: Node): string =>
  items[0] !== undefined && text.slice(start, items[0].start).includes("\n")
    ? indentAt(text, items[0].start)
    : `${indentAt(text, start)}  `;

const rendered = (value: unknown, indent: string): string =>
  JSON.stringify(value, undefined, Array.isArray(value) ? undefined : 2).replaceAll("\n", `\n${indent}`);

/** Where the next sign is that is neither blank nor comment. */
function skip(text: string, from: number): number {
  return from + (/^(?:\s|\uFEFF|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)*/u.exec(text.slice(from))?.[0].length ?? 0);
}

/** The spans of a text that JSON5 has understood. */
function scan(text: string): Node {
  JSON5.parse(text);
  return readValue(text, skip(text, 0));
}

function readValue(text: string, start: number): Node {
  const opening = text[start];
  if (opening !== "{" && opening !== "[") {
    const end = start + tokenAt(text, start).length;
    return { kind: "scalar", start, end, items: [] };
  }
  const [kind, closing] = opening === "{" ? (["object", "}"] as const) : (["list", "]"] as const);
  const items: Item[] = [];
  let at = skip(text, start + 1);
  while (text[at] !== closing) {
    const item = readItem(text, at, kind);
    items.push(item);
    at = skip(text, item.end);
    if (text[at] === ",") at = skip(text, at + 1);
    else if (text[at] !== closing) throw unscannable();
  }
  return { kind, start, end: at + 1, items };
}

function readItem(text: string, start: number, kind: "object" | "list"): Item {
  if (kind === "list") {
    const value = readValue(text, start);
    return { start, end: value.end, key: undefined, value };
  }
  const token = tokenAt(text, start);
  const colon = skip(text, start + token.length);
  if (text[colon] !== ":") throw unscannable();
  const value = readValue(text, skip(text, colon + 1));
  // JSON5 itself says what a key means, escapes included.
  const key = Object.keys(JSON5.parse<object>(`{${token}:0}`))[0];
  return { start, end: value.end, key, value };
}

/** A string in either quotation mark, or all up to the next sign that ends a name or number. */
function tokenAt(text: string, start: number): string {
  const token = /^(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|[^\s,:{}[\]"'/]+)/u.exec(text.slice(start))?.[0];
  if (token === undefined) throw unscannable();
  return token;
}

const unscannable = (): ClutchError => byHand([], "is written in a way that Clutch does not edit");

const byHand = (path: KeyPath, why: string): ClutchError =>
  new ClutchError(
    "bad_config",
    `${path.length === 0 ? "The configuration" : `“${path.join(".")}” in the configuration`} ${why}; nothing was written.`,
    { hint: "Edit the file by hand; it is JSON with comments, and the README names every key." },
  );

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument } from "yaml";

/** Where something stands in a file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SuiteSource {
  readonly value: unknown;
  /** What keeps the text from being YAML; empty where `value` is what it says. */
  readonly errors: readonly (Place & { readonly message: string })[];
  /**
   * The place of the value at a path, or of what is nearest to it where there is none;
   * with `key`, of that key in the mapping there.
   */
  place(path: readonly PropertyKey[], key?: string): Place;
}

/** An alias may repeat so much of a file and no more: a few lines could stand for gigabytes. */
const MOST_ALIASES = 100;
const START: Place = { line: 1, column: 1 };

/** Reads YAML 1.2, of which JSON is a part. Never throws. */
export function readSource(text: string): SuiteSource {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = (message: string, at: Place = START): SuiteSource => ({
    value: undefined,
    errors: [{ ...at, message }],
    place: () => START,
  });
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
    const errors = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
      ...placeAt(pos[0]),
      message: `this is not YAML: ${firstLine(message)}`,
    }));
    if (errors.length > 0) return { ...broken(""), errors };
    const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
    return {
      value: document.toJS({ maxAliasCount: MOST_ALIASES }),
      errors: [],
      place(path, key) {
        let node: unknown = document.contents;
        let offset = startOf(node) ?? 0;
        for (const step of path) {
          const inside = childOf(resolve(node), step);
          if (inside === undefined) break;
          node = inside.value;
          offset = startOf(node) ?? startOf(inside.key) ?? offset;
        }
        const pair = key === undefined ? undefined : pairOf(resolve(node), key);
        return placeAt(startOf(pair?.key) ?? offset);
      },
    };
  } catch (error) {
    if (error instanceof ReferenceError) return broken("aliases repeat too much of this file; write it out");
    if (error instanceof RangeError) return broken("this is nested too deeply to be read");
    return broken("this cannot be read as YAML");
  }
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

const startOf = (node: unknown): number | undefined =>
  isScalar(node) || isSeq(node) || isMap(node) || isAlias(node) ? node.range?.[0] : undefined;

function childOf(node: unknown, step: PropertyKey): { readonly key: unknown; readonly value: unknown } | undefined {
  if (isSeq(node) && typeof step === "number") {
    const value = node.items[step];
    return value === undefined ? undefined : { key: value, value };
  }
  return pairOf(node, String(step));
}

const pairOf = (node: unknown, key: string): Pair | undefined =>
  isMap(node) ? node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key) : undefined;

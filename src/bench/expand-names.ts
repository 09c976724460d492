import { MOST_TEXT_CHARS } from "./suite-schema.ts";

type Path = readonly (string | number)[];

export interface Expansion {
  readonly value: unknown;
  readonly flaws: readonly { readonly path: Path; readonly message: string; readonly key?: string }[];
  /** Names that stand somewhere. */
  readonly used: ReadonlySet<string>;
  /** Characters of all texts together. */
  readonly chars: number;
}

const NAME = /\{\{\s*([A-Za-z]\w*)\s*\}\}/g;
const NAME_ALONE = /^\{\{\s*([A-Za-z]\w*)\s*\}\}$/;

/** The name in a text that is nothing but `{{name}}`. */
export const nameAlone = (text: string): string | undefined => NAME_ALONE.exec(text)?.[1];

/**
 * Replaces `{{name}}` in every text of a value. A text that is nothing else becomes
 * the value itself; inside a longer one, lists and mappings are written as JSON.
 * What is put in is not looked through again, so a value may hold `{{…}}` itself.
 */
export function expandNames(written: unknown, values: ReadonlyMap<string, unknown>): Expansion {
  const flaws: Expansion["flaws"][number][] = [];
  const used = new Set<string>();
  let chars = 0;

  const valueNamed = (name: string, path: Path): unknown => {
    if (!values.has(name)) {
      const known = values.size === 0 ? "there are none here" : `there are ${[...values.keys()].join(", ")}`;
      flaws.push({ path, message: `“{{${name}}}” stands for no value of the variant; ${known}` });
    }
    used.add(name);
    return values.get(name);
  };
  const expandText = (text: string, path: Path): unknown => {
    const alone = nameAlone(text);
    if (alone !== undefined) {
      const value = valueNamed(alone, path);
      chars += JSON.stringify(value ?? null).length;
      return value;
    }
    const parts: string[] = [];
    let length = 0;
    let end = 0;
    const add = (part: string): void => {
      length += part.length;
      if (length <= MOST_TEXT_CHARS) parts.push(part);
    };
    for (const match of text.matchAll(NAME)) {
      add(text.slice(end, match.index));
      add(asText(valueNamed(match[1] ?? "", path)));
      end = match.index + match[0].length;
    }
    add(text.slice(end));
    chars += Math.min(length, MOST_TEXT_CHARS);
    if (length > MOST_TEXT_CHARS)
      flaws.push({ path, message: `this text is longer than ${MOST_TEXT_CHARS} characters` });
    return parts.join("");
  };
  const expand = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") return expandText(value, path);
    if (Array.isArray(value)) return value.map((each, index) => expand(each, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        if (key.includes("{{")) flaws.push({ path, key, message: "names are replaced in values, not in keys" });
        return [key, expand(each, [...path, key])];
      }),
    );
  };
  return { value: expand(written, []), flaws, used, chars };
}

const asText = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value ?? ""));

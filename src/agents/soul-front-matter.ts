import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, isSeq, type Pair, parseDocument, stringify } from "yaml";
import { ClutchError } from "../errors.ts";

/** What SOUL.md declares, as it is written there: full model refs or aliases. */
export interface Declaration {
  readonly model?: string;
  readonly fallbacks?: readonly string[];
  readonly localOnlyModel?: string;
}

export interface SoulProblem {
  /** In the file, from 1; undefined where it is about no line. */
  readonly line: number | undefined;
  /** An error keeps the declaration from being used, a warning does not. */
  readonly kind: "error" | "warning";
  readonly message: string;
}

export interface Soul {
  /** Undefined where nothing is declared, or where something is wrong with it. */
  readonly declared: Declaration | undefined;
  readonly problems: readonly SoulProblem[];
  /** All that is not front matter, as it stands there. */
  readonly personaText: string;
  /** Where a name is written first, in the file, from 1. */
  readonly lines: ReadonlyMap<string, number>;
}

type Key = keyof Declaration;
const KEYS: readonly Key[] = ["model", "fallbacks", "localOnlyModel"];

/** As OpenClaw itself finds front matter where it reads any, in skills and templates. */
const OPENING = /^\uFEFF?---[ \t]*\r?\n/;
const CLOSING = /(?<=^|\n)---[ \t\r]*(?:\n|$)/;
/** Tells a broken declaration from text between two rulers that was never meant as one. */
const OWN_KEY = /^[ \t]*["']?(?:model|fallbacks|localOnlyModel)["']?[ \t]*:/m;
/** Nothing longer is taken for front matter: the agent pays for it with every turn. */
const MAX_CHARS = 16_384;
const NAME = /^[^\s\p{Cc}]{1,200}$/u;

/**
 * Reads the front matter of a SOUL.md: a YAML mapping between two lines `---`,
 * the first of which begins the file. Keys other than Clutch's own are left to
 * whoever uses them. Never throws.
 */
export const parseSoul = (text: string): Soul => read(text).soul;

/**
 * Writes the given keys into the front matter, which is made where there is
 * none. Only their lines change; everything else stays as it is, to the byte.
 * Throws `bad_config` where the front matter is broken or laid out in a way that
 * can't be edited by lines.
 */
export function withDeclaration(text: string, changes: Declaration): string {
  const { soul, front } = read(text);
  const broken = soul.problems.find(({ kind }) => kind === "error");
  if (broken !== undefined) throw cannotWrite(`SOUL.md, line ${broken.line}: ${broken.message}`);
  const written = front === undefined ? withNewFront(text, changes) : withEdits(front, changes, soul);

  const after = parseSoul(written);
  const declared = after.declared ?? {};
  const isRight = isDeepStrictEqual({ ...declared }, { ...soul.declared, ...changes });
  if (!isRight || after.personaText !== soul.personaText) {
    throw cannotWrite("The front matter of SOUL.md is laid out in a way that Clutch can't edit.");
  }
  return written;
}

const cannotWrite = (message: string): ClutchError =>
  new ClutchError("bad_config", message, { hint: "Nothing was written. Correct it by hand, one key a line." });

interface Front {
  readonly opening: string;
  readonly block: string;
  /** The closing line and the persona. */
  readonly rest: string;
  readonly pairs: ReadonlyMap<string, Pair>;
}

function read(text: string): { readonly soul: Soul; readonly front: Front | undefined } {
  const without = (problems: readonly SoulProblem[]) => ({
    soul: { declared: undefined, problems, personaText: text.replace(/^\uFEFF/, ""), lines: new Map<string, number>() },
    front: undefined,
  });
  const error = (line: number, message: string): SoulProblem => ({ line, kind: "error", message });

  const opening = OPENING.exec(text)?.[0];
  if (opening === undefined) return without([]);
  const inside = text.slice(opening.length);
  const closing = CLOSING.exec(inside);
  if (closing === null) {
    const firstPart = inside.split(/\r?\n\r?\n/, 1)[0] ?? "";
    return without(
      OWN_KEY.test(firstPart) ? [error(1, "the front matter that begins here is not closed by “---”")] : [],
    );
  }
  const block = inside.slice(0, closing.index);
  const lineAt = (offset: number): number => block.slice(0, offset).split("\n").length + 1;
  const concernsUs = OWN_KEY.test(block);
  if (block.length > MAX_CHARS) {
    return without(concernsUs ? [error(1, `the front matter is longer than ${MAX_CHARS} characters`)] : []);
  }
  const { contents, errors } = parseBlock(block);
  const [broken] = errors;
  if (broken !== undefined) {
    return without(concernsUs ? [error(lineAt(broken.offset), `this is not YAML: ${broken.message}`)] : []);
  }
  if (contents !== null && !isMap(contents)) return without([]);

  const pairs = new Map<string, Pair>();
  for (const pair of contents?.items ?? []) {
    if (isScalar(pair.key) && typeof pair.key.value === "string") pairs.set(pair.key.value, pair);
  }
  const soul = declarationIn(pairs, (node) => lineAt(startOf(node)));
  const personaText = inside.slice(closing.index + closing[0].length);
  return { soul: { ...soul, personaText }, front: { opening, block, rest: inside.slice(closing.index), pairs } };
}

function parseBlock(block: string) {
  try {
    const { contents, errors } = parseDocument(block, { prettyErrors: false, logLevel: "silent" });
    return { contents, errors: errors.map(({ pos, message }) => ({ offset: pos[0], message: firstLine(message) })) };
  } catch {
    return { contents: null, errors: [{ offset: 0, message: "it can't be read" }] };
  }
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";
const startOf = (node: unknown): number => (isScalar(node) || isSeq(node) || isMap(node) ? (node.range?.[0] ?? 0) : 0);

function declarationIn(
  pairs: ReadonlyMap<string, Pair>,
  lineOf: (node: unknown) => number,
): Pick<Soul, "declared" | "problems" | "lines"> {
  const problems: SoulProblem[] = [];
  const lines = new Map<string, number>();
  const report = (kind: SoulProblem["kind"], at: unknown, message: string): undefined => {
    problems.push({ line: lineOf(at), kind, message });
  };
  const nameIn = (node: unknown, pair: Pair, message: string): string | undefined => {
    if (!isScalar(node) || typeof node.value !== "string" || !NAME.test(node.value)) {
      return report("error", isScalar(node) && node.source ? node : pair.key, message);
    }
    if (!lines.has(node.value)) lines.set(node.value, lineOf(node));
    return node.value;
  };
  const single = (key: Key): string | undefined => {
    const pair = pairs.get(key);
    return pair && nameIn(pair.value, pair, `“${key}” needs the name of one model, such as ollama/qwen2.5-coder:32b`);
  };
  const list = (key: Key): readonly string[] | undefined => {
    const pair = pairs.get(key);
    if (pair === undefined) return undefined;
    const message = `“${key}” needs a list of models: [] for none, or one a line, each after “- ”`;
    if (!isSeq(pair.value)) return report("error", pair.key, message);
    return pair.value.items.flatMap((item) => nameIn(item, pair, message) ?? []);
  };

  const model = single("model");
  const fallbacks = list("fallbacks");
  const localOnlyModel = single("localOnlyModel");
  if (fallbacks !== undefined && !pairs.has("model")) {
    report("error", pairs.get("fallbacks")?.key, "“fallbacks” needs a “model” that they stand in for");
  }
  for (const [key, pair] of pairs) {
    const meant = meantBy(key);
    if (meant !== undefined) report("warning", pair.key, `“${key}” is not read; did you mean “${meant}”?`);
  }
  const declared = {
    ...(model === undefined ? {} : { model }),
    ...(fallbacks === undefined ? {} : { fallbacks }),
    ...(localOnlyModel === undefined ? {} : { localOnlyModel }),
  };
  const isUsable = Object.keys(declared).length > 0 && problems.every(({ kind }) => kind === "warning");
  return { declared: isUsable ? declared : undefined, problems, lines };
}

/** The key that a person had in mind who wrote another one: `Model`, `fallback`, `local-only-model`. */
function meantBy(key: string): Key | undefined {
  const bare = (text: string): string => text.toLowerCase().replace(/[^a-z]|s$/g, "");
  return KEYS.find((own) => own !== key && bare(own) === bare(key));
}

/** Without quotes where YAML allows it. */
const scalar = (name: string): string => stringify(name, { lineWidth: 0, blockQuote: false }).trimEnd();

function linesOf(key: Key, value: string | readonly string[], layout: Layout): string {
  const { indent, eol, comment } = layout;
  if (typeof value === "string") return `${indent}${key}: ${scalar(value)}${comment}`;
  if (value.length === 0) return `${indent}${key}: []${comment}`;
  return [`${indent}${key}:${comment}`, ...value.map((name) => `${indent}  - ${scalar(name)}`)].join(eol);
}

interface Layout {
  readonly indent: string;
  readonly eol: string;
  /** What follows on the key's line. */
  readonly comment: string;
}

function withNewFront(text: string, changes: Declaration): string {
  const eol = /\r?\n/.exec(text)?.[0] ?? "\n";
  const bom = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const lines = KEYS.flatMap((key) => {
    const value = changes[key];
    return value === undefined ? [] : [linesOf(key, value, { indent: "", eol, comment: "" })];
  });
  if (lines.length === 0) return text;
  return `${bom}${["---", ...lines, "---", ""].join(eol)}${text.slice(bom.length)}`;
}

function withEdits({ opening, block, rest, pairs }: Front, changes: Declaration, soul: Soul): string {
  const eol = opening.endsWith("\r\n") ? "\r\n" : "\n";
  const first = pairs.values().next().value;
  const indent = first === undefined ? "" : (/[ \t]*$/.exec(block.slice(0, startOf(first.key)))?.[0] ?? "");
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  /** New keys come first, or follow those of ours that stand there. */
  let place = 0;
  for (const key of KEYS) {
    const pair = pairs.get(key);
    const value = changes[key];
    const span = pair === undefined ? undefined : spanOf(pair, block);
    if (span !== undefined && value !== undefined && !isDeepStrictEqual(soul.declared?.[key], value)) {
      edits.push({ ...span, text: linesOf(key, value, { indent, eol, comment: span.comment }) });
    } else if (span === undefined && value !== undefined) {
      edits.push({ from: place, to: place, text: `${linesOf(key, value, { indent, eol, comment: "" })}${eol}` });
    }
    if (span !== undefined) place = block.indexOf("\n", span.to) + 1;
  }
  // From the end on, so that the offsets hold; of two at one place the later key goes in first.
  const edited = edits
    .reverse()
    .sort((a, b) => b.from - a.from)
    .reduce((now, { from, to, text }) => now.slice(0, from) + text + now.slice(to), block);
  return opening + edited + rest;
}

/** The lines that a key and its value take, without the last line's end, and a comment that stands beside them. */
function spanOf({ key, value }: Pair, block: string): { from: number; to: number; comment: string } {
  const from = block.lastIndexOf("\n", startOf(key) - 1) + 1;
  let end = endOf(value) ?? startOf(key);
  while (end > from && /\s/.test(block[end - 1] ?? "")) end--;
  const newline = block.indexOf("\n", end);
  const to = block[newline - 1] === "\r" ? newline - 1 : newline;
  const isOneLine = !block.slice(from, end).includes("\n");
  return { from, to, comment: isOneLine ? block.slice(end, to) : "" };
}

function endOf(node: unknown): number | undefined {
  if (isSeq(node) && node.flow !== true) return endOf(node.items.at(-1));
  if (isScalar(node) || isSeq(node)) return node.range?.[1];
  return undefined;
}

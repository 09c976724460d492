/** A fenced block of Markdown. */
export interface Fence {
  /** The first word after the opening fence, lower case; empty where there is none. */
  readonly language: string;
  readonly content: string;
  /** Whether it is closed; one that is not reaches to the end. */
  readonly isComplete: boolean;
}

const OPENING = /^[^\S\n]*(`{3,}|~{3,})[^\S\n]*([^\s`]*)(.*)$/;

/** All fenced blocks of a text, in order. */
export function fencesIn(text: string): readonly Fence[] {
  const fences: Fence[] = [];
  let open: { readonly mark: string; readonly language: string; readonly lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    const [, mark = "", language = "", rest = ""] = OPENING.exec(line.replace(/\r$/, "")) ?? [];
    if (open === undefined) {
      if (mark === "") continue;
      const oneLine = rest.trimEnd();
      if (oneLine.endsWith(mark))
        fences.push({ language: "", content: `${language}${oneLine.slice(0, -mark.length)}`, isComplete: true });
      else open = { mark, language: language.toLowerCase(), lines: [] };
    } else if (mark.startsWith(open.mark) && language === "" && rest.trim() === "") {
      fences.push({ language: open.language, content: open.lines.join("\n"), isComplete: true });
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) fences.push({ language: open.language, content: open.lines.join("\n"), isComplete: false });
  return fences;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How many opening braces are tried in prose: each may cost a walk to the end. */
const MOST_TRIES = 64;

/**
 * The JSON objects of an answer, in order: the answer itself where it is one, else
 * those in its fenced blocks, else the outermost ones in its text. JSON as programs
 * read it, without comments and trailing commas.
 */
export function jsonObjectsIn(text: string): readonly JsonObject[] {
  const whole = parseJson(text);
  if (whole !== undefined) return Array.isArray(whole) ? whole.filter(isJsonObject) : [whole].filter(isJsonObject);
  const fenced = fencesIn(text)
    .flatMap(({ content }) => parseJson(content) ?? [])
    .filter(isJsonObject);
  return fenced.length > 0 ? fenced : objectsInProse(text);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectsInProse(text: string): readonly JsonObject[] {
  const found: JsonObject[] = [];
  let at = text.indexOf("{");
  for (let tries = 0; at >= 0 && tries < MOST_TRIES; tries++) {
    const end = endOfObject(text, at);
    const value = end === undefined ? undefined : parseJson(text.slice(at, end));
    if (isJsonObject(value)) found.push(value);
    at = text.indexOf("{", isJsonObject(value) && end !== undefined ? end : at + 1);
  }
  return found;
}

/** Where the object that opens at a place is closed, strings left aside. */
function endOfObject(text: string, from: number): number | undefined {
  const marks = /["\\{}]/g;
  marks.lastIndex = from;
  let depth = 0;
  let inString = false;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === "\\") marks.lastIndex++;
    else if (mark[0] === '"') inString = !inString;
    else if (!inString) depth += mark[0] === "{" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return undefined;
}

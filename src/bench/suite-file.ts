import { createHash } from "node:crypto";
import { ClutchError } from "../errors.ts";
import { expandNames, nameAlone } from "./expand-names.ts";
import type { BenchItem, Suite } from "./suite.ts";
import { itemFlaws, itemOf } from "./suite-item.ts";
import { envelopeSchema, itemSchema } from "./suite-schema.ts";
import { type Place, readSource, type SuiteSource } from "./suite-source.ts";
import { type Flaw, flawsOf } from "./suite-words.ts";

/** What is wrong with a suite file, at one place of it. */
export interface SuiteProblem extends Place {
  /** `family/variant`; undefined where it is about the file. */
  readonly item: string | undefined;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

const MOST_BYTES = 2 * 1024 * 1024;
const MOST_ITEMS = 2_000;
/** Characters of all items together, after their variants were written out. */
const MOST_CHARS = 32 * 1024 * 1024;
/** Problems that one message names. */
const MOST_TOLD = 40;

/**
 * Reads a suite from YAML or JSON: every variant becomes an item, every `{{name}}`
 * its value. Throws `bad_suite` with all problems of the file, each with line and
 * column. `fileName` is only named in errors.
 */
export function loadSuite(text: string, fileName: string): Suite {
  const { suite, problems } = checkSuite(text);
  if (suite !== undefined) return suite;
  const told = problems.slice(0, MOST_TOLD).map(({ line, column, item, message }) => {
    return `${fileName}, line ${line}, column ${column}${item === undefined ? "" : ` (${item})`}: ${message}.`;
  });
  const more = problems.length - told.length;
  const message = [...told, ...(more > 0 ? [`… and ${more} more.`] : [])].join("\n");
  throw new ClutchError("bad_suite", message, {
    hint: "Nothing of the file is used until it is right. docs/bench-suites.md shows what may stand in it.",
  });
}

/** The same as `loadSuite`, with the problems as a list. Never throws. */
export function checkSuite(text: string): {
  readonly suite: Suite | undefined;
  readonly problems: readonly SuiteProblem[];
} {
  const wrong = (...problems: SuiteProblem[]) => ({ suite: undefined, problems });
  const ofFile = (message: string): SuiteProblem => ({ line: 1, column: 1, item: undefined, message });
  if (Buffer.byteLength(text) > MOST_BYTES) return wrong(ofFile("the file is larger than 2 MB; make several of it"));
  const source = readSource(text);
  if (source.errors.length > 0) return wrong(...source.errors.map((error) => ({ ...error, item: undefined })));

  const problems: SuiteProblem[] = flawsOf(envelopeSchema, source.value).map((flaw) => problemAt(source, flaw));
  const envelope = envelopeSchema.safeParse(source.value);
  if (!envelope.success) return wrong(...problems);

  const { suite: name, title, task } = envelope.data;
  const items: BenchItem[] = [];
  const ids = new Set<string>();
  let chars = 0;
  for (const [index, { variants, ...written }] of envelope.data.items.entries()) {
    const unused = new Set((variants ?? []).flatMap((variant) => Object.keys(variant.with ?? {})));
    for (const [number, variant] of (variants ?? [undefined]).entries()) {
      if (items.length >= MOST_ITEMS) return wrong(...problems, ofFile("a suite has at most 2,000 items"));
      const values = new Map(Object.entries(variant?.with ?? {}));
      const expansion = expandNames(written, values);
      for (const used of expansion.used) unused.delete(used);
      chars += expansion.chars;
      if (chars > MOST_CHARS) return wrong(...problems, ofFile("the items are larger than 32 million characters"));

      const own = written["id"];
      const id = variant?.id ?? (typeof own === "string" || typeof own === "number" ? String(own) : undefined);
      const item = id === undefined ? written.family : `${written.family}/${id}`;
      const report = (flaw: Flaw): void => {
        const at = ["items", index, ...flaw.path];
        problems.push({ ...problemAt(source, { ...flaw, path: throughName(source.value, at, number, values) }), item });
      };
      if (ids.has(item))
        report({ path: variant === undefined ? [] : ["variants", number], message: `the id “${item}” is there twice` });
      ids.add(item);
      if (variant !== undefined && own !== undefined)
        report({ path: ["id"], message: "the variants have the ids; leave this out" });
      expansion.flaws.forEach(report);
      if (expansion.flaws.length > 0) continue;
      const parsed = itemSchema.safeParse(expansion.value);
      if (!parsed.success) {
        flawsOf(itemSchema, expansion.value).forEach(report);
        continue;
      }
      itemFlaws(parsed.data).forEach(report);
      items.push(itemOf(`${name}/${item}`, task, parsed.data, variant?.level));
    }
    for (const unusedName of unused) {
      const number = (variants ?? []).findIndex((variant) => Object.hasOwn(variant.with ?? {}, unusedName));
      const flaw = { path: ["items", index, "variants", number, "with"], key: unusedName };
      const message = `no text of the item has “{{${unusedName}}}”; use it or leave it out`;
      problems.push({ ...problemAt(source, { ...flaw, message }), item: written.family });
    }
  }
  if (problems.length > 0) return wrong(...withoutRepeats(problems));
  const hash = createHash("sha256").update(JSON.stringify({ name, task, items })).digest("hex");
  return { suite: { name, title, task, items, hash }, problems: [] };
}

const problemAt = (source: SuiteSource, { path, key, message }: Flaw): SuiteProblem => ({
  ...source.place(path, key),
  item: undefined,
  message,
});

/** The path into what a variant says, where the value comes from there. */
function throughName(
  file: unknown,
  path: readonly PropertyKey[],
  variant: number,
  values: ReadonlyMap<string, unknown>,
): readonly PropertyKey[] {
  let node = file;
  for (const [depth, step] of [...path, undefined].entries()) {
    const name = typeof node === "string" ? nameAlone(node) : undefined;
    if (name !== undefined && values.has(name)) {
      return [...path.slice(0, 2), "variants", variant, "with", name, ...path.slice(depth)];
    }
    if (step === undefined || typeof node !== "object" || node === null) break;
    node = Reflect.get(node, step);
  }
  return path;
}

/** What is wrong in an item is wrong in all its variants, and told once. */
function withoutRepeats(problems: readonly SuiteProblem[]): SuiteProblem[] {
  const seen = new Map(problems.toReversed().map((each) => [`${each.line}:${each.column}:${each.message}`, each]));
  return problems.filter((each) => seen.get(`${each.line}:${each.column}:${each.message}`) === each);
}

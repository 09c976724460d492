import { isJsonObject, type JsonObject, jsonObjectsIn } from "./answer-blocks.ts";
import { fieldFlaw } from "./field-rule.ts";
import type { FieldsGrade } from "./grade.ts";
import { type Mark, markOf } from "./verdict.ts";

/** Grades the last JSON object of an answer, field by field. */
export function gradeFields(text: string, grade: FieldsGrade): Mark {
  const object = jsonObjectsIn(text).at(-1);
  const rules = Object.entries(grade.fields);
  if (object === undefined) return { score: 0, passed: false, notes: ["there is no JSON object in it"] };
  const flaws = rules.map(([path, rule]) => {
    const flaw = fieldFlaw(valueAt(object, path), rule);
    return flaw === undefined ? undefined : `${path} ${flaw}`;
  });
  const extra = grade.closed === true ? beyond(object, new Set(rules.map(([path]) => path))) : [];
  return markOf([...flaws, ...extra.map((path) => `${path} was not asked for`)]);
}

/** The steps of `items[0].price`. */
const stepsOf = (path: string): readonly string[] => path.split(/[.[\]]+/).filter((step) => step !== "");

function valueAt(object: JsonObject, path: string): unknown {
  let value: unknown = object;
  for (const step of stepsOf(path)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

const MOST_EXTRA = 200;

/** Paths of what the rules do not speak of; what lies deeper than they go is one. */
function beyond(object: JsonObject, paths: ReadonlySet<string>): readonly string[] {
  /** Everything on the way to a rule, in one spelling. */
  const inner = new Set(
    [...paths].flatMap((path) => stepsOf(path).map((_, depth, steps) => steps.slice(0, depth).join("."))),
  );
  const asked = new Set([...paths].map((path) => stepsOf(path).join(".")));
  const extra: string[] = [];
  const walk = (value: unknown, at: readonly string[]): void => {
    const path = at.join(".");
    if (extra.length >= MOST_EXTRA || asked.has(path)) return;
    const isOnTheWay = inner.has(path) && (isJsonObject(value) || Array.isArray(value));
    if (!isOnTheWay) return void extra.push(path);
    for (const [key, each] of Object.entries(value)) walk(each, [...at, key]);
  };
  walk(object, []);
  return extra;
}

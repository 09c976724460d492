import { chartLine } from "../charts/chart-text.ts";
import { between, by, listed, TASK_WORDS, timeWords } from "./bench-words.ts";
import { type Comparison, type Difference, MARGIN } from "./comparison.ts";

/** A model as a sentence names it. */
export interface NamedModel {
  readonly name: string;
  /** It runs here, so it is “yours”. */
  readonly local: boolean;
}

/** More task types than this are told together. */
const EACH_BY_ITSELF = 2;

/**
 * What a person needs to know of two models, in a sentence or a few: for what the
 * first is as good, better or worse, by how much, on how many items, and what it
 * takes in time. Never more than was shown.
 */
export function comparisonSentence(comparison: Comparison, one: NamedModel, other: NamedModel): string {
  const [a, b] = [named(one), named(other)];
  const { tasks, overall } = comparison;
  if (overall.n === 0) return nothingToCompare(overall, a, b);

  const groups = groupsOf(tasks.filter(({ n }) => n > 0));
  const clauses = groups.map((group, index) => clause(group, index === 0 ? a : "it", index === 0 ? b : undefined));
  const [first] = groups;
  const lead = first?.kind.ofOne === true;
  const time = timeWords(first?.differences.length === 1 ? first.differences[0]?.time : overall.time);
  if (lead && time !== undefined) clauses[0] += ` and ${time}`;
  return [
    `${capital(clauses.join("; "))}.`,
    lead || time === undefined ? "" : `${capital(a)} ${time}.`,
    missing(tasks, overall),
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

/** Of one subject alone, such as all task types together: “worse by 12 to 31 points (n=40)”. */
export function differenceWords(difference: Difference): string {
  const { verdict, hint, points, n } = difference;
  if (points === undefined) return "no item in common";
  const figures = `n=${n}, ${between(points)}`;
  if (verdict === "better" || verdict === "worse")
    return `${isSmall(difference) ? "slightly " : ""}${verdict} by ${by(points)} (n=${n})`;
  if (hint !== undefined) return `perhaps ${hint} (${figures})`;
  return `${verdict === "too few items" ? "too few items to tell" : verdict} (${figures})`;
}

/** What differences of one kind have in common to say. */
interface Kind {
  readonly holds: (difference: Difference) => boolean;
  /** `other` only in the first clause, which names both. */
  readonly says: (subject: string, other: string | undefined, differences: readonly Difference[]) => string;
  /** What the first model takes in time can be said in the same breath. */
  readonly ofOne: boolean;
  /** Something is shown: how far one model is before the other, and not where the difference may lie. */
  readonly claim?: true;
  readonly after?: string;
}

const than = (other: string | undefined): string => (other === undefined ? "" : ` than ${other}`);

const KINDS: readonly Kind[] = [
  {
    holds: ({ verdict }) => verdict === "as good as",
    says: (subject, other) => `${subject} does as well${other === undefined ? "" : ` as ${other}`}`,
    ofOne: true,
  },
  ...(["better", "worse"] as const).map(
    (side): Kind => ({
      holds: ({ verdict }) => verdict === side,
      says: (subject, other, all) => `${subject} is ${all.every(isSmall) ? "slightly " : ""}${side}${than(other)}`,
      ofOne: true,
      claim: true,
    }),
  ),
  ...(["better", "worse"] as const).map(
    (side): Kind => ({
      holds: ({ hint }) => hint === side,
      says: (subject, other) => `${subject} may be ${side}${than(other)}`,
      ofOne: false,
      after: ", which can be chance where so many task types are compared",
    }),
  ),
  {
    holds: ({ verdict }) => verdict === "no difference shown",
    says: (subject, other) => `no difference is shown${other === undefined ? "" : ` between ${subject} and ${other}`}`,
    ofOne: false,
  },
  {
    holds: ({ verdict }) => verdict === "too few items",
    says: (subject, other) =>
      `there are too few items to tell${other === undefined ? "" : ` ${subject} from ${other}`}`,
    ofOne: false,
  },
];

interface Group {
  readonly kind: Kind;
  readonly differences: readonly Difference[];
}

/** Each difference in the first kind that it is of. */
const groupsOf = (differences: readonly Difference[]): readonly Group[] =>
  KINDS.map((kind) => ({
    kind,
    differences: differences.filter((difference) => KINDS.find(({ holds }) => holds(difference)) === kind),
  })).filter((group) => group.differences.length > 0);

function clause({ kind, differences }: Group, subject: string, other: string | undefined): string {
  const { says, claim = false, after = "" } = kind;
  const what = says(subject, other, differences);
  const [only] = differences;
  if (differences.length === 1 && only !== undefined) {
    const figures = claim && only.points ? ` by ${by(only.points)} (n=${only.n})` : ` (${figuresOf(only, claim)})`;
    return `for ${wordOf(only)} ${what}${figures}${after}`;
  }
  if (differences.length > EACH_BY_ITSELF)
    return `for ${listed(differences.map(wordOf))} ${what} (${together(differences, claim)})${after}`;
  const each = differences.map((difference) => `${wordOf(difference)} (${figuresOf(difference, claim)})`);
  return `for ${listed(each)} ${what}${after}`;
}

function figuresOf({ n, points }: Difference, claim: boolean): string {
  if (points === undefined) return `n=${n}`;
  return claim ? `by ${by(points)}, n=${n}` : `n=${n}, difference ${between(points)}`;
}

/** Of many task types, from the least of all to the most of all. */
function together(differences: readonly Difference[], claim: boolean): string {
  const counts = differences.map(({ n }) => n);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const points = differences.flatMap((difference) => difference.points ?? []);
  const range = { low: Math.min(...points.map(({ low }) => low)), high: Math.max(...points.map(({ high }) => high)) };
  const n = `n=${least === most ? least : `${least} to ${most}`}`;
  return claim ? `by ${by(range)}, ${n}` : `${n}, differences within ${between(range)}`;
}

/** Certainly less than the margin, which would be nothing to choose a model by. */
const isSmall = ({ points }: Difference): boolean =>
  points !== undefined && Math.max(Math.abs(points.low), Math.abs(points.high)) < MARGIN;

function missing(tasks: readonly Difference[], { leftOut }: Difference): string {
  const bare = tasks.filter(({ n }) => n === 0).map(wordOf);
  const notes = [
    ...(bare.length === 0 ? [] : [`For ${listed(bare)} they have no item in common.`]),
    ...(leftOut === 0
      ? []
      : [
          `${leftOut === 1 ? "One item that only one of them answered is" : `${leftOut} items that only one of them answered are`} left out.`,
        ]),
  ];
  return notes.join(" ");
}

const nothingToCompare = ({ leftOut }: Difference, a: string, b: string): string =>
  leftOut === 0
    ? `Neither ${a} nor ${b} answered anything, so there is nothing to compare.`
    : `${capital(a)} and ${b} have no item in common that both answered, so there is nothing to compare.`;

const wordOf = ({ subject }: Difference): string => TASK_WORDS[subject];
const named = ({ name, local }: NamedModel): string => `${local ? "your " : ""}${chartLine(name)}`;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

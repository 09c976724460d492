import { LEVELS, type Level } from "../src/bench/suite.ts";
import { ClutchError } from "../src/errors.ts";
import type { AccessLevel, OptionValues } from "./command.ts";

/** The words that `/bench` takes first. */
export const BENCH_ACTIONS = ["run", "results", "compare", "cancel", "history", "advice"] as const;

/** A run takes the machine and may cost money; what it found out is for everybody. */
export const benchAccess = ({ action }: OptionValues): AccessLevel =>
  action === "run" || action === "cancel" ? "operator" : "viewer";

const refuse = (message: string, hint: string): never => {
  throw new ClutchError("bad_option", message, { hint });
};

const EXAMPLES: Readonly<Record<string, string>> = {
  models: "/bench run extraction qwen sonnet",
  suite: "/bench run suite:extraction",
  level: "/bench run level:standard",
  through: "/bench run through:openclaw",
  number: "/bench results 12",
};

/** Options that only mean something together with others. Throws `bad_option`, so that none is passed over in silence. */
export function checkBenchOptions(options: OptionValues): void {
  const { action } = options;
  const takes: Readonly<Record<string, readonly string[]>> = {
    run: ["models", "suite", "level", "through", "agent"],
    results: ["models", "number"],
    compare: ["models"],
  };
  const given = Object.keys(options).filter((name) => name !== "action");
  const stray = given.find((name) => !(takes[action ?? ""] ?? []).includes(name));
  if (stray === undefined) return;
  const what = stray === "models" ? `“${(options["models"] ?? "").slice(0, 60)}”` : `“${stray}:”`;
  refuse(
    `${action === undefined ? "/bench" : `/bench ${action}`} does not take ${what}.`,
    `For instance: ${EXAMPLES[stray] ?? "/bench run"}`,
  );
}

/** What is to be run, in the words of the person. */
export interface RunWords {
  /** Names of suites; undefined is all. */
  readonly suites: readonly string[] | undefined;
  /** As typed; none where the usual ones are meant. */
  readonly models: readonly string[];
  readonly level: Level;
  /** Models are asked directly where absent. */
  readonly through: "openclaw" | undefined;
}

/** A suite may stand before the models, so that `/bench run code qwen` is understood. */
export function runWords(options: OptionValues, known: readonly string[]): RunWords {
  const words = wordsOf(options["models"]);
  const [first, ...others] = words;
  const isSuite = options["suite"] === undefined && first !== undefined && (first === "all" || known.includes(first));
  const suites = wordsOf(options["suite"] ?? (isSuite ? first : "all"));
  return {
    suites: suites.includes("all") ? undefined : suites,
    models: isSuite ? others : words,
    level: LEVELS.find((level) => level === options["level"]) ?? "quick",
    through: options["through"] === "openclaw" ? "openclaw" : undefined,
  };
}

/** The two of `/bench compare a b`. Throws `bad_option`. */
export function pairOf(options: OptionValues): readonly [string, string] {
  const [a, b, ...more] = wordsOf(options["models"]);
  if (a !== undefined && b !== undefined && more.length === 0) return [a, b];
  throw new ClutchError("bad_option", "A comparison is of two models.", {
    hint: "For instance: /bench compare qwen sonnet",
  });
}

/** Which run is meant; undefined is the newest. Throws `bad_option`. */
export function numberOf({ number, models }: OptionValues): number | undefined {
  const typed = number ?? models;
  if (typed === undefined) return undefined;
  if (/^\d{1,9}$/.test(typed)) return Number(typed);
  throw new ClutchError("bad_option", `“${typed.slice(0, 20)}” is no number of a bench.`, {
    hint: "/bench history shows them.",
  });
}

/** No model's or suite's name has a space or a comma in it. */
const wordsOf = (text = ""): readonly string[] => text.split(/[\s,]+/).filter((word) => word !== "");

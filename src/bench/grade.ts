/** What makes an answer right. One kind for each way of looking; `grade-answer.ts` has the graders. */
export type Grade =
  | CodeGrade
  | FieldsGrade
  | NumberGrade
  | ConstraintsGrade
  | FactsGrade
  | ToolsGrade
  | PersonaGrade
  | NeedleGrade;

/** A JavaScript function that is run against cases the model does not see. */
export interface CodeGrade {
  readonly kind: "code";
  /** Name of the function. */
  readonly entry: string;
  readonly cases: readonly CodeCase[];
}

export interface CodeCase {
  /** JSON. */
  readonly args: readonly unknown[];
  /** JSON; compared deeply, numbers within 1e-9 relative. */
  readonly returns?: unknown;
  /** It must throw instead. */
  readonly throws?: boolean;
}

/** A JSON object, field by field; the score is the share of fields that are right. */
export interface FieldsGrade {
  readonly kind: "fields";
  /** By path, `customer.city`, `items[0].price`. */
  readonly fields: Readonly<Record<string, FieldRule>>;
  /** Fields beyond these count as wrong. */
  readonly closed?: boolean;
}

export type FieldRule =
  /** The same text but for case and white space at the ends. */
  | { readonly text: string; readonly also?: readonly string[] }
  | { readonly number: number; readonly within?: number }
  | { readonly boolean: boolean }
  /** `2026-11-22`, written so. */
  | { readonly date: string }
  /** The same texts in any order. */
  | { readonly set: readonly string[] }
  /** Null, or not there. */
  | { readonly absent: true };

/** The last number of the answer. */
export interface NumberGrade {
  readonly kind: "number";
  readonly value: number;
  readonly within?: number;
}

/** All of them must hold; the score is the share that does. */
export interface ConstraintsGrade {
  readonly kind: "constraints";
  readonly checks: readonly Constraint[];
}

export type Constraint =
  | { readonly words: { readonly min?: number; readonly max?: number } }
  | { readonly sentences: { readonly min?: number; readonly max?: number } }
  | { readonly paragraphs: number }
  | { readonly bullets: number }
  | { readonly numbered: number }
  | { readonly lines: number }
  | { readonly startsWith: string }
  | { readonly endsWith: string }
  | { readonly includes: string; readonly times?: number }
  | { readonly excludes: string }
  | { readonly noCharacter: string }
  | { readonly allCaps: true }
  | { readonly lowerCase: true }
  | { readonly onlyJson: true }
  | { readonly onlyOneOf: readonly string[] }
  | { readonly inOrder: readonly string[] }
  | { readonly matches: string };

/** What a summary must say, and planted falsehoods that it must not. */
export interface FactsGrade {
  readonly kind: "facts";
  /** Each in one of several wordings, case and punctuation aside. */
  readonly must: readonly (readonly string[])[];
  /** One of these makes it fail. */
  readonly mustNot: readonly (readonly string[])[];
  readonly maxWords: number;
}

/** The calls that are right, in any order, or none at all. */
export interface ToolsGrade {
  readonly kind: "tools";
  readonly calls: readonly ExpectedCall[];
}

export interface ExpectedCall {
  readonly name: string;
  /** Every argument that must be there; others only where `optional` names them. */
  readonly args: Readonly<Record<string, FieldRule>>;
  readonly optional?: readonly string[];
}

/** Checks for each turn that the tested model answers, in order. */
export interface PersonaGrade {
  readonly kind: "persona";
  readonly turns: readonly (readonly Constraint[])[];
}

/** What was hidden in a long text. */
export interface NeedleGrade {
  readonly kind: "needle";
  /** In one of several wordings. */
  readonly value: readonly string[];
}

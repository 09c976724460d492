import type { BenchAnswer } from "./bench-answer.ts";

/** What a grader says of an answer. */
export type Verdict = Pick<BenchAnswer, "score" | "passed" | "notes" | "malformedTool"> & {
  readonly outcome: Exclude<BenchAnswer["outcome"], "failed">;
};

/** What the grader of one kind says; the rest is the same for all kinds. */
export interface Mark {
  /** 0 to 1. */
  readonly score: number;
  readonly passed: boolean;
  readonly notes: readonly string[];
  readonly malformedTool?: boolean;
}

const MOST_NOTES = 12;
const MOST_NOTE_CHARS = 160;

/** All parts count alike; what is wrong with one is its note. */
export function markOf(flaws: readonly (string | undefined)[]): Mark {
  const wrong = flaws.filter((flaw) => flaw !== undefined);
  const score = flaws.length === 0 ? 0 : (flaws.length - wrong.length) / flaws.length;
  return { score, passed: flaws.length > 0 && wrong.length === 0, notes: wrong };
}

export function shortNotes(notes: readonly string[]): readonly string[] {
  const short = notes.slice(0, MOST_NOTES).map((note) => {
    const line = note.replace(/\s+/g, " ");
    return line.length > MOST_NOTE_CHARS ? `${line.slice(0, MOST_NOTE_CHARS - 1)}…` : line;
  });
  return notes.length > MOST_NOTES ? [...short, `and ${notes.length - MOST_NOTES} more`] : short;
}

import type { PersonaGrade } from "./grade.ts";
import { constraintFlaw } from "./grade-constraints.ts";
import { type Mark, markOf } from "./verdict.ts";

/** Grades each turn by its checks; all checks of all turns count alike. */
export const gradePersona = (texts: readonly string[], { turns }: PersonaGrade): Mark =>
  markOf(
    turns.flatMap((checks, turn) =>
      checks.map((check) => {
        const flaw = constraintFlaw(texts[turn] ?? "", check);
        return flaw === undefined ? undefined : `turn ${turn + 1} ${flaw}`;
      }),
    ),
  );

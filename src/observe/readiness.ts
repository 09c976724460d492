import { toClutchError } from "../errors.ts";

/** Something that has to be there before Clutch can do its work. */
export interface ReadinessCheck {
  /** `gateway`, `store`, `Discord`. */
  readonly part: string;
  /** Throws, or gives in one sentence what is not as it should be. */
  check(): Promise<string | undefined>;
}

export interface Readiness {
  readonly ready: boolean;
  readonly failing: readonly { readonly part: string; readonly problem: string }[];
}

/** A part that is silent for so long counts as failing, ms: whoever asks has a deadline too. */
const PATIENCE_MS = 2_000;

/** Asks every part, all at once. */
export async function readReadiness(
  checks: readonly ReadinessCheck[],
  patienceMs: number = PATIENCE_MS,
): Promise<Readiness> {
  const found = await Promise.all(
    checks.map(async ({ part, check }) => {
      const problem = await within(check(), patienceMs).catch((thrown: unknown) => toClutchError(thrown).message);
      return problem === undefined ? [] : [{ part, problem }];
    }),
  );
  const failing = found.flat();
  return { ready: failing.length === 0, failing };
}

async function within(answer: Promise<string | undefined>, patienceMs: number): Promise<string | undefined> {
  const silence = Promise.withResolvers<string>();
  const timer = setTimeout(() => silence.resolve(`No answer within ${patienceMs / 1000} s.`), patienceMs);
  try {
    return await Promise.race([answer, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Below this an agent's first prompt, 11k to 18k tokens with OpenClaw, leaves no room for a conversation. */
export const LEAST_WINDOW = 16_384;
/** More is slow to read and takes memory, so it is only given where it is asked for. */
const USUAL_WINDOW = 65_536;
/** Where nobody knows what memory allows. */
const CAREFUL_WINDOW = 32_768;
const STEP = 4_096;
/** Memory in use changes from day to day; a window that is this close to the best is left as it is. */
const CLOSE_ENOUGH = 0.75;

export interface WindowQuestion {
  /** The most that the model takes, tokens. */
  readonly own: number | undefined;
  /** The most that fits in memory without spilling, tokens; undefined where unknown. */
  readonly fits: number | undefined;
  /** What the person asked for. */
  readonly asked: number | undefined;
  /** What OpenClaw asks for now. */
  readonly present: number | undefined;
}

/**
 * The window to give a model, tokens: the largest that it takes and that fits, up
 * to 65,536, in steps of 4,096. What is configured stays where it is nearly that,
 * or more and fits. What a person asks for is given, as far as the model takes it.
 */
export function windowToGive({ own, fits, asked, present }: WindowQuestion): number {
  const most = own ?? Number.POSITIVE_INFINITY;
  if (asked !== undefined) return Math.min(asked, most);
  const best = Math.min(USUAL_WINDOW, stepsOf(fits ?? CAREFUL_WINDOW));
  if (present !== undefined && present >= LEAST_WINDOW && present <= most && present >= best * CLOSE_ENOUGH) {
    if (present <= (fits ?? present) / CLOSE_ENOUGH) return present;
  }
  return Math.min(most, Math.max(best, LEAST_WINDOW));
}

const stepsOf = (tokens: number): number => Math.floor(tokens / STEP) * STEP;

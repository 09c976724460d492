/** Where the true value lies, with the confidence of `student.ts`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A value with its interval and what it rests on. */
export interface Estimate extends Interval {
  readonly value: number;
  /** Items. */
  readonly n: number;
  readonly families: number;
}

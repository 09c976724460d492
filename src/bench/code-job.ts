/** A function and what to call it with. Nothing in this file may import: it is part of what runs in the sandbox. */
export interface CodeJob {
  readonly code: string;
  /** Name of the function. */
  readonly entry: string;
  /** The arguments of each call, JSON. */
  readonly calls: readonly (readonly unknown[])[];
  /** Processor time of all calls together, ms. */
  readonly deadlineMs: number;
}

/** What comes out of the sandbox, a line of JSON each. What is right is compared outside; it never goes in. */
export type SandboxLine =
  /** The code under test is about to run. */
  | readonly ["begun"]
  /** A call returned; `code-sandbox-guest.ts` says how the value is written. */
  | readonly ["returned", unknown]
  | readonly ["threw", string]
  /** This call and all after it came to nothing: no time, stack or memory was left. */
  | readonly ["ran out", string]
  /** There was nothing to call. */
  | readonly ["broken", string]
  /** All calls were made. */
  | readonly ["done"];

/** Real time after which a job is ended from outside, whatever its processor time: others may share the machine. */
export const patienceMs = (deadlineMs: number): number => 3 * deadlineMs;

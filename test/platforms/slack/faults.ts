import type { Json } from "./json.ts";

/** How a call to the Web API goes wrong. */
export type Fault =
  | { readonly error: string; readonly needed?: string }
  | { readonly status: number; readonly retryAfter?: number }
  | { readonly hangUp: true };

export interface Faults {
  /** The next `times` calls of the method fail; `*` stands for every method. */
  inject(method: string, fault: Fault, times?: number): void;
  clear(): void;
  take(method: string): Fault | undefined;
}

export function createFaults(): Faults {
  let planned: { readonly method: string; readonly fault: Fault; left: number }[] = [];
  return {
    inject(method, fault, times = 1) {
      planned.push({ method, fault, left: times });
    },
    clear() {
      planned = [];
    },
    take(method) {
      const plan = planned.find((one) => one.left > 0 && (one.method === method || one.method === "*"));
      if (plan === undefined) return undefined;
      plan.left -= 1;
      return plan.fault;
    },
  };
}

/** One request that came to the stand-in. */
export interface JournalEntry {
  /** A Web API method, `response_url`, or `upload`. */
  readonly method: string;
  readonly params: Json;
  readonly answer: Json;
}

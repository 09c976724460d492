import { setTimeout as sleep } from "node:timers/promises";

export interface Fault {
  /** Requests that it hits; the next ones by default, whatever they are. */
  readonly path?: RegExp;
  readonly method?: string;
  /** How many requests it hits; 1 by default. */
  readonly times?: number;
  /** Answered instead of doing what was asked; without one the request is only delayed. */
  readonly status?: number;
  /** Of a 429, ms. */
  readonly retryAfterMs?: number;
  /** Discord's own error code, such as 50001. */
  readonly code?: number;
  readonly delayMs?: number;
}

export interface FaultBox {
  add(fault: Fault): void;
  clear(): void;
  /** Waits where a fault says so, and gives the answer that a fault has instead. */
  strike(method: string, path: string): Promise<Fault | undefined>;
}

export function createFaultBox(): FaultBox {
  let waiting: { readonly fault: Fault; left: number }[] = [];
  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? 1 }),
    clear() {
      waiting = [];
    },
    async strike(method, path) {
      const hit = waiting.find(({ fault }) => (fault.method ?? method) === method && (fault.path?.test(path) ?? true));
      if (hit === undefined) return undefined;
      hit.left -= 1;
      waiting = waiting.filter(({ left }) => left > 0);
      if (hit.fault.delayMs !== undefined) await sleep(hit.fault.delayMs);
      return hit.fault.status === undefined ? undefined : hit.fault;
    },
  };
}

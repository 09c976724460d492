import { z } from "zod";
import type { GuardCalls, GuardClient } from "../openclaw/guard-client.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import { fromGuard, type ObservedCall } from "./observed-call.ts";

/** Reads the guard's record of calls. Throws the codes of `GuardClient.calls`. */
export interface GuardReader {
  /**
   * Hands out what the guard has seen since it was read last, some at a time, and
   * remembers where it was after each. False where the gateway has no guard that
   * keeps calls.
   */
  read(take: (calls: readonly ObservedCall[]) => Promise<void>, signal?: AbortSignal): Promise<boolean>;
  /** Whether the guard saw, or will tell of, all that happened at a moment (epoch ms, the gateway's clock). Asks nobody. */
  covers(at: number): Promise<boolean>;
}

const SOURCE = "guard";

const stateSchema = z.object({
  log: z.string(),
  /** The last call that was read. */
  after: z.int(),
  /** When the guard kept a record without a gap; the last one is open while it answers. */
  periods: z.array(z.object({ from: z.number(), to: z.number() })),
});
type State = z.output<typeof stateSchema>;

export function createGuardReader(parts: {
  readonly guard: Pick<GuardClient, "calls">;
  readonly ledger: Pick<UsageLedger, "cursor" | "setCursor">;
}): GuardReader {
  const { guard, ledger } = parts;
  let isThere = false;

  const stateNow = async (): Promise<State | undefined> => {
    const text = await ledger.cursor(SOURCE);
    return text === undefined ? undefined : stateSchema.safeParse(JSON.parse(text)).data;
  };

  return {
    async read(take, signal) {
      for (;;) {
        const state = await stateNow();
        const reply = await guard.calls(state, signal === undefined ? {} : { signal });
        isThere = reply !== undefined;
        if (reply === undefined) return false;
        await take(reply.calls.flatMap((call) => fromGuard(call) ?? []));
        await ledger.setCursor(SOURCE, JSON.stringify(nextState(state, reply)));
        if (!reply.more) return true;
      }
    },

    async covers(at) {
      const { periods = [] } = (await stateNow()) ?? {};
      return periods.some(
        ({ from, to }, index) => from <= at && (at <= to || (isThere && index === periods.length - 1)),
      );
    },
  };
}

function nextState(state: State | undefined, { log, since, lost, now, calls, more }: GuardCalls): State {
  const isContinued = state?.log === log && !lost;
  const after = calls.at(-1)?.n ?? (state?.log === log ? state.after : 0);
  const former = state?.periods ?? [];
  const to = more ? (calls.at(-1)?.endedAt ?? now) : now;
  const last = former.at(-1);
  if (isContinued && last !== undefined)
    return { log, after, periods: [...former.slice(0, -1), { from: last.from, to }] };
  // What was forgotten before it was read began before the first that was not.
  const from = lost ? (calls[0]?.startedAt ?? now) : since;
  return { log, after, periods: [...former, { from, to }] };
}

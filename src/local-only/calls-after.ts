import type { GuardCall, GuardClient } from "../openclaw/guard-client.ts";

/** A place in the guard's record of calls. */
export interface CallMark {
  readonly log: string;
  readonly after: number;
}

/** The calls after a place, and the place after them; undefined where the guard keeps none. */
export async function callsAfter(
  guard: Pick<GuardClient, "calls">,
  mark: CallMark | undefined,
): Promise<(CallMark & { readonly calls: readonly GuardCall[] }) | undefined> {
  const found: GuardCall[] = [];
  for (let at = mark; ; ) {
    const page = await guard.calls(at === undefined ? undefined : { log: at.log, after: at.after });
    if (page === undefined) return undefined;
    found.push(...page.calls);
    at = { log: page.log, after: page.calls.at(-1)?.n ?? at?.after ?? 0 };
    if (!page.more) return { ...at, calls: found };
  }
}

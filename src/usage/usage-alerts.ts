import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { UsageCall } from "../models/usage-call.ts";
import type { AlertBox } from "../store/alert-box.ts";
import { createLocalDays, formatDay } from "../store/local-days.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import type { UsageTotal } from "../store/usage-totals.ts";
import type { UsageAlert } from "./usage-alert.ts";

/** What a conversation is set to. */
export interface SelectedModel {
  readonly model: ModelRef;
  readonly locality: UsageCall["locality"];
}

/** What single calls give cause to tell. */
export interface UsageAlerts {
  /**
   * Looks at calls that were just made and are in the ledger by now, and puts down
   * what is to be told: a cloud model that stood in for one that is local or may be,
   * once a day for each conversation and model; heartbeats and jobs in the cloud, once
   * a day; a cloud model whose cost the budget cannot see, once. True where there is
   * news. To be called again, without any, since the size of a call may be known late.
   */
  consider(calls: readonly UsageCall[]): Promise<boolean>;
}

/** A call's message is read a moment after the guard has seen the call, ms. */
const PATIENCE_MS = 60_000;

export function createUsageAlerts(parts: {
  readonly box: AlertBox;
  readonly ledger: Pick<UsageLedger, "totals">;
  /** IANA name of the zone whose days are meant. */
  readonly zone: string;
  /** USD. */
  readonly idlePerDay: number;
  /** Undefined where OpenClaw does not know the session any more. */
  readonly selected: (sessionKey: string) => Promise<SelectedModel | undefined>;
  readonly hasBudget: () => Promise<boolean>;
  /** Epoch ms. */
  readonly clock: () => number;
}): UsageAlerts {
  const { box, ledger, zone, idlePerDay, clock } = parts;
  const days = createLocalDays(zone);
  /** Calls that may yet turn out to have a size, by id. */
  const unsized = new Map<string, UsageCall>();

  const fallback = async (call: UsageCall): Promise<boolean> => {
    const { sessionKey, model, locality, at } = call;
    const key = `fallback ${formatDay(days.at(at).day)} ${formatModelRef(model)} ${sessionKey}`;
    if (await box.has(key)) return false;
    const selected = await parts.selected(sessionKey);
    // Nothing leaves that had not left already: from one cloud to another, or within a provider that may be one.
    const isWithin = selected?.locality === locality && selected?.model.provider === model.provider;
    if (selected?.locality === "cloud" || isWithin) return false;
    return put(key, { kind: "fallback", sessionKey, model, locality, selected, at });
  };

  const idle = async (moment: number): Promise<boolean> => {
    const { day, from, until } = days.at(moment);
    const key = `idle ${formatDay(day)}`;
    if (await box.has(key)) return false;
    const totals = await ledger.totals({ from, to: Math.min(until, clock()), by: ["cause", "locality"], zone });
    const cloud = totals.filter(({ cause, locality }) => isIdle(cause) && locality !== "local");
    const sum = (of: "usd" | "unpriced" | "unsized"): number => cloud.reduce((all, total) => all + total[of], 0);
    if (sum("usd") <= idlePerDay) return false;
    const calls = (wanted: UsageTotal["cause"]): number =>
      cloud.reduce((all, total) => all + (total.cause === wanted ? total.calls : 0), 0);
    return put(key, {
      kind: "idle",
      day: formatDay(day),
      usd: sum("usd"),
      limit: idlePerDay,
      ...{ heartbeats: calls("heartbeat"), jobs: calls("cron") },
      ...{ unpriced: sum("unpriced"), unsized: sum("unsized") },
    });
  };

  const uncounted = async ({ model, locality, tokens, sessionKey }: UsageCall): Promise<boolean> => {
    const lacks = tokens === undefined ? "size" : "price";
    return put(`uncounted ${lacks} ${formatModelRef(model)}`, {
      kind: "uncounted",
      model,
      locality,
      lacks,
      sessionKey,
    });
  };

  /** Calls whose size nobody has told for a while. */
  const stillUnsized = (cloud: readonly UsageCall[]): readonly UsageCall[] => {
    for (const call of cloud) {
      // One that failed may have cost nothing; the budget shows it as of unknown size.
      if (call.tokens === undefined && call.outcome !== "failed") unsized.set(call.id, call);
      else unsized.delete(call.id);
    }
    const old = [...unsized.values()].filter(({ at }) => at <= clock() - PATIENCE_MS);
    for (const { id } of old) unsized.delete(id);
    return old;
  };

  const put = (key: string, alert: UsageAlert): Promise<boolean> => box.add(key, alert);

  return {
    async consider(calls) {
      const cloud = calls.filter(({ locality }) => locality !== "local");
      const news: boolean[] = [];
      for (const call of cloud.filter((one) => one.fallback)) news.push(await fallback(call));
      const moments = new Map(cloud.filter(({ cause }) => isIdle(cause)).map(({ at }) => [days.at(at).day, at]));
      for (const moment of moments.values()) news.push(await idle(moment));
      const unknown = [
        ...cloud.filter(({ usd, tokens }) => tokens !== undefined && usd === undefined),
        ...stillUnsized(cloud),
      ];
      if (unknown.length > 0 && (await parts.hasBudget())) {
        for (const call of unknown) news.push(await uncounted(call));
      }
      return news.includes(true);
    },
  };
}

/** Nobody waits for the answer. */
const isIdle = (cause: UsageCall["cause"] | undefined): boolean => cause === "heartbeat" || cause === "cron";

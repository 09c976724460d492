import type { HostTraffic, TrafficCounts } from "./wall-status.ts";

export interface TrafficCounters {
  add(host: string, what: keyof TrafficCounts, reason: string): void;
  totals(): TrafficCounts;
  /** The hosts seen last, newest first. */
  hosts(): readonly HostTraffic[];
}

/** Counts by host; of those beyond `maxHosts` the ones not seen for longest are forgotten, though not in the totals. */
export function createTrafficCounters(clock: () => number, maxHosts = 200): TrafficCounters {
  const totals = { passed: 0, denied: 0, cut: 0, failed: 0 };
  const byHost = new Map<string, HostTraffic>();
  return {
    add(host, what, reason) {
      totals[what]++;
      const key = host.slice(0, 255);
      const before = byHost.get(key) ?? { passed: 0, denied: 0, cut: 0, failed: 0 };
      byHost.delete(key);
      byHost.set(key, { ...before, [what]: before[what] + 1, host: key, lastReason: reason, lastAt: clock() });
      const [oldest] = byHost.keys();
      if (byHost.size > maxHosts && oldest !== undefined) byHost.delete(oldest);
    },
    totals: () => ({ ...totals }),
    hosts: () => [...byHost.values()].reverse(),
  };
}

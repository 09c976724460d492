import type { Config } from "../config.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import { createUsageLedger, type UsageLedger } from "../store/usage-ledger.ts";
import { createBaselines } from "./baselines.ts";
import { type CallPricer, createCallPricer } from "./call-pricer.ts";
import { type CollectorSources, openUsageCollector } from "./open-usage-collector.ts";
import { createPriceBook, knownPrices, type PriceBook } from "./price-book.ts";
import { createUsage, type Usage } from "./usage.ts";
import type { UsageCollector } from "./usage-collector.ts";

export interface OpenUsage {
  readonly usage: Usage;
  readonly ledger: UsageLedger;
  readonly pricer: CallPricer;
  readonly usageCollector: UsageCollector;
  readonly book: PriceBook;
  /** IANA name of the zone whose days are meant. */
  readonly zone: string;
}

export interface OpenUsageParts extends CollectorSources {
  readonly registry: Pick<ModelRegistry, "known" | "current" | "find">;
  readonly config: Config["usage"];
}

/** The zone whose days are counted: the configured one, else this machine's. */
export const usageZone = ({ timeZone }: Pick<Config["usage"], "timeZone">): string =>
  timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The ledger, who fills it, and what people see of it. Throws `bad_config` for a time zone that is none. */
export async function openUsage(parts: OpenUsageParts): Promise<OpenUsage> {
  const { db, registry, config, clock } = parts;
  const zone = usageZone(config);
  const book = createPriceBook({ ...knownPrices(registry), clock });
  const pricer = createCallPricer({
    book,
    baselineOf: createBaselines(config.baseline, registry),
  });
  const ledger = createUsageLedger(db, clock, pricer.price);
  await ledger.keepDays(zone);
  const { collector, unattributed } = await openUsageCollector({ ...parts, ledger, pricer });
  const { electricity } = config;
  const { countedUpTo } = collector;
  const usage = createUsage({ ledger, electricity, unattributed, countedUpTo, zone, clock });
  return { usage, ledger, pricer, usageCollector: collector, book, zone };
}

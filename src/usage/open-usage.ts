import type { Kysely } from "kysely";
import type { Config } from "../config.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { Schema } from "../store/schema.ts";
import { createUsageLedger, type UsageLedger } from "../store/usage-ledger.ts";
import { createBaselines } from "./baselines.ts";
import { type CallPricer, createCallPricer } from "./call-pricer.ts";
import { createPriceBook, knownPrices } from "./price-book.ts";
import { createUsage, type Usage } from "./usage.ts";
import type { UsageReportParts } from "./usage-report.ts";

export interface OpenUsage {
  readonly usage: Usage;
  readonly ledger: UsageLedger;
  readonly pricer: CallPricer;
  /** IANA name of the zone whose days are meant. */
  readonly zone: string;
}

export interface OpenUsageParts extends Pick<UsageReportParts, "unattributed" | "countedUpTo"> {
  readonly db: Kysely<Schema>;
  readonly registry: Pick<ModelRegistry, "known" | "find">;
  readonly config: Config["usage"];
  /** Epoch ms. */
  readonly clock: () => number;
}

/** The ledger and what people see of it. Throws `bad_config` for a time zone that is none. */
export async function openUsage(parts: OpenUsageParts): Promise<OpenUsage> {
  const { db, registry, config, clock, unattributed, countedUpTo } = parts;
  const zone = config.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const pricer = createCallPricer({
    book: createPriceBook({ ...knownPrices(registry), clock }),
    baselineOf: createBaselines(config.baseline, registry),
  });
  const ledger = createUsageLedger(db, clock, pricer.price);
  await ledger.keepDays(zone);
  const { electricity } = config;
  return { usage: createUsage({ ledger, electricity, unattributed, countedUpTo, zone, clock }), ledger, pricer, zone };
}

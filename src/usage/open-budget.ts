import type { Kysely } from "kysely";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { ClutchError } from "../errors.ts";
import { type AlertPlace, alertPlaces, alertTargets } from "../local-only/alert-places.ts";
import type { LocalOnly } from "../local-only/local-only.ts";
import type { Conversation } from "../models/conversation.ts";
import { parsePlace } from "../models/place.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import { createAlertBox } from "../store/alert-box.ts";
import { createBudgetBook } from "../store/budget-book.ts";
import type { AlertTarget } from "../store/deliver-alerts.ts";
import { createLeases } from "../store/leases.ts";
import type { Schema } from "../store/schema.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";
import { createBudgetCare } from "./budget-care.ts";
import { createSpendReader } from "./budget-spend.ts";
import { type Budgets, createBudgets } from "./budgets.ts";
import type { UsageAlert } from "./usage-alert.ts";
import { createUsageAlerts, type SelectedModel } from "./usage-alerts.ts";
import { keepUsage, type UsageKeeper } from "./usage-keeper.ts";

/** Posts an alert. False where it could not. */
type PostAlert = (
  to: { readonly sessionKey: string; readonly conversation: Conversation | undefined },
  alert: UsageAlert,
) => Promise<boolean | undefined>;

/**
 * The budget and the alerts put together: `budgets` for commands, `keepBudget` for the
 * process that stays. Throws `bad_config` for a place that is none.
 */
export function openBudget(parts: {
  readonly db: Kysely<Schema>;
  readonly ledger: Pick<UsageLedger, "totals" | "version">;
  readonly localOnly: LocalOnly;
  readonly openclaw: Pick<OpenClaw, "readSession">;
  readonly registry: Pick<ModelRegistry, "find">;
  /** IANA name of the zone whose days are meant. */
  readonly zone: string;
  readonly alerts: Config["usage"]["alerts"];
  /** `platform:id` each. */
  readonly owners: () => readonly string[];
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): { readonly budgets: Budgets; readonly keepBudget: (post: PostAlert) => UsageKeeper } {
  const { db, ledger, zone, localOnly, openclaw, registry, alerts, owners, clock, logger } = parts;
  const channel = alerts.place === undefined ? undefined : placeOf(alerts.place);
  const spend = createSpendReader(ledger, zone, clock);
  const book = createBudgetBook(db, clock);
  const box = createAlertBox(db, clock);

  const selected = async (sessionKey: string): Promise<SelectedModel | undefined> => {
    const model = (await openclaw.readSession(sessionKey).catch(() => undefined))?.model;
    return model && { model, locality: registry.find(model)?.bookedAs ?? "unknown" };
  };

  /** The channel that is configured, else the owners; they hear in any case of what nothing holds. */
  const placesOf = async (alert: UsageAlert): Promise<readonly AlertPlace[]> => {
    const place = "place" in alert ? alert.place : undefined;
    const isForOwners = channel === undefined || alert.kind === "open";
    const direct = isForOwners ? await alertPlaces({ place }, { openclaw, owners: owners() }) : [];
    return [...(channel === undefined ? [] : [channel]), ...direct];
  };

  const targets = async (alert: UsageAlert, post: PostAlert): Promise<readonly AlertTarget[]> => {
    return alertTargets(await placesOf(alert), (conversation) => post({ sessionKey: "", conversation }, alert));
  };

  return {
    budgets: createBudgets({ db, spend, zone, localOnly, clock }),
    keepBudget: (post) =>
      keepUsage({
        care: createBudgetCare({ db, spend, localOnly, clock, logger }),
        alerts: createUsageAlerts({
          ...{ box, ledger, zone, selected, clock },
          idlePerDay: alerts.idlePerDay,
          hasBudget: async () => (await book.current()) !== undefined,
        }),
        ...{ box, book, ledger, clock, logger },
        leases: createLeases(db, clock),
        isLockOn: localOnly.isOn,
        targets: (alert) => targets(alert, post),
      }),
  };
}

function placeOf(text: string): Conversation {
  try {
    const place = parsePlace(text, "");
    if (place.platform !== "session") return place;
  } catch (thrown) {
    if (!(thrown instanceof ClutchError)) throw thrown;
  }
  throw new ClutchError("bad_config", `“usage.alerts.place” is no channel: “${text.slice(0, 60)}”.`, {
    hint: "Write discord:CHANNEL[:THREAD] or slack:CHANNEL[:THREAD_TS], with the platform's ids.",
  });
}

import { z } from "zod";
import { formatModelRef } from "../models/model-ref.ts";
import type { ExpiringStore } from "../store/expiring-store.ts";
import type { PreparedRun } from "./prepare-run.ts";
import { type RunPlan, runPlan } from "./run-plan.ts";

/**
 * What people were shown before their yes. Between the two a conversation may have
 * begun to use a model, or a price have changed: a yes is to what was shown.
 */
export interface ShownRuns {
  /** Remembers it as what this person (`platform:user`) was shown last. */
  show(prepared: PreparedRun, actor: string): Promise<void>;
  /**
   * The plan with what the person agreed to in it; undefined where it would ask or cost
   * more than was shown. Who says yes without having been asked says it to all.
   */
  agreed(prepared: PreparedRun, actor: string): Promise<RunPlan | undefined>;
}

/** Longer than a button with a yes can be pressed. */
const LIFETIME_MS = 15 * 60_000;

const shown = z.object({ what: z.string(), consent: runPlan.shape.consent, unpriced: z.array(z.string()) });

export function createShownRuns(store: ExpiringStore): ShownRuns {
  return {
    async show(prepared, actor) {
      await store.set(actor, shownOf(prepared), LIFETIME_MS);
    },
    async agreed(prepared, actor) {
      const before = shown.safeParse(await store.get(actor));
      if (!before.success) return prepared.plan;
      const now = shownOf(prepared);
      const { what, consent, unpriced } = before.data;
      const isCovered =
        now.what === what &&
        now.consent.usd <= consent.usd &&
        (consent.evict || !now.consent.evict) &&
        now.unpriced.every((model) => unpriced.includes(model));
      if (!isCovered) return undefined;
      await store.delete(actor);
      return { ...prepared.plan, consent };
    },
  };
}

const shownOf = ({ plan, estimate }: PreparedRun): z.output<typeof shown> => ({
  what: JSON.stringify([
    plan.suites.map(({ hash }) => hash),
    plan.level,
    plan.models.map(({ ref }) => ref),
    plan.through,
  ]),
  consent: plan.consent,
  unpriced: estimate.unpriced.map(formatModelRef),
});

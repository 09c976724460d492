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
type Shown = z.output<typeof shown>;

export function createShownRuns(store: ExpiringStore): ShownRuns {
  /** Of this process, by person: a question at a terminal may stay open for longer than the store remembers it. */
  const here = new Map<string, Shown>();
  return {
    async show(prepared, actor) {
      const now = shownOf(prepared);
      here.set(actor, now);
      await store.set(actor, now, LIFETIME_MS);
    },
    async agreed(prepared, actor) {
      const before = shown.safeParse(await store.get(actor)).data ?? here.get(actor);
      if (before === undefined) return prepared.plan;
      const now = shownOf(prepared);
      const { what, consent, unpriced } = before;
      const isCovered =
        now.what === what &&
        now.consent.usd <= consent.usd &&
        (consent.evict || !now.consent.evict) &&
        now.unpriced.every((model) => unpriced.includes(model));
      if (!isCovered) return undefined;
      here.delete(actor);
      await store.delete(actor);
      return { ...prepared.plan, consent };
    },
  };
}

const shownOf = ({ plan, estimate }: PreparedRun): Shown => ({
  what: JSON.stringify([
    plan.suites.map(({ hash }) => hash),
    plan.level,
    plan.models.map(({ ref }) => ref),
    plan.through,
  ]),
  consent: plan.consent,
  unpriced: estimate.unpriced.map(formatModelRef),
});

import type { Logger } from "pino";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { GuardClient } from "../openclaw/guard-client.ts";
import type { LockEntry, LockJournal } from "../store/lock-journal.ts";
import type { HelperLock } from "./helper-lock.ts";
import { closingId, isOf, type LayerRules, type LayerView, type LockLayer, lookAt } from "./lock-layers.ts";
import type { Verification } from "./lock-status.ts";

/** What an entry of the journal remembers beside who, when and why. */
export interface LockDetails {
  /** The layers that held at its end. */
  readonly layers: readonly LockLayer["name"][];
  readonly verification?: Verification | undefined;
  /** Why something of it is not as it should be. */
  readonly problems: readonly string[];
  /** A schedule turned it on, so a schedule may turn it off. */
  readonly bySchedule: boolean;
  /** Conversations to keep local, where it was turned off so. */
  readonly keep: readonly string[];
  /** The helper calls' settings were put back, or were never changed. */
  readonly helpersRestored: boolean;
  /** What somebody had changed meanwhile and therefore stays. */
  readonly stays: readonly string[];
}

export const NO_DETAILS: LockDetails = {
  layers: [],
  problems: [],
  bySchedule: false,
  keep: [],
  helpersRestored: false,
  stays: [],
};

/**
 * Takes local-only mode from any state to the one that a journal entry wants. Each
 * step may be repeated, so after a crash it simply begins again. Only who holds the
 * lease may call it.
 */
export interface LockMachine {
  /** Codes: `not_installed`, `not_verified` where no layer closed; the entry has failed then. */
  turnOn(entry: LockEntry, tell: (step: string) => void): Promise<LockDetails>;
  /** Where a layer cannot be opened the entry stays unfinished, and this throws why. */
  turnOff(entry: LockEntry, tell: (step: string) => void): Promise<LockDetails>;
  /** Puts the helper calls' settings back, of this lock and of earlier ones where that waited. */
  restoreHelpers(context: { readonly actor: string; readonly reason?: string | undefined }): Promise<readonly string[]>;
}

/** Older locks whose settings may still wait to be put back. */
const LOCKS_TO_RESTORE = 20;

export function createLockMachine(parts: {
  readonly layers: readonly LockLayer[];
  readonly guard: Pick<GuardClient, "keep" | "status">;
  readonly helpers: HelperLock;
  readonly journal: LockJournal;
  /** From memory where that is there, so that nothing delays the closing. */
  readonly quickRules: () => Promise<LayerRules>;
  readonly freshRules: () => Promise<{ readonly rules: LayerRules; readonly best: ModelRef | undefined }>;
  /** Stops turns that a cloud model is answering; gives how many. */
  readonly cutTurns: () => Promise<number>;
  readonly verify: (layers: readonly LockLayer["name"][], tell: (step: string) => void) => Promise<Verification>;
  readonly logger: Logger;
}): LockMachine {
  const { layers, guard, helpers, journal, logger } = parts;

  const closeLayers = async (entry: LockEntry, rules: LayerRules): Promise<LayerView[]> => {
    const views = await Promise.all(layers.map(lookAt));
    await Promise.all(
      layers.map(async (layer, index) => {
        const view = views[index];
        if (view === undefined || view.state === "absent") return;
        try {
          await layer.close(closingId(view, entry.lockId, String(entry.id)), rules);
        } catch (thrown) {
          // Closed under another lock is closed, too.
          if (thrown instanceof ClutchError && view.state === "closed") return;
          logger.warn({ err: thrown, layer: layer.name }, "a layer of the lock did not close");
        }
      }),
    );
    return Promise.all(layers.map(lookAt));
  };

  const restoreHelpers = async (context: { readonly actor: string; readonly reason?: string | undefined }) => {
    const stays: string[] = [];
    for (const entry of await journal.recentOn(LOCKS_TO_RESTORE)) {
      const details = detailsOf(entry);
      if (details.helpersRestored) continue;
      const { kept } = await helpers.open(entry.lockId, {
        actor: context.actor,
        ...(context.reason === undefined ? {} : { reason: context.reason }),
      });
      stays.push(...kept.map(({ name }) => name));
      await journal.note(entry.id, { ...details, helpersRestored: true });
    }
    return stays;
  };

  return {
    async turnOn(entry, tell) {
      let details = { ...NO_DETAILS, ...detailsOf(entry) };
      await journal.step(entry.id, "closing guard and wall", { ...details });
      tell("closing guard and wall");
      const views = await closeLayers(entry, await parts.quickRules());
      const closed = layers.filter((_, index) => views[index]?.state === "closed").map(({ name }) => name);
      const problems = layers.flatMap(({ name }, index) => {
        const view = views[index];
        return view?.state === "open" ? [`The ${name} did not close.`] : [];
      });
      if (closed.length === 0) {
        await journal.settle(entry.id, "failed", { ...details, problems });
        throw problems.length === 0 ? notInstalled(layers, views) : notClosed(problems);
      }
      details = { ...details, layers: closed };

      await journal.step(entry.id, "helper calls", { ...details });
      tell("pointing helper calls at a local model");
      const { rules, best } = await parts.freshRules();
      await closeLayers(entry, rules);
      if (best === undefined) {
        problems.push("There is no local model, so every turn is answered with a notice until there is one.");
      } else {
        try {
          const context = { actor: entry.actor, batch: entry.lockId };
          await helpers.close(best, entry.reason === undefined ? context : { ...context, reason: entry.reason });
        } catch (thrown) {
          if (!(thrown instanceof ClutchError)) throw thrown;
          problems.push(`Helper calls could not be pointed at a local model: ${thrown.message}`);
        }
      }

      await journal.step(entry.id, "running turns", { ...details, problems });
      // With both, what is cut meets the gate and is told so; otherwise nobody would end it.
      if (closed.length < layers.length) await parts.cutTurns();

      await journal.step(entry.id, "verifying", { ...details, problems });
      tell("verifying");
      const verification = await parts.verify(closed, tell);
      details = { ...details, problems, verification };
      await journal.settle(entry.id, "done", { ...details });
      return details;
    },

    async turnOff(entry, tell) {
      let details = { ...NO_DETAILS, ...detailsOf(entry) };
      if (details.keep.length > 0) {
        await journal.step(entry.id, "keeping conversations", { ...details });
        await guard.keep(details.keep, "unreleased");
      }
      // The wall first: a turn that began between the two would meet it and be tried again and again.
      for (const layer of layers.toSorted((a, b) => b.name.localeCompare(a.name))) {
        await journal.step(entry.id, `opening the ${layer.name}`, { ...details });
        tell(`opening the ${layer.name}`);
        const view = await lookAt(layer);
        if (view.state === "closed") await layer.open(view.id);
        else if (view.state === "absent" && (await wasUsed(entry, layer))) throw notOpened(layer, view.why);
      }
      const { kept = {} } = (await guard.status().catch(() => undefined))?.state ?? {};
      const isWaiting = Object.values(kept).some(({ why }) => why === "unreleased");
      if (!isWaiting) {
        await journal.step(entry.id, "helper calls", { ...details });
        tell("putting helper calls back");
        const context = { actor: entry.actor, reason: entry.reason };
        details = { ...details, stays: await restoreHelpers(context), helpersRestored: true };
      }
      await journal.settle(entry.id, "done", { ...details });
      return details;
    },

    restoreHelpers,
  };

  /** Whether the lock that is being ended had this layer; one that was never there need not be opened. */
  async function wasUsed(entry: LockEntry, { name }: LockLayer): Promise<boolean> {
    const on = (await journal.recentOn(LOCKS_TO_RESTORE)).find(({ lockId }) => isOf(entry.lockId, lockId));
    return on === undefined || detailsOf(on).layers.includes(name);
  }
}

const verification = z.object({
  at: z.number(),
  paths: z.array(
    z.object({
      path: z.string(),
      heldBy: z.string(),
      result: z.enum(["proved", "configured", "not covered", "leaks"]),
      detail: z.string(),
    }),
  ),
  unknownSettings: z.array(z.string()),
});

const detailsSchema = z.object({
  layers: z.array(z.enum(["guard", "wall"])).catch([]),
  verification: verification.optional().catch(undefined),
  problems: z.array(z.string()).catch([]),
  bySchedule: z.boolean().catch(false),
  keep: z.array(z.string()).catch([]),
  helpersRestored: z.boolean().catch(false),
  stays: z.array(z.string()).catch([]),
});

export const detailsOf = ({ details }: LockEntry): LockDetails => detailsSchema.parse(details);

const notInstalled = (layers: readonly LockLayer[], views: readonly LayerView[]): ClutchError => {
  const why = layers.map(({ name }, index) => {
    const view = views[index];
    return `${name}: ${view?.state === "absent" ? view.why : ""}`;
  });
  return new ClutchError("not_installed", "Nothing here could enforce local-only mode, so it stays off.", {
    hint: why.join(" "),
  });
};

const notClosed = (problems: readonly string[]): ClutchError =>
  new ClutchError("not_verified", `Local-only mode is not on: ${problems.join(" ")}`, {
    hint: "The log says why. Try again; clutch wall status and clutch guard status show how they are.",
  });

const notOpened = ({ name }: LockLayer, why: string): ClutchError =>
  new ClutchError("not_verified", `Local-only mode is not off yet: the ${name} cannot be asked. ${why}`, {
    hint: "Clutch finishes it as soon as it can; clutch localonly off --force does not wait.",
  });

import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { LockEntry, LockJournal } from "../store/lock-journal.ts";
import type { CloudTurns } from "./cloud-turns.ts";
import type { HelperTurns } from "./helper-turns.ts";
import type { KeptConversations } from "./kept-conversations.ts";
import { detailsOf, type LockDetails, livesOf } from "./lock-details.ts";
import type { Holder } from "./lock-holder.ts";
import {
  closingId,
  holdsLoopback,
  isOf,
  type LayerRules,
  type LayerView,
  type LockLayer,
  lastEscape,
  lookAt,
} from "./lock-layers.ts";
import type { Verification } from "./lock-status.ts";

/**
 * Takes local-only mode from any state to the one that a journal entry wants. Each
 * step may be repeated, so after a crash it simply begins again. Only who holds the
 * lease may call it: it looks, makes sure of the lease, and only then changes
 * something, so that a process that slept changes nothing of what came after it.
 */
export interface LockMachine {
  /**
   * Codes: `not_installed`, `not_verified` where no layer closed. The entry has failed
   * then, unless a layer that cannot be asked may have closed, or it was on before.
   */
  turnOn(entry: LockEntry, holder: Holder): Promise<LockDetails>;
  /** Where a layer cannot be opened the entry stays unfinished, and this throws why. */
  turnOff(entry: LockEntry, holder: Holder): Promise<LockDetails>;
}

/** Nothing is local, until it is known what is. */
const STRICTEST: LayerRules = { guard: { models: [], order: {}, tools: [] }, wall: { allow: [], local: [] } };

export function createLockMachine(parts: {
  readonly layers: readonly LockLayer[];
  readonly kept: Pick<KeptConversations, "keep">;
  readonly helpers: HelperTurns;
  readonly journal: LockJournal;
  /** From memory where that is there, so that nothing delays the closing. */
  readonly quickRules: () => Promise<LayerRules>;
  readonly freshRules: () => Promise<{ readonly rules: LayerRules; readonly best: ModelRef | undefined }>;
  readonly cutTurns: CloudTurns["cut"];
  readonly verify: (layers: readonly LockLayer["name"][], tell: (step: string) => void) => Promise<Verification>;
  readonly logger: Logger;
}): LockMachine {
  const { layers, kept, helpers, journal, logger } = parts;

  const quickRules = (): Promise<LayerRules> =>
    parts.quickRules().catch((thrown: unknown) => {
      logger.warn({ err: thrown }, "what is local is not known yet");
      return STRICTEST;
    });

  const stepper =
    ({ id }: LockEntry, { notes }: Holder) =>
    (step: string, details: LockDetails): Promise<void> =>
      notes.step(id, step, { ...details });

  /** Closes what is there, under the name of a step. What closes is written down before. */
  const closeLayers = async (
    { entry, details, step }: { entry: LockEntry; details: LockDetails; step: string },
    rules: LayerRules,
    holder: Holder,
  ): Promise<{ readonly details: LockDetails; readonly views: readonly LayerView[] }> => {
    const before = await Promise.all(layers.map(lookAt));
    const present = layers.filter((_, at) => before[at]?.state !== "absent").map(({ name }) => name);
    const next = { ...details, layers: [...new Set([...details.layers, ...present])] };
    await stepper(entry, holder)(step, next);
    await Promise.all(
      layers.map(async (layer, at) => {
        const view = before[at];
        if (view === undefined || view.state === "absent") return;
        try {
          await layer.close(closingId(view, entry.lockId), rules);
        } catch (thrown) {
          // Closed under another lock is closed, too.
          if (thrown instanceof ClutchError && view.state === "closed") return;
          logger.warn({ err: thrown, layer: layer.name }, "a layer of the lock did not close");
        }
      }),
    );
    return { details: next, views: await Promise.all(layers.map(lookAt)) };
  };

  /** False where nothing is there that could be opened. */
  const openLayer = async (
    layer: LockLayer,
    view: LayerView,
    { lockId, step }: LockEntry,
    { check }: Holder,
  ): Promise<boolean> => {
    const id = view.state === "closed" ? view.id : view.state === "absent" ? view.closedAs : closingId(view, lockId);
    if (id === undefined) return false;
    // Open already: a process that sleeps may be about to close it by this id, which is spent then.
    if (view.state === "open") {
      if (step !== "begun") return true;
      await layer.close(id, await quickRules()).catch((thrown: unknown) => {
        if (!isPassing(thrown)) throw thrown;
      });
    }
    await layer.open(id);
    await check().catch(async (lost: unknown) => {
      // This one slept right before it opened. Where somebody wants it closed by now, it is so again.
      const last = await journal.latest();
      if (last?.wanted === "on") {
        await layer.close(closingId(await lookAt(layer), last.lockId), await quickRules());
      }
      throw lost;
    });
    return true;
  };

  return {
    async turnOn(entry, holder) {
      const { tell } = holder;
      const step = stepper(entry, holder);
      tell("closing guard and wall");
      // Proofs are of this closing, not of an earlier one.
      const unproved = { verification: undefined, proved: [], provedIn: {} };
      const start = { ...detailsOf(entry), ...unproved, problems: [], helpersRestored: false };
      const first = await closeLayers(
        { entry, details: start, step: "closing guard and wall" },
        await quickRules(),
        holder,
      );
      if (!first.views.some(({ state }) => state === "closed")) await nothingClosed(entry, first, holder);

      tell("pointing helper calls at a local model");
      const { rules, best } = await parts.freshRules();
      const second = await closeLayers(
        { entry, details: first.details, step: "telling guard and wall what is local" },
        rules,
        holder,
      );
      let { details } = second;
      const closed = closedOnes(layers, second.views);
      const problems = openOnes(layers, second.views);

      await step("helper calls", details);
      if (best === undefined) {
        problems.push(NO_LOCAL_MODEL);
      } else {
        try {
          await helpers.close(entry, best, entry, holder);
        } catch (thrown) {
          if (!isPassing(thrown)) throw thrown;
          problems.push(helpersNotMoved(thrown));
        }
      }
      details = { ...details, problems };

      await step("running turns", details);
      // With both, what is cut meets the gate and is told so; otherwise nobody would end it: the gate stands before a
      // turn, not before each call that a turn makes.
      if (closed.length < layers.length) await parts.cutTurns("all");
      else if (!holdsLoopback(layers, second.views)) await parts.cutTurns("on the gateway's machine");
      const seen = lastEscape(await Promise.all(layers.map(lookAt)));
      details = { ...details, escapedUntil: Math.max(details.escapedUntil, seen) };

      await step("verifying", details);
      tell("verifying");
      const verification = await parts.verify(closed, tell);
      const after = closedOnes(layers, await Promise.all(layers.map(lookAt)));
      const proved = closed.filter((name) => after.includes(name));
      details = { ...details, verification, proved, provedIn: livesOf(layers, second.views) };
      await holder.notes.settle(entry.id, "done", { ...details });
      return details;
    },

    async turnOff(entry, holder) {
      const { tell } = holder;
      const step = stepper(entry, holder);
      let details = detailsOf(entry);
      if (details.keep.length > 0) {
        await step("keeping conversations", details);
        try {
          await kept.keep(details.keep, "unreleased");
        } catch (thrown) {
          if (!details.forced || !isPassing(thrown)) throw thrown;
          // A guard that comes back is told of them, out of the store.
          const problem = `The guard does not keep the conversations local yet: ${thrown.message}`;
          details = { ...details, problems: [...details.problems, problem] };
        }
      }
      // The wall first: a turn that began between the two would meet it and be tried again and again.
      for (const layer of layers.toSorted((a, b) => b.name.localeCompare(a.name))) {
        tell(`opening the ${layer.name}`);
        const view = await lookAt(layer);
        await step(`opening the ${layer.name}`, details);
        if (await openLayer(layer, view, entry, holder)) continue;
        if (view.state !== "absent" || !(await wasUsed(entry, layer))) continue;
        if (view.mayHold && !details.forced) throw notDone("off", layer, view.why);
        details = { ...details, left: [...new Set([...details.left, layer.name])] };
      }
      await step("helper calls", details);
      try {
        if (await helpers.areHeldBack()) details = { ...details, helpersRestored: false };
        else {
          tell("putting helper calls back");
          details = { ...details, stays: await helpers.restore(entry, holder), helpersRestored: true };
        }
      } catch (thrown) {
        if (!isPassing(thrown)) throw thrown;
        // The lock is off; these are looked at again until they are back.
        const problem = `The settings of helper calls are not put back yet: ${thrown.message}`;
        details = { ...details, problems: [...details.problems, problem] };
      }
      await holder.notes.settle(entry.id, "done", { ...details });
      return details;
    },
  };

  /** Fails, and the entry with it, unless something may be closed after all. */
  async function nothingClosed(
    entry: LockEntry,
    { details, views }: { readonly details: LockDetails; readonly views: readonly LayerView[] },
    holder: Holder,
  ): Promise<never> {
    const lost = layers.flatMap((layer, at) => {
      const view = views[at];
      const mayHold = view?.state === "absent" && view.mayHold && details.layers.includes(layer.name);
      return mayHold ? [{ layer, why: view.why }] : [];
    });
    const [first] = lost;
    if (first !== undefined) throw notDone("on", first.layer, first.why);
    const problems = openOnes(layers, views);
    if (entry.state === "working") await holder.notes.settle(entry.id, "failed", { ...details, problems });
    throw problems.length === 0 ? notInstalled(layers, views) : notClosed(problems);
  }

  /** Whether the lock that is being ended had this layer; one that was never there need not be opened. */
  async function wasUsed(entry: LockEntry, { name }: LockLayer): Promise<boolean> {
    const ons = (await journal.turnedOn()).filter(({ lockId }) => isOf(entry.lockId, lockId));
    return ons.length === 0 || ons.some((on) => detailsOf(on).layers.includes(name));
  }
}

export const NO_LOCAL_MODEL = "There is no local model, so every turn is answered with a notice until there is one.";
export const helpersNotMoved = ({ message }: ClutchError): string =>
  `Helper calls could not be pointed at a local model: ${message}`;

/** An error of somebody who was asked, after which the rest goes on; a lost lease ends everything. */
export const isPassing = (thrown: unknown): thrown is ClutchError =>
  thrown instanceof ClutchError && thrown.code !== "lock_in_progress";

/** Those that hold. */
export const closedOnes = (layers: readonly LockLayer[], views: readonly LayerView[]): LockLayer["name"][] =>
  layers.filter((_, at) => views[at]?.state === "closed").map(({ name }) => name);

const openOnes = (layers: readonly LockLayer[], views: readonly LayerView[]): string[] =>
  layers.flatMap(({ name }, at) => (views[at]?.state === "open" ? [`The ${name} did not close.`] : []));

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

const notDone = (wanted: "on" | "off", { name }: LockLayer, why: string): ClutchError =>
  new ClutchError("not_verified", `Local-only mode is not ${wanted} yet: the ${name} cannot be asked. ${why}`, {
    hint:
      wanted === "off"
        ? "Clutch finishes it as soon as it can; clutch localonly off --force does not wait."
        : "Clutch finishes it as soon as it can.",
  });

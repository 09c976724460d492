import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { formatSlot, patchFor, readSlot, type Slot, type SlotPath, withSlot } from "../openclaw/config-slots.ts";
import type { ConfigSnapshot, OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { Change, ChangeJournal, NewChange } from "../store/change-journal.ts";
import { journalledPatch } from "./journalled-patch.ts";

/** One slot before and after. */
export interface SlotDifference {
  readonly path: SlotPath;
  /** As OpenClaw's documentation writes it. */
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Who changes the configuration, where, and for what: `about` names the purpose, such as `helpers`. */
export interface ConfigChangeContext {
  readonly actor: string;
  readonly about: string;
  readonly place?: string;
  readonly reason?: string;
  /** Names the changes that one command makes together. */
  readonly batch?: string;
}

export interface ConfigUndo {
  readonly undone: readonly SlotDifference[];
  /** What somebody set to something else since, which stays; only where `partly` allows it. */
  readonly kept: readonly SlotDifference[];
}

/**
 * Sets slots of OpenClaw's configuration: shown first, written by a patch that
 * fails where the configuration changed since it was read, read back, journalled,
 * and undone only where nobody changed the slots since. Takes up to 3 s; the
 * gateway allows 30 patches a minute. OpenClaw shows no secrets: a slot counts
 * as holding its secret, and an undo cannot bring a deleted one back. Codes:
 * `changed_meanwhile`, `not_verified`, and the gateway's.
 */
export interface ConfigChanges {
  /** What would change; empty where every slot holds its value already. */
  preview(slots: readonly Slot[]): Promise<readonly SlotDifference[]>;
  apply(slots: readonly Slot[], context: ConfigChangeContext): Promise<readonly SlotDifference[]>;
  /** The latest change for a purpose that can be undone. */
  last(about: string): Promise<Change | undefined>;
  /** What taking back every change for a purpose would do to the configuration as it is. */
  outstanding(about: string): Promise<readonly SlotDifference[]>;
  /** Takes back every change for a purpose, the latest first, and leaves alone what was changed since. */
  undoAll(context: ConfigChangeContext): Promise<ConfigUndo>;
  /** Puts back what stood there. `partly` leaves slots alone that were changed since, instead of refusing. */
  undo(
    change: Change,
    context: Omit<ConfigChangeContext, "about"> & { readonly partly?: boolean },
  ): Promise<ConfigUndo>;
  /** After a crash: settles changes begun more than `olderThanMs` ago by what the configuration says. */
  settleUnfinished(olderThanMs: number): Promise<void>;
}

export function createConfigChanges(parts: {
  readonly openclaw: Pick<OpenClaw, "readConfig" | "patchConfig">;
  readonly registry: Pick<ModelRegistry, "invalidate">;
  readonly journal: ChangeJournal;
  readonly audit: AuditLog;
  /** Epoch ms. */
  readonly clock: () => number;
}): ConfigChanges {
  const { openclaw, journal, audit, clock } = parts;

  const audited = (
    { actor, place, about, reason, undoes }: Pick<Change, "actor" | "place" | "reason" | "undoes"> & { about: string },
    differences: readonly SlotDifference[],
    result: "ok" | "failed",
    code?: string,
  ) =>
    audit.append({
      actor,
      place,
      action: undoes === undefined ? `config.${about}` : "config.undo",
      target: differences.map(({ name }) => name).join(", "),
      from: differences.map(({ before }) => brief(before)).join(", "),
      to: differences.map(({ after }) => brief(after)).join(", "),
      reason,
      result,
      code,
    });

  const write = async (
    snapshot: ConfigSnapshot,
    wanted: readonly Slot[],
    context: ConfigChangeContext,
    undoes?: Change,
  ): Promise<readonly SlotDifference[]> => {
    const differences = differencesIn(snapshot, wanted);
    if (differences.length === 0 && undoes === undefined) return [];
    const change: NewChange = {
      scope: "config",
      target: context.about,
      place: context.place,
      actor: context.actor,
      before: { slots: slotsBefore(differences), absent: absentIn(snapshot.authored, differences) },
      after: { slots: slotsAfter(differences) },
      reason: context.reason,
      undoes: undoes?.id,
      batch: context.batch,
    };
    if (differences.length === 0) {
      await journal.done(await journal.intend(change));
      return [];
    }
    const { patch, replacePaths } = patchFor(snapshot, wanted);
    await journalledPatch(parts, {
      change,
      patch: () => openclaw.patchConfig(patch, snapshot.hash, replacePaths),
      async readBack() {
        const { authored } = await openclaw.readConfig({ timeoutMs: 20_000 });
        const missing = differences.find(({ path, after }) => !holds(readSlot(authored, path), after));
        if (missing !== undefined) return { wrong: notHeld(missing.name) };
        // What OpenClaw made of it is what an undo has to find.
        return { now: { slots: differences.map(({ path }) => ({ path, value: readSlot(authored, path) })) } };
      },
      record: (result, code) => audited({ ...context, undoes: undoes?.id }, differences, result, code),
      made: `It is in OpenClaw's configuration: ${differences.map(({ name }) => name).join(", ")}.`,
    });
    return differences;
  };

  /** In one patch: OpenClaw may restart for the first of several. */
  const takeBack = async (
    made: readonly Change[],
    context: ConfigChangeContext,
    partly = true,
  ): Promise<ConfigUndo> => {
    const snapshot = await openclaw.readConfig();
    const { undoes, back, emptied, kept } = undoing(snapshot.authored, made);
    const [first] = kept;
    if (first !== undefined && !partly) throw setSince(first.name);
    const [latest, ...others] = undoes;
    if (latest === undefined) return { undone: [], kept };
    const noteOthers = async (): Promise<void> => {
      for (const change of others) await write(snapshot, [], context, change);
    };
    const undone = await write(snapshot, [...back, ...emptied], context, latest).catch(async (thrown: unknown) => {
      if (thrown instanceof ClutchError && thrown.code === "not_applied") await noteOthers();
      throw thrown;
    });
    await noteOthers();
    return { undone: undone.filter(({ path }) => back.some((slot) => slot.path === path)), kept };
  };

  return {
    preview: async (slots) => differencesIn(await openclaw.readConfig(), slots),
    apply: async (slots, context) => write(await openclaw.readConfig(), slots, context),
    last: (about) => journal.lastUndoable({ target: about }),

    async outstanding(about) {
      const made = await journal.undoable(about);
      if (made.length === 0) return [];
      const { authored } = await openclaw.readConfig();
      return differencesIn({ authored }, undoing(authored, made).back);
    },

    async undoAll({ about, ...context }) {
      const made = await journal.undoable(about);
      return made.length === 0 ? { undone: [], kept: [] } : takeBack(made, { ...context, about });
    },

    undo: (change, { partly = false, ...context }) => takeBack([change], { ...context, about: change.target }, partly),

    async settleUnfinished(olderThanMs) {
      const begun = (await journal.unfinished()).filter(({ at }) => at <= clock() - olderThanMs);
      for (const { id, scope, target, before, after, actor, place, reason, undoes } of begun) {
        const [former, latter] = [stateSchema.safeParse(before), stateSchema.safeParse(after)];
        if (scope !== "config" || !former.success || !latter.success) continue;
        const { authored } = await openclaw.readConfig();
        const made = latter.data.slots.every(({ path, value }) => holds(readSlot(authored, path), value));
        if (!(await (made ? journal.done(id) : journal.failed(id, "interrupted")))) continue;
        const differences = latter.data.slots.map(({ path, value }) => ({
          path,
          name: formatSlot(path),
          before: formerOf(former.data.slots, path),
          after: value,
        }));
        const context = { actor, about: target, place, reason, undoes };
        await audited(context, differences, made ? "ok" : "failed", made ? undefined : "interrupted");
      }
    },
  };
}

interface Undoing {
  /** The changes of which something can be taken back. */
  readonly undoes: readonly Change[];
  /** What their slots hold then. */
  readonly back: readonly Slot[];
  /** What led to them and is empty then. */
  readonly emptied: readonly Slot[];
  /** What somebody set to something else since. */
  readonly kept: readonly SlotDifference[];
}

/** What taking back changes, the latest first, does to the configuration. */
function undoing(authored: unknown, made: readonly Change[]): Undoing {
  let config = authored;
  const undoes: Change[] = [];
  const [back, emptied, kept]: [Slot[], Slot[], SlotDifference[]] = [[], [], []];
  for (const change of made) {
    const [former, latter] = [stateSchema.safeParse(change.before), stateSchema.safeParse(change.after)];
    if (!former.success || !latter.success) continue;
    const since = latter.data.slots.flatMap(({ path, value }): SlotDifference[] => {
      const now = readSlot(config, path);
      const before = formerOf(former.data.slots, path);
      if (same(now, value) || same(now, before)) return [];
      return [{ path, name: formatSlot(path), before: now, after: before }];
    });
    kept.push(...since);
    if (since.length === latter.data.slots.length) continue;
    const slots = former.data.slots.filter(({ path }) => !holdsPath(since, path));
    const gone = emptiedBy(config, slots, former.data.absent);
    config = [...slots, ...gone].reduce<unknown>(withSlot, config);
    undoes.push(change);
    back.push(...slots);
    emptied.push(...gone);
  }
  const inTheEnd = (slots: readonly Slot[]): Slot[] =>
    onePerPath(slots).map(({ path }) => ({ path, value: readSlot(config, path) }));
  return { undoes, back: inTheEnd(back), emptied: inTheEnd(emptied), kept: onePerPath(kept) };
}

const holdsPath = (slots: readonly { readonly path: SlotPath }[], path: SlotPath): boolean =>
  slots.some((slot) => isDeepStrictEqual(slot.path, path));

const onePerPath = <T extends { readonly path: SlotPath }>(slots: readonly T[]): T[] =>
  slots.filter(({ path }, index) => !holdsPath(slots.slice(0, index), path));

const formerOf = (slots: readonly Slot[], path: SlotPath): unknown =>
  slots.find((slot) => isDeepStrictEqual(slot.path, path))?.value ?? null;

/** The slots that do not hold their value yet. */
function differencesIn({ authored }: Pick<ConfigSnapshot, "authored">, slots: readonly Slot[]): SlotDifference[] {
  const target = slots.reduce<unknown>(withSlot, authored);
  return slots.flatMap(({ path }) => {
    const [before, after] = [readSlot(authored, path), readSlot(target, path)];
    return same(before, after) ? [] : [{ path, name: formatSlot(path), before, after }];
  });
}

const slotsBefore = (differences: readonly SlotDifference[]): Slot[] =>
  differences.map(({ path, before }) => ({ path, value: before })).toReversed();

const slotsAfter = (differences: readonly SlotDifference[]): Slot[] =>
  differences.map(({ path, after }) => ({ path, value: after }));

/** What leads to the slots and is not there yet, innermost first: an undo takes it away again, where nothing else came in. */
function absentIn(authored: unknown, differences: readonly SlotDifference[]): SlotPath[] {
  const parents = differences.flatMap(({ path }) => path.slice(1).map((_, index) => path.slice(0, index + 1)));
  const absent = parents.filter((path) => readSlot(authored, path) === null);
  const unique = absent.filter((path, index) => absent.findIndex((other) => isDeepStrictEqual(other, path)) === index);
  return unique.sort((a, b) => b.length - a.length);
}

function emptiedBy(authored: unknown, slots: readonly Slot[], absent: readonly SlotPath[]): Slot[] {
  let config = slots.reduce<unknown>(withSlot, authored);
  return absent.flatMap((path) => {
    const value = readSlot(config, path);
    if (typeof value !== "object" || value === null) return [];
    if (Object.keys(value).some((key) => key !== "id" || typeof path.at(-1) === "string")) return [];
    const slot = { path, value: null };
    config = withSlot(config, slot);
    return [slot];
  });
}

/** Stands in OpenClaw's answers where a secret is. */
const REDACTED = "__OPENCLAW_REDACTED__";
const redacted = (a: unknown, b: unknown): boolean => [a, b].includes(REDACTED) && a != null && b != null;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function same(a: unknown, b: unknown): boolean {
  if (redacted(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => same(item, b[at]));
  if (!isObject(a) || !isObject(b)) return isDeepStrictEqual(a, b);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(a[key], b[key]));
}

/** As `same`, but OpenClaw may have added keys of its own to what it was given. */
function holds(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted) && Array.isArray(actual))
    return actual.length === wanted.length && wanted.every((item, at) => holds(actual[at], item));
  if (!isObject(wanted) || !isObject(actual)) return same(actual, wanted);
  return Object.entries(wanted).every(([key, value]) => holds(actual[key], value));
}

const pathSchema = z.array(z.union([z.string(), z.object({ id: z.string() })]));
const stateSchema = z.object({
  slots: z.array(z.object({ path: pathSchema, value: z.unknown().transform((value) => value ?? null) })),
  absent: z.array(pathSchema).prefault([]),
});

const notHeld = (name: string): ClutchError =>
  new ClutchError("not_verified", `OpenClaw's configuration does not hold what was written to ${name}.`, {
    hint: "Somebody else may have changed it at the same moment. Try again.",
  });

const setSince = (name: string): ClutchError =>
  new ClutchError(
    "changed_meanwhile",
    `Since that change ${name} was set to something else; undoing would overwrite it.`,
    { hint: "Change it in OpenClaw's configuration." },
  );

function brief(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

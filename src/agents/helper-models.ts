import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { Slot } from "../openclaw/config-slots.ts";
import type { Jobs } from "../openclaw/jobs.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { Change, ChangeJournal } from "../store/change-journal.ts";
import type { ConfigChanges, SlotDifference } from "./config-changes.ts";
import type { Authorship } from "./configured-defaults.ts";
import { type HelperCall, type HelperCalls, type HelperUse, helperCallsOf } from "./helper-calls.ts";
import { type HelperWarning, helperWarnings } from "./helper-warnings.ts";
import { type JobChange, type JobModels, jobStateOf } from "./job-models.ts";

/** One silent call before and after. */
export interface HelperRow {
  readonly kind: HelperCall["kind"];
  readonly name: string;
  readonly before: HelperUse;
  readonly after: HelperUse;
  /**
   * `same`: stood there already. `left`: switched off or impossible, so not
   * touched. `kept`: somebody changed it since, so the undo left it. `failed`:
   * as before. `why` says more of the last three.
   */
  readonly outcome: "changed" | "same" | "left" | "kept" | "failed";
  readonly why: string | undefined;
}

export interface HelperPlan {
  readonly rows: readonly HelperRow[];
  readonly warnings: readonly HelperWarning[];
}

export interface HelperChange extends HelperPlan {
  /** Names what was done, for `undo`; undefined where nothing was, and after an undo. */
  readonly batch: string | undefined;
  /** Why the rows that say `failed` did. What else was done stands and can be undone. */
  readonly failure: ClutchError | undefined;
}

/**
 * The models of the calls that OpenClaw makes by itself: recaps and titles,
 * compaction, heartbeats, memory dreaming and scheduled jobs. Setting and
 * undoing take up to 3 s and some 50 ms for each job. Calls that a person
 * switched off stay off.
 */
export interface HelperModels {
  read(): Promise<readonly HelperCall[]>;
  /** What `set` would do; changes nothing. */
  plan(target: ModelRef | null): Promise<HelperPlan>;
  /**
   * Sends them to one model; null goes back to OpenClaw's own choice. Throws
   * where nothing could be done: `changed_meanwhile`, `not_verified`, and the
   * gateway's codes.
   */
  set(target: ModelRef | null, about: Authorship): Promise<HelperChange>;
  /** The latest change that can be undone; its `batch` is what `undo` takes. */
  last(): Promise<Change | undefined>;
  /** Puts back what a `set` changed, each where it is unchanged since. Codes: `nothing_to_undo`, `changed_meanwhile`, the gateway's. */
  undo(batch: string, about: Authorship): Promise<HelperChange>;
}

/** What these changes are for, in the journal. */
const HELPERS = "helpers";

export function createHelperModels(parts: {
  readonly openclaw: Pick<OpenClaw, "readConfig">;
  readonly jobs: Jobs;
  readonly changes: ConfigChanges;
  readonly jobModels: JobModels;
  readonly registry: Pick<ModelRegistry, "current" | "find">;
  readonly journal: ChangeJournal;
}): HelperModels {
  const { openclaw, jobs, changes, jobModels, registry, journal } = parts;

  const look = async () => {
    const [{ agentIds }, snapshot, listed] = await Promise.all([
      registry.current(),
      openclaw.readConfig(),
      jobs.listJobs(),
    ]);
    return { snapshot, agentIds, found: helperCallsOf(snapshot, listed, { registry, agentIds }) };
  };

  const planFor = async (target: ModelRef | null) => {
    const { snapshot, agentIds, found } = await look();
    const to = target === null ? null : formatModelRef(target);
    const planned = found.calls.map((call): { readonly call: HelperCall; readonly row: HelperRow } => {
      const value = settingOf(call);
      const same = target === null ? value === undefined : found.means(value, target);
      const outcome = call.off !== undefined ? "left" : same ? "same" : "changed";
      const after = outcome === "changed" ? found.withSetting(call, to) : call.now;
      return { call, row: { ...rowOf(call), after, outcome, why: call.off } };
    });
    const changed = planned.flatMap(({ call, row }) => (row.outcome === "changed" ? [call] : []));
    const facts = { calls: found, snapshot, registry, agentIds };
    return { to, planned, changed, warnings: target === null ? [] : helperWarnings(target, changed, facts) };
  };

  return {
    read: async () => (await look()).found.calls,

    async plan(target) {
      const { planned, warnings } = await planFor(target);
      return { rows: planned.map(({ row }) => row), warnings };
    },

    async set(target, about) {
      const { to, planned, changed, warnings } = await planFor(target);
      const batch = changed.length === 0 ? undefined : randomUUID();
      const context = { ...about, about: HELPERS, ...(batch === undefined ? {} : { batch }) };
      await changes.apply(slotsFor(changed, to), context);
      const failures = await jobModels.set(
        changed.flatMap(({ at }) => ("job" in at ? [{ job: at.job, to }] : [])),
        context,
      );
      const [failure] = failures.values();
      if (failure !== undefined && failures.size === changed.length) throw failure;
      const rows = planned.map(({ call, row }) => {
        const error = "job" in call.at ? failures.get(call.at.job.id) : undefined;
        return error === undefined ? row : failedRow(row, error);
      });
      return { rows, warnings, batch, failure };
    },

    last: () => journal.lastUndoable({ target: HELPERS }),

    async undo(batch, about) {
      const entries = (await journal.inBatch(batch))
        .filter(({ state, undoneBy, undoes }) => state === "done" && undoneBy === undefined && undoes === undefined)
        .toReversed();
      if (entries.length === 0) {
        throw new ClutchError("nothing_to_undo", "No change of these calls' models is left to undo.");
      }
      const { found } = await look();
      const rows = new Map<HelperCall, HelperRow>();
      const gone: HelperRow[] = [];
      const back: JobChange[] = [];
      let anyBack = false;
      for (const entry of entries) {
        const [former, latter] = [jobStateOf(entry.before), jobStateOf(entry.after)];
        if (former === undefined || latter === undefined) {
          const { undone, kept } = await changes.undo(entry, { ...about, partly: true });
          anyBack ||= undone.length > 0;
          for (const call of found.calls) {
            const slot = undone.find(isAt(call));
            if (slot !== undefined) rows.set(call, changedRow(found, call, slot.after));
            else if (kept.some(isAt(call))) rows.set(call, keptRow(call));
          }
          continue;
        }
        const call = found.calls.find(isOf(former.id));
        if (call === undefined || !("job" in call.at)) gone.push(goneRow(former.name));
        else if ([former.model, latter.model].includes(settingOf(call) ?? null))
          back.push({ job: call.at.job, to: former.model, undoes: entry });
        else rows.set(call, keptRow(call));
      }
      const failures = await jobModels.set(back, { ...about, about: HELPERS });
      for (const { job, to } of back) {
        const error = failures.get(job.id);
        anyBack ||= error === undefined;
        for (const call of found.calls.filter(isOf(job.id))) {
          const row = changedRow(found, call, to);
          rows.set(call, error === undefined ? row : failedRow(row, error));
        }
      }
      const [failure] = failures.values();
      if (!anyBack) throw failure ?? allKept();
      const ordered = found.calls.flatMap((call) => rows.get(call) ?? []);
      return { rows: [...ordered, ...gone], warnings: [], batch: undefined, failure };
    },
  };
}

const settingOf = ({ at }: HelperCall): string | undefined => ("job" in at ? at.job.model : at.slot.value);

const isAt =
  ({ at }: HelperCall) =>
  ({ path }: SlotDifference): boolean =>
    "slot" in at && isDeepStrictEqual(at.slot.path, path);

const isOf =
  (jobId: string) =>
  ({ at }: HelperCall): boolean =>
    "job" in at && at.job.id === jobId;

const rowOf = ({ kind, name, now }: HelperCall): HelperRow => ({
  kind,
  name,
  before: now,
  after: now,
  outcome: "same",
  why: undefined,
});

const changedRow = ({ withSetting }: HelperCalls, call: HelperCall, to: unknown): HelperRow => ({
  ...rowOf(call),
  after: withSetting(call, typeof to === "string" ? to : null),
  outcome: "changed",
});

const failedRow = (row: HelperRow, { message }: ClutchError): HelperRow => ({
  ...row,
  after: row.before,
  outcome: "failed",
  why: message,
});

const keptRow = (call: HelperCall): HelperRow => ({
  ...rowOf(call),
  outcome: "kept",
  why: "set to something else since",
});

function goneRow(name: string): HelperRow {
  const gone: HelperUse = { text: "nothing", model: undefined, locality: undefined };
  return { kind: "job", name: `Job “${name}”`, before: gone, after: gone, outcome: "kept", why: "the job is gone" };
}

const slotsFor = (changed: readonly HelperCall[], to: string | null): Slot[] =>
  changed.flatMap(({ at }) =>
    "job" in at ? [] : [...(to === null ? [] : at.slot.beside(to)), { path: at.slot.path, value: to }],
  );

const allKept = (): ClutchError =>
  new ClutchError("changed_meanwhile", "All of these calls were set to something else since; nothing was undone.", {
    hint: "Set them again with /model NAME scope:helpers.",
  });

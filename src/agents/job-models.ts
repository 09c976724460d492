import { z } from "zod";
import { ClutchError, toClutchError } from "../errors.ts";
import type { Job, Jobs } from "../openclaw/jobs.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { Change, ChangeJournal, ChangeState } from "../store/change-journal.ts";

export interface JobChange {
  readonly job: Job;
  /** Null lets the job follow its agent. */
  readonly to: string | null;
  /** The change that this one takes back. */
  readonly undoes?: Change;
}

export interface JobChangeContext {
  /** Target in the journal: what the change is for. */
  readonly about: string;
  readonly actor: string;
  readonly place?: string;
  readonly reason?: string;
  readonly batch?: string;
}

/** Which job a journalled change was of, and what it named. */
export interface JobState {
  readonly id: string;
  readonly name: string;
  readonly model: string | null;
}

/** Sets the models of scheduled jobs, journalled and read back. Each takes some 50 ms and may fail by itself. */
export interface JobModels {
  /** Why those failed that did, by the job's id: `not_verified`, or the gateway's codes. */
  set(wanted: readonly JobChange[], context: JobChangeContext): Promise<ReadonlyMap<string, ClutchError>>;
  /** After a crash: settles changes begun more than `olderThanMs` ago by what the jobs say. */
  settleUnfinished(olderThanMs: number): Promise<void>;
}

export function createJobModels(parts: {
  readonly jobs: Jobs;
  readonly journal: ChangeJournal;
  readonly audit: AuditLog;
  /** Epoch ms. */
  readonly clock: () => number;
}): JobModels {
  const { jobs, journal, audit, clock } = parts;
  const modelsNow = async (): Promise<ReadonlyMap<string, string | null>> =>
    new Map((await jobs.listJobs()).map(({ id, model }) => [id, model ?? null]));

  return {
    async set(wanted, { about, actor, place, reason, batch }) {
      const failures = new Map<string, ClutchError>();
      const begun: (JobChange & { readonly entry: number })[] = [];
      for (const change of wanted) {
        const { job, to, undoes } = change;
        const entry = await journal.intend({
          scope: "config",
          target: about,
          place,
          actor,
          before: stateOf(job, job.model ?? null),
          after: stateOf(job, to),
          reason,
          undoes: undoes?.id,
          batch,
        });
        begun.push({ ...change, entry });
        try {
          await jobs.setJobModel(job, to);
        } catch (thrown) {
          failures.set(job.id, toClutchError(thrown));
        }
      }
      if (begun.length === 0) return failures;

      // Where an answer was lost, the list says whether the change was made.
      const now = await modelsNow().catch(toClutchError);
      if (now instanceof ClutchError) {
        // Left as intended: settleUnfinished decides when the gateway is back.
        return new Map(begun.map(({ job }) => [job.id, failures.get(job.id) ?? now]));
      }
      for (const { entry, job, to, undoes } of begun) {
        if (now.get(job.id) === to) failures.delete(job.id);
        else if (!failures.has(job.id)) failures.set(job.id, notHeld(job));
        const code = failures.get(job.id)?.code;
        await (code === undefined ? journal.done(entry) : journal.failed(entry, code));
        await audit.append({
          actor,
          place,
          action: undoes === undefined ? "job.model" : "job.undo",
          target: job.name,
          from: job.model ?? "nothing",
          to: to ?? "nothing",
          reason,
          result: code === undefined ? "ok" : "failed",
          code,
        });
      }
      return failures;
    },

    async settleUnfinished(olderThanMs) {
      const begun = (await journal.unfinished()).flatMap(({ id, at, after }) => {
        const state = jobStateOf(after);
        return at <= clock() - olderThanMs && state !== undefined ? [{ entry: id, state }] : [];
      });
      if (begun.length === 0) return;
      const now = await modelsNow();
      for (const { entry, state } of begun) {
        await (now.get(state.id) === state.model ? journal.done(entry) : journal.failed(entry, "interrupted"));
      }
    },
  };
}

const stateSchema = z.object({
  job: z.object({ id: z.string(), name: z.string(), model: z.string().nullable() }),
});

/** Undefined for changes of something else. */
export const jobStateOf = (state: ChangeState): JobState | undefined => stateSchema.safeParse(state).data?.job;

const stateOf = ({ id, name }: Job, model: string | null): z.infer<typeof stateSchema> => ({
  job: { id, name, model },
});

const notHeld = ({ name }: Job): ClutchError =>
  new ClutchError("not_verified", `The job “${name}” does not use what was written to it.`, {
    hint: "Somebody else may have changed it at the same moment. Try again.",
  });

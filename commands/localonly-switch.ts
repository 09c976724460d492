import { formatDailyTimes, parseDailyTimes } from "../src/local-only/daily-times.ts";
import type { LocalOnly, LockRequest, LockResult } from "../src/local-only/local-only.ts";
import type { LockStatus, Verification } from "../src/local-only/lock-status.ts";
import type { AccessLevel, OptionValues, Reply } from "./command.ts";
import { parseDuration } from "./duration.ts";
import { conversations, statusCard, verificationCard } from "./localonly-card.ts";
import { isInOrder, offQuestion, onQuestion } from "./localonly-questions.ts";

/** What the lock needs to know of whoever turns it, in a chat or at a command line. */
export interface LockContext {
  readonly localOnly: LocalOnly;
  /** Checked by `checkLockOptions`. */
  readonly options: OptionValues;
  /** `platform:user`. */
  readonly actor: string;
  /** Session key of the conversation in which it was typed. */
  readonly place: string | undefined;
  readonly level: AccessLevel;
  /** The person said yes to the question. */
  readonly confirmed: boolean;
  /** Epoch ms. */
  readonly clock: () => number;
  /** Told in a few words what is being done. */
  readonly onStep: (step: string) => void;
}

/** A reply, and what it was made from. */
export interface LockReply extends Reply {
  readonly status?: LockStatus;
  readonly verification?: Verification;
  readonly notes?: readonly string[];
}

/** Shows, turns or tries the lock, as `action` says. Throws the codes of `LocalOnly`, and `bad_option`. */
export async function runLock(context: LockContext): Promise<LockReply> {
  const { action, daily } = context.options;
  if (action === "verify") return verify(context);
  if (action === "off") return turnOff(context);
  if (action === "on") return daily === undefined ? turnOn(context) : setDaily(context, dailyOf(daily));
  return { ...settled(context, await context.localOnly.status()), visibility: "private" };
}

async function verify({ localOnly, onStep }: LockContext): Promise<LockReply> {
  const verification = await localOnly.verify(onStep);
  return { card: verificationCard(verification), verification, visibility: "private" };
}

async function turnOn(context: LockContext): Promise<LockReply> {
  const { localOnly, options, confirmed } = context;
  const forMs = durationOf(options);
  const status = await localOnly.status();
  if (isInOrder(status) && forMs === undefined) return unchanged(context, status);
  const question = onQuestion(status, options, forMs);
  if (!confirmed) return asks(question, status);
  return switched(context, await localOnly.turnOn({ ...requestOf(context), forMs }));
}

async function turnOff(context: LockContext): Promise<LockReply> {
  const { localOnly, options, confirmed } = context;
  const forMs = durationOf(options);
  const status = await localOnly.status();
  if (status.enforcement === "off") return unchanged(context, status);
  const written = (await localOnly.writtenWhileOn()).sessionKeys.length;
  if (!confirmed) return asks(offQuestion(status, options, forMs, written), status);
  const restore = options["restore"] === "others" ? "others" : "all";
  const result = await localOnly.turnOff({ ...requestOf(context), restore, forMs });
  const waiting = result.status.kept.filter(({ why }) => why === "unreleased").length;
  const all = "Every conversation goes to its own model again";
  return switched(context, result, [
    ...(restore === "others"
      ? []
      : [
          written === 0
            ? `${all}.`
            : `${all}, also ${conversations(written)} with text that was written while it was on.`,
        ]),
    ...(waiting === 0
      ? []
      : [
          `${conversations(waiting)} with text that was written while it was on ${waiting === 1 ? "stays" : "stay"} local until released: /localonly release there, or /localonly release all.`,
        ]),
  ]);
}

/** Undefined ends the daily times, which takes no question. */
async function setDaily(context: LockContext, times: string | undefined): Promise<LockReply> {
  const { localOnly, options, confirmed } = context;
  if (times !== undefined) {
    const status = await localOnly.status();
    const question = onQuestion(status, { ...options, daily: times }, undefined);
    if (!confirmed) return asks(question, status);
  }
  const after = await localOnly.setDaily(times, requestOf(context));
  const lead =
    times === undefined ? "The daily times are ended; now it stays as it is." : `From now on: daily, ${times}.`;
  return { ...settled(context, after, [lead]), visibility: "public" };
}

const asks = (card: Reply["card"], status: LockStatus): LockReply => ({
  card,
  status,
  needsConfirmation: true,
  visibility: "private",
});

const unchanged = (context: LockContext, status: LockStatus): LockReply => ({
  ...settled(context, status, ["It was so already; nothing was changed."]),
  visibility: "private",
});

function switched(
  context: LockContext,
  { changed, status, notes }: LockResult,
  lead: readonly string[] = [],
): LockReply {
  if (!changed) return { ...unchanged(context, status), notes };
  const reply = settled(context, status, [...notes, ...lead]);
  const card: Reply["card"] = reply.card.tone === "info" ? { ...reply.card, tone: "success" } : reply.card;
  return { ...reply, card, notes, visibility: "public" };
}

const settled = ({ level, clock }: LockContext, status: LockStatus, lead: readonly string[] = []) => ({
  card: statusCard(status, { level, now: clock(), lead }),
  status,
});

const dailyOf = (times: string): string | undefined =>
  times.toLowerCase() === "never" ? undefined : formatDailyTimes(parseDailyTimes(times));

const durationOf = ({ for: length }: OptionValues): number | undefined =>
  length === undefined ? undefined : parseDuration(length);

const requestOf = ({ actor, place, options, onStep }: LockContext): LockRequest => ({
  actor,
  place,
  reason: options["reason"],
  onStep,
});

import { setTimeout as sleep } from "node:timers/promises";
import type { Act, Progress, Seat } from "./seats.ts";

/** How something that a person did came out. */
export type Fate = "answered" | "undelivered" | "lost";

/** What became of everything that was sent. */
export interface Tally {
  sent: number;
  readonly fates: Record<Fate, number>;
  /** From sending until the answer stood there, ms, of what was answered. */
  readonly times: number[];
  /** Error codes of cards. */
  readonly codes: Map<string, number>;
  /** What was lost, in words. */
  readonly losses: string[];
  /** Nobody was free to send it. */
  held: number;
}

export interface Outcome {
  readonly person: string;
  readonly title: string;
  readonly code?: string | undefined;
}

/** Seats of one platform. What is sent, is followed until it is answered, or lost for good. */
export interface Crowd {
  readonly tally: Tally;
  send(act: Act): void;
  /** An outcome that Clutch says it has given to this person. */
  heard(outcome: Outcome): void;
  /** From now until `sleepMs` later the platform delivers nothing reliably. */
  cut(): void;
  /** Resolves when nothing is open any more; tells now and then what is. */
  idle(tell: (waitingFor: string) => void): Promise<void>;
  stop(): void;
}

interface Open {
  readonly seat: Seat;
  readonly what: string;
  readonly at: number;
  readonly look: () => Progress;
  outcome: Outcome | undefined;
}

/** After this an answer will not come, ms: commands end after 60 s, and Clutch waits for platforms a while. */
const LOST_MS = 150_000;
/** A platform that was cut brings nothing that was sent so long before or after, ms. */
const CUT_BEFORE_MS = 4_000;
const CUT_AFTER_MS = 20_000;
/** Once in 20 s. */
const LOOKS_BETWEEN_WORDS = 400;
/** Said by adapters to a press or a menu that came too late for its card. */
const NOTHING_DONE = /nothing was done|no longer works|not good any more|not confirmed/i;

/** What is left where marks, escapes and line breaks are taken away, which platforms set in their own ways. */
const letters = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, "");

export function createCrowd(seats: readonly Seat[]): Crowd {
  const tally: Tally = {
    sent: 0,
    fates: { answered: 0, undelivered: 0, lost: 0 },
    times: [],
    codes: new Map(),
    losses: [],
    held: 0,
  };
  const free = [...seats];
  const open = new Set<Open>();
  const cuts: number[] = [];

  const wasCut = (at: number): boolean =>
    cuts.some((moment) => at > moment - CUT_BEFORE_MS && at < moment + CUT_AFTER_MS);
  const close = (one: Open, fate: Fate, why = ""): void => {
    open.delete(one);
    one.seat.clear();
    free.push(one.seat);
    tally.fates[fate] += 1;
    if (fate === "answered") tally.times.push(performance.now() - one.at);
    if (fate === "lost") tally.losses.push(`${new Date().toISOString()} ${one.seat.platform} “${one.what}” ${why}`);
    const code = one.outcome?.code;
    if (code !== undefined) tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
  };
  const isAnswer = (says: string, outcome: Outcome | undefined): boolean =>
    NOTHING_DONE.test(says) || (outcome !== undefined && letters(says).includes(letters(outcome.title).slice(0, 40)));

  const look = (): void => {
    const now = performance.now();
    for (const one of open) {
      const { acked, says, bare } = one.look();
      if (acked === false) close(one, wasCut(one.at) ? "undelivered" : "lost", "was never acknowledged");
      else if (bare && acked === true) close(one, "answered");
      else if (says !== undefined && isAnswer(says, one.outcome)) close(one, "answered");
      else if (now - one.at > LOST_MS) {
        const shown = says === undefined ? "nothing is shown" : `shown is “${says.slice(0, 80)}”`;
        close(one, "lost", `(acknowledged: ${acked}; outcome: ${one.outcome?.title ?? "none"}; ${shown})`);
      }
    }
  };
  const timer = setInterval(look, 20);

  return {
    tally,
    send(act) {
      // Whoever has waited longest for a turn comes first, so that a card keeps its buttons for a while.
      const seat = free.shift();
      if (seat === undefined) {
        tally.held += 1;
        return;
      }
      tally.sent += 1;
      const what = act.kind === "line" ? act.line : act.kind === "press" ? "a button" : `completing ${act.typed}`;
      open.add({ seat, what, at: performance.now(), look: seat.act(act), outcome: undefined });
    },
    heard(outcome) {
      for (const one of open) if (one.seat.person === outcome.person) one.outcome = outcome;
    },
    cut: () => void cuts.push(performance.now()),
    async idle(tell) {
      for (let looks = 1; open.size > 0; looks += 1) {
        await sleep(50);
        const [one] = open;
        if (one === undefined || looks % LOOKS_BETWEEN_WORDS !== 0) continue;
        const { acked, says } = one.look();
        const { platform, person } = one.seat;
        tell(
          `${open.size} open, such as “${one.what}” of ${platform}:${person} (acknowledged: ${acked}; outcome: ${one.outcome?.title ?? "none"}; shown: ${says?.slice(0, 120) ?? "nothing"})`,
        );
      }
    },
    stop: () => clearInterval(timer),
  };
}

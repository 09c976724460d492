import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { ExpiringStore } from "../src/store/expiring-store.ts";
import type { OptionValues, Person } from "./command.ts";

/** What a button stands for. It lives in the store: the button itself carries an opaque id alone. */
export interface SealedAction {
  readonly line: string;
  readonly options?: OptionValues;
  /** The press is the yes to a question; only the person who was asked may give it. */
  readonly confirms: boolean;
  /** Who was answered with the card, as `platform:id`. */
  readonly actor: string;
  /** Where the card stands, as an adapter names it; a press from elsewhere is refused. */
  readonly place: string;
}

export type OpenedAction =
  | { readonly kind: "ok"; readonly action: SealedAction }
  /** Unknown, expired, used already, or made up. */
  | { readonly kind: "gone" }
  /** A confirmation that another person was asked for. */
  | { readonly kind: "not_yours"; readonly actor: string };

/** What platforms keep in the store. Access is checked anew by the dispatcher, for the person who presses. */
export interface ActionStore {
  /** The button's id: 24 URL-safe characters that say nothing. */
  seal(action: SealedAction): Promise<string>;
  /** What a press means. A confirmation is used up by this: a replayed press is `gone`. */
  open(id: string, person: Person, place: string): Promise<OpenedAction>;
  /**
   * False where this delivery of a platform was claimed within the last 10 minutes, by
   * this process or by one before it. True as well where the store cannot be used: a
   * command is not held back for that, so an adapter remembers besides what it took.
   */
  claim(delivery: string): Promise<boolean>;
}

const LIFETIME_MS = 24 * 60 * 60_000;
/** A question is about things as they stood: it is not to be answered the next day. */
const QUESTION_LIFETIME_MS = 10 * 60_000;

/** Twice as long as a captured request of Slack's stays good. */
const DELIVERY_MS = 10 * 60_000;

const sealed = z.object({
  line: z.string(),
  options: z.record(z.string(), z.string()).optional(),
  confirms: z.boolean(),
  actor: z.string(),
  place: z.string(),
});

/** For cards that are drawn again and again: a button that comes again is the same one. */
export function sealOnce(actions: ActionStore): ActionStore {
  const known = new Map<string, Promise<string>>();
  return {
    ...actions,
    seal(action) {
      const key = JSON.stringify(action);
      const id = known.get(key) ?? actions.seal(action);
      known.set(key, id);
      return id;
    },
  };
}

/** Of buttons that the store did not take; the oldest go first. */
const MOST_UNKEPT = 1_000;

/**
 * What the store does not take, as on a full disk, is remembered until the process
 * ends: an answer is not held back for its buttons.
 */
export function createActionStore(store: ExpiringStore): ActionStore {
  const unkept = new Map<string, { readonly action: SealedAction; readonly until: number }>();

  const find = async (id: string): Promise<unknown> => {
    const found = unkept.get(id);
    if (found === undefined) return store.get(id);
    return performance.now() < found.until ? found.action : undefined;
  };

  return {
    async seal(action) {
      const id = randomBytes(18).toString("base64url");
      const lifetime = action.confirms ? QUESTION_LIFETIME_MS : LIFETIME_MS;
      try {
        await store.set(id, action, lifetime);
      } catch {
        // The store has told its own watchers what is wrong with it.
        unkept.set(id, { action, until: performance.now() + lifetime });
        const [oldest] = unkept.keys();
        if (unkept.size > MOST_UNKEPT && oldest !== undefined) unkept.delete(oldest);
      }
      return id;
    },
    async open(id, person, place) {
      if (!/^[\w-]{24}$/.test(id)) return { kind: "gone" };
      const parsed = sealed.safeParse(await find(id));
      if (!parsed.success || parsed.data.place !== place) return { kind: "gone" };
      const { options, ...rest } = parsed.data;
      const action: SealedAction = options === undefined ? rest : { ...rest, options };
      if (!action.confirms) return { kind: "ok", action };
      if (action.actor !== `${person.platform}:${person.id}`) return { kind: "not_yours", actor: action.actor };
      return unkept.delete(id) || (await store.delete(id)) ? { kind: "ok", action } : { kind: "gone" };
    },
    async claim(delivery) {
      // No button's id looks like this.
      const key = `delivery:${delivery}`;
      try {
        if (await store.has(key)) return false;
        await store.set(key, true, DELIVERY_MS);
      } catch {
        // The store has told its own watchers what is wrong with it.
      }
      return true;
    },
  };
}

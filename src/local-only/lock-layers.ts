import { ClutchError } from "../errors.ts";
import type { GuardClient, GuardRules } from "../openclaw/guard-client.ts";
import type { WallClient } from "../wall/wall-client.ts";
import type { WallRules } from "../wall/wall-rules.ts";

export interface LayerRules {
  readonly guard: GuardRules;
  readonly wall: WallRules;
}

export type LayerView =
  | {
      readonly state: "closed" | "open";
      /** Of the closing that holds, or of the one that was ended last. */
      readonly id: string;
      /** Since when, epoch ms; 0 where it is not known. */
      readonly at: number;
      /** Why its file cannot be believed; it is closed then. */
      readonly damage: string | undefined;
      /** Another one after each of its restarts, where it tells. */
      readonly life?: string | undefined;
      /** OpenClaw passes it by on the way to its own machine (`proxy.loopbackMode`), or may do so. */
      readonly sparesLoopback?: boolean;
      /** When the last call to the cloud began that it saw and could not stop: epoch ms, by the gateway's clock. */
      readonly escapedAt?: number | undefined;
    }
  | {
      readonly state: "absent";
      /** Why, in one sentence. */
      readonly why: string;
      /** It cannot be asked and may be closed all the same: by its file it is so again as soon as it is back. */
      readonly mayHold: boolean;
      /** The id of a closing that it keeps although nothing goes through it. */
      readonly closedAs?: string | undefined;
    };

/**
 * A means of enforcing the lock that has a state of its own on a disk and goes on
 * without Clutch. Closing and opening may be repeated; an id that was opened is
 * spent. Codes: `changed_meanwhile` where another closing holds or this one was
 * ended, and those of its client.
 */
export interface LockLayer {
  readonly name: "guard" | "wall";
  look(): Promise<LayerView>;
  close(id: string, rules: LayerRules): Promise<void>;
  open(id: string): Promise<void>;
}

export function guardLayer(guard: GuardClient): LockLayer {
  return {
    name: "guard",
    async look() {
      const status = await guard.status();
      if (status === undefined) {
        return {
          state: "absent",
          why: "It is not installed in this OpenClaw; clutch guard install does that.",
          mayHold: false,
        };
      }
      const { on, id, at, damage } = status.state;
      if (!status.mayHear) {
        return {
          state: "absent",
          why: "OpenClaw does not let it hear of turns (hooks.allowConversationAccess); clutch guard install mends that.",
          mayHold: false,
          closedAs: on ? id : undefined,
        };
      }
      const escapedAt = status.escapes.at(-1)?.at;
      return { state: on ? "closed" : "open", id, at, damage, life: status.life, escapedAt };
    },
    close: async (id, rules) => void (await guard.on(id, rules.guard)),
    open: async (id) => void (await guard.off(id)),
  };
}

/**
 * `usedProxy` gives what OpenClaw sends its traffic through, as far as anybody can
 * tell; while the gateway is away nobody can, and the wall is taken at its word.
 */
export function wallLayer(wall: WallClient, usedProxy: () => Promise<UsedProxy>): LockLayer {
  return {
    name: "wall",
    async look() {
      const [status, used] = await Promise.all([
        wall.status(),
        usedProxy().catch((thrown: unknown) => {
          if (thrown instanceof ClutchError) return undefined;
          throw thrown;
        }),
      ]);
      if (status === undefined) {
        return {
          state: "absent",
          why:
            used?.enabled === false
              ? "It is not installed; clutch wall install does that."
              : "OpenClaw is told to use a proxy, and no wall runs here: clutch wall status says more.",
          mayHold: used?.enabled !== false,
        };
      }
      const { closed, id, at, damage } = status;
      const life = String(status.startedAt);
      const unused = (why: string): LayerView => ({
        state: "absent",
        why,
        mayHold: false,
        closedAs: closed ? id : undefined,
      });
      if (used?.enabled === false) {
        return unused("It runs, but OpenClaw is not pointed at it; clutch wall install does that.");
      }
      if (used?.address !== undefined && used.address !== status.listen) {
        return unused(`It runs at ${status.listen}, but OpenClaw uses another proxy.`);
      }
      return { state: closed ? "closed" : "open", id, at, damage, life, sparesLoopback: sparesLoopback(used) };
    },
    close: async (id, rules) => void (await wall.close(id, rules.wall)),
    open: async (id) => void (await wall.open(id)),
  };
}

export interface UsedProxy {
  readonly enabled: boolean;
  /** `host:port`; undefined where OpenClaw does not tell. */
  readonly address?: string | undefined;
  readonly loopbackMode?: string | undefined;
}

/** By default OpenClaw goes to its own machine directly (security/network-proxy of its documentation). */
export const sparesLoopback = (used: UsedProxy | undefined): boolean =>
  used?.loopbackMode !== "proxy" && used?.loopbackMode !== "block";

/** Looks without failing: a layer that cannot be asked is absent, and the reason says so. */
export async function lookAt(layer: LockLayer): Promise<LayerView> {
  try {
    return await layer.look();
  } catch (thrown) {
    if (!(thrown instanceof ClutchError)) throw thrown;
    return { state: "absent", why: thrown.message, mayHold: true };
  }
}

/** Of all that are closed; 0 where nothing escaped. */
export const lastEscape = (views: readonly LayerView[]): number =>
  Math.max(0, ...views.map((view) => (view.state === "closed" ? (view.escapedAt ?? 0) : 0)));

/** Whether what OpenClaw reaches on its own machine is held, by a wall that it goes through for that as well. */
export const holdsLoopback = (layers: readonly LockLayer[], views: readonly LayerView[]): boolean =>
  layers.some(({ name }, at) => {
    const view = views[at];
    return name === "wall" && view?.state === "closed" && view.sparesLoopback !== true;
  });

/** An id of a lock, or of a later closing of a layer under the same lock. */
export const isOf = (id: string, lockId: string): boolean => id === lockId || id.startsWith(`${lockId}~`);

/** Whether it is closed, even where that holds nothing. */
export const isShut = (view: LayerView | undefined): boolean =>
  view !== undefined && (view.state === "closed" || (view.state === "absent" && view.closedAs !== undefined));

/** The id under which a layer is to be closed: the lock's own, or the next one where somebody spent it. */
export function closingId(view: LayerView, lockId: string): string {
  if (view.state === "absent" || !isOf(view.id, lockId)) return lockId;
  if (view.state === "closed") return view.id;
  const count = Number(view.id.slice(lockId.length + 1));
  return `${lockId}~${Number.isSafeInteger(count) ? count + 1 : 1}`;
}

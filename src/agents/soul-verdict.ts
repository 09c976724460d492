import { isDeepStrictEqual } from "node:util";
import type { ChangeState } from "../store/change-journal.ts";
import type { MirroredSoul } from "../store/souls.ts";

/** A declared default with full model refs, and the hash of how it is written in the file. */
export interface WantedDefault {
  readonly model: string;
  /** Undefined leaves those that stand in the configuration. */
  readonly fallbacks: readonly string[] | undefined;
  readonly hash: string;
}

export type Verdict =
  | {
      readonly kind: "leave";
      readonly state: "none" | "in-step" | "drift";
      /** What to know from now on; null for nothing. */
      readonly memory: MirroredSoul | null;
    }
  | {
      readonly kind: "write";
      readonly state: "mirrored" | "restored";
      readonly to: ChangeState;
      readonly memory: MirroredSoul | null;
      /** Somebody's own choice is replaced, because the file was edited after it. */
      readonly replacesChoice: boolean;
    };

/**
 * What to do about an agent's default, given what its SOUL.md declares (undefined:
 * no model), what stands in the configuration, and what Clutch mirrored before.
 * What stands there is Clutch's own only while it is what Clutch mirrored; anything
 * else is somebody's choice, which only a later edit of the declaration replaces.
 */
export function judgeSoul(
  wanted: WantedDefault | undefined,
  standing: ChangeState,
  known: MirroredSoul | undefined,
): Verdict {
  const isOwn = known !== undefined && isDeepStrictEqual(standing, known.mirrored);
  if (wanted === undefined) {
    if (!isOwn || isDeepStrictEqual(standing, known.former)) return { kind: "leave", state: "none", memory: null };
    return { kind: "write", state: "restored", to: known.former, memory: null, replacesChoice: false };
  }

  const former = known === undefined ? standing : known.former;
  const mirrored = defaultFor(wanted, former);
  const { hash } = wanted;
  if (isDeepStrictEqual(standing, mirrored)) {
    return { kind: "leave", state: "in-step", memory: { hash, mirrored, former } };
  }
  if (isOwn) {
    return {
      kind: "write",
      state: "mirrored",
      to: mirrored,
      memory: { hash, mirrored, former },
      replacesChoice: false,
    };
  }
  if (known?.hash === hash) return { kind: "leave", state: "drift", memory: known };
  const to = defaultFor(wanted, standing);
  return {
    kind: "write",
    state: "mirrored",
    to,
    memory: { hash, mirrored: to, former: standing },
    // Without a hash the write that this one repeats was interrupted.
    replacesChoice: known !== undefined && known.hash !== "",
  };
}

/** Keys of an agent's `model` that the file says nothing about, such as its fallbacks, stay as they were. */
function defaultFor({ model, fallbacks }: WantedDefault, base: ChangeState): ChangeState {
  const named = fallbacks === undefined ? {} : { fallbacks };
  if (base !== null && typeof base === "object") return { ...base, primary: model, ...named };
  return fallbacks === undefined ? model : { primary: model, fallbacks };
}

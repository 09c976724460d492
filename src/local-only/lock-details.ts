import { z } from "zod";
import type { LockEntry } from "../store/lock-journal.ts";
import type { LayerView, LockLayer } from "./lock-layers.ts";
import type { Verification } from "./lock-status.ts";

/** What an entry of the journal remembers beside who, when and why. */
export interface LockDetails {
  /** The layers that hold, or that may: each is written down before it is closed. */
  readonly layers: readonly LockLayer["name"][];
  readonly verification?: Verification | undefined;
  /** The layers that held while that was proved; one that came later proves nothing yet. */
  readonly proved: readonly LockLayer["name"][];
  /** In which of its lives each of them was, by name, where it tells. */
  readonly provedIn: Readonly<Record<string, string>>;
  /** Why something of it is not as it should be. */
  readonly problems: readonly string[];
  /** Calls that escaped until then were seen to when it was turned on: epoch ms, by the gateway's clock. */
  readonly escapedUntil: number;
  /** The daily times turned it on, so they may turn it off. */
  readonly bySchedule: boolean;
  /** When it is to end by itself, epoch ms, and who wanted that. */
  readonly until?: { readonly at: number; readonly actor: string } | undefined;
  /** Whether conversations stay local that hold text of the locked time, where it was turned off. */
  readonly restore: "all" | "others";
  /** Those conversations. */
  readonly keep: readonly string[];
  /** By force: it waits for nobody. */
  readonly forced: boolean;
  /** Layers that were not there to be opened: where one comes back closed by this lock, it is opened. */
  readonly left: readonly LockLayer["name"][];
  /** The helper calls' settings were put back, or were never changed. */
  readonly helpersRestored: boolean;
  /** What somebody had changed meanwhile and therefore stays. */
  readonly stays: readonly string[];
}

export const NO_DETAILS: LockDetails = {
  layers: [],
  proved: [],
  provedIn: {},
  problems: [],
  escapedUntil: 0,
  bySchedule: false,
  restore: "all",
  keep: [],
  forced: false,
  left: [],
  helpersRestored: false,
  stays: [],
};

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
  proved: z.array(z.enum(["guard", "wall"])).catch([]),
  provedIn: z.record(z.string(), z.string()).catch({}),
  problems: z.array(z.string()).catch([]),
  escapedUntil: z.number().catch(0),
  bySchedule: z.boolean().catch(false),
  until: z.object({ at: z.number(), actor: z.string() }).optional().catch(undefined),
  restore: z.enum(["all", "others"]).catch("all"),
  keep: z.array(z.string()).catch([]),
  forced: z.boolean().catch(false),
  left: z.array(z.enum(["guard", "wall"])).catch([]),
  helpersRestored: z.boolean().catch(false),
  stays: z.array(z.string()).catch([]),
});

/** Whether what these layers hold was tried, and none of them was away since. */
export const isProvedOf = ({ verification, proved }: LockDetails, held: readonly LockLayer["name"][]): boolean =>
  verification !== undefined && held.every((name) => proved.includes(name));

/** The layers that were proved and hold, none of which was away or began anew since. */
export const stillProved = (
  { proved, provedIn }: LockDetails,
  layers: readonly LockLayer[],
  views: readonly LayerView[],
): LockDetails["proved"] =>
  layers.flatMap(({ name }, at) => {
    const view = views[at];
    return view?.state === "closed" && proved.includes(name) && provedIn[name] === view.life ? [name] : [];
  });

/** For `provedIn`, as they were seen before they were tried. */
export const livesOf = (layers: readonly LockLayer[], views: readonly LayerView[]): LockDetails["provedIn"] =>
  Object.fromEntries(
    layers.flatMap(({ name }, at) => {
      const view = views[at];
      return view?.state === "closed" && view.life !== undefined ? [[name, view.life] as const] : [];
    }),
  );

export const detailsOf = ({ details }: LockEntry): LockDetails => detailsSchema.parse(details);

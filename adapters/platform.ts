import type { Logger } from "pino";
import type { z } from "zod";
import type { ActionStore } from "../commands/action-store.ts";
import type { PlatformLook } from "../src/doctor/check.ts";
import { ClutchError } from "../src/errors.ts";
import type { ChatAdapter, CommandInfo } from "./adapter.ts";

/** What a platform reports of itself. */
export interface PlatformStatus {
  readonly state: "connecting" | "ready" | "degraded" | "failed";
  readonly problem?: ClutchError;
}

/** What every platform's adapter is given beside its own settings. */
export interface PlatformParts {
  readonly actions: ActionStore;
  /** Everybody whom an access list names, as it is written there: `discord:role:123`. */
  readonly named: readonly string[];
  readonly logger: Logger;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly onStatus: (status: PlatformStatus) => void;
  /** How long an acknowledgement took, ms. */
  readonly onAcknowledged?: (ms: number) => void;
}

/** What a look at a platform is given beside its own settings. */
export interface LookParts extends Pick<PlatformParts, "named" | "logger"> {
  readonly commands: readonly CommandInfo[];
}

/** What a platform itself keeps of Clutch when Clutch is gone. */
export interface PlatformTraces {
  /** Of that which Clutch can take away. */
  readonly name: string;
  /** What that would be, in lines; none where there is nothing. Changes nothing. Rejects with a `ClutchError`. */
  look(): Promise<readonly string[]>;
  /** Takes it away. Rejects with a `ClutchError`. */
  remove(): Promise<void>;
  /** What only a person can delete, and where. */
  readonly stays: string;
}

/** A platform as `clutch start` opens it. */
export interface Platform {
  /** As people write it. */
  readonly name: string;
  /** What it is opened with of those whom the access lists name: where that changes it has to be opened anew. */
  listed(named: readonly string[]): readonly string[];
  /** Throws `bad_config` where the settings, as the configuration holds them, cannot be used. */
  open(settings: unknown, parts: PlatformParts): ChatAdapter;
  /** How `clutch doctor` looks at it; undefined where it cannot be looked at. Throws `bad_config` as well. */
  look(settings: unknown, parts: LookParts): PlatformLook | undefined;
  /** What `clutch uninstall` takes away; undefined where nothing of Clutch stays there. Throws `bad_config` as well. */
  traces(settings: unknown, parts: Pick<LookParts, "commands">): PlatformTraces | undefined;
}

/** A platform with the settings that it takes; secrets in them have been read by then. */
export function definePlatform<Settings>(own: {
  readonly name: string;
  readonly settings: z.ZodType<Settings>;
  listed?(named: readonly string[]): readonly string[];
  open(settings: Settings, parts: PlatformParts): ChatAdapter;
  look?(settings: Settings, parts: LookParts): PlatformLook;
  traces?(settings: Settings, parts: Pick<LookParts, "commands">): PlatformTraces;
}): Platform {
  const { name } = own;
  const parse = (settings: unknown): Settings => {
    const parsed = own.settings.safeParse(settings);
    if (parsed.success) return parsed.data;
    // Never the value, which may be a secret.
    const key = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
    throw new ClutchError("bad_config", `The settings of ${name} are wrong${key === "" ? "" : ` at “${key}”`}.`, {
      hint: "Correct them in clutch.config.json.",
    });
  };
  return {
    name,
    listed: (named) => own.listed?.(named) ?? [],
    open: (settings, parts) => own.open(parse(settings), parts),
    look: (settings, parts) => own.look?.(parse(settings), parts),
    traces: (settings, parts) => own.traces?.(parse(settings), parts),
  };
}

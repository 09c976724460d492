import type { HelperModels } from "../agents/helper-models.ts";
import type { Config } from "../config.ts";
import { ClutchError } from "../errors.ts";
import type { SystemAccess } from "../hardware/system-access.ts";
import type { LocalOnly } from "../local-only/local-only.ts";
import type { Resolve } from "../models/address.ts";
import type { GatewayConnection } from "../openclaw/connection.ts";
import type { GuardClient } from "../openclaw/guard-client.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { Measurements } from "../store/measurements.ts";
import type { PriceBook } from "../usage/price-book.ts";

/** The parts of Clutch, in the order in which they are told of. */
export const PARTS = [
  "Clutch",
  "configuration",
  "store",
  "disk",
  "clock",
  "gateway",
  "models",
  "model servers",
  "locality",
  "prices",
  "helpers",
  "local-only",
  "guard",
  "wall",
  "platforms",
] as const;
export type Part = (typeof PARTS)[number];

/** `skipped`: nobody looked, and `found` says why. */
export type FindingState = "ok" | "warning" | "broken" | "skipped";

export interface Finding {
  readonly state: FindingState;
  /** What was found and what it means, in plain sentences. */
  readonly found: string;
  /** A command or a setting to type; absent where nothing has to be done. */
  readonly remedy?: string;
  /** What was looked at, where one check looks at several things. */
  readonly name?: string;
}

/** How a check is to look. */
export interface Look {
  /** Also what takes long: canaries in the network, a question to a model. */
  readonly deep: boolean;
  readonly signal: AbortSignal;
}

/** One thing to look at. A check changes nothing, and what it throws is its own finding. */
export interface Check {
  readonly part: Part;
  readonly name: string;
  /** How long it may take, ms; 15,000 where absent. */
  readonly deadlineMs?: number;
  look(world: World, how: Look): Promise<Finding | readonly Finding[]>;
}

/** What checks look at. */
export interface World {
  /** The defaults where it cannot be used. */
  readonly config: Omit<Config, "wall">;
  /** Why the configuration cannot be used. */
  readonly configProblem?: ClutchError | undefined;
  /** Of the guard and the wall. */
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly system: SystemAccess;
  readonly fetch: typeof globalThis.fetch;
  readonly resolve: Resolve;
  /** Epoch ms. */
  readonly clock: () => number;
  /** How the configured chat platforms are looked at; their libraries are loaded only then. */
  readonly platforms: () => Promise<readonly PlatformLook[]>;
  /** Clutch attached to the gateway, or why it is not. */
  readonly gateway: Attached | ClutchError;
  /** What must never be shown. */
  readonly secrets: readonly string[];
}

/** The services of a Clutch that is attached to a gateway. */
export interface Attached {
  readonly connection: GatewayConnection;
  readonly openclaw: OpenClaw;
  readonly registry: ModelRegistry;
  readonly measurements: Measurements;
  readonly helpers: Pick<HelperModels, "read">;
  readonly localOnly: LocalOnly;
  readonly guard: GuardClient;
  readonly rateFor: PriceBook["rateFor"];
  /** False where the journal is not the real one, because the store cannot be used. */
  readonly hasStore: boolean;
}

/** A chat platform that is configured, as its adapter looks at it: by requests alone, so that no command goes astray. */
export interface PlatformLook {
  /** As people write it. */
  readonly name: string;
  /** `bots` are those that OpenClaw itself has on the platforms, where it is known. */
  look(how: Look & { readonly bots: readonly OpenClawBot[] }): Promise<readonly Finding[]>;
}

/** A bot with which OpenClaw talks on a platform. */
export interface OpenClawBot {
  readonly platform: string;
  /** The platform's id of it. */
  readonly id: string;
}

export const ok = (found: string): Finding => ({ state: "ok", found });
export const warning = (found: string, remedy: string): Finding => ({ state: "warning", found, remedy });
export const broken = (found: string, remedy: string): Finding => ({ state: "broken", found, remedy });
export const skipped = (found: string, remedy?: string): Finding => ({
  state: "skipped",
  found,
  ...(remedy === undefined ? {} : { remedy }),
});

/** A problem as another part of Clutch put it. */
export const problem = (state: "warning" | "broken", { message, hint }: ClutchError): Finding => ({
  state,
  found: message,
  ...(hint === "" ? {} : { remedy: hint }),
});

/** A check that needs the gateway, and is left out where it cannot be had. */
export function gatewayCheck(
  check: Omit<Check, "look"> & {
    look(attached: Attached, world: World, how: Look): Promise<Finding | readonly Finding[]>;
  },
): Check {
  return {
    ...check,
    async look(world, how) {
      if (world.gateway instanceof ClutchError) return skipped("This needs the gateway, which cannot be asked.");
      return check.look(world.gateway, world, how);
    },
  };
}

/** A check that needs the configuration. */
export function configCheck(check: Check): Check {
  return {
    ...check,
    look: async (world, how) =>
      world.configProblem === undefined
        ? check.look(world, how)
        : skipped("This needs the configuration, which cannot be used."),
  };
}

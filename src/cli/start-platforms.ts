import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { ChatAdapter } from "../../adapters/adapter.ts";
import type { PlatformStatus } from "../../adapters/platform.ts";
import { toClutchError } from "../errors.ts";
import type { ReadinessCheck } from "../observe/readiness.ts";
import type { AppSlot } from "./app-slot.ts";
import { configuredPlatforms, loadPlatform, namedIn, type PlatformsConfig } from "./platforms.ts";

/** The platforms that are configured. */
export interface Platforms {
  /** Stops those for which something changed, and starts what is configured now. */
  use(config: PlatformsConfig): Promise<void>;
  /** One for each platform that is configured. */
  checks(): readonly ReadinessCheck[];
}

export interface StartPlatformsParts extends Pick<AppSlot, "dispatch" | "actions"> {
  /** Those that have started are put in here, and taken out when they are stopped. */
  readonly adapters: ChatAdapter[];
  readonly say: (line: string) => void;
  readonly onAcknowledged?: (platform: string, ms: number) => void;
  readonly logger: Logger;
  /** Epoch ms. */
  readonly clock: () => number;
}

/** A platform that is configured, running or not. */
interface Place {
  readonly settings: unknown;
  /** What it was opened with of the access lists. */
  listed: readonly string[];
  name: string;
  status: PlatformStatus;
  adapter?: ChatAdapter;
}

/**
 * Starts every platform that is configured and none that is not. One that fails is
 * told about and left out; the others and the service go on.
 */
export async function startPlatforms(config: PlatformsConfig, parts: StartPlatformsParts): Promise<Platforms> {
  const { actions, adapters, say, logger, clock } = parts;
  const places = new Map<string, Place>();

  const open = async (key: string, settings: unknown, named: readonly string[]): Promise<void> => {
    const place: Place = { settings, listed: [], name: key, status: { state: "connecting" } };
    places.set(key, place);
    const onStatus = (status: PlatformStatus): void => {
      const { problem, state } = status;
      place.status = status;
      const why = problem === undefined ? "" : ` ${problem.message} ${problem.hint}`.trimEnd();
      say(`${place.name}: ${state}.${why}`);
    };
    try {
      const platform = await loadPlatform(key);
      place.name = platform.name;
      place.listed = platform.listed(named);
      const adapter = platform.open(settings, {
        ...{ actions, named, clock, onStatus },
        logger: logger.child({ platform: key }),
        onAcknowledged: (ms) => parts.onAcknowledged?.(key, ms),
      });
      await adapter.start(parts.dispatch);
      place.adapter = adapter;
      adapters.push(adapter);
    } catch (thrown) {
      const error = toClutchError(thrown);
      place.status = { state: "failed", problem: error };
      logger.error({ platform: place.name, code: error.code, err: error.cause ?? error }, "a platform did not start");
      say(`${place.name}: failed. ${error.message} ${error.hint} Clutch goes on without it.`);
    }
  };

  const close = async (key: string): Promise<void> => {
    const { adapter } = places.get(key) ?? {};
    places.delete(key);
    if (adapter === undefined) return;
    await adapter.stop();
    adapters.splice(adapters.indexOf(adapter), 1);
  };

  /** Who cannot be opened is tried anew whenever something changed. */
  const isStale = async (key: string, settings: unknown, named: readonly string[]): Promise<boolean> => {
    const place = places.get(key);
    if (place?.adapter === undefined || !isDeepStrictEqual(place.settings, settings)) return true;
    return !isDeepStrictEqual((await loadPlatform(key)).listed(named), place.listed);
  };

  const use = async (now: PlatformsConfig): Promise<void> => {
    const named = namedIn(now);
    const wanted = configuredPlatforms(now);
    for (const key of places.keys()) if (!wanted.has(key)) await close(key);
    await Promise.all(
      [...wanted].map(async ([key, settings]) => {
        if (!(await isStale(key, settings, named))) return;
        await close(key);
        await open(key, settings, named);
      }),
    );
  };

  await use(config);
  return {
    use,
    checks: () =>
      [...places.values()].map((place) => ({
        part: place.name,
        async check() {
          const { state, problem } = place.status;
          if (state === "ready") return undefined;
          return problem === undefined ? `It is ${state}.` : problem.message;
        },
      })),
  };
}

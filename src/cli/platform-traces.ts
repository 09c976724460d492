import type { PlatformTraces } from "../../adapters/platform.ts";
import { allCommands } from "../../commands/index.ts";
import { toClutchError } from "../errors.ts";
import { configuredPlatforms, loadPlatform, type PlatformsConfig } from "./platforms.ts";

/** What the platforms that are configured keep of Clutch. */
export interface LeftOnPlatforms {
  /** What Clutch can take away. */
  readonly traces: readonly (Pick<PlatformTraces, "name" | "remove"> & { readonly lines: readonly string[] })[];
  /** What only a person can, or what nobody knows. */
  readonly stays: readonly string[];
}

/** Asks each of them, and throws nothing: what cannot be looked at is among what stays. */
export async function tracesOnPlatforms(config: PlatformsConfig): Promise<LeftOnPlatforms> {
  const found = await Promise.all(
    [...configuredPlatforms(config)].map(async ([key, settings]): Promise<LeftOnPlatforms> => {
      let traces: PlatformTraces | undefined;
      try {
        traces = (await loadPlatform(key)).traces(settings, { commands: allCommands });
        if (traces === undefined) return { traces: [], stays: [] };
        const { name, remove, stays } = traces;
        const lines = await traces.look();
        return { traces: lines.length === 0 ? [] : [{ name, lines, remove }], stays: [stays] };
      } catch (thrown) {
        const { name = `What “${key}” keeps of Clutch`, stays } = traces ?? {};
        const unknown = `${name}, where there is something: ${toClutchError(thrown).message}`;
        return { traces: [], stays: [unknown, ...(stays === undefined ? [] : [stays])] };
      }
    }),
  );
  return { traces: found.flatMap(({ traces }) => traces), stays: found.flatMap(({ stays }) => stays) };
}

import type { Logger } from "pino";
import { allCommands } from "../../commands/index.ts";
import type { PlatformLook } from "../doctor/check.ts";
import { toClutchError } from "../errors.ts";
import { configuredPlatforms, loadPlatform, namedIn, type PlatformsConfig } from "./platforms.ts";

/** A look at each platform that is configured; libraries of others are not loaded. */
export function lookAtPlatforms(config: PlatformsConfig, logger: Logger): Promise<readonly PlatformLook[]> {
  return Promise.all(
    [...configuredPlatforms(config)].map(async ([key, settings]): Promise<PlatformLook> => {
      try {
        const platform = await loadPlatform(key);
        const look = platform.look(settings, { commands: allCommands, named: namedIn(config), logger });
        return look ?? nothingToAsk(platform.name);
      } catch (thrown) {
        const { message, hint } = toClutchError(thrown);
        return { name: key, look: async () => [{ state: "broken", found: message, remedy: hint }] };
      }
    }),
  );
}

const nothingToAsk = (name: string): PlatformLook => ({
  name,
  look: async () => [{ state: "skipped", found: "There is nothing about it that could be asked." }],
});

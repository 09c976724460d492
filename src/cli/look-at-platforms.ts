import type { Logger } from "pino";
import { allCommands } from "../../commands/index.ts";
import type { PlatformLook } from "../doctor/check.ts";
import { configuredPlatforms, loadPlatform, namedIn, type PlatformsConfig } from "./platforms.ts";

/** A look at each platform that is configured and can be looked at; libraries of others are not loaded. */
export async function lookAtPlatforms(config: PlatformsConfig, logger: Logger): Promise<readonly PlatformLook[]> {
  const looks: PlatformLook[] = [];
  for (const [key, settings] of configuredPlatforms(config)) {
    const platform = await loadPlatform(key);
    const look = platform.look(settings, { named: namedIn(config), commands: allCommands, logger });
    if (look !== undefined) looks.push(look);
  }
  return looks;
}

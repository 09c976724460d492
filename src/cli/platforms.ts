import type { Platform } from "../../adapters/platform.ts";
import type { Config } from "../config.ts";
import { ClutchError } from "../errors.ts";

/**
 * Every platform by its key in the configuration. Their libraries are loaded only
 * where they are configured. A new one is a file of its own and a line here.
 */
const PLATFORMS: Readonly<Record<string, () => Promise<Platform>>> = {
  discord: async () => (await import("../../adapters/discord/discord-platform.ts")).discordPlatform,
  slack: async () => (await import("../../adapters/slack/slack-platform.ts")).slackPlatform,
};

export type PlatformsConfig = Pick<Config, "discord" | "slack" | "platforms" | "access">;

/** Settings of the platforms that are configured, by key. */
export const configuredPlatforms = ({ platforms, discord, slack }: PlatformsConfig): ReadonlyMap<string, unknown> =>
  new Map(Object.entries({ ...platforms, discord, slack }).filter(([, settings]) => settings !== undefined));

/** Everybody whom an access list names. */
export const namedIn = ({ access: { owners, operators, viewers } }: PlatformsConfig): readonly string[] => [
  ...owners,
  ...operators,
  ...viewers,
];

/** Throws `bad_config` where there is no such platform. */
export async function loadPlatform(key: string): Promise<Platform> {
  const load = Object.hasOwn(PLATFORMS, key) ? PLATFORMS[key] : undefined;
  if (load !== undefined) return load();
  throw new ClutchError("bad_config", `“platforms.${key}” is no platform that Clutch knows.`, {
    hint: `It knows ${Object.keys(PLATFORMS).join(", ")}.`,
  });
}

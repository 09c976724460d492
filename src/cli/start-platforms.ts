import type { Logger } from "pino";
import type { ChatAdapter } from "../../adapters/adapter.ts";
import type { Config } from "../config.ts";
import { type ClutchError, toClutchError } from "../errors.ts";
import type { ReadinessCheck } from "../observe/readiness.ts";
import type { AppSlot } from "./app-slot.ts";

/** What a platform reports of itself. */
interface PlatformStatus {
  readonly state: "connecting" | "ready" | "degraded" | "failed";
  readonly problem?: ClutchError;
}

export type PlatformName = "discord" | "slack";
type PlatformConfig = Pick<Config, PlatformName | "access">;

/** The platforms that are configured. */
export interface Platforms {
  /** Stops one, and starts it anew where it is configured now. */
  restart(name: PlatformName, config: PlatformConfig): Promise<void>;
  /** One for each platform that is configured. */
  checks(): readonly ReadinessCheck[];
}

export interface PlatformParts extends Pick<AppSlot, "dispatch" | "actions"> {
  /** Those that have started are put in here, and taken out when they are stopped. */
  readonly adapters: ChatAdapter[];
  readonly say: (line: string) => void;
  readonly onAcknowledged?: (platform: PlatformName, ms: number) => void;
  readonly logger: Logger;
  readonly clock: () => number;
}

interface Opening {
  readonly config: PlatformConfig;
  readonly parts: PlatformParts;
  readonly onStatus: (status: PlatformStatus) => void;
}

/** A new platform is one entry here; undefined where it is not configured. Its library is loaded only there. */
const PLATFORMS: Readonly<
  Record<PlatformName, { readonly title: string; open(opening: Opening): (() => Promise<ChatAdapter>) | undefined }>
> = {
  discord: {
    title: "Discord",
    open({ config: { discord }, parts, onStatus }) {
      if (discord === undefined) return undefined;
      return async () => {
        const { createDiscordAdapter } = await import("../../adapters/discord/discord-adapter.ts");
        const { apiUrl, ...own } = discord;
        return createDiscordAdapter({
          ...own,
          ...(apiUrl === undefined ? {} : { apiUrl }),
          actions: parts.actions,
          logger: parts.logger.child({ platform: "discord" }),
          clock: parts.clock,
          onStatus,
          onAcknowledged: (ms) => parts.onAcknowledged?.("discord", ms),
        });
      };
    },
  },
  slack: {
    title: "Slack",
    open({ config, parts, onStatus }) {
      const { slack } = config;
      if (slack === undefined) return undefined;
      return async () => {
        const { createSlackAdapter } = await import("../../adapters/slack/slack-adapter.ts");
        const { mode, botToken, appToken, signingSecret, port, host, apiUrl, commands } = slack;
        return createSlackAdapter({
          mode,
          botToken,
          ...(appToken === undefined ? {} : { appToken }),
          ...(signingSecret === undefined ? {} : { signingSecret }),
          ...(port === undefined ? {} : { port }),
          ...(host === undefined ? {} : { host }),
          ...(apiUrl === undefined ? {} : { apiUrl }),
          commandNames: commands,
          actions: parts.actions,
          groupsOf: slackGroups(config),
          logger: parts.logger.child({ platform: "slack" }),
          clock: parts.clock,
          onStatus,
          onAcknowledged: (ms) => parts.onAcknowledged?.("slack", ms),
        });
      };
    },
  },
};

/**
 * Starts every platform that is configured and none that is not. One that fails is
 * told about and left out; the others and the service go on.
 */
export async function startPlatforms(config: PlatformConfig, parts: PlatformParts): Promise<Platforms> {
  const { adapters, say, logger } = parts;
  const running = new Map<PlatformName, ChatAdapter>();
  const statuses = new Map<PlatformName, PlatformStatus>();

  const open = async (name: PlatformName, now: PlatformConfig): Promise<void> => {
    const { title, open: opening } = PLATFORMS[name];
    const onStatus = (status: PlatformStatus): void => {
      const { problem, state } = status;
      statuses.set(name, status);
      const why = problem === undefined ? "" : ` ${problem.message} ${problem.hint}`.trimEnd();
      say(`${title}: ${state}.${why}`);
    };
    const make = opening({ config: now, parts, onStatus });
    if (make === undefined) return;
    statuses.set(name, { state: "connecting" });
    try {
      const adapter = await make();
      await adapter.start(parts.dispatch);
      running.set(name, adapter);
      adapters.push(adapter);
    } catch (thrown) {
      const error = toClutchError(thrown);
      statuses.set(name, { state: "failed", problem: error });
      logger.error({ platform: title, code: error.code, err: error.cause ?? error }, "a platform did not start");
      say(`${title}: failed. ${error.message} ${error.hint} Clutch goes on without it.`);
    }
  };

  await Promise.all(NAMES.map((name) => open(name, config)));
  return {
    async restart(name, now) {
      const adapter = running.get(name);
      if (adapter !== undefined) {
        await adapter.stop();
        running.delete(name);
        adapters.splice(adapters.indexOf(adapter), 1);
      }
      statuses.delete(name);
      await open(name, now);
    },
    checks: () =>
      [...statuses].map(([name, { state, problem }]) => ({
        part: PLATFORMS[name].title,
        async check() {
          if (state === "ready") return undefined;
          return problem === undefined ? `It is ${state}.` : problem.message;
        },
      })),
  };
}

const NAMES: readonly PlatformName[] = ["discord", "slack"];

/** Slack is asked for the members of a group only where an access list names one. */
export function slackGroups({ access }: Pick<Config, "access">): readonly string[] {
  const prefix = "slack:group:";
  const entries = [...access.owners, ...access.operators, ...access.viewers];
  return [...new Set(entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length)))];
}

import { inspect } from "node:util";
import { LogLevel, type Logger as SlackLogger } from "@slack/bolt";
import type { Logger } from "pino";

/** Slack's libraries on our log. Their info and debug lines go to debug: they name every request. */
export function boltLogger(logger: Logger): SlackLogger {
  const text = (parts: readonly unknown[]): string =>
    parts
      .map((part) =>
        typeof part === "string" ? part : part instanceof Error ? part.message : inspect(part, { depth: 2 }),
      )
      .join(" ");
  return {
    // Below `info` Slack's clients log whole payloads, so they are told not to.
    debug: () => undefined,
    info: (...parts: unknown[]) => logger.debug({ by: "slack" }, text(parts)),
    warn: (...parts: unknown[]) => logger.warn({ by: "slack" }, text(parts)),
    error: (...parts: unknown[]) => logger.warn({ by: "slack" }, text(parts)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}

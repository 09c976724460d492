import { type DestinationStream, type Logger, pino } from "pino";
import { correlationId } from "./correlation.ts";

const HIDDEN = "[hidden]";
/** In lower case. */
const SECRET_NAMES = new Set([
  "token",
  "apikey",
  "api_key",
  "password",
  "authorization",
  "secret",
  "apptoken",
  "bottoken",
]);

/**
 * Structured logs on `destination`. A line that a command led to has the
 * command's `correlation`. Values under telling names are hidden, and so is every
 * known secret wherever it stands, also inside other programs' error messages.
 */
export function createLogger(options: {
  readonly level: string;
  readonly destination: DestinationStream;
  readonly secrets: () => readonly string[];
}): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => {
        const correlation = correlationId();
        return correlation === undefined ? {} : { correlation };
      },
      hooks: { streamWrite: (line) => `${JSON.stringify(withoutSecrets(JSON.parse(line), options.secrets()))}\n` },
    },
    options.destination,
  );
}

/** Taken apart, because in a line of JSON a secret with a quotation mark is spelt differently. */
function withoutSecrets(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === "string") return hideSecrets(value, secrets);
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      hideSecrets(name, secrets),
      SECRET_NAMES.has(name.toLowerCase()) ? HIDDEN : withoutSecrets(inner, secrets),
    ]),
  );
}

/**
 * Hides secrets as they are and as JSON spells them. Short ones are left alone:
 * hiding every "1" would make a text unreadable and protect nothing.
 */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  return (
    secrets
      .filter((secret) => secret.length >= 6)
      .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
      // The longest first: it may begin with another.
      .sort((a, b) => b.length - a.length)
      .reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text)
  );
}

import { type DestinationStream, type Logger, pino } from "pino";

const HIDDEN = "[hidden]";
const SECRET_KEYS = ["token", "apiKey", "api_key", "password", "authorization", "secret", "appToken", "botToken"];

/**
 * Structured logs on `destination`. Values under telling names are hidden, and
 * so is every known secret wherever it stands, also inside other programs' error
 * messages.
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
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: HIDDEN },
      hooks: { streamWrite: (line) => hideSecrets(line, options.secrets()) },
    },
    options.destination,
  );
}

/** Short values are left alone: hiding every "1" would make a text unreadable and protect nothing. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret.length >= 6).reduce((line, secret) => line.replaceAll(secret, HIDDEN), text);
}

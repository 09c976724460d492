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
  "devicetoken",
  "signingsecret",
  "privatekey",
  "x-api-key",
  "proxy-authorization",
  "cookie",
  "set-cookie",
]);

/**
 * Structured logs on `destination`. A line that a command led to has the
 * command's `correlation`. Values under telling names are hidden, and so is every
 * known secret wherever it stands, also inside other programs' error messages. What
 * was sent by a request that failed is left out.
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
      serializers: { err: (error: Error) => withoutRequest(pino.stdSerializers.err(error)) },
      hooks: { streamWrite: (line) => `${JSON.stringify(withoutNamed(JSON.parse(line), options.secrets()))}\n` },
    },
    options.destination,
  );
}

/**
 * discord.js hangs on an error what was sent: somebody's answer, perhaps for them
 * alone, and a file byte by byte. Errors within errors are of the same making.
 */
const withoutRequest = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutRequest);
  if (typeof value !== "object" || value === null || !("stack" in value)) return value;
  const { requestBody: _, ...kept } = value as { readonly requestBody?: unknown };
  return Object.fromEntries(Object.entries(kept).map(([name, inner]) => [name, withoutRequest(inner)]));
};

/** Taken apart, because in a line of JSON a secret with a quotation mark is spelt differently. */
const withoutNamed = (line: unknown, secrets: readonly string[]): unknown =>
  rewritten(line, (text) => hideSecrets(text, secrets), SECRET_NAMES);

/** The same value without secrets in any of its texts; bytes stay as they are. */
export const hideSecretsIn = <T>(value: T, secrets: readonly string[]): T =>
  rewritten(value, (text) => hideSecrets(text, secrets), new Set()) as T;

function rewritten(value: unknown, rewrite: (text: string) => string, hidden: ReadonlySet<string>): unknown {
  if (typeof value === "string") return rewrite(value);
  if (Array.isArray(value)) return value.map((item) => rewritten(item, rewrite, hidden));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      rewrite(name),
      hidden.has(name.toLowerCase()) ? HIDDEN : rewritten(inner, rewrite, hidden),
    ]),
  );
}

/** `scheme://who:password@`: nobody's address needs its password shown, whether Clutch knows it or not. */
const PASSWORD_IN_ADDRESS = /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#:@"'<>]{0,200}):[^\s/?#"'<>]{1,400}@/gi;

/** Whoever has these addresses writes in Clutch's name: of Discord's interactions and webhooks, and Slack's `response_url`. */
const KEY_IN_ADDRESS =
  /(\/(?:webhooks|interactions)\/\d{5,20}\/|\bhooks\.slack(?:-gov)?\.com\/[a-z]{1,20}\/)[^\s?#"'<>]{8,}/gi;

/**
 * Hides secrets as they are and as JSON spells them, and the password or key of any
 * address. Short ones are left alone: hiding every "1" would make a text
 * unreadable and protect nothing.
 */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  return (
    secrets
      .filter((secret) => secret.length >= 6)
      .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
      // The longest first: it may begin with another.
      .sort((a, b) => b.length - a.length)
      .reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text)
      .replace(PASSWORD_IN_ADDRESS, `$1:${HIDDEN}@`)
      .replace(KEY_IN_ADDRESS, `$1${HIDDEN}`)
  );
}

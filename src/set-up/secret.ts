import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ConfigSource, readSecret } from "../config.ts";
import { ClutchError } from "../errors.ts";

/** A secret as the configuration refers to it. */
export interface Secret {
  readonly reference: string;
  readonly value: string;
  /** The file that it is to be written to, 0600, where it was typed. */
  readonly write?: string;
  /** What the person should know of it. */
  readonly remark?: string;
}

/**
 * What a flag refers to. Throws `bad_option` for the secret itself: a command line is
 * seen by every program of this machine, and kept by the shell.
 */
export async function referredSecret(flag: string, typed: string, source: ConfigSource): Promise<Secret> {
  if (!/^(env|file):/.test(typed)) {
    throw new ClutchError("bad_option", `${flag} takes env:NAME or file:PATH, not the secret itself.`, {
      hint: "A command line is seen by others and kept by the shell. If the one you typed is real, have it replaced.",
    });
  }
  const path = typed.startsWith("file:") ? resolve(source.cwd, typed.slice("file:".length)) : undefined;
  const reference = path === undefined ? typed : `file:${path}`;
  const value = await readSecret(flag, reference, source);
  const isOpen = path !== undefined && process.getuid !== undefined && (statSync(path).mode & 0o077) !== 0;
  return { reference, value, ...(isOpen ? { remark: `Others can read ${path}: chmod 600 ${path}` } : {}) };
}

/** What a person typed: kept in a file of its own beside Clutch's other secrets, or where a variable holds it already. */
export function typedSecret(
  name: "discord-token" | "slack-bot-token" | "slack-app-token" | "gateway-token",
  value: string,
  { env, home }: { readonly env: Readonly<Record<string, string | undefined>>; readonly home: string },
): Secret {
  const file = join(secretsDirectory(env, home), name);
  return { reference: `file:${file}`, value, write: file };
}

/** Where the secrets are that people typed into `clutch init`. */
export const secretsDirectory = (env: Readonly<Record<string, string | undefined>>, home: string): string =>
  join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "clutch", "secrets");

/** A variable that holds what is asked for. */
export const secretInEnvironment = (
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Secret | undefined => {
  const value = env[name];
  return value ? { reference: `env:${name}`, value } : undefined;
};

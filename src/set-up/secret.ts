import { existsSync, readFileSync, statSync } from "node:fs";
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

/** What a person typed: kept in a file of its own beside Clutch's other secrets. What another file holds stays there. */
export function typedSecret(
  name: "discord-token" | "slack-bot-token" | "slack-app-token" | "gateway-token",
  value: string,
  { env, home }: { readonly env: Readonly<Record<string, string | undefined>>; readonly home: string },
): Secret {
  const usual = join(secretsDirectory(env, home), name);
  const file = fileFor(usual, value);
  const remark = `${usual} holds another one, which stays; this one goes into ${file}.`;
  return { reference: `file:${file}`, value, write: file, ...(file === usual ? {} : { remark }) };
}

/** The first of `PATH`, `PATH-2` … that is free: a Clutch of another directory may use what the others hold, and nobody else may have it. */
function fileFor(path: string, value: string, count = 1): string {
  const file = count === 1 ? path : `${path}-${count}`;
  return !existsSync(file) || holds(file, value) ? file : fileFor(path, value, count + 1);
}

function holds(file: string, value: string): boolean {
  try {
    return readFileSync(file, "utf8").trim() === value;
  } catch {
    return false;
  }
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

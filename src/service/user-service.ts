import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { clutchVersion } from "../clutch-version.ts";
import { writeWhole } from "../config-file.ts";
import { ClutchError } from "../errors.ts";

/** Runs `systemctl --user`; undefined where there is none for this person. */
export type Systemctl = (
  words: readonly string[],
) => Promise<{ readonly ok: boolean; readonly text: string } | undefined>;

export const systemctl: Systemctl = (words) =>
  new Promise((resolve) => {
    execFile("systemctl", ["--user", ...words], { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error !== null && "code" in error && error.code === "ENOENT") resolve(undefined);
      else resolve({ ok: error === null, text: stderr || stdout });
    });
  });

/** Where systemd looks for the units of a person. */
export const userUnitFile = (env: Readonly<Record<string, string | undefined>>, home: string, name: string): string =>
  join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "systemd", "user", name);

/** A word as systemd reads it on a unit's lines: its own signs doubled, quotation marks where they are needed. */
export function quoted(word: string): string {
  const escaped = word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@+=:,./-]+$/.test(word) ? word : `"${escaped}"`;
}

export interface UnitDifference {
  readonly file: string;
  /** What stands there; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string;
}

/** A person's own systemd service, by its unit. */
export interface UserService {
  readonly name: string;
  difference(): UnitDifference;
  /** Whether systemd answers for this person. */
  isPossible(): Promise<boolean>;
  /**
   * Writes the unit and starts it; one that runs with another unit is restarted, and
   * with `restart` in any case. Throws an `Error` with systemd's words.
   */
  install(how?: { readonly restart: boolean }): Promise<void>;
  /** Takes the unit away; `stop` also ends what runs. */
  remove(how: { readonly stop: boolean }): Promise<void>;
  /** Ends what runs, also where its unit is gone already. False where systemd could not. */
  stop(): Promise<boolean>;
}

export function createUserService(parts: {
  readonly name: string;
  readonly file: string;
  readonly unit: string;
  readonly systemctl: Systemctl;
}): UserService {
  const { name, file, unit, systemctl: run } = parts;
  return {
    name,
    difference: () => ({ file, before: textOf(file), after: unit }),
    isPossible: async () => (await run(["show-environment"]))?.ok === true,
    async install({ restart } = { restart: false }) {
      const changed = textOf(file) !== unit;
      if (changed) writeWhole(file, unit, 0o644);
      const steps = [["daemon-reload"], ["enable", "--now", name], ...(changed || restart ? [["restart", name]] : [])];
      for (const words of steps) {
        const done = await run(words);
        if (done?.ok === true) continue;
        throw new Error(`systemctl --user ${words.join(" ")}: ${done?.text.trim().slice(0, 300) ?? "no answer"}`);
      }
    },
    async remove({ stop }) {
      await run(["disable", ...(stop ? ["--now"] : []), name]);
      rmSync(file, { force: true });
      await run(["daemon-reload"]);
    },
    stop: async () => (await run(["stop", name]))?.ok === true,
  };
}

export const textOf = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8") : undefined);

/**
 * Of this Clutch, as the first line of a unit. The paths in it stay the same with an
 * upgrade, and what runs would go on with the code of the former release.
 */
export const versionLine = (): string => `# Clutch ${clutchVersion()}`;

/** The unit as it would be written, or that it is so already. */
export function unitText({ file, before, after }: UnitDifference): string {
  if (before === after) return `${file} is as it should be.`;
  const lines = after.trimEnd().split("\n");
  return [`${before === undefined ? "New" : "Changed"}: ${file}`, "", ...lines.map((line) => `  ${line}`), ""].join(
    "\n",
  );
}

/** Refuses a program that will not be there for long. Throws `bad_config`. */
export function checkCommand(command: readonly string[]): void {
  if (!command.some((word) => /[/\\]_npx[/\\]/.test(word))) return;
  throw new ClutchError("bad_config", "Clutch runs out of npx's cache, which is emptied now and then.", {
    hint: "Install it where it stays, such as with npm install --global openclaw-clutch, and run it from there.",
  });
}

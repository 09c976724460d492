import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { ClutchError } from "../errors.ts";

/** How to run OpenClaw: what comes before a subcommand's own words. */
export interface GatewayCommand {
  readonly program: string;
  readonly args: readonly string[];
}

export interface FoundOpenClaw {
  readonly command: GatewayCommand;
  readonly version: string;
  readonly source: "package" | "path";
}

export interface OpenClawSearch {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a package's package.json is. Default: as Node finds packages from here. */
  readonly locate?: (packageName: string) => string | undefined;
  /** For `openclaw --version`, ms. Default 15,000. */
  readonly timeoutMs?: number;
}

const manifest = z.object({ version: z.string(), bin: z.object({ openclaw: z.string() }) });
const run = promisify(execFile);

/**
 * The `openclaw` package installed beside Clutch, else the `openclaw` on the
 * `PATH`. Throws `no_openclaw` where there is neither, or it does not run.
 */
export async function findOpenClaw(search: OpenClawSearch): Promise<FoundOpenClaw> {
  const found =
    (await inPackages(search.locate ?? ((name) => findPackageJSON(name, import.meta.url)))) ?? (await onPath(search));
  if (found !== undefined) return found;
  throw missing("OpenClaw is not installed on this machine, and Clutch cannot run a gateway without it.");
}

async function inPackages(locate: (packageName: string) => string | undefined): Promise<FoundOpenClaw | undefined> {
  try {
    const file = locate("openclaw");
    if (file === undefined) return undefined;
    const { version, bin } = manifest.parse(JSON.parse(await readFile(file, "utf8")));
    // This very Node: another one on the PATH may be too old for OpenClaw.
    return {
      command: { program: process.execPath, args: [join(dirname(file), bin.openclaw)] },
      version,
      source: "package",
    };
  } catch {
    return undefined;
  }
}

async function onPath({ env, timeoutMs }: OpenClawSearch): Promise<FoundOpenClaw | undefined> {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of folders) {
    const program = join(folder, "openclaw");
    if (!(await isExecutable(program))) continue;
    return {
      command: { program, args: [] },
      version: await versionOf(program, env, timeoutMs ?? 15_000),
      source: "path",
    };
  }
  return undefined;
}

async function versionOf(program: string, env: OpenClawSearch["env"], timeoutMs: number): Promise<string> {
  try {
    const { stdout } = await run(program, ["--version"], { env, timeout: timeoutMs, killSignal: "SIGKILL" });
    const version = /\d+\.\d+\.\d+[\w.-]*/.exec(stdout)?.[0];
    if (version !== undefined) return version;
    throw missing(`${program} does not say which version of OpenClaw it is.`);
  } catch (error) {
    if (error instanceof ClutchError) throw error;
    const { killed, stderr } = z
      .object({ killed: z.boolean().catch(false), stderr: z.string().catch("") })
      .catch({ killed: false, stderr: "" })
      .parse(error);
    const why = killed ? `it did not answer within ${timeoutMs / 1000} s` : (stderr.trim().split("\n")[0] ?? "");
    throw missing(`OpenClaw is installed as ${program}, but it does not run${why === "" ? "." : `: ${why}`}`);
  }
}

const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

const missing = (message: string): ClutchError =>
  new ClutchError("no_openclaw", message, {
    hint: "Install it with `npm install -g openclaw@latest`. It needs Node 24.16 or later (not 25), or 26.1 or later.",
  });

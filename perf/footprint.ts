import { execFile } from "node:child_process";
import { cp, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { Lab } from "../test/gateway/harness.ts";
import { type Measurement, median } from "./measure.ts";

const root = join(import.meta.dirname, "..");
const MB = 1_000_000;
const ATTACHES = 5;
const IDLERS = 3;
/** V8 gives back what the start took when nothing was asked for about half a minute. */
const IDLE_MS = 60_000;

const child = z.object({ attachMs: z.number(), attachedMB: z.number(), idleMB: z.number() });
type Attach = z.output<typeof child>;

/**
 * A fresh process attaches to the running gateway, and says how long it took and how
 * large it is: as it is installed, and from a checkout, where Node reads TypeScript.
 * How large it is when it idles is asked of some at once, since no time is taken.
 */
export async function attachAndMemory(lab: Lab): Promise<Measurement[]> {
  const folder = await build();
  const [built, checkout] = [await attaches(lab, folder), await attaches(lab, "")];
  const idlers = await Promise.all(Array.from({ length: IDLERS }, () => attach(lab, folder, IDLE_MS)));
  const of = (runs: readonly Attach[], key: keyof Attach): number => median(runs.map((run) => run[key]));
  const [ms, idle] = [of(built, "attachMs"), of(idlers, "idleMB")];
  return [
    {
      name: "attach until ready",
      found: `${ms.toFixed(0)} ms from the process's start, median of ${ATTACHES}; from a checkout ${of(checkout, "attachMs").toFixed(0)} ms`,
      ratio: ms / 1_500,
      goal: "< 1.5 s, so < 1",
    },
    {
      name: "resident memory, terminal adapter",
      found: `${idle.toFixed(0)} MB after ${IDLE_MS / 1_000} s idle, median of ${IDLERS}; when it has just attached ${of(built, "attachedMB").toFixed(0)} MB, from a checkout ${of(checkout, "attachedMB").toFixed(0)} MB`,
      ratio: idle / 150,
      goal: "< 150 MB, so < 1",
    },
  ];
}

/** Where the packages are found, and nobody looks. */
async function build(): Promise<string> {
  const to = join(root, "node_modules", ".cache", "clutch-perf");
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", to]);
  await cp(join(root, "suites"), join(to, "suites"), { recursive: true });
  return to;
}

/** One after the other, lest they slow each other. */
async function attaches(lab: Lab, folder: string): Promise<Attach[]> {
  const runs: Attach[] = [];
  for (let run = 0; run < ATTACHES; run++) runs.push(await attach(lab, folder, 0));
  return runs;
}

async function attach(lab: Lab, folder: string, idleMs: number): Promise<Attach> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "attach-child.ts")], {
    env: {
      ...process.env,
      ...{ GATEWAY_URL: lab.gateway.url, GATEWAY_TOKEN: lab.gateway.token, STORE_DIR: lab.dir },
      ...{ BUILD: folder, IDLE_MS: String(idleMs) },
    },
  });
  return child.parse(JSON.parse(stdout));
}

const lockfile = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional(), optional: z.boolean().optional() })),
});

/** What `npm ci --omit=dev` would leave: the folders of the lock file's packages that are not for development. */
export async function installedSize(): Promise<Measurement> {
  const { packages } = lockfile.parse(JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")));
  const folders = Object.entries(packages).flatMap(([path, { dev }]) => (path === "" || dev === true ? [] : [path]));
  let bytes = 0;
  for (const folder of folders) bytes += await sizeOf(join(root, folder));
  return {
    name: "installed size, no dev packages",
    found: `${(bytes / MB).toFixed(0)} MB in ${folders.length} packages`,
    ratio: bytes / MB / 150,
    goal: "< 150 MB, so < 1",
  };
}

/** Bytes of the package's own files; packages inside it are listed by themselves. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== "node_modules") bytes += await sizeOf(join(folder, entry.name));
    if (entry.isFile()) bytes += (await stat(join(folder, entry.name))).size;
  }
  return bytes;
}

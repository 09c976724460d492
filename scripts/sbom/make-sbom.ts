import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);

const manifest = z.looseObject({ name: z.string(), devDependencies: z.unknown() });
const lock = z.looseObject({ packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional() })) });

/**
 * What comes with Clutch, as CycloneDX JSON, by npm from the lock file; asks no registry. npm's own `--omit dev` leaves
 * out whatever a development dependency needs as well (npm 11.19: 94 of 243 packages were left), and names the whole
 * after the folder. So npm is shown a folder of the right name, in which there is no development dependency.
 */
export async function makeSbom(root: string): Promise<string> {
  const { devDependencies: _, ...own } = manifest.parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
  const { packages, ...rest } = lock.parse(JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")));
  const kept = Object.entries(packages).filter(([, { dev }]) => dev !== true);
  const dir = await mkdtemp(join(tmpdir(), "clutch-sbom-"));
  try {
    const folder = join(dir, own.name);
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), JSON.stringify(own));
    await writeFile(
      join(folder, "package-lock.json"),
      JSON.stringify({
        ...rest,
        packages: Object.fromEntries(
          kept.map(([path, { devDependencies: _dev, ...entry }]) => [path, path === "" ? entry : packages[path]]),
        ),
      }),
    );
    const npm = process.env["npm_execpath"];
    const args = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
    const [program, words] = npm === undefined ? ["npm", args] : [process.execPath, [npm, ...args]];
    return (await run(program, words, { cwd: folder, maxBuffer: 50_000_000 })).stdout;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

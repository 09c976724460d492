import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** A package that comes with Clutch, and what its manifest says of its licence. */
export interface Licensed {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Why it may be there; undefined where it may not, or nobody has looked. */
  readonly because: string | undefined;
}

/** Licences whose terms Clutch, itself MIT, keeps by leaving each package as it is, with its licence file. */
const ALLOWED: Readonly<Record<string, string>> = {
  MIT: "permissive; the notice stays in the package",
  ISC: "permissive; the notice stays in the package",
  "BSD-2-Clause": "permissive; the notice stays in the package",
  "BSD-3-Clause": "permissive; the notice stays in the package",
  "0BSD": "permissive; asks for nothing",
  Unlicense: "public domain",
  "Apache-2.0": "permissive, with a patent grant; notice and licence stay in the package",
  "MPL-2.0": "copyleft by file: used unchanged, its source is at its publisher's",
};

/** What says its licence in words of its own, by name and by those words. */
const BY_NAME: Readonly<Record<string, { readonly licence: string; readonly because: string }>> = {
  "dejavu-fonts-ttf": {
    licence: "SEE LICENSE IN README.md AND LICENSE",
    because: "Bitstream Vera and Arev licences: free to use, embed and pass on under the same name, not to sell alone",
  },
};

const lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.string().optional(),
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
    }),
  ),
});
const manifest = z.object({ license: z.union([z.string(), z.object({ type: z.string() })]).optional() });

/**
 * Every package that is installed with Clutch, on any machine: what the lock file does not call a development
 * dependency. The manifest on the disk is asked; the lock file where the package is for another platform.
 */
export async function checkLicences(root: string): Promise<readonly Licensed[]> {
  const { packages } = lock.parse(JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")));
  const found = Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true);
  const licensed = await Promise.all(
    found.map(async ([path, said]) => {
      const name = said.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      const licence = (await onDisk(join(root, path, "package.json"))) ?? said.license ?? "none stated";
      return { name, version: said.version ?? "", licence, because: reasonFor(name, licence) };
    }),
  );
  return licensed.sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

async function onDisk(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { license } = manifest.parse(JSON.parse(text));
  return typeof license === "object" ? license.type : license;
}

function reasonFor(name: string, licence: string): string | undefined {
  const own = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (own !== undefined) return own.licence === licence ? own.because : undefined;
  // Of alternatives one that is allowed will do; where several hold, all must be.
  const words = licence.replaceAll(/[()]/g, "");
  const kept = words.split(" OR ").find((each) => each.split(" AND ").every((id) => Object.hasOwn(ALLOWED, id)));
  return kept
    ?.split(" AND ")
    .map((id) => ALLOWED[id])
    .join("; ");
}

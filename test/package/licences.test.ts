import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkLicences } from "../../scripts/licences/check-licences.ts";
import { temporaryDir } from "../sandbox/support.ts";

it("everything that is installed with Clutch may be, for a reason", async () => {
  const packages = await checkLicences(join(import.meta.dirname, "../.."));
  expect(packages.filter(({ because }) => because === undefined)).toEqual([]);
  expect(packages.length).toBeGreaterThan(100);
  expect(packages.find(({ name }) => name === "@resvg/resvg-js")?.licence).toBe("MPL-2.0");
  // Development dependencies are not passed on.
  expect(packages.map(({ name }) => name)).not.toContain("openclaw");
});

it.each([
  ["MIT", true],
  ["(MIT OR GPL-3.0-only)", true],
  ["Apache-2.0 AND MIT", true],
  ["GPL-3.0-only", false],
  ["MIT AND GPL-3.0-only", false],
  ["SEE LICENSE IN LICENSE", false],
  ["toString", false],
  [undefined, false],
])("%s: allowed is %s", async (license, allowed) => {
  const root = await treeWith({ license });
  expect((await checkLicences(root)).map(({ because }) => because !== undefined)).toEqual([allowed]);
});

it("believes the manifest rather than the lock file, and looks at no development dependency", async () => {
  const root = await treeWith({ license: "MIT" }, { license: "AGPL-3.0-only" });
  expect(await checkLicences(root)).toEqual([
    { name: "@some/part", version: "1.0.0", licence: "AGPL-3.0-only", because: undefined },
  ]);
});

async function treeWith(locked: { license: string | undefined }, manifest?: object): Promise<string> {
  const root = await temporaryDir();
  const packages = {
    "": { name: "whole" },
    "node_modules/@some/part": { version: "1.0.0", ...locked },
    "node_modules/tool": { version: "1.0.0", license: "GPL-3.0-only", dev: true },
  };
  await writeFile(join(root, "package-lock.json"), JSON.stringify({ packages }));
  if (manifest !== undefined) {
    await mkdir(join(root, "node_modules/@some/part"), { recursive: true });
    await writeFile(join(root, "node_modules/@some/part/package.json"), JSON.stringify(manifest));
  }
  return root;
}

import { hostname } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkLicences } from "../../scripts/licences/check-licences.ts";
import { makeSbom } from "../../scripts/sbom/make-sbom.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Sbom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly { readonly name: string; readonly group?: string; readonly version: string }[];
}

it("names every package that comes with Clutch, and none that only builds or tests it", async () => {
  const text = await makeSbom(ROOT);
  const { bomFormat, metadata, components } = JSON.parse(text) as Sbom;
  expect(bomFormat).toBe("CycloneDX");
  expect(metadata.component).toMatchObject({ name: "openclaw-clutch", version: expect.stringMatching(/^\d/) });
  const named = components.map(
    ({ group, name, version }) => `${group === undefined ? "" : `${group}/`}${name} ${version}`,
  );
  const passedOn = (await checkLicences(ROOT)).map(({ name, version }) => `${name} ${version}`);
  expect([...new Set(named)].sort()).toEqual([...new Set(passedOn)].sort());
});

it("tells nothing of the machine or of the registry that it was made with", async () => {
  const text = await makeSbom(ROOT);
  expect(text).not.toContain(ROOT);
  expect(text).not.toContain(hostname());
  expect(text).not.toMatch(/\/tmp\/|file:|\.tgz|localhost|127\.0\.0\.1/);
});

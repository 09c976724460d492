import { join } from "node:path";
import { checkLicences } from "./check-licences.ts";

/** Prints how many packages come with Clutch under which licence; exit code 1 where one may not. */
const packages = await checkLicences(join(import.meta.dirname, "../.."));
const refused = packages.filter(({ because }) => because === undefined);
for (const [licence, those] of Object.entries(Object.groupBy(packages, (each) => each.licence))) {
  process.stdout.write(
    `${String(those?.length ?? 0).padStart(4)}  ${licence}: ${those?.[0]?.because ?? "not allowed"}\n`,
  );
}
for (const { name, version, licence } of refused) {
  process.stderr.write(
    `✗ ${name} ${version}: “${licence}” is on no list. Read it, then name it in check-licences.ts.\n`,
  );
}
process.exitCode = refused.length === 0 ? 0 : 1;

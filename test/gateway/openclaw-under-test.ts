import { type FoundOpenClaw, findOpenClaw } from "../../src/openclaw/find-openclaw.ts";

/** The OpenClaw that suites run against: the one installed here, or the one whose package.json `CLUTCH_TEST_OPENCLAW` names. */
export async function openClawUnderTest(): Promise<FoundOpenClaw> {
  const named = process.env["CLUTCH_TEST_OPENCLAW"];
  return findOpenClaw({ env: {}, ...(named === undefined ? {} : { locate: () => named }) });
}

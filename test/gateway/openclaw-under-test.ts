import { findOpenClaw, type GatewayCommand } from "../../src/openclaw/find-openclaw.ts";

/** The OpenClaw that suites run against: the one installed here, or the one whose package.json `CLUTCH_TEST_OPENCLAW` names. */
export async function openClawUnderTest(): Promise<GatewayCommand> {
  const named = process.env["CLUTCH_TEST_OPENCLAW"];
  const { command } = await findOpenClaw({ env: {}, ...(named === undefined ? {} : { locate: () => named }) });
  return command;
}

import { ClutchError } from "../errors.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

/** Opens guard and wall without the gateway. Exit codes as everywhere. */
export async function forceOff(_runtime: Runtime): Promise<ExitCode> {
  throw new ClutchError("internal", "Turning it off by force does not work yet.");
}

import { pino } from "pino";
import { startGatewayProcess } from "../../src/openclaw/gateway-process.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { createRecord, openRuntimeDir } from "../../src/sandbox/sandbox-records.ts";

/**
 * A Clutch that is going to be killed. `doomed-parent.ts RUNTIME_DIR fake MODE` keeps
 * a fake gateway, `RUNTIME_DIR sandbox` the real sandbox. Prints one JSON line once it is ready.
 */
const [runtimeDir = "", kind, mode = ""] = process.argv.slice(2);
const logger = pino({ level: "silent" });

if (kind === "fake") {
  const record = await createRecord(await openRuntimeDir(runtimeDir));
  const command = { program: process.execPath, args: [`${import.meta.dirname}/fake-gateway.ts`, mode] };
  const { pid } = await startGatewayProcess({ command, dir: record.dir, config: {}, env: process.env, logger });
  process.stdout.write(`${JSON.stringify({ dir: record.dir, keeper: pid })}\n`);
} else {
  const { gateway, logFile } = await startSandbox({ runtimeDir, env: process.env, fetch, logger });
  process.stdout.write(`${JSON.stringify({ url: gateway.url, logFile })}\n`);
}

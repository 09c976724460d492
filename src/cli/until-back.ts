import { setTimeout as sleep } from "node:timers/promises";
import type { OpenClaw } from "../openclaw/openclaw.ts";

/** OpenClaw notices a change that wants a restart within a second or two, and is back after some ten. */
const NOTICES_MS = 2_500;
const COMES_BACK_MS = 90_000;

/**
 * After a change for which OpenClaw restarts by itself, unless it is told not to:
 * what comes next needs the gateway. Returns also where it does not come back, which
 * what comes next then says.
 */
export async function untilBack(openclaw: Pick<OpenClaw, "readConfig">, signal: AbortSignal): Promise<void> {
  await sleep(NOTICES_MS, undefined, { signal });
  const started = performance.now();
  while (performance.now() - started < COMES_BACK_MS) {
    const isBack = await openclaw.readConfig().then(
      () => true,
      () => false,
    );
    if (isBack) return;
    await sleep(500, undefined, { signal });
  }
}

import type { App } from "../app.ts";
import { readSlot } from "../openclaw/config-slots.ts";
import { watchRestart } from "../openclaw/restart-watch.ts";

/** What became of a restart that a change of OpenClaw's configuration wants. */
export type GatewayRestart =
  | "done"
  /** OpenClaw restarts by itself when the turns that run are finished. */
  | "later"
  /** It is told not to. */
  | "by hand";

/** Values of `gateway.reload.mode`; OpenClaw 2026.9 knows only the first. */
const WAITS_FOR_A_PERSON: ReadonlySet<unknown> = new Set(["off", "hot"]);
/** OpenClaw notices a change within a second or two, first lets turns finish, and is back after ten to thirty seconds. */
const PATIENCE = { leavesMs: 15_000, comesBackMs: 120_000 };

/** `restart`, as a person reads it; `done` says what holds since. */
export const restartText = (restart: GatewayRestart, done: string): string => {
  if (restart === "done") return done;
  if (restart === "by hand") return "Restart the gateway for it to take effect: openclaw gateway restart.";
  return "OpenClaw restarts by itself when the turns that run are finished, and only then it takes effect; clutch doctor says when.";
};

/**
 * Makes a change after which OpenClaw restarts, and waits for that: what comes next
 * needs the gateway. `wantsRestart` says whether the change came to anything.
 * Throws the codes of `change`.
 */
export async function withGatewayRestart<T>(
  { connection, openclaw }: Pick<App, "connection" | "openclaw">,
  signal: AbortSignal,
  change: () => Promise<T>,
  wantsRestart: (done: T) => boolean,
  { leavesMs, comesBackMs } = PATIENCE,
): Promise<{ readonly done: T; readonly restart: GatewayRestart | undefined }> {
  const watch = watchRestart(connection);
  try {
    const done = await change();
    if (!wantsRestart(done)) return { done, restart: undefined };
    const { config } = await openclaw.readConfig({ timeoutMs: comesBackMs });
    if (WAITS_FOR_A_PERSON.has(readSlot(config, ["gateway", "reload", "mode"]))) return { done, restart: "by hand" };
    if (!(await watch.left(leavesMs, signal))) return { done, restart: "later" };
    return { done, restart: (await watch.back(comesBackMs, signal)) ? "done" : "later" };
  } finally {
    watch.end();
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayConnection } from "./connection.ts";

const LOOK_MS = 50;

/** A restart of the gateway, followed from before its cause. */
export interface RestartWatch {
  /** Whether the gateway has been away. */
  hasLeft(): boolean;
  /** False where it has not left after so many ms. */
  left(withinMs: number, signal?: AbortSignal): Promise<boolean>;
  /** False where it has not been away and come back after so many ms, or Clutch itself is ending. */
  back(withinMs: number, signal?: AbortSignal): Promise<boolean>;
  end(): void;
}

export function watchRestart(connection: Pick<GatewayConnection, "state" | "onState">): RestartWatch {
  const phase = () => connection.state().phase;
  let hasLeft = phase() !== "ready";
  const end = connection.onState((state) => {
    hasLeft ||= state.phase !== "ready";
  });
  const reached = async (isThere: () => boolean, withinMs: number, signal?: AbortSignal): Promise<boolean> => {
    const started = performance.now();
    while (!isThere() && phase() !== "closed" && performance.now() - started < withinMs) {
      await sleep(LOOK_MS, undefined, signal === undefined ? {} : { signal });
    }
    return isThere();
  };
  return {
    hasLeft: () => hasLeft,
    left: (withinMs, signal) => reached(() => hasLeft, withinMs, signal),
    back: (withinMs, signal) => reached(() => hasLeft && phase() === "ready", withinMs, signal),
    end,
  };
}

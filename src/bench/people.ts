import type { ModelRef } from "../models/model-ref.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { isScratchKey } from "../openclaw/scratch-session.ts";
import type { SessionEvents } from "../openclaw/session-events.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { IsRedirected } from "../sessions/models-in-use.ts";
import type { BenchTarget } from "./bench-target.ts";

type Place = Pick<BenchTarget, "host" | "local">;

/** Who else has use of a server: a bench never delays people. */
export interface People {
  /** Whether a turn runs there now that is none of the bench's. */
  isBusy(target: Place): Promise<boolean>;
  /** Is told when a person's turn begins there; the returned function ends it. */
  onTurn(target: Place, listener: () => void): () => void;
}

/** Longer than any turn runs, ms. */
const WITHIN_MS = 60 * 60_000;

/**
 * By the gateway's own account: a session with an active run whose model is at the same
 * host. One that the guard redirects may be at any host of local models. What programs
 * without OpenClaw ask a server is not seen; Ollama tells which models are in its memory,
 * but not whether one is at work. A gateway that cannot be asked answers nobody, so there
 * is nobody to delay.
 */
export function createPeople(parts: {
  readonly openclaw: Pick<OpenClaw, "activeSessions">;
  readonly events: Pick<SessionEvents, "on">;
  readonly isRedirected: IsRedirected;
  /** Where a model's server is; undefined where nobody knows. */
  readonly hostOf: (model: ModelRef) => string | undefined;
}): People {
  const { openclaw, events, isRedirected, hostOf } = parts;
  const isThere = (row: SessionRow, { host, local }: Place): boolean => {
    const model = row.activeModel ?? row.model;
    if (model === undefined || isScratchKey(row.key)) return false;
    return isRedirected(row) ? local : hostOf(model) === host;
  };
  return {
    async isBusy(target) {
      const rows = await openclaw.activeSessions(WITHIN_MS).catch(() => []);
      return rows.some((row) => row.running && isThere(row, target));
    },
    onTurn: (target, listener) =>
      events.on((event) => {
        if (event.kind === "asked" && isThere(event.row, target)) listener();
      }),
  };
}

import type { ModelRef } from "../models/model-ref.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { isScratchKey } from "../openclaw/scratch-session.ts";
import type { SessionEvents } from "../openclaw/session-events.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { BenchTarget } from "./bench-target.ts";

/** Who else has use of a server: a bench never delays people. */
export interface People {
  /** Whether a turn runs there now that is none of the bench's. */
  isBusy(target: Pick<BenchTarget, "host">): Promise<boolean>;
  /** Is told when a person's turn begins there; the returned function ends it. */
  onTurn(target: Pick<BenchTarget, "host">, listener: () => void): () => void;
}

/** Longer than any turn runs, ms. */
const WITHIN_MS = 60 * 60_000;

/**
 * By the gateway's own account: a session with an active run whose model is at the same
 * host. What programs without OpenClaw ask a server is not seen; Ollama tells which
 * models are in its memory, but not whether one is at work. A gateway that cannot be
 * asked answers nobody, so there is nobody to delay.
 */
export function createPeople(parts: {
  readonly openclaw: Pick<OpenClaw, "activeSessions">;
  readonly events: Pick<SessionEvents, "on">;
  /** Where a model's server is; undefined where nobody knows. */
  readonly hostOf: (model: ModelRef) => string | undefined;
}): People {
  const { openclaw, events, hostOf } = parts;
  const isThere = (row: SessionRow, host: string): boolean => {
    const model = row.activeModel ?? row.model;
    return model !== undefined && !isScratchKey(row.key) && hostOf(model) === host;
  };
  return {
    async isBusy({ host }) {
      const rows = await openclaw.activeSessions(WITHIN_MS).catch(() => []);
      return rows.some((row) => row.running && isThere(row, host));
    },
    onTurn: ({ host }, listener) =>
      events.on((event) => {
        if (event.kind === "asked" && isThere(event.row, host)) listener();
      }),
  };
}

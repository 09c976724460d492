import { CANARY } from "../models/canary.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import { mayBeOnGateway } from "./loopback.ts";

/** Conversations whose turns a model in the cloud answers, or would. */
export interface CloudTurns {
  /** Session keys of those with something said since `at` (epoch ms) and a next turn for the cloud. */
  writtenSince(at: number): Promise<readonly string[]>;
  /** Stops those that are being answered now, or only some of them; gives how many. */
  cut(which: CutTurns): Promise<number>;
}

/** All, those whose model may be on the gateway's own machine, or that of one conversation. */
export type CutTurns = "all" | "on the gateway's machine" | { readonly sessionKey: string };

/** A turn that runs shows in its row within so long, ms. */
const ACTIVE_MS = 15 * 60_000;

export function createCloudTurns(parts: {
  readonly openclaw: Pick<OpenClaw, "listSessions" | "activeSessions" | "stopTurn">;
  readonly registry: Pick<ModelRegistry, "find" | "current">;
}): CloudTurns {
  const { openclaw, registry } = parts;
  /** What is set, and what stands in for it since that failed, as far as they are in the cloud. */
  const cloudModels = ({ model, activeModel }: SessionRow): readonly ModelRef[] =>
    [model, activeModel].flatMap((one) =>
      one === undefined || one.provider === CANARY.provider || registry.find(one)?.locality.kind === "local"
        ? []
        : [one],
    );
  const isCloud = (row: SessionRow): boolean => cloudModels(row).length > 0;

  return {
    async writtenSince(at) {
      await registry.current();
      const found: string[] = [];
      for (let offset: number | undefined = 0; offset !== undefined; ) {
        const page: Awaited<ReturnType<OpenClaw["listSessions"]>> = await openclaw.listSessions(offset, {
          timeoutMs: 60_000,
        });
        const recent = page.sessions.filter(({ updatedAt = 0 }) => updatedAt >= at);
        found.push(...recent.filter(isCloud).map(({ key }) => key));
        // Newest first: what follows is older.
        offset = recent.length < page.sessions.length ? undefined : page.next;
      }
      return found;
    },
    async cut(which) {
      await registry.current();
      const active = await openclaw.activeSessions(ACTIVE_MS, { timeoutMs: 60_000 });
      const isMeant = (row: SessionRow): boolean => {
        if (typeof which === "object") return row.key.toLowerCase() === which.sessionKey.toLowerCase();
        return which === "all" || cloudModels(row).some((model) => mayBeOnGateway(registry.find(model)));
      };
      const cloud = active.filter((row) => row.running && isCloud(row) && isMeant(row));
      await Promise.all(cloud.map(({ key }) => openclaw.stopTurn(key)));
      return cloud.length;
    },
  };
}

import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import type { ModelMessage } from "../openclaw/model-messages.ts";
import { parseSessionKey } from "../openclaw/session-keys.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import { effectiveModel } from "../sessions/effective-model.ts";
import type { GuardReader } from "./guard-reader.ts";
import { fromMessage, type ObservedCall } from "./observed-call.ts";

/** Makes calls of what models said. */
export interface MessageObserver {
  /**
   * Messages of one session, the newest first, with its row as it was when the
   * newest of them was written. A summary counts as one call, though OpenClaw may
   * have made more, and only where no guard saw them.
   */
  observe(messages: readonly ModelMessage[], row: SessionRow | undefined): Promise<readonly ObservedCall[]>;
}

export function createMessageObserver(parts: {
  readonly guard: Pick<GuardReader, "covers">;
  readonly registry: Pick<ModelRegistry, "current" | "find">;
  /** Whether a session's turns go to local models now, whatever it is set to. */
  readonly isKeptLocal: (sessionKey: string) => boolean;
}): MessageObserver {
  const { guard, registry, isKeptLocal } = parts;

  /** OpenClaw names the stand-in only a moment after its answer, so the configuration is asked as well. */
  const standsIn = async (model: ModelRef, row: SessionRow): Promise<boolean> => {
    if (row.model === undefined || sameModel(row.model, model)) return false;
    const { modelConfig } = await registry.current();
    if (isKeptLocal(row.key) && registry.find(model)?.bookedAs === "local") return false;
    if (sameModel(row.activeModel, model)) return true;
    const agentId = row.agentId ?? parseSessionKey(row.key)?.agentId ?? "";
    const { fallbacks } = effectiveModel(row, modelConfig, { agentId, parentKey: undefined });
    return fallbacks.includes(formatModelRef(model));
  };

  return {
    async observe(messages, row) {
      const calls: ObservedCall[] = [];
      const add = (call: ObservedCall | undefined): void => {
        if (call !== undefined) calls.push(call);
      };
      for (const [index, message] of messages.entries()) {
        if (message.kind === "compaction") {
          if (await guard.covers(message.at)) continue;
          const before = messages.slice(index + 1).find(({ model }) => model !== undefined);
          add(fromMessage(message, { model: before?.model ?? row?.model }));
          continue;
        }
        const isNewest = index === 0;
        const fallback =
          isNewest && row !== undefined && message.model !== undefined && (await standsIn(message.model, row));
        add(fromMessage(message, { fallback }));
      }
      return calls;
    },
  };
}

import { isDeepStrictEqual } from "node:util";
import type { Resolve } from "../models/address.ts";
import type { ModelRef } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { GuardClient, GuardRules, GuardStatus } from "../openclaw/guard-client.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import { cloudTools } from "./cloud-settings.ts";
import type { HelperLock } from "./helper-lock.ts";
import { type LocalRules, localRules } from "./local-rules.ts";
import type { LayerRules } from "./lock-layers.ts";
import { mayBeOnGateway } from "./loopback.ts";

/** Where text may go, for guard and wall. */
export interface RulesSource {
  /** From what is known already, so that closing waits for nobody; looks where nothing is known yet. */
  quick(): Promise<LayerRules>;
  /** Looks again. `best` is where helper calls go. */
  fresh(): Promise<{ readonly rules: LayerRules; readonly best: ModelRef | undefined }>;
  /** Best first, as last looked at. */
  best(): Promise<readonly ModelRef[]>;
  /** Whether a wall that spares loopback would not see a call of this model, by the last look at it. */
  mayBeOnGateway(model: ModelRef): boolean;
  /** Tells the guard where that is not what it goes by. */
  tell(status: GuardStatus, rules: GuardRules): Promise<void>;
}

export function createRulesSource(parts: {
  readonly registry: ModelRegistry;
  readonly helpers: Pick<HelperLock, "tools">;
  readonly guard: Pick<GuardClient, "setRules">;
  readonly machine: () => SpeedMachine | undefined;
  readonly localOnlyModel: (agentId: string) => ModelRef | undefined;
  readonly trustedLocal: readonly string[];
  readonly resolve: Resolve;
}): RulesSource {
  const { registry, helpers, guard } = parts;
  // All of them, until it is known which ask a local model.
  let tools: readonly string[] = cloudTools({ authored: {} }, () => false);

  const rulesOf = (snapshot: Parameters<typeof localRules>[0]): Promise<LocalRules> =>
    localRules(snapshot, { ...parts, machine: parts.machine() });
  const forLayers = (local: LocalRules): LayerRules => ({ guard: { ...local.guard, tools }, wall: local.wall });

  return {
    async quick() {
      return forLayers(await rulesOf(registry.known() ?? (await registry.current())));
    },
    async fresh() {
      tools = await helpers.tools();
      const local = await rulesOf(await registry.refresh());
      return { rules: forLayers(local), best: local.best[0] };
    },
    mayBeOnGateway: (model) => mayBeOnGateway(registry.find(model)),
    best: async () => (await rulesOf(await registry.current())).best,
    async tell({ state: { models, order, tools: refused } }, rules) {
      if (!isDeepStrictEqual({ models, order, tools: refused }, rules)) await guard.setRules(rules);
    },
  };
}

import { addressLocality, effectiveBaseUrl, type Resolve } from "../models/address.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { SpeedMachine } from "../models/speed.ts";
import { channelHosts } from "../openclaw/channel-hosts.ts";
import type { GuardModel, GuardRules } from "../openclaw/guard-client.ts";
import { judgeModel, windowOf } from "../registry/judge-model.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import type { RegistrySnapshot } from "../registry/model-registry.ts";
import { DEFAULT_ADDRESSES } from "../registry/server-address.ts";
import { localRuleOf, type WallRules } from "../wall/wall-rules.ts";

/** Where text may go while only local models are allowed. */
export interface LocalRules {
  readonly guard: Omit<GuardRules, "tools">;
  readonly wall: WallRules;
  /** Best first, for agents without a wish of their own. */
  readonly best: readonly ModelRef[];
}

/**
 * The local models as OpenClaw reaches them. A model that Clutch reaches at
 * another address counts only where OpenClaw's own address is of this network, too:
 * it is OpenClaw that sends the text.
 */
export async function localRules(
  snapshot: RegistrySnapshot,
  facts: {
    readonly machine: SpeedMachine | undefined;
    /** What agents declare in their SOUL.md. */
    readonly localOnlyModel: (agentId: string) => ModelRef | undefined;
    readonly trustedLocal: readonly string[];
    readonly resolve: Resolve;
  },
): Promise<LocalRules> {
  const reached = await Promise.all(
    snapshot.models
      .filter(({ locality }) => locality.kind === "local")
      .map(async (profile) => {
        const baseUrl = addressIn(snapshot, profile);
        const isTrusted = facts.trustedLocal.includes(profile.ref.provider);
        const isNear =
          baseUrl !== undefined &&
          (isTrusted || ["loopback", "private"].includes((await addressLocality(baseUrl, facts.resolve)).kind));
        return isNear ? [{ profile, baseUrl }] : [];
      }),
  );
  const local = reached.flat();
  const models = local.map(({ profile: { ref, server }, baseUrl }): GuardModel => {
    return { provider: ref.provider, model: ref.model, baseUrl, ollama: server?.kind === "ollama" };
  });
  const best = local.map(({ profile }) => profile).toSorted(bestFirst(facts.machine));
  const wishes = snapshot.agentIds.flatMap((agentId) => {
    const wish = facts.localOnlyModel(agentId);
    return wish === undefined ? [] : [[agentId, [formatModelRef(wish)]] as const];
  });
  const refs = best.map(({ ref }) => ref);
  return {
    guard: { models, order: { "*": refs.map(formatModelRef), ...Object.fromEntries(wishes) } },
    // People have to reach their agents, or nobody could turn it off from a chat.
    wall: {
      allow: channelHosts(snapshot.config.authored),
      local: [...new Set(local.flatMap(({ baseUrl }) => localRuleOf(baseUrl) ?? []))],
    },
    best: refs,
  };
}

/** Where OpenClaw sends what is said to a model. Undefined also for an Ollama model with an address of its own, which OpenClaw ignores. */
function addressIn({ modelConfig }: RegistrySnapshot, { ref, server }: ModelProfile): string | undefined {
  const configured = modelConfig.providers.get(ref.provider);
  const [own, shared] = [configured?.models.get(ref.model)?.baseUrl, configured?.baseUrl];
  if (server?.kind === "ollama" && own !== undefined && shared !== undefined && own !== shared) return undefined;
  return effectiveBaseUrl(own, shared, ref.provider === "ollama" ? DEFAULT_ADDRESSES["ollama"] : undefined);
}

const TOOLS = { works: 3, unknown: 2, none: 1, text: 0 } as const;
const FITS = { fits: 4, tight: 3, unknown: 2, spills: 1, "does-not-fit": 0 } as const;

/** An agent lives by its tools, a person by the wait; what is as good in both is judged by its size and its window. */
export function bestFirst(machine: SpeedMachine | undefined): (a: ModelProfile, b: ModelProfile) => number {
  const marks = (profile: ModelProfile): readonly number[] => {
    const { fit, isLoaded } = judgeModel(profile, machine);
    const { toolCalls, diskBytes } = profile.facts;
    return [
      TOOLS[profile.demo ? "unknown" : (toolCalls?.value ?? "unknown")],
      FITS[fit?.kind ?? "unknown"],
      isLoaded ? 1 : 0,
      (windowOf(profile) ?? 0) >= USABLE_WINDOW ? 1 : 0,
      diskBytes?.value ?? 0,
    ];
  };
  return (a, b) => {
    const [ours, theirs] = [marks(a), marks(b)];
    const at = ours.findIndex((mark, index) => mark !== theirs[index]);
    return at === -1 ? formatModelRef(a.ref).localeCompare(formatModelRef(b.ref)) : (theirs[at] ?? 0) - (ours[at] ?? 0);
  };
}

/** OpenClaw's own prompt takes some 11,000 tokens (measured with 2026.9.6), so less leaves no room to work. */
const USABLE_WINDOW = 16_384;

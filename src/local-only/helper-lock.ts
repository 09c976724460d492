import type { ConfigChanges, SlotDifference } from "../agents/config-changes.ts";
import { helperCallsOf } from "../agents/helper-calls.ts";
import { ClutchError } from "../errors.ts";
import { countsAsCloud } from "../models/locality.ts";
import { formatModelRef, type ModelRef, parseModelRef, sameModel } from "../models/model-ref.ts";
import { formatSlot, type Slot } from "../openclaw/config-slots.ts";
import { unknownModelSettings } from "../openclaw/model-settings.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { Change, ChangeJournal } from "../store/change-journal.ts";
import { type CloudSetting, cloudSettingsOf, cloudTools } from "./cloud-settings.ts";
import { localReader } from "./local-reader.ts";
import { mayBeOnGateway } from "./loopback.ts";
import { type OpenHelper, openHelpersOf } from "./open-helpers.ts";

/** A helper call that would go to the cloud, or to somewhere unknown. */
export interface CloudHelper {
  readonly name: string;
  /** As OpenClaw's documentation writes it. */
  readonly setting: string;
  /** What it uses now, for people. */
  readonly uses: string;
  /** Whether that may be on the gateway's own machine, where a wall may not see it. */
  readonly onGateway: boolean;
}

export interface CloudAudit {
  readonly settings: readonly CloudSetting[];
  /** Patterns of settings that choose a model and that this version of Clutch does not know. */
  readonly unknown: readonly string[];
  readonly tools: readonly string[];
}

interface LockContext {
  readonly actor: string;
  readonly place?: string;
  readonly reason?: string;
}

/**
 * Helper calls of OpenClaw: short calls for text that run no hook, so that only
 * their settings keep them here. All of these settings take effect without a
 * restart of the gateway (gateway/configuration/hot-reload of its documentation);
 * those of memory dreaming and ClickClack reload their plugin, those of speech
 * make chats connect anew. Codes: the gateway's and those of `ConfigChanges`.
 */
export interface HelperLock {
  /** Those that would go to the cloud, or to somewhere unknown, now: also those for which nobody set a model. */
  cloudHelpers(): Promise<readonly CloudHelper[]>;
  /** Ids of the tools to block. An agent may name another model in a call of those that are left out. */
  tools(): Promise<readonly string[]>;
  /** What else is set and is not proved to stay local. */
  audit(): Promise<CloudAudit>;
  /**
   * Points exactly those at `target`, in one patch; empty where nothing had to be
   * done. Codes also: `unknown_model`, and `local_only` where it is not proved local.
   */
  close(target: ModelRef, context: LockContext & { readonly batch: string }): Promise<readonly SlotDifference[]>;
  /**
   * Puts back what `close` changed, each where it is unchanged since; `kept` is what
   * somebody changed meanwhile. Safe to repeat, and after a crash in either.
   */
  open(
    batch: string,
    context: LockContext,
  ): Promise<{ readonly undone: readonly SlotDifference[]; readonly kept: readonly SlotDifference[] }>;
}

/** What these changes are for, in the journal. */
const ABOUT = "local-only";

/** Failures after which the patch may stand in part or as a whole. */
const MAYBE_DONE: readonly unknown[] = ["interrupted", "not_verified"];

export function createHelperLock(parts: {
  readonly openclaw: Pick<OpenClaw, "readConfig">;
  readonly changes: ConfigChanges;
  readonly registry: Pick<ModelRegistry, "current" | "find">;
  readonly journal: ChangeJournal;
  /** The models that are proved local as OpenClaw reaches them. */
  readonly localModels: () => Promise<readonly ModelRef[]>;
  /** OpenClaw's JSON schema of its configuration. */
  readonly readSchema: () => Promise<unknown>;
}): HelperLock {
  const { openclaw, changes, registry, journal } = parts;

  const look = async () => {
    const [{ models, agentIds }, snapshot, localModels] = await Promise.all([
      registry.current(),
      openclaw.readConfig(),
      parts.localModels(),
    ]);
    const catalogue = models.map(({ ref }) => ref);
    const isLocal = localReader(snapshot.config, { localModels, catalogue });
    const { calls } = helperCallsOf(snapshot, [], { registry, agentIds });
    return { snapshot, models, catalogue, isLocal, open: openHelpersOf(snapshot, { isLocal, calls }) };
  };

  const mayStand = ({ id, state, failure, undoes, undoneBy }: Change, batch: readonly Change[]): boolean =>
    undoes === undefined &&
    undoneBy === undefined &&
    (state === "done" || (state === "failed" && MAYBE_DONE.includes(failure))) &&
    !batch.some((other) => other.undoes === id && other.state === "done");

  return {
    async cloudHelpers() {
      const { open, models } = await look();
      // Left to OpenClaw, or by an alias that an agent may have for another one, any of them may answer.
      const isAnyOnGateway = models.some((profile) => countsAsCloud(profile.locality) && mayBeOnGateway(profile));
      const isOnGateway = (written: string): boolean => {
        const ref = parseModelRef(written.trim());
        return ref === undefined ? isAnyOnGateway : mayBeOnGateway(registry.find(ref));
      };
      return open.map(({ name, path, uses, named }) => ({
        ...{ name, uses },
        setting: formatSlot(path),
        onGateway: named?.some(isOnGateway) ?? isAnyOnGateway,
      }));
    },

    async tools() {
      const { snapshot, isLocal } = await look();
      return cloudTools(snapshot, isLocal);
    },

    async audit() {
      const [{ snapshot, ...facts }, schema] = await Promise.all([look(), parts.readSchema()]);
      return {
        settings: cloudSettingsOf(snapshot, facts),
        unknown: unknownModelSettings(schema),
        tools: cloudTools(snapshot, facts.isLocal),
      };
    },

    async close(target, context) {
      const { catalogue, isLocal, open } = await look();
      const name = formatModelRef(target);
      if (!catalogue.some((ref) => sameModel(ref, target))) throw unknownModel(name);
      if (!isLocal(name)) throw notLocal(name);
      return changes.apply(slotsFor(open, name), { ...context, about: ABOUT });
    },

    async open(batch, context) {
      if ((await journal.inBatch(batch)).some(({ state }) => state === "intended")) await changes.settleUnfinished(0);
      const entries = await journal.inBatch(batch);
      const undone: SlotDifference[] = [];
      const kept: SlotDifference[] = [];
      for (const entry of entries.filter((one) => mayStand(one, entries)).toReversed()) {
        const outcome = await changes.undo(entry, { ...context, batch, partly: true });
        undone.push(...outcome.undone);
        kept.push(...outcome.kept);
      }
      return { undone, kept };
    },
  };
}

/** Each place once: dreaming's phases share what has to stand beside a model. */
function slotsFor(open: readonly OpenHelper[], target: string): Slot[] {
  const slots = open.flatMap((helper) => helper.closed(target));
  return [...new Map(slots.map((slot) => [JSON.stringify(slot.path), slot])).values()];
}

const unknownModel = (name: string): ClutchError =>
  new ClutchError("unknown_model", `OpenClaw does not know ${name}, so helper calls cannot be sent to it.`, {
    hint: "/model list shows what it knows.",
  });

const notLocal = (name: string): ClutchError =>
  new ClutchError("local_only", `${name} is not proved local, so helper calls cannot be locked to it.`, {
    hint: "/model show says what is known of it.",
  });

import { at, candidates, localModelOf, refOf, whyLocal } from "./rules.js";

/** @import { Canary, LocalModel, RunContext } from "./types.js" */
/** @import { Memory, Shared } from "./shared.js" */

/** How many escaped calls, and how many canaries, are remembered. */
const REMEMBERED = 20;
const LOOKING_TOOLS = ["view_image", "image", "pdf"];
/** A question aside, after whoever is mentioned. */
const ASIDE = /^\s*(?:<?@\S+\s+)*\/(?:btw|side)\b/i;
/** Clutch's model in the cloud by definition. */
const CANARY_PROVIDER = "clutch-canary";
/** A canary in such a session is not redirected, so that the gate is tried alone. */
const GATE_ALONE = "clutch-canary-gate-";

/**
 * What the guard does at each of OpenClaw's hooks. The first sends a turn to a
 * local model and fails open, so the third looks again at what is about to be
 * called, and fails closed.
 * @param {Pick<Shared, "lock" | "health"> & { memory: Pick<Memory, "escapes" | "canaries" | "heard"> }} shared
 * @param {{ config: () => unknown, entryOf: (sessionKey: string) => unknown, clock: () => number }} parts `entryOf` gives what OpenClaw keeps of a session, `clock` epoch ms.
 */
export function createHooks({ lock, health, memory }, { config, entryOf, clock }) {
  const { escapes, canaries, heard } = memory;
  /** Runs that began as canaries, by run id. @type {Set<string>} */
  const released = new Set();

  /** @param {RunContext} run @param {Canary["met"]} met */
  const caught = ({ runId = "", sessionKey = "", modelProviderId, modelId }, met) => {
    released.delete(runId);
    canaries.push({ runId, sessionKey, model: `${modelProviderId}/${modelId}`, met, at: clock() });
    canaries.splice(0, canaries.length - REMEMBERED);
  };

  /** @param {RunContext} run @returns {Promise<LocalModel | undefined>} */
  const best = async (run) => {
    const models = candidates(lock.state(), run, config());
    for (const model of models) if ((await health.of(model)).ok) return model;
    // Nobody else is left, so who failed is tried again soon.
    for (const model of models) if ((await health.of(model, true)).ok) return model;
    return undefined;
  };

  /** @param {RunContext} run */
  const nobody = async (run) => {
    const reasons = await Promise.all(
      candidates(lock.state(), run, config())
        .slice(0, 3)
        .map(async (model) => ({ model, health: await health.of(model) })),
    );
    const why = reasons.flatMap(({ model, health: found }) => (found.ok ? [] : [`${refOf(model)}: ${found.why}`]));
    const what = why.length === 0 ? "there is no local model" : `no local model answers right now (${why.join("; ")})`;
    return `${because(run)}, and ${what}. Nothing was sent to the cloud. Try again in a moment; /localonly says more.`;
  };

  /** @param {RunContext} run */
  const why = (run) => whyLocal(lock.state(), run, entryOf);

  /** @param {RunContext} run */
  const isGoverned = (run) => why(run) !== undefined;

  /** @param {RunContext} run */
  const because = (run) => {
    const reason = why(run) ?? "here";
    if (reason === "lock") return "Local-only mode is on";
    return reason === "unknown"
      ? "This may hold text of a conversation that stays local"
      : `This conversation stays local (${reason})`;
  };

  /**
   * Whom a tool would hand text to that the guard does not look after; sub-agents it does.
   * @param {string} tool @param {Record<string, unknown>} params
   */
  const handedTo = (tool, params) => {
    const { sessionKey } = params;
    const isOther = params["runtime"] === "acp" || at(params, "placement", "kind") === "profile";
    if (tool === "sessions_spawn" && isOther) return "a program or a machine with models of its own";
    const isKept = typeof sessionKey === "string" && isGoverned({ sessionKey });
    return tool === "sessions_send" && !isKept ? "a conversation that is not kept local" : undefined;
  };

  return {
    /** @param {unknown} _ @param {RunContext} run */
    async beforeModelResolve(_, run) {
      const isCanary = run.modelProviderId === CANARY_PROVIDER;
      if (isCanary) heard.modelResolve += 1;
      if (!isGoverned(run)) return undefined;
      if (isCanary) {
        if (run.runId !== undefined) released.add(run.runId);
        if (run.sessionKey?.includes(GATE_ALONE)) return undefined;
      }
      const model = await best(run);
      return model === undefined ? undefined : { providerOverride: model.provider, modelOverride: model.model };
    },

    /** @param {unknown} _ @param {RunContext} run */
    async beforeAgentReply(_, run) {
      if (run.modelProviderId === CANARY_PROVIDER) heard.agentReply += 1;
      if (!isGoverned(run) || (await best(run)) !== undefined) return undefined;
      if (run.modelProviderId === CANARY_PROVIDER) caught(run, "notice");
      return { handled: true, reply: { text: await nobody(run) }, reason: "no local model" };
    },

    /** @param {unknown} _ @param {RunContext} run */
    async beforeAgentRun(_, run) {
      if (run.modelProviderId === CANARY_PROVIDER) heard.agentRun += 1;
      if (!isGoverned(run)) return undefined;
      const model = localModelOf(lock.state(), run, config());
      /** @param {string} message */
      const block = (message) => ({ outcome: /** @type {const} */ ("block"), reason: "local-only", message });
      // Where it would have gone is all there is to know, so no model has to answer a canary.
      if (released.has(run.runId ?? "") || run.modelProviderId === CANARY_PROVIDER) {
        caught(run, model === undefined ? "gate" : "local");
        return block("A canary of Clutch: local-only mode is being verified.");
      }
      if (model === undefined) {
        const asked = `${run.modelProviderId ?? "?"}/${run.modelId ?? "?"}`;
        return block(
          `${because(run)}, and this turn would have gone to ${asked}. Nothing more is sent there. Send it again: a local model answers.`,
        );
      }
      const found = await health.of(model);
      if (found.ok) return undefined;
      const next = await best(run);
      if (next === model) return undefined;
      return block(
        next === undefined
          ? await nobody(run)
          : `${because(run)}, and ${refOf(model)} did not answer (${found.why}). Send it again: ${refOf(next)} answers next.`,
      );
    },

    /**
     * A question aside asks the model that the conversation is set to, and no other hook hears of it.
     * @param {{ content?: string, body?: string, sessionKey?: string }} event @param {RunContext} context
     */
    beforeDispatch({ content = "", body = "", sessionKey }, context) {
      const asked = { ...context, ...(sessionKey === undefined ? {} : { sessionKey }) };
      if (![content, body].some((text) => ASIDE.test(text)) || !isGoverned(asked)) return undefined;
      const text = `${because(asked)}, and /btw asks the model that the conversation is set to. Nothing was sent; ask without /btw.`;
      return { handled: true, text };
    },

    /** @param {{ toolName?: string, params?: Record<string, unknown> }} event @param {RunContext} run */
    beforeToolCall({ toolName = "", params = {} }, run) {
      const state = lock.state();
      const reason = why(run);
      if (reason === undefined) return undefined;
      // Where the lock is off, nothing else would hold it.
      const receiver = reason === "lock" ? undefined : handedTo(toolName, params);
      if (receiver !== undefined)
        return { block: true, blockReason: `${because(run)}, and ${toolName} would hand its text to ${receiver}.` };
      // Some tools ask a local model by themselves and another one at the agent's word.
      const asked =
        LOOKING_TOOLS.includes(toolName) && typeof params["model"] === "string" ? params["model"] : undefined;
      const isLocal = asked === undefined || state.models.some((model) => refOf(model) === asked);
      if (isLocal && !state.tools.includes(toolName)) return undefined;
      return {
        block: true,
        blockReason: `${because(run)}, and ${toolName} would send what it is given to a model in the cloud.`,
      };
    },

    /** @param {{ provider?: string, model?: string, runId?: string }} event @param {RunContext} run */
    modelCallStarted({ provider = "?", model = "?", runId = "" }, run) {
      // It counts its visitors itself.
      if (provider === CANARY_PROVIDER) return;
      const called = { ...run, modelProviderId: provider, modelId: model };
      if (!isGoverned(run) || localModelOf(lock.state(), called, config()) !== undefined) return;
      escapes.push({ provider, model, runId, sessionKey: run.sessionKey ?? "", at: clock() });
      escapes.splice(0, escapes.length - REMEMBERED);
    },

    /** @param {{ provider?: string, model?: string, outcome?: string, failureKind?: string }} event */
    modelCallEnded({ provider = "", model = "", outcome, failureKind }) {
      if (outcome === "completed") health.worked({ provider, model });
      // Who stopped a turn says nothing about the model.
      else if (failureKind !== "aborted") health.failed({ provider, model }, "its last call failed");
    },
  };
}

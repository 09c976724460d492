import { setTimeout as sleep } from "node:timers/promises";
import { ClutchError } from "../errors.ts";
import { CANARY } from "../models/canary.ts";
import { formatModelRef } from "../models/model-ref.ts";
import type { GuardClient, GuardStatus } from "../openclaw/guard-client.ts";
import type { ScratchSession } from "../openclaw/scratch-session.ts";

/** What a turn on the canary met. */
export interface GuardProof {
  readonly status: GuardStatus;
  /** `passed`: all hooks saw it and, the guard being off, it reached the canary. `stopped`: the guard is on. */
  readonly canary: "passed" | "stopped" | "not allowed";
}

export interface ProofParts {
  readonly guard: Pick<GuardClient, "status">;
  readonly withScratchSession: ScratchSession;
  readonly agentId: () => Promise<string>;
  readonly directory: string;
  readonly canaryPort: number;
  /** How long the guard may take to answer, ms. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Sees the guard at work: it answers with this state, its canary listens, and a turn
 * on the canary goes through its hooks. That it answers proves nothing, since OpenClaw
 * may run turns that never ask it. Throws `not_verified` where it is not so, and the
 * gateway's codes.
 */
export async function proveGuard(parts: ProofParts): Promise<GuardProof> {
  const before = await untilReady(parts);
  const sent = await sendCanary(parts);
  if (sent === undefined) return { status: before, canary: "not allowed" };
  const status = await parts.guard.status();
  if (status === undefined) throw new ClutchError("not_verified", "The guard stopped answering while it was tried.");
  const hits = status.canary.hits - before.canary.hits;
  if (status.state.on) {
    if (hits > 0) throw notAsked("although it is on, a turn reached the canary");
    if (!status.canaries.some(({ sessionKey }) => sessionKey === sent.key)) throw notAsked("it saw nothing of a turn");
    return { status, canary: "stopped" };
  }
  const missed = Object.entries(HOOKS).flatMap(([hook, name]) =>
    status.heard[hook as keyof typeof HOOKS] > before.heard[hook as keyof typeof HOOKS] ? [] : [name],
  );
  if (missed.length > 0) throw notAsked(`a turn went past ${missed.join(", ")}`);
  if (hits === 0) {
    throw new ClutchError(
      "not_verified",
      `A turn on ${formatModelRef(CANARY)} did not reach the canary (${sent.error ?? "nobody knows why"}).`,
      {
        hint: "Something else holds it, such as a wall that is closed for loopback as well. Without it nothing can be tried.",
      },
    );
  }
  return { status, canary: "passed" };
}

const HOOKS = {
  modelResolve: "before_model_resolve",
  agentReply: "before_agent_reply",
  agentRun: "before_agent_run",
} as const;

/** Undefined where OpenClaw lets nobody choose the canary. */
async function sendCanary({ withScratchSession, agentId, signal }: ProofParts) {
  const request = { agentId: await agentId(), model: CANARY, ...(signal === undefined ? {} : { signal }) };
  try {
    return await withScratchSession(request, async ({ key, say }) => ({ key, ...(await say("Say nothing.")) }));
  } catch (thrown) {
    if (thrown instanceof ClutchError && thrown.message.includes("model not allowed")) return undefined;
    throw thrown;
  }
}

async function untilReady({ guard, directory, canaryPort, patienceMs }: ProofParts): Promise<GuardStatus> {
  const started = performance.now();
  for (;;) {
    const status = await guard.status();
    const problem = problemOf(status, { directory, canaryPort });
    if (status !== undefined && problem === undefined) return status;
    if (performance.now() - started > patienceMs) throw problem;
    await sleep(200);
  }
}

function problemOf(
  status: GuardStatus | undefined,
  { directory, canaryPort }: Pick<ProofParts, "directory" | "canaryPort">,
): ClutchError | undefined {
  if (status === undefined) return new ClutchError("not_verified", "OpenClaw does not run the guard.");
  if (status.directory !== directory)
    return new ClutchError("not_verified", `The guard that answers has its state in ${status.directory}.`);
  if (!status.mayHear) return new ClutchError("not_verified", "OpenClaw does not let the guard hear of turns.");
  if (status.canary.listening && status.canary.port === canaryPort) return undefined;
  return new ClutchError("not_verified", `The guard's canary does not listen at port ${canaryPort}.`, {
    hint: "Another program may have taken the port. Remove the guard and install it again: it takes another one then.",
  });
}

const notAsked = (how: string): ClutchError =>
  new ClutchError("not_verified", `OpenClaw runs the guard, but does not ask it: ${how}.`, {
    hint: "Restart the gateway (openclaw gateway restart) and run this again.",
  });

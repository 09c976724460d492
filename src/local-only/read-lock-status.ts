import type { ModelRef } from "../models/model-ref.ts";
import type { GuardClient, GuardStatus } from "../openclaw/guard-client.ts";
import type { LockJournal } from "../store/lock-journal.ts";
import type { HelperLock } from "./helper-lock.ts";
import { detailsOf, type LockDetails, stillProved } from "./lock-details.ts";
import { holdsLoopback, isShut, type LayerView, type LockLayer, lookAt } from "./lock-layers.ts";
import type { LockSchedule } from "./lock-schedule.ts";
import type { Enforcement, LayerState, LockStatus, PathProof, Verification } from "./lock-status.ts";
import type { RulesSource } from "./rules-source.ts";
import { GATEWAY_PATH, TURN_PATH } from "./verifier.ts";

/** Asks everybody and puts together what is true now; nothing is changed. */
export async function readLockStatus(
  parts: {
    readonly layers: readonly LockLayer[];
    readonly guard: GuardClient;
    readonly helpers: Pick<HelperLock, "cloudHelpers">;
    readonly rules: Pick<RulesSource, "best" | "mayBeOnGateway">;
    readonly schedule: LockSchedule;
    readonly journal: LockJournal;
    readonly clock: () => number;
  },
  others: () => Promise<{ readonly isHeld: boolean; readonly isWatched: boolean }>,
): Promise<LockStatus> {
  const { layers, guard, journal, schedule } = parts;
  const [last, { isHeld, isWatched }, guarding, localModels, views] = await Promise.all([
    journal.latest(),
    others(),
    guard.status().catch(() => undefined),
    parts.rules.best().catch(() => []),
    Promise.all(layers.map(lookAt)),
  ]);
  const isWorking = last?.state === "working";
  const isOn = views.some(isShut) || last?.wanted === "on" || isWorking;
  const details = last === undefined ? undefined : detailsOf(last);
  const held = layers.filter((_, at) => views[at]?.state === "closed").map(({ name }) => name);
  const holdsAll = holdsLoopback(layers, views);
  /** Refused by the wall, whatever was tried. */
  const isRefused = (model: ModelRef): boolean =>
    holdsAll || (held.includes("wall") && !parts.rules.mayBeOnGateway(model));
  const problems = isOn && !isWorking ? problemsOf(layers, views, { details, guarding, isRefused }) : [];
  const coming = await schedule.read({
    isOn,
    bySchedule: last?.wanted === "on" && details?.bySchedule === true,
    until: details?.until?.at,
  });
  const proved = details === undefined ? [] : stillProved(details, layers, views);
  const verification = last?.wanted === "on" ? verificationNow(details?.verification, proved) : undefined;
  const untried = last?.wanted === "on" && !isWorking ? held.filter((name) => !proved.includes(name)) : [];
  const leaks = (verification?.paths ?? []).filter(({ result }) => result === "leaks");
  const left = isOn && !isWorking ? await parts.helpers.cloudHelpers().catch(() => undefined) : undefined;
  const helpers: LayerState = {
    name: "helpers",
    state: left === undefined ? "open" : left.length === 0 ? "closed" : "open",
    text:
      left === undefined
        ? "OpenClaw's own calls use the models that are set for them."
        : left.length === 0
          ? "Every setting of OpenClaw's own calls names a local model."
          : `These still use the cloud: ${left.map(({ name }) => name).join(", ")}.`,
  };
  const all = [
    ...problems,
    ...leaks.map(({ path, detail }) => `${path}: ${detail}.`),
    ...untried.map(
      (name) => `The ${name} is closed, and was not tried since; a running Clutch does so within moments.`,
    ),
    ...(isWorking && !isHeld ? ["It was interrupted; a running Clutch finishes it within moments."] : []),
  ];
  return {
    enforcement: enforcementOf({
      isOn,
      isBusy: isWorking,
      problems: [...problems, ...leaks],
      held,
      isProved: untried.length === 0,
      isUnheld: !holdsAll && (left?.some(({ onGateway }) => onGateway) ?? false),
      verification,
    }),
    isOn,
    wanted: (isWorking ? last?.wanted : undefined) ?? (isOn ? "on" : "off"),
    last: last === undefined ? undefined : { actor: last.actor, reason: last.reason, at: last.at },
    layers: [...layers.map((layer, at) => layerState(layer, views[at])), helpers],
    localModels,
    schedule: coming,
    isWatched,
    kept: Object.entries(guarding?.state.kept ?? {}).map(([sessionKey, kept]) => ({ sessionKey, ...kept })),
    verification,
    problems: [...all, ...(isOn ? (details?.problems ?? []) : [])],
  };
}

function enforcementOf(facts: {
  readonly isOn: boolean;
  readonly isBusy: boolean;
  readonly problems: readonly unknown[];
  readonly held: readonly string[];
  /** All that hold were tried since they do. */
  readonly isProved: boolean;
  /** A call without hooks leads to where the wall does not see it. */
  readonly isUnheld: boolean;
  readonly verification: Verification | undefined;
}): Enforcement {
  const { isOn, isBusy, problems, held, isUnheld, verification } = facts;
  if (isBusy) return "changing";
  if (!isOn) return "off";
  if (problems.length > 0) return "broken";
  const isTried = (path: string): boolean =>
    verification?.paths.some((proof) => proof.path === path && proof.result === "proved") === true;
  const isAllProved = facts.isProved && isTried(TURN_PATH) && isTried(GATEWAY_PATH);
  return held.length === 2 && !isUnheld && isAllProved ? "enforced" : "partly";
}

const LAYERS: readonly LockLayer["name"][] = ["guard", "wall"];

/** A proof is of the layers that held then, and says nothing of one that was away since. */
function verificationNow(
  verification: Verification | undefined,
  proved: readonly LockLayer["name"][],
): Verification | undefined {
  if (verification === undefined) return undefined;
  const isOver = (layer: string): boolean => LAYERS.some((name) => name === layer && !proved.includes(name));
  const paths = verification.paths.map((proof): PathProof => {
    const gone = proof.heldBy.split(", ").find(isOver);
    if (proof.result !== "proved" || gone === undefined) return proof;
    return { ...proof, result: "configured", detail: `${proof.detail}; the ${gone} was away since` };
  });
  return { ...verification, paths };
}

/** What should hold and does not, and what got out. */
function problemsOf(
  layers: readonly LockLayer[],
  views: readonly LayerView[],
  facts: {
    readonly details: LockDetails | undefined;
    readonly guarding: GuardStatus | undefined;
    readonly isRefused: (model: ModelRef) => boolean;
  },
): string[] {
  const { details, guarding, isRefused } = facts;
  const lost = layers.flatMap(({ name }, at) => {
    const view = views[at];
    if (view === undefined || view.state === "closed") return [];
    if (view.state === "open") return [`The ${name} is open.`];
    if (view.state === "absent" && details?.layers.includes(name) === true) return [`The ${name} is gone. ${view.why}`];
    return !isShut(view) ? [] : [`The ${name} is closed, but OpenClaw does not go by it.`];
  });
  const damaged = layers.flatMap(({ name }, at) => {
    const view = views[at];
    return view?.state === "closed" && view.damage !== undefined ? [`The file of the ${name} ${view.damage}.`] : [];
  });
  const since = Math.max(guarding?.state.at ?? 0, (details?.escapedUntil ?? 0) + 1);
  const escapes = (guarding?.escapes ?? []).filter((call) => call.at >= since && !isRefused(call));
  const escaped = escapes.slice(-1).map(({ provider, model, sessionKey }) => {
    const where = sessionKey === "" ? "" : ` in ${sessionKey}`;
    return `${escapes.length === 1 ? "A call" : `${escapes.length} calls`} to ${provider}/${model} began${where} all the same.`;
  });
  return [...lost, ...damaged, ...escaped];
}

function layerState({ name }: LockLayer, view: LayerView | undefined): LayerState {
  if (view === undefined) return { name, state: "absent", text: "It was not asked." };
  if (view.state === "absent") return { name, state: "absent", text: view.why };
  const what = {
    guard: { closed: WHAT.guardClosed, open: WHAT.guardOpen },
    wall: { closed: view.sparesLoopback === true ? WHAT.wallSparing : WHAT.wallClosed, open: WHAT.wallOpen },
  };
  return { name, state: view.state, text: what[name][view.state] };
}

const WHAT = {
  guardClosed: "Turns go to local models only.",
  guardOpen: "It is there and lets every turn pass.",
  wallClosed: "OpenClaw reaches nothing but local models and what is allowed.",
  wallSparing:
    "OpenClaw reaches nothing but local models, what is allowed, and its own machine (clutch wall install --strict closes that, too).",
  wallOpen: "It is there and lets every connection pass.",
} as const;

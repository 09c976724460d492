import type { LockStatus, PathProof, Verification } from "../src/local-only/lock-status.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import { mayDo } from "./access.ts";
import { ago } from "./amounts.ts";
import type { Action, Card, Field, Table } from "./card.ts";
import type { AccessLevel } from "./command.ts";
import { lasting } from "./duration.ts";

/**
 * Where local-only mode stands: what is wrong first (leaks are among the problems
 * of the status), then `lead`. It says
 * “enforced” and “nothing reaches the cloud” only where the status does and no
 * path that was tried says otherwise. `now` in epoch ms.
 */
export function statusCard(
  status: LockStatus,
  about: { readonly level: AccessLevel; readonly now: number; readonly lead?: readonly string[] },
): Card {
  const { verification } = status;
  return {
    tone: toneOf(status),
    title: titleOf(status),
    body: [
      ...status.problems.map((problem) => `Problem: ${problem}`),
      ...(verification === undefined ? [] : gapsIn(verification)),
      ...(status.enforcement === "changing" ? [CHANGING] : []),
      ...(about.lead ?? []),
    ],
    fields: [
      ...changeFields(status, about.now),
      ...scheduleFields(status, about.now),
      ...layerFields(status),
      modelsField(status),
      ...keptFields(status),
      ...triedFields(status, about.now),
    ],
    ...tableOf(verification),
    actions: actionsOf(status, about.level),
    footer: "as guard, wall and OpenClaw say now; times are of Clutch's machine",
  };
}

/** What came of trying each path. */
export function verificationCard(verification: Verification): Card {
  const { paths, unknownSettings } = verification;
  const leaks = count(paths, "leaks");
  const open = count(paths, "not covered") + unknownSettings.length;
  return {
    tone: leaks > 0 ? "error" : open > 0 || count(paths, "proved") === 0 ? "warning" : "success",
    title:
      leaks > 0
        ? `LOCK BROKEN: ${leaks} of ${paths.length} paths ${leaks === 1 ? "LEAKS" : "LEAK"}`
        : paths.length === 0
          ? "No path was tried"
          : count(paths, "proved") === 0
            ? `Nothing is proved: ${summaryOf(paths)}`
            : `No canary got out: ${summaryOf(paths)}`,
    body: [...leaksIn(verification), ...gapsIn(verification)],
    ...tableOf(verification),
    footer: "proved: a canary ran there just now; configured: set so, and not tried",
  };
}

const CHANGING = "Somebody is at work on it, or was interrupted. Until that is over, text may get to the cloud.";

/** Leaks that the status does not count yet are still leaks. */
const isBroken = ({ enforcement, verification }: LockStatus): boolean =>
  enforcement === "broken" || (enforcement !== "off" && count(verification?.paths ?? [], "leaks") > 0);

function toneOf(status: LockStatus): Card["tone"] {
  if (isBroken(status)) return "error";
  const { enforcement, problems, verification } = status;
  const isClean = problems.length === 0 && (verification === undefined || gapsIn(verification).length === 0);
  if (enforcement === "off") return isClean ? "info" : "warning";
  return enforcement === "enforced" && isClean ? "success" : "warning";
}

function titleOf(status: LockStatus): string {
  const { enforcement, problems, verification } = status;
  if (isBroken(status)) {
    return count(verification?.paths ?? [], "leaks") > 0
      ? "LOCK BROKEN: text can get to the cloud"
      : "LOCK BROKEN: something that should hold does not";
  }
  if (enforcement === "off") return "Local-only mode is off";
  if (enforcement === "changing") return `Local-only mode is being turned ${status.wanted}`;
  if (enforcement === "partly") return "Local-only mode is on, partly enforced";
  const open = count(verification?.paths ?? [], "not covered");
  if (open > 0)
    return `Local-only mode is on: guard and wall hold, ${open} ${open === 1 ? "path is" : "paths are"} not covered`;
  if (problems.length > 0) return "Local-only mode is on: guard and wall hold, but something is wrong";
  return "Local-only mode is on: nothing reaches the cloud";
}

const leaksIn = ({ paths }: Verification): string[] =>
  paths.filter(({ result }) => result === "leaks").map(({ path, detail }) => `LEAKS: ${path} (${detail}).`);

/** What no layer holds, or may not. */
function gapsIn({ paths, unknownSettings }: Verification): string[] {
  const open = paths.filter(({ result }) => result === "not covered");
  return [
    ...(open.length === 0 ? [] : [`Not covered: ${open.map(({ path, detail }) => `${path} (${detail})`).join("; ")}.`]),
    ...(unknownSettings.length === 0
      ? []
      : [`Settings of OpenClaw that may choose a model and that Clutch does not know: ${some(unknownSettings)}.`]),
  ];
}

const BY_ITSELF: Readonly<Record<string, string>> = {
  clutch: "by Clutch, as scheduled",
  "clutch:budget": "by Clutch, for the budget",
};

function changeFields({ last, isOn, enforcement }: LockStatus, now: number): Field[] {
  if (last === undefined) return [];
  const name = enforcement === "changing" ? "Begun" : isOn ? "Turned on" : "Turned off";
  const by = BY_ITSELF[last.actor] ?? `by ${last.actor}`;
  return [
    { name, value: `${ago(now - last.at)}, ${by}` },
    ...(last.reason === undefined ? [] : [{ name: "Why", value: last.reason }]),
  ];
}

const NOBODY = "nobody will: no Clutch is running (clutch start)";

function scheduleFields({ isOn, enforcement, isWatched, schedule }: LockStatus, now: number): Field[] {
  const { next, daily } = schedule;
  const unless = isWatched ? "" : `; ${NOBODY}`;
  return [
    ...(next?.turns === "off"
      ? [{ name: "Until", value: `${moment(next.at, now)}${unless}` }]
      : isOn && enforcement !== "changing"
        ? [{ name: "Until", value: "somebody turns it off" }]
        : []),
    ...(next?.turns === "on" ? [{ name: "Turns on", value: `${moment(next.at, now)}${unless}` }] : []),
    ...(daily === undefined ? [] : [{ name: "Every day", value: `${daily}${next === undefined ? unless : ""}` }]),
    ...(isOn && !isWatched ? [{ name: "Watched", value: "by nobody: no Clutch is running (clutch start)" }] : []),
  ];
}

const DATE = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
const moment = (at: number, now: number): string =>
  at <= now ? `overdue since ${DATE.format(at)}` : `in ${lasting(at - now)} (${DATE.format(at)})`;

const LAYER_NAMES = { guard: "Guard", wall: "Wall", helpers: "Silent calls" } as const;

export const layerFields = ({ layers }: LockStatus): Field[] =>
  layers.map(({ name, state, text }) => ({ name: LAYER_NAMES[name], value: `${state}: ${text}` }));

/** Where turns go: without the guard they go where they always did. */
export function modelsField({ isOn, layers, localModels }: LockStatus): Field {
  const guard = layers.find(({ name, state }) => name === "guard" && state !== "absent");
  const name =
    guard === undefined ? "Local models" : isOn && guard.state === "closed" ? "Turns go to" : "Turns would go to";
  const none = `none answers${guard === undefined ? "" : ", so turns get a notice instead"}`;
  return { name, value: localModels.length === 0 ? none : some(localModels.map(formatModelRef)) };
}

function keptFields({ kept }: LockStatus): Field[] {
  if (kept.length === 0) return [];
  const always = kept.filter(({ why }) => why === "here").length;
  const waiting = kept.length - always;
  const parts = [
    ...(always > 0 ? [`${conversations(always)}, always`] : []),
    ...(waiting > 0 ? [`${conversations(waiting)} until released (/localonly release there)`] : []),
  ];
  return [{ name: "Kept local", value: parts.join("; ") }];
}

function triedFields({ isOn, enforcement, verification }: LockStatus, now: number): Field[] {
  if (!isOn || enforcement === "changing") return [];
  const value =
    verification === undefined
      ? "not since it was turned on: /localonly verify"
      : `${ago(now - verification.at)}: ${summaryOf(verification.paths)}`;
  return [{ name: "Tried", value }];
}

const RESULTS = { leaks: "LEAKS", proved: "proved", configured: "configured", "not covered": "not covered" } as const;

function tableOf(verification: Verification | undefined): { table?: Table } {
  if (verification === undefined || verification.paths.length === 0) return {};
  const worstFirst = [...verification.paths].sort(
    (one, other) => Number(other.result === "leaks") - Number(one.result === "leaks"),
  );
  return {
    table: {
      columns: ["Path", "Held by", "Result"],
      rows: worstFirst.map(({ path, heldBy, result }) => [path, heldBy || "nothing", RESULTS[result]]),
    },
  };
}

/** “1 LEAKS, 5 proved, 2 configured”. */
function summaryOf(paths: readonly PathProof[]): string {
  const results = ["leaks", "proved", "configured", "not covered"] as const;
  return results
    .filter((result) => count(paths, result) > 0)
    .map((result) => `${count(paths, result)} ${RESULTS[result]}`)
    .join(", ");
}

function actionsOf(status: LockStatus, level: AccessLevel): Action[] {
  const { isOn } = status;
  const isUnsettled = isBroken(status) || status.enforcement === "changing";
  const on: Action = { label: isOn ? "Turn it on again" : "Turn it on", line: "/localonly on", style: "primary" };
  return [
    ...(mayDo(level, "owner") && (!isOn || isUnsettled) ? [on] : []),
    ...(mayDo(level, "operator") && isOn ? [VERIFY] : []),
    ...(mayDo(level, "owner") && (isOn || isUnsettled) ? [TURN_OFF] : []),
  ];
}

const VERIFY: Action = { label: "Verify", line: "/localonly verify", style: "secondary" };
const TURN_OFF: Action = { label: "Turn it off", line: "/localonly off", style: "secondary" };

const count = (paths: readonly PathProof[], wanted: PathProof["result"]): number =>
  paths.filter(({ result }) => result === wanted).length;

export const conversations = (count: number): string => `${count} ${count === 1 ? "conversation" : "conversations"}`;

const MOST_NAMED = 5;
const some = (names: readonly string[]): string =>
  [...names.slice(0, MOST_NAMED), ...(names.length > MOST_NAMED ? [`${names.length - MOST_NAMED} more`] : [])].join(
    ", ",
  );

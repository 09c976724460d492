import { ClutchError } from "../errors.ts";
import { type Fit, fitOf } from "../models/fit.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { ModelFacts } from "../registry/model-facts.ts";
import type { RunningModel, ServedModel } from "../servers/model-server.ts";
import { LEAST_WINDOW, windowToGive } from "./context-window.ts";

/** What setting a model up would do, before anything is done. */
export interface PlannedModel {
  /** As Ollama calls it. */
  readonly name: string;
  readonly facts: ModelFacts;
  readonly isPulled: boolean;
  /** To download; 0 where it is there, undefined where unknown. */
  readonly downloadBytes: number | undefined;
  /** The window that the person asked for, tokens. */
  readonly asked: number | undefined;
  /** The window that it is to get, tokens. */
  readonly contextTokens: number;
  /** With that window; undefined where it runs on another machine. */
  readonly fit: Fit | undefined;
  readonly notes: readonly string[];
  /** Why it had better not be done. */
  readonly refusal: ClutchError | undefined;
}

export interface PlanQuestion {
  readonly name: string;
  readonly facts: ModelFacts;
  readonly served: ServedModel | undefined;
  /** Undefined where the server is on another machine. */
  readonly machine: SpeedMachine | undefined;
  /** Names of the models in memory now. */
  readonly running: readonly string[];
  /** The window that was asked for, and the one that OpenClaw asks for now, tokens. */
  readonly asked: number | undefined;
  readonly present: number | undefined;
}

/** Whether a model fits, and which window it gets. */
export function planModel({ name, facts, served, machine, running, asked, present }: PlanQuestion): PlannedModel {
  const own = facts.contextLength?.value;
  const question = { weightsBytes: facts.diskBytes?.value, architecture: facts.architecture, contextLength: own };
  const fits = machine && fitOf(machine, { ...question, contextTokens: LEAST_WINDOW }).largestContextTokens;
  const contextTokens = windowToGive({ own, fits, asked, present });
  const fit = machine && fitOf(machine, { ...question, contextTokens });
  return {
    name,
    facts,
    isPulled: served !== undefined,
    downloadBytes: served === undefined ? facts.diskBytes?.value : 0,
    asked,
    contextTokens,
    fit,
    notes: [...notesOn(contextTokens, fit, facts), ...pushedOut(running.filter((other) => other !== name))],
    refusal: fit?.kind === "does-not-fit" ? tooBig(name, contextTokens, fit) : undefined,
  };
}

function notesOn(contextTokens: number, fit: Fit | undefined, facts: ModelFacts): string[] {
  return [
    ...(contextTokens < LEAST_WINDOW
      ? [`Its window of ${tokens(contextTokens)} is small: an agent's first prompt with OpenClaw takes 11k to 18k.`]
      : []),
    ...(fit?.kind === "spills" ? ["The graphics processor cannot hold all of it, so it will be slow."] : []),
    ...(fit?.kind === "unknown" ? ["How much memory it needs is not known."] : []),
    ...(fit === undefined ? ["It runs on another machine, whose memory Clutch cannot see."] : []),
    ...(facts.toolCalls?.value === "text"
      ? [`Known to print its tool calls as text (${facts.toolCalls.source}): a copy with another template is tried.`]
      : []),
  ];
}

const pushedOut = (others: readonly string[]): string[] =>
  others.length === 0 ? [] : [`Trying it may put ${others.join(", ")} out of memory, which somebody may be using.`];

/** Left free for what else writes to that disk, bytes. */
const DISK_RESERVE = 1e9;

/** Throws `bad_option` with the figures where the disk has no room for what is to be downloaded. */
export function checkDisk(planned: readonly PlannedModel[], machine: SpeedMachine | undefined): void {
  const disk = machine?.disk;
  const need = planned.reduce((sum, { downloadBytes }) => sum + (downloadBytes ?? 0), 0);
  if (disk === undefined || need === 0 || need + DISK_RESERVE <= disk.freeBytes) return;
  throw new ClutchError(
    "bad_option",
    `The download takes ${gigabytes(need)}, and ${disk.path} has ${gigabytes(disk.freeBytes)} free; 1 GB must stay. Nothing was downloaded.`,
    { hint: "Make room or choose smaller models. --force tries all the same, as where a part is there already." },
  );
}

/** Throws `bad_option` where what is left of a download, whose size was not known before, is more than the disk has. */
export function checkRest(name: string, leftBytes: number, machine: SpeedMachine | undefined): void {
  const disk = machine?.disk;
  if (disk === undefined || leftBytes + DISK_RESERVE <= disk.freeBytes) return;
  throw new ClutchError(
    "bad_option",
    `${name} still takes ${gigabytes(leftBytes)}, and ${disk.path} has ${gigabytes(disk.freeBytes)} free. The download was stopped.`,
    { hint: "Make room, then run it again: what was downloaded stays." },
  );
}

function tooBig(name: string, contextTokens: number, { needBytes, haveBytes }: Fit): ClutchError {
  const need = needBytes === undefined ? "more memory" : gibibytes(needBytes);
  return new ClutchError(
    "bad_option",
    `${name} does not fit: with a window of ${tokens(contextTokens)} it needs ${need}, and there are ${gibibytes(haveBytes)}.`,
    { hint: "Choose a smaller model, or end what uses memory. --force tries all the same." },
  );
}

/** The machine as it is once Ollama has put away what it has in memory, which it does for another model. */
export function withoutLoaded(machine: SpeedMachine, running: readonly RunningModel[]): SpeedMachine {
  const { memory } = machine;
  const onCards = machine.gpus.some((gpu) => !gpu.unified && gpu.vramBytes !== undefined);
  const held = running.reduce((sum, { memoryBytes = 0, vramBytes = 0 }) => {
    return sum + (onCards ? Math.max(0, memoryBytes - vramBytes) : memoryBytes);
  }, 0);
  const most = memory.limitBytes ?? memory.totalBytes;
  return { ...machine, memory: { ...memory, availableBytes: Math.min(most, memory.availableBytes + held) } };
}

const tokens = (count: number): string => `${count.toLocaleString("en")} tokens`;
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

import { ClutchError } from "../errors.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { LocalModelServer, ModelDescription, PullProgress } from "../servers/model-server.ts";
import { LEAST_WINDOW } from "./context-window.ts";
import { checkRest } from "./plan-model.ts";
import { type ProbeReport, probeModel } from "./probe.ts";
import { isChatMl, isOurs, TOOL_TEMPLATES, withToolsName } from "./tool-templates.ts";

/** A model after it was tried. */
export interface TriedModel {
  /** What was asked for, and what OpenClaw is to use: another one where a copy with another template was built. */
  readonly asked: string;
  readonly name: string;
  readonly description: ModelDescription;
  /** The window that the server really gives it, tokens. */
  readonly contextTokens: number;
  readonly probe: ProbeReport;
  readonly notes: readonly string[];
  /** Why no agent should run on it; empty where it may. */
  readonly problems: readonly string[];
}

export interface Steps {
  onPull?(name: string, progress: PullProgress): void;
  onStep?(name: string, step: string): void;
}

/** Downloads a model, or what an interrupted download left over. Throws `bad_option` where the disk is too small. */
export async function pullModel(
  server: LocalModelServer,
  name: string,
  machine: SpeedMachine | undefined,
  { onPull }: Steps,
  signal: AbortSignal,
): Promise<void> {
  let checked = false;
  for await (const progress of server.pull(name, signal)) {
    onPull?.(name, progress);
    const { doneBytes = 0, totalBytes = 0 } = progress;
    // The first line that says so counts what an earlier download left.
    if (checked || doneBytes === 0) continue;
    checked = true;
    checkRest(name, totalBytes - doneBytes, machine);
  }
}

/**
 * Tries a model that is there. Where its tool calls come as text and its prompts
 * are ChatML, copies with other templates are built and tried until one works;
 * they share the weights. `knownBroken` skips the trial of the model itself.
 * Rejects with the server's codes where it cannot be loaded.
 */
export async function tryModel(
  server: LocalModelServer,
  name: string,
  options: { readonly contextTokens: number; readonly knownBroken: boolean; readonly clock: () => number },
  { onStep }: Steps,
  signal: AbortSignal,
): Promise<TriedModel> {
  const { contextTokens, knownBroken, clock } = options;
  const probe = (model: string) =>
    probeModel(server, model, { contextTokens, clock, signal, onStep: (step) => onStep?.(model, step) });
  const described = await server.describe(name, signal);
  const canMend = isChatMl(described.template) && !isOurs(described.template);
  const own = knownBroken && canMend ? undefined : await probe(name);
  if (own !== undefined && (own.tools !== "text" || !canMend)) return tried(name, name, described, options, own, []);

  const copy = withToolsName(name);
  const former = await templateOf(server, copy, signal);
  if (former.exists && !isOurs(former.template)) {
    const report = await probe(copy);
    const note = `${copy} was there already, with a template that is not Clutch's.`;
    return tried(name, copy, await server.describe(copy, signal), options, report, [note]);
  }
  let last: ProbeReport | undefined;
  // The one that it has now worked the last time.
  const order = TOOL_TEMPLATES.toSorted((a, b) => sameAs(former.template, b) - sameAs(former.template, a));
  for (const { template, does } of order) {
    onStep?.(copy, "building it with another template");
    if (sameAs(former.template, { template }) === 0) await server.derive(copy, { from: name, template }, signal);
    last = await probe(copy);
    if (last.tools !== "works") continue;
    const note = `${copy} shares the weights of ${name}; its template ${does}.`;
    return tried(name, copy, await server.describe(copy, signal), options, last, [note]);
  }
  if (last === undefined) throw new ClutchError("internal", "There is no template to try.");
  return tried(name, copy, await server.describe(copy, signal), options, last, []);
}

const sameAs = (template: string | undefined, other: { readonly template: string }): number =>
  Number(template?.trim() === other.template.trim());

async function templateOf(server: LocalModelServer, name: string, signal: AbortSignal) {
  const served = await server.list(signal);
  if (!served.some((model) => model.name === name)) return { exists: false, template: undefined };
  return { exists: true, template: (await server.describe(name, signal)).template };
}

function tried(
  asked: string,
  name: string,
  description: ModelDescription,
  { contextTokens }: { readonly contextTokens: number },
  probe: ProbeReport,
  notes: readonly string[],
): TriedModel {
  const { longPrompt, windowTokens, onGpu, tools } = probe;
  const given = Math.min(contextTokens, windowTokens ?? contextTokens);
  const problems = [
    ...(tools === "text" ? ["It prints its tool calls as text, so an agent on it does nothing."] : []),
    ...(tools === "none" ? ["It did not call a tool that it was given, so an agent on it does nothing."] : []),
    ...(longPrompt.verdict === "cut"
      ? [
          `Of a prompt of about ${longPrompt.sentTokens} tokens it read ${longPrompt.readTokens ?? "only a part"}: its server cuts prompts without a word.`,
        ]
      : []),
    ...(longPrompt.verdict === "failed" ? [`A long prompt failed: ${longPrompt.reason ?? "no reason given"}`] : []),
  ];
  return {
    asked,
    name,
    description,
    contextTokens: given,
    probe,
    notes: [
      ...notes,
      ...(given < contextTokens
        ? [`Its server gave it a window of ${given} tokens where ${contextTokens} were asked for.`]
        : []),
      ...(given < LEAST_WINDOW ? ["The window is too small for most agents."] : []),
      ...(longPrompt.verdict === "forgot" ? ["It read a long prompt whole and did not remember its beginning."] : []),
      ...(onGpu !== undefined && onGpu < 0.99
        ? [`The graphics processor holds ${Math.round(onGpu * 100)} % of it, the processor runs the rest.`]
        : []),
    ],
    problems,
  };
}

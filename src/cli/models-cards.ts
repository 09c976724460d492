import { tokens } from "../../commands/amounts.ts";
import type { Card } from "../../commands/card.ts";
import { sizeText, speedText } from "../../commands/model-list.ts";
import type { SlotDifference } from "../agents/config-changes.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { FoundOllama } from "../models-setup/find-ollama.ts";
import type { BusyModel, SetupChoice } from "../models-setup/models-setup.ts";
import type { PlannedModel } from "../models-setup/plan-model.ts";
import type { LongPrompt, ProbeReport } from "../models-setup/probe.ts";
import type { TriedModel } from "../models-setup/set-up-model.ts";
import { isOldOllama, OLLAMA_MIN_VERSION } from "../servers/ollama.ts";

/** The cards of `clutch models setup`. */

const FITS = { fits: "yes", tight: "tight", spills: "in part", "does-not-fit": "no", unknown: "?" } as const;

const fitText = ({ fit }: PlannedModel): string => (fit === undefined ? "?" : FITS[fit.kind]);
const download = ({ isPulled, downloadBytes }: PlannedModel): string => (isPulled ? "there" : sizeText(downloadBytes));

/** One line on a choice: “recommended, 20.8 GB to download, ~42 tok/s, fits: yes”. */
export function choiceDetail(choice: SetupChoice): string {
  const { assessment, isRecommended, isPulled } = choice;
  return [
    ...(isRecommended ? ["recommended"] : []),
    isPulled ? "there already" : `${sizeText(choice.downloadBytes)} to download`,
    ...(assessment === undefined ? [] : [`${speedText(assessment.decode[0])} tok/s`, VERDICTS[assessment.verdict]]),
    `fits: ${fitText(choice)}`,
  ].join(", ");
}

const VERDICTS = { usable: "fast enough to chat", slow: "slow", unknown: "speed not fully known" } as const;

export function choicesCard(choices: readonly SetupChoice[]): Card {
  return {
    tone: "info",
    title: "Models that could be set up",
    table: { columns: ["Model", "What is known"], rows: choices.map((choice) => [choice.name, choiceDetail(choice)]) },
  };
}

export function planCard(
  planned: readonly PlannedModel[],
  { server, version }: FoundOllama,
  machine: SpeedMachine,
): Card {
  const { memory, disk, product } = machine;
  const old = version !== undefined && isOldOllama(version);
  return {
    tone: old || planned.some(({ refusal }) => refusal !== undefined) ? "warning" : "info",
    title: `Ollama ${version ?? ""} at ${new URL(server.baseUrl).host}`.replace("  ", " "),
    body: [
      ...(old
        ? [
            `Ollama ${version} is older than ${OLLAMA_MIN_VERSION}: it may not tell which window it really gives, nor which models run elsewhere. Update it first.`,
          ]
        : []),
      ...planned.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    ],
    table: {
      columns: ["Model", "Download", "Window", "Fits"],
      rows: planned.map((plan) => [plan.name, download(plan), tokens(plan.contextTokens), fitText(plan)]),
    },
    footer: `${product ?? "This machine"}: ${(memory.availableBytes / 1024 ** 3).toFixed(1)} GiB of memory available, ${
      disk === undefined ? "disk unknown" : `${sizeText(disk.freeBytes)} free in ${disk.path}`
    }.`,
  };
}

export const busyCard = (busy: readonly BusyModel[]): Card => ({
  tone: "warning",
  title: "Trying a model may make others wait",
  body: busy.map(
    ({ name, usedBy }) =>
      `${usedBy.length === 1 ? "A conversation talks" : `${usedBy.length} conversations talk`} with ${name} now. If it has to make room, the next answer there waits for it to be loaded again.`,
  ),
});

export function changesCard(differences: readonly SlotDifference[], notes: readonly string[], title: string): Card {
  return {
    tone: "info",
    title: differences.length === 0 ? "OpenClaw's configuration: nothing to change" : title,
    body: notes,
    ...(differences.length === 0
      ? {}
      : {
          table: {
            columns: ["OpenClaw's configuration", "Now", "Then"],
            rows: differences.map(({ name, before, after }) => [name, valueText(before), valueText(after)]),
          },
        }),
  };
}

const valueText = (value: unknown): string =>
  value === null || value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value);

/** What was verified, and what was not. `offered` are the refs that OpenClaw has now. */
export function resultCard(tried: readonly TriedModel[], provider: string, offered: ReadonlySet<string>): Card {
  const fine = tried.every(({ name, problems }) => problems.length === 0 && offered.has(`${provider}/${name}`));
  return {
    tone: fine ? "success" : "warning",
    title: fine ? "Ready for agents" : "Not everything passed",
    body: tried.flatMap(({ name, problems, notes }) => [...problems, ...notes].map((line) => `${name}: ${line}`)),
    table: {
      columns: ["Model", "Window given", "Tools", "Long prompt", "Tok/s", "Loading", "In OpenClaw"],
      rows: tried.map(({ name, probe }) => [
        name,
        probe.windowTokens === undefined ? "?" : tokens(probe.windowTokens),
        TOOLS[probe.tools],
        longText(probe.longPrompt),
        paceText(probe),
        probe.loadMs === undefined ? "was loaded" : `${(probe.loadMs / 1_000).toFixed(1)} s`,
        offered.has(`${provider}/${name}`) ? "yes" : "no",
      ]),
    },
    footer: "Tok/s: generating after a short and after the long prompt, by the server's own clock.",
  };
}

const TOOLS = { works: "work", text: "broken", none: "none" } as const;

const LONG: Readonly<Record<LongPrompt["verdict"], string>> = {
  whole: "read whole",
  forgot: "read, not remembered",
  cut: "cut",
  failed: "failed",
};

const longText = ({ verdict, sentTokens, readTokens }: LongPrompt): string =>
  `${LONG[verdict]} (${tokens(readTokens ?? sentTokens)})`;

function paceText({ points }: ProbeReport): string {
  const paces = points.flatMap(({ decode }) => (decode === undefined ? [] : [decode.toFixed(decode < 9.95 ? 1 : 0)]));
  return paces.length === 0 ? "?" : paces.join(" → ");
}

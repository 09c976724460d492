import { renderCard } from "../../adapters/terminal/render-card.ts";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import type { Card, Field } from "../../commands/card.ts";
import { toClutchError } from "../errors.ts";
import { measureMemoryBandwidth } from "../hardware/memory-bandwidth.ts";
import { type MachineParts, readMachine } from "../hardware/read-machine.ts";
import { systemAccess } from "../hardware/system-access.ts";
import type { Figure } from "../models/figure.ts";
import type { Gpu } from "../models/machine.ts";
import { SPEED_ERROR, type SpeedMachine } from "../models/speed.ts";
import {
  AGENT_PROMPT,
  type Assessment,
  assessSeed,
  DEPTHS,
  JUDGED_WINDOW,
  recommend,
  USABLE_DECODE,
  USABLE_FIRST_TOKEN_MS,
} from "../registry/assess-seed.ts";
import { SEEDS } from "../registry/seeds.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

/**
 * Prints what this machine has, which of the models Clutch knows fit on it, how
 * fast they would be, and which to take; with `json` as one object. Measures
 * main memory, which takes about half a second. Exit code 0, or 1 where it was
 * interrupted or broke.
 */
export async function doctorHardware(
  options: { readonly json?: boolean },
  runtime: Runtime,
  parts: ReadParts = thisMachine(runtime),
): Promise<ExitCode> {
  const { env, signal, stdout } = runtime;
  try {
    const machine = await readMachine({ ...parts, env, home: runtime.home });
    if (signal.aborted) return 1;
    const assessments = SEEDS.filter((seed) => seed.where === "local").map((seed) => assessSeed(machine, seed));
    if (options.json === true) {
      stdout.write(`${JSON.stringify(jsonOf(machine, assessments))}\n`);
      return 0;
    }
    const shape = { columns: stdout.columns || 80, ...terminalTraits(runtime.stdin, stdout, env) };
    for (const card of [machineCard(machine), modelsCard(machine, assessments)])
      stdout.write(`${renderCard(card, shape)}\n\n`);
    return 0;
  } catch (thrown) {
    const { message, hint } = toClutchError(thrown);
    runtime.stderr.write(`✗ ${message}\n${hint === "" ? "" : `  ${hint}\n`}`);
    return 1;
  }
}

/** The same in two lines, for `clutch init`. Takes up to 5 s. */
export async function hardwareInShort(runtime: Runtime): Promise<readonly string[]> {
  const machine = await readMachine({ ...thisMachine(runtime), env: runtime.env, home: runtime.home });
  const { product, processor, memory, gpus } = machine;
  const parts = [product ?? "This machine", processor.name, `${gibibytes(memory.availableBytes)} of memory free`];
  const local = SEEDS.filter((seed) => seed.where === "local").map((seed) => assessSeed(machine, seed));
  return [[...parts, ...gpus.map(gpuText)].join(", "), adviceOn(recommend(local))];
}

type ReadParts = Omit<MachineParts, "env" | "home">;

const thisMachine = ({ signal, clock }: Runtime): ReadParts => ({
  system: systemAccess(signal),
  platform: process.platform,
  measure: (availableBytes) => measureMemoryBandwidth(availableBytes, { signal, clock }),
});

function jsonOf(machine: SpeedMachine, assessments: readonly Assessment[]): object {
  return {
    machine,
    models: assessments.map(({ seed, fit, decode, firstToken, verdict }) => ({
      model: seed.id,
      fit,
      decode: DEPTHS.map((depthTokens, index) => ({ depthTokens, ...decode[index] })),
      firstToken: { promptTokens: AGENT_PROMPT, ...firstToken },
      verdict,
      knownProblems: seed.knownProblems,
    })),
    recommended: recommend(assessments).map(({ seed }) => seed.id),
    error: SPEED_ERROR,
  };
}

function machineCard(machine: SpeedMachine): Card {
  const { processor, memory, gpus, disk, product, virtual } = machine;
  const limit = memory.limitBytes === undefined ? "" : `, limited to ${gibibytes(memory.limitBytes)} here`;
  const fields: Field[] = [
    { name: "Processor", value: `${processor.name}, ${processor.cores} ${processor.cores === 1 ? "core" : "cores"}` },
    {
      name: "Memory",
      value: `${gibibytes(memory.availableBytes)} available of ${gibibytes(memory.totalBytes)}${limit}`,
    },
    { name: "Bandwidth", value: bandwidthText(memory.bandwidth) },
    ...(gpus.length === 0
      ? [{ name: "Graphics", value: "none found that could run models" }]
      : gpus.map((gpu) => ({ name: "Graphics", value: gpuText(gpu) }))),
    {
      name: "Disk",
      value: disk === undefined ? "unknown" : `${gigabytes(disk.freeBytes)} free for models in ${disk.path}`,
    },
  ];
  return {
    tone: "info",
    title: product ?? "This machine",
    ...(virtual ? { body: ["A virtual machine or container: what it shows may be less than the hardware has."] } : {}),
    fields,
  };
}

const bandwidthText = (bandwidth: Figure<number> | undefined): string =>
  bandwidth === undefined
    ? "unknown, so no speed can be said"
    : `${gigabytes(bandwidth.value)}/s, ${bandwidth.origin}: ${bandwidth.source}`;

function gpuText({ name, vramBytes, sharedBytes, unified }: Gpu): string {
  const own = vramBytes === undefined ? [] : [`${gibibytes(vramBytes)} ${unified ? "set aside for it" : "of its own"}`];
  const shared = sharedBytes === undefined ? [] : [`up to ${gibibytes(sharedBytes)} of main memory`];
  const words = [...own, ...shared];
  return `${name}: ${words.length > 0 ? words.join(", ") : unified ? "uses main memory" : "memory unknown"}`;
}

function modelsCard(machine: SpeedMachine, assessments: readonly Assessment[]): Card {
  const ranked = recommend(assessments);
  const order = [...ranked, ...assessments.filter((assessment) => !ranked.includes(assessment))];
  return {
    tone: "info",
    title: adviceOn(ranked),
    table: {
      columns: ["Model", "Fits", "Window", "Tokens/s", "Wait", "Chat"],
      rows: order.map((assessment) => [
        assessment.seed.id,
        fitText(assessment),
        windowText(assessment),
        runs(assessment) ? assessment.decode.map(speedText).join(" ") : "–",
        runs(assessment) ? waitText(assessment.firstToken.totalMs) : "–",
        chatText(assessment),
      ]),
    },
    footer: footerFor(machine),
  };
}

function footerFor({ gpus }: SpeedMachine): string {
  const { decode, prefill } = SPEED_ERROR;
  const checked = gpus.every(({ vendor, unified }) => vendor === "amd" && unified);
  return [
    `Fits: what it needs with a window of ${tokens(JUDGED_WINDOW)}. Window: the largest that fits.`,
    `Tokens/s: after ${DEPTHS.map(tokens).join(", ")} tokens.`,
    `Wait: for the first word when an agent reads its ${tokens(AGENT_PROMPT)} tokens, the model being loaded.`,
    `Chat: at least ${USABLE_DECODE} tokens/s, and ${tokens(DEPTHS[1])} tokens read within ${USABLE_FIRST_TOKEN_MS / 1_000} s.`,
    "Without ~ it was measured on this kind of machine, ~ is a formula:",
    `of the speeds it was checked with, half were within ${percent(decode.median)} (worst ${percent(decode.worst)}),`,
    `of the waits within ${percent(prefill.median)} (worst ${percent(prefill.worst)}).`,
    ...(checked ? [] : ["It was checked on AMD machines with shared memory only, not on this kind."]),
    "docs/hardware.md has the formula.",
  ].join(" ");
}

function adviceOn(ranked: readonly Assessment[]): string {
  const [first] = ranked;
  if (first === undefined) return "None of the local models Clutch knows fits here and can call tools";
  if (first.verdict === "usable") return `Take ${first.seed.id}`;
  if (first.verdict === "unknown") return `Take ${first.seed.id}; how fast it would be is not fully known`;
  return `${first.seed.id} fits, but no model that fits is fast enough to chat with`;
}

const FITS: Readonly<Record<Assessment["fit"]["kind"], string>> = {
  fits: "yes",
  tight: "tight",
  spills: "in part",
  "does-not-fit": "no",
  unknown: "?",
};

const fitText = ({ fit }: Assessment): string =>
  `${FITS[fit.kind]}${fit.needBytes === undefined ? "" : ` ${gibibytes(fit.needBytes)}`}`;

const windowText = ({ fit: { largestContextTokens } }: Assessment): string =>
  largestContextTokens === undefined ? "?" : largestContextTokens === 0 ? "–" : tokens(largestContextTokens);

const runs = ({ fit }: Assessment): boolean => fit.kind !== "does-not-fit";

function chatText({ seed, fit, verdict }: Assessment): string {
  if (fit.kind === "does-not-fit") return "–";
  if (seed.knownProblems?.brokenToolTemplate?.value === true) return "no tools";
  return { usable: "yes", slow: "slow", unknown: "?" }[verdict];
}

function speedText(speed: Figure<number> | undefined): string {
  if (speed === undefined) return "?";
  return speed.origin === "estimated" ? `~${short(speed.value)}` : short(speed.value);
}

function waitText(ms: number | undefined): string {
  if (ms === undefined) return "?";
  const seconds = Math.round(ms / 1_000);
  return seconds < 90 ? `${Math.max(1, seconds)} s` : `${Math.round(seconds / 60)} min`;
}

const short = (value: number): string => (value < 9.95 ? value.toFixed(1) : String(Math.round(value)));

/** Decimal, as disks and bandwidths are sold. */
const gigabytes = (bytes: number): string => `${short(bytes / 1e9)} GB`;

/** Binary, as memory is. */
const gibibytes = (bytes: number): string => `${short(bytes / 1024 ** 3)} GiB`;

const tokens = (count: number): string =>
  count < 1_000 ? String(count) : count % 1_024 === 0 ? `${count / 1_024}k` : `${Math.round(count / 1_000)}k`;

const percent = (share: number): string => `${Math.round(share * 100)}%`;

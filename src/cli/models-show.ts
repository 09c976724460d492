import { tokens } from "../../commands/amounts.ts";
import type { Card, Field } from "../../commands/card.ts";
import { localitySentence } from "../../commands/model-card.ts";
import { priceText, sizeText, speedText } from "../../commands/model-list.ts";
import type { Figure } from "../models/figure.ts";
import { formatModelRef } from "../models/model-ref.ts";
import type { JudgedModel } from "../registry/judge-model.ts";

type Row = readonly [what: string, value: string, source: string, date: string];

/** Everything that is known of a model, each figure with where it is from and of which day. */
export function modelShowCard({ profile, isLoaded, fit, speed }: JudgedModel): Card {
  const { facts, aliases, windowTokens, requestedContextTokens } = profile;
  const window = (count: number | undefined): string => (count === undefined ? "unknown" : `${tokens(count)} tokens`);
  const fields: Field[] = [
    { name: "Ref", value: formatModelRef(profile.ref) },
    ...(aliases.length === 0 ? [] : [{ name: "Alias", value: aliases.join(", ") }]),
    { name: "Runs", value: localitySentence(profile) },
    { name: "Loaded", value: isLoaded ? "yes" : "no" },
    { name: "OpenClaw uses", value: window(windowTokens) },
    ...(requestedContextTokens === undefined
      ? []
      : [{ name: "Asks its server for", value: window(requestedContextTokens) }]),
    ...(fit?.needBytes === undefined
      ? []
      : [
          {
            name: "Memory",
            value: `needs ${gibibytes(fit.needBytes)} of ${gibibytes(fit.haveBytes)}: ${FITS[fit.kind]}`,
          },
        ]),
  ];
  const rows: Row[] = [
    row("Window", facts.contextLength, (value) => `${value.toLocaleString("en")} tokens`),
    row("Size", facts.diskBytes, sizeText),
    ...(facts.memoryBytes === undefined ? [] : [row("In memory", facts.memoryBytes, (bytes) => gibibytes(bytes))]),
    row("Tools", facts.toolCalls, (calls) => TOOLS[calls]),
    row("Abilities", facts.capabilities, (words) => words.join(", ")),
    ["Tok/s, empty", speedText(speed), speed?.source ?? "", speed?.date ?? ""],
    ...facts.speeds.flatMap(({ depthTokens, decode, prefill }): Row[] => [
      ...(decode === undefined ? [] : [row(`Tok/s at ${tokens(depthTokens)}`, decode, number)]),
      ...(prefill === undefined
        ? []
        : [row(`Reading at ${tokens(depthTokens)}`, prefill, (value) => `${number(value)} tok/s`)]),
    ]),
    ...(facts.loadMs === undefined ? [] : [row("Loading", facts.loadMs, (ms) => `${(ms / 1_000).toFixed(1)} s`)]),
    ...facts.ratings.map(({ task, score }) => row(`Rating: ${task}`, score, number)),
    row("$ per M in/out", facts.price, priceText),
  ];
  return {
    tone: "info",
    title: profile.name,
    fields,
    table: { columns: ["What", "Value", "Source", "Date"], rows },
    ...(facts.quantization === undefined ? {} : { footer: `Quantisation ${facts.quantization}` }),
  };
}

const TOOLS = { works: "works", text: "broken: printed as text", none: "never called" } as const;
const FITS = { fits: "fits", tight: "tight", spills: "in part", "does-not-fit": "does not fit", unknown: "unknown" };

function row<T>(what: string, figure: Figure<T> | undefined, text: (value: T) => string): Row {
  if (figure === undefined) return [what, "unknown", "", ""];
  return [what, text(figure.value), `${figure.origin}: ${figure.source}`, figure.date];
}

const number = (value: number): string => (value < 9.95 ? value.toFixed(1) : String(Math.round(value)));
const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

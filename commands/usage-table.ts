import { formatModelRef, type ModelRef } from "../src/models/model-ref.ts";
import { sumFigures } from "../src/usage/usage-figures.ts";
import type { ModelUsage, UsageGroupName, UsageGroupRow, UsageReport } from "../src/usage/usage-report.ts";
import type { Table } from "./card.ts";
import { costCell, number, share, spendOf, tokensCell } from "./usage-words.ts";

const TOP = 5;
const WIDEST = 30;
const MOST_ROWS = 20;

/** The models with most calls; a model alone of its name goes without its provider, since a chat is narrow. */
export function modelTable(models: UsageReport["models"]): Table {
  const providers = Map.groupBy(models, ({ model }) => model.model);
  const nameOf = (ref: ModelRef): string => {
    const among = new Set(providers.get(ref.model)?.map(({ model }) => model.provider));
    return clip(among.size === 1 ? ref.model : formatModelRef(ref));
  };
  return {
    columns: ["Model", "Where", "Calls", "Tokens", "Cost"],
    rows: [
      ...models
        .slice(0, TOP)
        .map((model) => [
          nameOf(model.model),
          model.locality,
          number(model.calls),
          tokensCell(model),
          costCell(spendOf(asSplit(model))),
        ]),
      ...restOf(models.slice(TOP)),
    ],
  };
}

const clip = (name: string): string => (name.length > WIDEST ? `${name.slice(0, WIDEST - 1)}…` : name);

function restOf(models: readonly ModelUsage[]): string[][] {
  if (models.length === 0) return [];
  const split = {
    all: sumFigures(models),
    local: sumFigures(models.filter(({ locality }) => locality === "local")),
    cloud: sumFigures(models.filter(({ locality }) => locality !== "local")),
  };
  return [[`${models.length} more`, "", number(split.all.calls), tokensCell(split.all), costCell(spendOf(split))]];
}

function asSplit(model: ModelUsage) {
  const nothing = sumFigures([]);
  const isLocal = model.locality === "local";
  return { all: model, local: isLocal ? model : nothing, cloud: isLocal ? nothing : model };
}

const NAMES = { model: "Model", agent: "Agent", cause: "Cause", day: "Day", channel: "Channel" } as const;
/** What a row without a name is about. */
const NAMELESS = { model: "–", agent: "–", cause: "–", day: "–", channel: "none" } as const;

/** Agents, causes, … with what of each ran here. Of days the newest are shown, of all else those with most calls. */
export function groupTable(by: UsageGroupName, rows: readonly UsageGroupRow[]): Table {
  const most = by === "day" ? 31 : MOST_ROWS;
  const kept = by === "day" ? rows.slice(-most) : rows.slice(0, most);
  const left = by === "day" ? rows.slice(0, -most) : rows.slice(most);
  const others =
    left.length === 0
      ? []
      : [groupRow(by === "day" ? `${left.length} earlier` : `${left.length} more`, sumSplit(left))];
  const shown = kept.map((row) => groupRow(clip(row.name || NAMELESS[by]), row));
  return {
    columns: [NAMES[by], "Calls", "Local", "Tokens", "Cost"],
    rows: by === "day" ? [...others, ...shown] : [...shown, ...others],
  };
}

const sumSplit = (rows: readonly UsageGroupRow[]) => ({
  all: sumFigures(rows.map(({ all }) => all)),
  local: sumFigures(rows.map(({ local }) => local)),
  cloud: sumFigures(rows.map(({ cloud }) => cloud)),
});

const groupRow = (name: string, split: ReturnType<typeof sumSplit>): string[] => [
  name,
  number(split.all.calls),
  share(split.local.calls, split.all.calls),
  tokensCell(split.all),
  costCell(spendOf(split)),
];

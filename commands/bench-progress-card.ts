import type { OpenBench } from "../src/bench/bench.ts";
import type { RunProgress } from "../src/bench/run-progress.ts";
import { wait } from "./amounts.ts";
import type { NameOf } from "./bench-question.ts";
import type { Action, Card } from "./card.ts";

const CANCEL: Action = { label: "Cancel it", line: "/bench cancel", style: "danger" };

/** How far a bench is, with the way to end it. */
export function benchProgressCard({ run, progress }: OpenBench, nameOf: NameOf, told: string): Card {
  const { leftMs, why } = progress;
  return {
    tone: why === undefined ? "info" : "warning",
    title: `Bench ${run.id} ${why === undefined ? "is running" : "waits"}: ${countWords(progress)}`,
    body: [...(why === undefined ? [] : [why]), told],
    fields: [
      ...(progress.model === undefined ? [] : [{ name: "Now", value: doingWords(progress, nameOf) }]),
      { name: "Left", value: leftMs === undefined ? "not known yet" : `about ${wait(leftMs)}` },
      { name: "Models", value: run.plan.models.map(({ ref }) => nameOf(ref)).join(", ") },
      { name: "Suites", value: `${run.plan.suites.map(({ name }) => name).join(", ")}, level ${run.plan.level}` },
      { name: "Asked for by", value: run.actor },
    ],
    meter: meterOf(progress),
    actions: [{ label: "How far", line: "/bench", style: "secondary" }, CANCEL],
  };
}

/** The same in short, for a card that is drawn again and again. */
export function benchInterimCard(progress: RunProgress, nameOf: NameOf): Card {
  const { leftMs, why, model } = progress;
  return {
    tone: "info",
    title: `Bench ${progress.runId}: ${countWords(progress)}${leftMs === undefined ? "" : `, about ${wait(leftMs)} left`}`,
    body: [why ?? (model === undefined ? "It begins in a moment." : doingWords(progress, nameOf))],
    meter: meterOf(progress),
    actions: [CANCEL],
  };
}

const meterOf = ({ done, total }: RunProgress) => ({
  label: "Asked",
  value: done,
  max: Math.max(1, total),
  text: `${done} of ${total} questions`,
});

const countWords = ({ done, total }: RunProgress): string => `${done} of ${total}`;

function doingWords({ doing, model, itemId }: RunProgress, nameOf: NameOf): string {
  const name = model === undefined ? "" : nameOf(model);
  if (doing === "loading") return `loading ${name}`;
  if (doing === "measuring") return `measuring how fast ${name} is`;
  return `asking ${name}${itemId === undefined ? "" : `: ${itemId}`}`;
}

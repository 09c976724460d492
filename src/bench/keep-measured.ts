import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import { ratingKind } from "../registry/model-facts.ts";
import { TASKS } from "../registry/seed-profile.ts";
import type { Measurements } from "../store/measurements.ts";
import type { BenchAnswer, SpeedSample } from "./bench-answer.ts";
import type { BenchRun } from "./run-log.ts";
import { speedFigures } from "./speed-figures.ts";
import { medianOf } from "./statistics/spread.ts";

/** Fewer items say too little for a rating that others rely on. */
const LEAST_ITEMS = 5;
/** Where more of them than that were not answered, what is left is no sample of the rest. */
const MOST_FAILED = 0.2;
/** A longer prompt that takes hardly longer was not waited for because of its length. */
const LEAST_SLOPE = 1.1;
const SOURCE = "measured here by /bench";

/**
 * Makes what a run found out known to the registry: speeds, the time of a load, and a
 * rating for each task. Not of a run through OpenClaw, whose figures are those of an
 * agent. What was measured before of the same kind is replaced.
 */
export async function keepMeasured(
  measurements: Measurements,
  { plan }: BenchRun,
  answers: readonly BenchAnswer[],
  speeds: readonly SpeedSample[],
): Promise<void> {
  if (plan.through.kind !== "servers") return;
  for (const { ref } of plan.models) {
    const save = (kind: string, value: unknown, source = SOURCE) => measurements.save({ ...ref, kind, value, source });
    const mine = speeds.filter(({ model }) => sameModel(model, ref));
    const points = speedPoints(mine.filter(({ cold }) => !cold));
    if (points.length > 0) await save("speed", { points });
    const loadMs = median(mine.filter(({ cold }) => cold).map(({ timings }) => timings.loadMs));
    if (loadMs !== undefined && loadMs > 0) await save("load", { ms: loadMs });
    for (const { task, score, n } of ratings(answers, ref)) {
      const suites = plan.suites.filter((suite) => suite.task === task).map(({ name }) => name);
      await save(ratingKind(task), { score }, `${SOURCE}: ${n} items of ${suites.join(", ")}`);
    }
  }
}

interface MeasuredPoint {
  readonly depthTokens: number;
  readonly decode?: number;
  readonly prefill?: number;
}

/** A prompt is read from the beginning on, so its pace is that at half its depth. */
export function speedPoints(warm: readonly SpeedSample[]): readonly MeasuredPoint[] {
  const sizes = [...Map.groupBy(warm, ({ promptTokens }) => promptTokens)]
    .toSorted(([one], [other]) => one - other)
    .map(([, samples]) => {
      const figures = samples.map(speedFigures);
      return {
        input: median(samples.map(({ tokens }) => tokens.input)),
        decode: median(figures.map(({ decode }) => decode)),
        prefill: median(figures.map(({ prefill }) => prefill)),
        firstTokenMs: median(figures.map(({ firstTokenMs }) => firstTokenMs)),
      };
    });
  return sizes.flatMap(({ input, decode, prefill, firstTokenMs }, at): MeasuredPoint[] => {
    if (input === undefined) return [];
    const seen = at === 0 ? undefined : slope(sizes[at - 1], { input, firstTokenMs });
    const reading: MeasuredPoint[] =
      prefill !== undefined ? [{ depthTokens: Math.round(input / 2), prefill }] : seen === undefined ? [] : [seen];
    return [...reading, ...(decode === undefined ? [] : [{ depthTokens: Math.round(input), decode }])];
  });
}

interface Waited {
  readonly input: number | undefined;
  readonly firstTokenMs: number | undefined;
}

/** Where the server does not time its reading: what the longer of two prompts was waited for more, by how much longer it was. */
function slope(short: Waited | undefined, long: Waited): MeasuredPoint | undefined {
  if (short?.input === undefined || short.firstTokenMs === undefined) return undefined;
  if (long.input === undefined || long.firstTokenMs === undefined) return undefined;
  const tokens = long.input - short.input;
  const ms = long.firstTokenMs - short.firstTokenMs;
  if (tokens <= 0 || long.firstTokenMs < LEAST_SLOPE * short.firstTokenMs) return undefined;
  return { depthTokens: Math.round((short.input + long.input) / 2), prefill: (tokens / ms) * 1_000 };
}

/** The mean score of a task's items, 0 to 100; repeats of an item count as one. */
function ratings(answers: readonly BenchAnswer[], ref: ModelRef) {
  const mine = answers.filter(({ model }) => formatModelRef(model) === formatModelRef(ref));
  return TASKS.flatMap((task) => {
    const asked = mine.filter((answer) => answer.task === task);
    const given = asked.filter(({ outcome }) => outcome !== "failed");
    const items = [...Map.groupBy(given, ({ itemId }) => itemId).values()];
    if (items.length < LEAST_ITEMS || asked.length - given.length > MOST_FAILED * asked.length) return [];
    const means = items.map((repeats) => mean(repeats.map(({ score }) => score)));
    return [{ task, score: Math.round(1_000 * mean(means)) / 10, n: items.length }];
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of what is known; undefined where nothing is. */
function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : medianOf(known);
}

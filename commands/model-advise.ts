import type { ModelForTask, TaskAdvice } from "../src/bench/advice.ts";
import { listed, rounded, TASK_WORDS, waitWords } from "../src/bench/bench-words.ts";
import type { Task } from "../src/bench/suite.ts";
import { ClutchError } from "../src/errors.ts";
import { formatModelRef, type ModelRef, sameModel } from "../src/models/model-ref.ts";
import type { TranscriptMessage } from "../src/openclaw/openclaw.ts";
import { TASKS } from "../src/registry/seed-profile.ts";
import { dollars, tokens } from "./amounts.ts";
import { HOW_TO_MEASURE } from "./bench-looks.ts";
import type { Card } from "./card.ts";
import type { CommandContext, Reply } from "./command.ts";
import type { Services } from "./services.ts";

/** What is asked of the model here, and by what that was told. */
interface Work {
  readonly tasks: readonly Task[];
  readonly told: string;
}

/** OpenClaw's own prompt and the tools' results make a short talk some 20,000 tokens; more is a long one. */
const LONG_TOKENS = 30_000;
/** The work of now: messages of people and models. */
const RECENT = 50;
/** A tool that is called now and then does not make the work. */
const TOOL_SHARE = 0.1;

/** `/model advise`: which model fits the work of this conversation, by what was measured here. */
export async function adviseHere({ services, conversation, options }: CommandContext<Services>): Promise<Reply> {
  const { sessions, openclaw, bench, localOnly } = services;
  const view = await sessions.view(conversation, options["agent"]);
  const named = TASKS.find((task) => task === options["task"]);
  const messages =
    named !== undefined || view.row === undefined
      ? []
      : (await openclaw.readTranscript(view.key)).messages.slice(-RECENT);
  const work: Work =
    named === undefined ? workOf(messages, view.row?.usedTokens) : { tasks: [named], told: "as you said" };
  const advice = await bench.results.advice({ localOnly: localOnly.isOn() });
  const card = adviseCard(advice, work, view.effective?.model, localOnly.isOn());
  return { card, visibility: "private" };
}

/** Told by how often tools are called and how long it is; nobody reads what was said. */
export function workOf(messages: readonly Pick<TranscriptMessage, "by" | "stopReason">[], usedTokens = 0): Work {
  const answers = messages.filter(({ by }) => by === "model");
  const calls = answers.filter(({ stopReason }) => stopReason === "toolUse").length;
  const usesTools = calls > 0 && calls >= TOOL_SHARE * answers.length;
  const isLong = usedTokens >= LONG_TOKENS;
  const told = [
    `${calls} of the last ${answers.length} answers call tools`,
    ...(usedTokens > 0 ? [`${tokens(usedTokens)} tokens long`] : []),
  ];
  return {
    tasks: ["instructions", ...(usesTools ? (["tools"] as const) : []), ...(isLong ? (["recall"] as const) : [])],
    told: answers.length === 0 ? "nobody has answered here yet" : told.join(", "),
  };
}

function adviseCard(
  advice: readonly TaskAdvice[],
  { tasks, told }: Work,
  current: ModelRef | undefined,
  isLocked: boolean,
): Card {
  const known = advice.filter(({ task, models }) => tasks.includes(task) && models.length > 0);
  const missing = tasks.filter((task) => !known.some((entry) => entry.task === task));
  const locked = isLocked ? ["Local-only mode is on, so only local models are looked at."] : [];
  const work = `The work here: ${listed(tasks.map((task) => TASK_WORDS[task]))} (${told}).`;
  if (known.length === 0) {
    return {
      tone: "info",
      title: "Nothing was measured here yet that would say which model fits this conversation",
      body: [work, ...locked, HOW_TO_MEASURE],
      actions: [{ label: "Measure", line: "/bench run", style: "primary" }],
    };
  }
  const best = fitting(known);
  const isCurrent = sameModel(best?.model.ref, current);
  return {
    tone: "info",
    title:
      best === undefined
        ? "No model is good enough for all that is done here"
        : isCurrent
          ? `${best.model.name} fits this conversation, and is its model already`
          : `${best.model.name} fits this conversation`,
    body: [
      work,
      ...locked,
      ...known.map(({ task, reason }) => `For ${TASK_WORDS[task]}: ${reason}`),
      ...(missing.length === 0
        ? []
        : [`Of ${listed(missing.map((task) => TASK_WORDS[task]))} nothing was measured yet. ${HOW_TO_MEASURE}`]),
    ],
    table: {
      columns: ["For", "Model", "Score", "100 answers", "Wait"],
      rows: known.flatMap(({ task, models }) =>
        models
          .filter(({ model }) => sameModel(model.ref, best?.model.ref) || sameModel(model.ref, current))
          .map((model) => rowOf(task, model, current)),
      ),
    },
    actions:
      best === undefined || isCurrent
        ? []
        : [
            { label: "Switch", line: `/model ${formatModelRef(best.model.ref)}`, style: "primary" },
            { label: "What it would mean", line: `/model ${formatModelRef(best.model.ref)} plan`, style: "secondary" },
          ],
    footer:
      "measured here · told by tools and length, not by what was said; task:code says it yourself · /bench advice has all",
  };
}

/** Advised for one of them and good enough for all; where several are, what is advised most. */
function fitting(known: readonly TaskAdvice[]): ModelForTask | undefined {
  const choices = known.flatMap(({ choice }) => choice ?? []);
  const times = ({ model }: ModelForTask): number =>
    choices.filter((choice) => sameModel(choice.model.ref, model.ref)).length;
  return choices
    .filter(({ model }) =>
      known.every(({ models }) => models.some((entry) => entry.near && sameModel(entry.model.ref, model.ref))),
    )
    .toSorted((one, other) => times(other) - times(one))[0];
}

const rowOf = (task: Task, { model, score, usdPer100, wait }: ModelForTask, current: ModelRef | undefined) => [
  TASK_WORDS[task],
  sameModel(model.ref, current) ? `${model.name} (now)` : model.name,
  `${rounded(score.value)} (n=${score.n})`,
  usdPer100 === undefined ? "?" : dollars(usdPer100),
  wait === undefined ? "?" : waitWords(wait),
];

/** `task:` and `agent:` alone go with advise. Throws `bad_option`. */
export function checkAdvise(options: CommandContext<Services>["options"]): void {
  const other = Object.keys(options).find((name) => !["name", "task", "agent"].includes(name));
  if (other === undefined) return;
  throw new ClutchError("bad_option", `“${other}” does not go with /model advise.`, { hint: "Leave one of them out." });
}

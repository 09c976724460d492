import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach } from "vitest";
import type { Card } from "../../commands/card.ts";
import { createDispatcher, type Outcome } from "../../commands/dispatcher.ts";
import { allCommands } from "../../commands/index.ts";
import { createBench } from "../../src/bench/bench.ts";
import { gradeAnswer } from "../../src/bench/grade-answer.ts";
import { keepMeasured } from "../../src/bench/keep-measured.ts";
import { createRunPreparer } from "../../src/bench/prepare-run.ts";
import { readAnswers, readSpeeds } from "../../src/bench/run-log.ts";
import { createBenchRunner } from "../../src/bench/runner.ts";
import { createShownRuns } from "../../src/bench/shown-runs.ts";
import { createSuiteFiles } from "../../src/bench/suite-files.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createBenchRuns } from "../../src/store/bench-runs.ts";
import { createLeases } from "../../src/store/leases.ts";
import { createMeasurements } from "../../src/store/measurements.ts";
import { openStore } from "../../src/store/open-store.ts";
import { QWEN, SONNET } from "../bench/answers.ts";
import { RATE, targetsAt } from "../bench/lab-parts.ts";
import { type AskedChat, type Script, startScriptedOllama } from "../bench/scripted-ollama.ts";
import { createRecordingServices } from "../platforms/recording-services.ts";
import { testProfile } from "../registry/test-profile.ts";
import { tempFolder } from "../store/temp-store.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A suite whose answers a script can know: “What is 3 and nothing?” is 3. */
const suiteText = (name: string, items: number): string =>
  JSON.stringify({
    suite: name,
    title: `Sums called ${name}`,
    task: name === "extraction" ? "extraction" : "reasoning",
    items: Array.from({ length: items / 2 }, (_, family) => ({
      family: `f${family}`,
      level: "quick",
      maxTokens: 32,
      prompt: "Question {{value}}: what is {{value}} and nothing?",
      grade: { kind: "number", value: "{{value}}" },
      key: "{{answer}}",
      variants: [1, 2].map((at) => {
        const value = 10 * (1 + family) + at;
        return { id: `v${at}`, with: { value, answer: String(value) } };
      }),
    })),
  });

export const numberIn = ({ text }: AskedChat): number | undefined => {
  const asked = /Question (\d+):/.exec(text)?.[1];
  return asked === undefined ? undefined : Number(asked);
};
export const knows = (chat: AskedChat): Script => ({ text: String(numberIn(chat) ?? "yes and no ".repeat(10)) });
export const knowsNot = (chat: AskedChat): Script => ({ text: numberIn(chat) === undefined ? "yes" : "It is 0." });

/** The command over the real store, loader, graders and runner, and servers that answer by a script. */
export async function benchLab(
  options: {
    readonly local?: (chat: AskedChat, count: number) => Script;
    readonly items?: number;
    readonly askAboveUsd?: number;
    readonly priced?: boolean;
    readonly own?: readonly string[];
    /** Of another lab, whose store and suites are gone on with. */
    readonly folder?: string;
  } = {},
) {
  const folder = options.folder ?? tempFolder();
  if (options.folder === undefined) {
    mkdirSync(join(folder, "suites"));
    for (const name of ["extraction", "sums"]) {
      writeFileSync(join(folder, "suites", `${name}.yaml`), suiteText(name, options.items ?? 12));
    }
  }
  const local = await startScriptedOllama(options.local ?? knowsNot, { models: [QWEN.model] });
  const cloud = await startScriptedOllama(knows, { models: [SONNET.model] });
  closing.push(local.close, cloud.close);
  const state = {
    ...{ locked: false, watched: false, waitedMs: 0, priced: options.priced ?? true, dearer: 1 },
    evictions: [] as { model: string; usedBy: string[] }[],
  };
  const clock = (): number => Date.now() + state.waitedMs;
  const store = await openStore(`sqlite:${join(folder, "clutch.db")}`, { clock });
  closing.push(() => store.close());
  const runs = createBenchRuns(store.db, clock);
  const measurements = createMeasurements(store.db, clock);
  const audit = createAuditLog(store.db, clock);
  const targets = targetsAt(
    () => ({ local: local.url, cloud: cloud.url }),
    () => ({ ...state, evictions: state.evictions as never }),
  );
  const models = [
    testProfile("anthropic/claude-sonnet-5", {
      name: "Claude Sonnet 5",
      locality: { kind: "cloud", evidence: "a test" },
      server: { id: "anthropic", kind: "ollama", baseUrl: cloud.url },
    }),
    testProfile("ollama/qwen2.5-coder:32b", {
      name: "Qwen2.5 Coder 32B",
      locality: { kind: "local", evidence: "a test" },
      server: { id: "ollama", kind: "ollama", baseUrl: local.url },
    }),
  ];
  const recorded = createRecordingServices("discord:123", clock);
  const snapshot = { ...recorded.snapshot, models };
  const registry = {
    ...recorded.services.registry,
    known: () => snapshot,
    current: async () => snapshot,
    refresh: async () => snapshot,
    find: (ref: typeof QWEN) =>
      models.find(({ ref: known }) => known.provider === ref.provider && known.model === ref.model),
  };
  const logger = pino({ level: "silent" });
  const rate = () => (state.priced ? { ...RATE, output: RATE.output * state.dearer } : undefined);
  const suiteFiles = createSuiteFiles(options.own ?? [], folder, folder);
  const runner = createBenchRunner({
    runs,
    leases: createLeases(store.db, clock),
    suites: async () => (await suiteFiles.load()).suites,
    targets,
    grade: gradeAnswer,
    people: { isBusy: async () => false, onTurn: () => () => undefined },
    isLocalOnly: () => state.locked,
    rate,
    load: () => 0,
    async onDone(run) {
      await keepMeasured(measurements, run, await readAnswers(runs, run.id), await readSpeeds(runs, run.id));
    },
    clock,
    logger,
  });
  const bench = createBench({
    runs,
    runner,
    preparer: createRunPreparer({
      targets: {
        async planned(ref) {
          // As the real ones refuse it.
          await targets.target(ref);
          return targets.planned(ref);
        },
        evictions: targets.evictions,
      },
      registry,
      rate,
      machine: () => undefined,
      askAboveUsd: options.askAboveUsd ?? 5,
    }),
    shown: createShownRuns(store.expiring("bench")),
    suiteFiles,
    registry,
    machine: () => undefined,
    cloudDefault: () => SONNET,
    isLocalOnly: () => state.locked,
    isWatched: async () => state.watched,
    audit,
    clock,
    logger,
  });
  const dispatcher = createDispatcher({
    commands: allCommands,
    services: { ...recorded.services, registry, bench, clock },
    levelOf: () => "operator",
    logger,
  });
  const cards: Card[] = [];
  const type = (line: string, confirmed = false, signal?: AbortSignal): Promise<Outcome> =>
    dispatcher.run({
      line,
      conversation: { platform: "discord", channel: "77", kind: "channel", person: "123" },
      person: { platform: "discord", id: "123" },
      confirmed,
      progress: (card) => void cards.push(card),
      ...(signal === undefined ? {} : { signal }),
    });
  /** Types it, and says yes by the button of the question. */
  const agree = async (line: string, signal?: AbortSignal): Promise<Outcome> => {
    const { card, needsConfirmation } = await type(line);
    const yes = card.actions?.find(({ confirms }) => confirms === true);
    if (!needsConfirmation || yes === undefined) throw new Error(`it did not ask: ${card.title}`);
    return type(yes.line, true, signal);
  };
  const setLocked = (locked: boolean): void => {
    state.locked = locked;
    recorded.locked = locked;
  };
  return { folder, setLocked, state, local, cloud, runs, measurements, audit, bench, type, agree, cards, logger };
}

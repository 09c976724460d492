import { renderCard } from "../../adapters/terminal/render-card.ts";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import type { Card } from "../../commands/card.ts";
import type { SlotDifference } from "../agents/config-changes.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import type { FoundOllama } from "../models-setup/find-ollama.ts";
import type { ModelsSetup, SetupResult } from "../models-setup/models-setup.ts";
import type { TriedModel } from "../models-setup/set-up-model.ts";
import { busyCard, changesCard, choicesCard, planCard, resultCard } from "./models-cards.ts";
import { setupProgress } from "./models-progress.ts";
import { ownerAtTerminal } from "./open-terminal.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { withApp } from "./with-app.ts";

export interface ModelsSetupOptions {
  /** Takes the recommendation and what is there, and writes without asking. */
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly server?: string;
  readonly undo?: boolean;
  readonly force?: boolean;
  /** Tokens, as typed. */
  readonly window?: string;
}

/** What a run did, as far as it came. */
interface Outcome {
  server?: { readonly id: string; readonly baseUrl: string; readonly version: string | undefined };
  results: readonly SetupResult[];
  changes: readonly SlotDifference[];
  written: boolean;
  offered: readonly string[];
}

/**
 * Sets local models up for agents, or with `undo` takes the last set-up back. With
 * `json` it prints one object, whatever happens. Exit code 0 when all passed and is
 * written; 2 where a yes is needed, no Ollama is there, or something does not fit;
 * 1 where a model could not be tried or did not pass.
 */
export async function modelsSetup(
  names: readonly string[],
  options: ModelsSetupOptions,
  runtime: Runtime,
  attach: typeof withSetup = withSetup,
): Promise<ExitCode> {
  const secrets: string[] = [];
  const outcome: Outcome = { results: [], changes: [], written: false, offered: [] };
  let error: ClutchError | undefined;
  try {
    await attach(runtime, secrets, (setup) =>
      options.undo === true ? takeBack(setup, options, runtime, outcome) : run(setup, names, options, runtime, outcome),
    );
    error = errorIn(outcome);
  } catch (thrown) {
    error = runtime.signal.aborted ? interrupted() : toClutchError(thrown);
  }
  if (options.json === true) runtime.stdout.write(`${JSON.stringify(jsonOf(outcome, error))}\n`);
  else if (error !== undefined) {
    const text = [`✗ ${error.message}`, ...(error.hint === "" ? [] : [error.hint])].join("\n  ");
    runtime.stderr.write(`${hideSecrets(text, secrets)}\n`);
  }
  if (error === undefined) return 0;
  // A missing server is for the person to install or start.
  return error.isFault && (outcome.server !== undefined || error.code !== "server_unreachable") ? 1 : 2;
}

const withSetup = (runtime: Runtime, secrets: string[], work: (setup: ModelsSetup) => Promise<void>): Promise<void> =>
  withApp(runtime, secrets, (app) => work(app.modelsSetup));

const actor = (): string => ownerAtTerminal();

async function run(
  setup: ModelsSetup,
  given: readonly string[],
  options: ModelsSetupOptions,
  runtime: Runtime,
  outcome: Outcome,
): Promise<void> {
  const { signal } = runtime;
  const contextTokens = windowOf(options.window);
  const machine = await setup.machine();
  const found = await setup.findServer(options.server, signal);
  const { server, version } = found;
  outcome.server = { id: server.id, baseUrl: server.baseUrl, version };

  const names = given.length > 0 ? given : await namesToSetUp(setup, found, options, runtime);
  const planned = await setup.plan(found, { names, contextTokens, force: options.force }, signal);
  show(planCard(planned, found, machine), options, runtime);

  const busy = await setup.inUse(found, signal);
  if (busy.length > 0) {
    show(busyCard(busy), options, runtime);
    if (!(await agreed("Try the models now?", options, runtime))) {
      throw needsYes(
        "Nothing was tried or changed: others talk with local models now.",
        "Run it later, or with --yes.",
      );
    }
  }
  const progress = setupProgress(runtime, options.json === true);
  try {
    outcome.results = await setup.prepare(found, planned, { ...progress, signal });
  } finally {
    progress.end();
  }
  const tried = triedIn(outcome.results);
  const accepted = tried.filter(({ problems }) => problems.length === 0 || options.force === true);
  if (accepted.length > 0) {
    const definitions = await setup.definitions(found, accepted);
    outcome.changes = await setup.preview(definitions);
    show(changesCard(outcome.changes, definitions.notes, "What would be written"), options, runtime);
    if (outcome.changes.length > 0 && !(await agreed(WRITE, options, runtime))) {
      show(resultCard(tried, server.id, new Set()), options, runtime);
      throw needsYes("OpenClaw's configuration is as it was.", "Run it again with --yes; what was downloaded stays.");
    }
    outcome.offered = [...(await setup.write(definitions, actor()))];
    outcome.written = outcome.changes.length > 0;
  }
  if (tried.length > 0) show(resultCard(tried, server.id, new Set(outcome.offered)), options, runtime);
}

async function takeBack(
  setup: ModelsSetup,
  options: ModelsSetupOptions,
  runtime: Runtime,
  outcome: Outcome,
): Promise<void> {
  const { undone } = await setup.undo(actor());
  outcome.changes = undone;
  outcome.written = undone.length > 0;
  show(changesCard(undone, ["Downloaded models stay."], "Taken back"), options, runtime);
}

const isAtTerminal = ({ json }: ModelsSetupOptions, { stdin, stdout, env }: Runtime): boolean =>
  json !== true && terminalTraits(stdin, stdout, env).interactive;

async function namesToSetUp(
  setup: ModelsSetup,
  found: FoundOllama,
  options: ModelsSetupOptions,
  runtime: Runtime,
): Promise<readonly string[]> {
  const choices = await setup.choices(found, runtime.signal);
  if (options.yes === true) {
    const taken = choices.filter(
      ({ isPulled, isRecommended, refusal }) => refusal === undefined && (isPulled || isRecommended),
    );
    if (taken.length > 0) return taken.map(({ name }) => name);
  } else if (choices.length > 0 && isAtTerminal(options, runtime)) {
    return (await import("./models-choose.ts")).chooseModels(choices, runtime);
  }
  if (choices.length > 0) show(choicesCard(choices), options, runtime);
  throw options.yes === true || choices.length === 0
    ? new ClutchError("bad_option", "No local model that Clutch knows fits here, and none is downloaded.", {
        hint: "Name one as Ollama calls it: clutch models setup NAME",
      })
    : needsYes(
        "Which models?",
        "Name them: clutch models setup NAME. Or --yes takes the recommended one and those there.",
      );
}

const WRITE = "Write this to OpenClaw's configuration?";

async function agreed(question: string, options: ModelsSetupOptions, runtime: Runtime): Promise<boolean> {
  if (options.yes === true) return true;
  return isAtTerminal(options, runtime) && (await import("./models-choose.ts")).confirmed(question, runtime);
}

/** Throws `bad_option`. */
function windowOf(typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const [, amount, thousands] = /^(\d+)(k?)$/i.exec(typed) ?? [];
  const tokens = Number(amount) * (thousands === undefined || thousands === "" ? 1 : 1_024);
  if (Number.isSafeInteger(tokens) && tokens >= 1_024) return tokens;
  throw new ClutchError("bad_option", `“${typed}” is no window.`, {
    hint: "Write it in tokens: --window 32768, or 32k.",
  });
}

const triedIn = (results: readonly SetupResult[]): readonly TriedModel[] =>
  results.flatMap((result) => (result.kind === "tried" ? [result.model] : []));

function errorIn({ results }: Outcome): ClutchError | undefined {
  const failed = results.find((result) => result.kind === "failed");
  if (failed !== undefined) {
    const { code, message, hint } = failed.error;
    return new ClutchError(code, `${failed.name}: ${message}`, { hint, cause: failed.error });
  }
  const bad = triedIn(results).filter(({ problems }) => problems.length > 0);
  if (bad.length === 0) return undefined;
  return new ClutchError("not_verified", `Not fit for agents: ${bad.map(({ name }) => name).join(", ")}.`, {
    hint: "They were not written to OpenClaw's configuration, unless --force was given.",
  });
}

const needsYes = (message: string, hint: string): ClutchError =>
  new ClutchError("confirmation_required", message, { hint });

const interrupted = (): ClutchError =>
  new ClutchError("not_verified", "Interrupted. What was downloaded so far stays.", {
    hint: "The same command goes on from there.",
  });

function show(card: Card, { json }: ModelsSetupOptions, { stdin, stdout, env }: Runtime): void {
  if (json === true) return;
  const shape = { columns: stdout.columns || 100, ...terminalTraits(stdin, stdout, env) };
  stdout.write(`${renderCard(card, shape)}\n\n`);
}

function jsonOf({ server, results, changes, written, offered }: Outcome, error: ClutchError | undefined): object {
  return {
    ok: error === undefined,
    server: server ?? null,
    models: triedIn(results).map(({ description: _described, ...model }) => ({
      ...model,
      inOpenClaw: offered.includes(`${server?.id ?? ""}/${model.name}`),
    })),
    failed: results.flatMap((result) =>
      result.kind === "failed"
        ? [{ name: result.name, code: result.error.code, message: result.error.message, hint: result.error.hint }]
        : [],
    ),
    changes: changes.map(({ name, before, after }) => ({ name, before, after })),
    written,
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
  };
}

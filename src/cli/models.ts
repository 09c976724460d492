import { renderCard } from "../../adapters/terminal/render-card.ts";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import type { Card } from "../../commands/card.ts";
import {
  type ListQuery,
  listModels,
  MODEL_FILTERS,
  MODEL_SORTS,
  type ModelFilter,
  modelListCard,
} from "../../commands/model-list.ts";
import type { App } from "../app.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import { formatModelRef } from "../models/model-ref.ts";
import { findModel } from "../registry/find-model.ts";
import type { JudgedModel } from "../registry/judge-model.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import { modelShowCard } from "./models-show.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { withApp } from "./with-app.ts";

export interface ModelsListOptions {
  readonly local?: boolean;
  readonly cloud?: boolean;
  readonly loaded?: boolean;
  readonly fits?: boolean;
  readonly sort?: string;
  readonly json?: boolean;
}

/** Prints the models that OpenClaw offers, or with `json` one line `{ok, models, error}`. Exit code 0, 2 or 1 as everywhere. */
export function modelsList(options: ModelsListOptions, runtime: Runtime): Promise<ExitCode> {
  return print("models", options, runtime, async (app) => {
    const query = queryOf(options);
    const listed = listModels((await app.modelsSetup.described()).models, await app.modelsSetup.machine(), query);
    return { json: listed.map(plain), card: modelListCard(listed, "terminal") };
  });
}

/** Prints all that is known of a model, each figure with its source, or with `json` one line `{ok, model, error}`. */
export function modelsShow(name: string, options: { readonly json?: boolean }, runtime: Runtime): Promise<ExitCode> {
  return print("model", options, runtime, async (app) => {
    const { models } = await app.modelsSetup.described();
    const [model] = listModels([choose(name, models)], await app.modelsSetup.machine(), {});
    if (model === undefined) throw new ClutchError("internal", "The model is gone.");
    return { json: plain(model), card: modelShowCard(model) };
  });
}

async function print(
  key: string,
  { json }: { readonly json?: boolean },
  runtime: Runtime,
  work: (app: App) => Promise<{ readonly json: unknown; readonly card: Card }>,
): Promise<ExitCode> {
  const secrets: string[] = [];
  const { stdout, stdin, stderr, env } = runtime;
  try {
    const shown = await withApp(runtime, secrets, work);
    const shape = { columns: stdout.columns || 120, ...terminalTraits(stdin, stdout, env) };
    const text =
      json === true ? JSON.stringify({ ok: true, [key]: shown.json, error: null }) : renderCard(shown.card, shape);
    stdout.write(`${text}\n`);
    return 0;
  } catch (thrown) {
    const error = toClutchError(thrown);
    const { code, message, hint, suggestions } = error;
    if (json === true) stdout.write(`${JSON.stringify({ ok: false, error: { code, message, hint, suggestions } })}\n`);
    const lines = [`✗ ${message}`, hint, ...suggestions].filter((line) => line !== "");
    if (json !== true) stderr.write(`${hideSecrets(lines.join("\n  "), secrets)}\n`);
    return error.isFault ? 1 : 2;
  }
}

/** Throws `bad_option` for an order that there is not. */
function queryOf(options: ModelsListOptions): ListQuery {
  const sort = MODEL_SORTS.find((name) => name === options.sort);
  if (options.sort !== undefined && sort === undefined) {
    throw new ClutchError("bad_option", `Models cannot be sorted by “${options.sort}”.`, {
      hint: `By ${MODEL_SORTS.join(", ")}.`,
    });
  }
  const only = MODEL_FILTERS.filter((filter: ModelFilter) => options[filter] === true);
  return { only, sort };
}

function choose(typed: string, models: readonly ModelProfile[]): ModelProfile {
  const search = findModel(typed, models);
  if (search.kind === "found") return search.profile;
  const others = search.kind === "ambiguous" ? search.matches : search.suggestions;
  const suggestions = others.map(({ ref }) => formatModelRef(ref));
  if (search.kind === "ambiguous") {
    throw new ClutchError("ambiguous_model", `“${typed}” fits ${others.length} models.`, { suggestions });
  }
  throw new ClutchError("unknown_model", `OpenClaw has no model “${typed}”.`, {
    hint: "`clutch models list` shows those there are; `clutch models setup` adds a local one.",
    suggestions,
  });
}

/** Without where the server is and what opens it. */
function plain({ profile, isLoaded, fit, speed }: JudgedModel): object {
  const { ref, name, aliases, windowTokens, requestedContextTokens, locality, demo, facts } = profile;
  return {
    ref: formatModelRef(ref),
    name,
    aliases,
    locality,
    demo,
    loaded: isLoaded,
    windowTokens,
    requestedContextTokens,
    fit,
    speed,
    facts,
  };
}

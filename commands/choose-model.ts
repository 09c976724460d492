import { ClutchError } from "../src/errors.ts";
import { formatModelRef, parseModelRef } from "../src/models/model-ref.ts";
import { findModel } from "../src/registry/find-model.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import type { ModelRegistry } from "../src/registry/model-registry.ts";
import { clip } from "./command-line.ts";

/** The model that a typed name means. Throws `unknown_model` and `ambiguous_model`; nothing has changed by then. */
export async function chooseModel(typed: string, registry: ModelRegistry): Promise<ModelProfile> {
  const { models } = await registry.current();
  let search = findModel(typed, models);
  if (search.kind === "unknown") {
    // It may have been pulled a moment ago.
    search = findModel(typed, (await registry.refresh()).models);
  }
  const names = (profiles: readonly ModelProfile[]): string[] => profiles.map(({ ref }) => formatModelRef(ref));
  if (search.kind === "found") return search.profile;
  if (search.kind === "ambiguous") {
    throw new ClutchError(
      "ambiguous_model",
      `“${clip(typed)}” fits ${search.matches.length} models. Nothing was changed.`,
      {
        hint: "Type one of them in full.",
        suggestions: names(search.matches),
      },
    );
  }
  const provider = parseModelRef(typed)?.provider;
  const known = models.some(({ ref }) => ref.provider === provider);
  throw new ClutchError("unknown_model", `OpenClaw has no model “${clip(typed)}”. Nothing was changed.`, {
    hint:
      provider !== undefined && known
        ? `If ${provider} has it, add it to models.providers.${provider}.models in OpenClaw's config.`
        : "/model shows the models there are.",
    suggestions: names(search.suggestions),
  });
}

import { ClutchError } from "../src/errors.ts";
import { countsAsCloud } from "../src/models/locality.ts";
import { formatModelRef, type ModelRef } from "../src/models/model-ref.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import { forAgent } from "./agent-option.ts";
import type { Card } from "./card.ts";
import type { CommandContext, Reply } from "./command.ts";
import type { Services } from "./services.ts";

/**
 * While the cloud is forbidden nothing is switched to it, unless the person says
 * that it is for after. Undefined where nothing is in the way.
 */
export async function refusalWhileLocked(
  context: CommandContext<Services>,
  target: ModelProfile,
): Promise<Reply | undefined> {
  const { localOnly, sessions } = context.services;
  const { scope = "here", after, plan, soul, agent, once, for: length } = context.options;
  if (!countsAsCloud(target.locality) || plan !== undefined) return undefined;
  const view = scope === "here" && !localOnly.isOn() ? await sessions.view(context.conversation, agent) : undefined;
  const isLocked = view === undefined ? localOnly.isOn() : localOnly.isKeptLocal(view.key);
  if (!isLocked || (after !== undefined && scope !== "helpers")) return undefined;
  const name = formatModelRef(target.ref);
  const reason = localOnly.isOn() ? "Local-only mode is on" : "This conversation is kept local";
  const title = `${reason}, so nothing is switched to ${target.name} now`;
  const line = forAgent(
    `/model ${name}${scope === "here" ? "" : ` scope:${scope}`}${soul === undefined ? "" : " soul"} after`,
    agent,
  );
  const end = localOnly.isOn() ? "/localonly off" : "/localonly here off";
  // What was asked for a while would stay for good.
  const canWait = scope !== "helpers" && once === undefined && length === undefined;
  return {
    visibility: "private",
    refusal: new ClutchError("local_only", `${title}. Nothing was changed.`, {
      hint: canWait ? `To have it as soon as that is over: ${line}. An owner ends it with ${end}.` : `First ${end}.`,
    }),
    card: {
      tone: "warning",
      title,
      body: [
        `${target.name} is in the cloud. Nothing was changed.`,
        ...(canWait ? ["It can be set for later: until then the turns here are answered by a local model."] : []),
      ],
      actions: [
        ...(canWait ? [{ label: "Set it for later", line, style: "primary" as const }] : []),
        { label: "Local-only mode", line: "/localonly", style: "secondary" },
      ],
    },
  };
}

/** What the card of a conversation says while its turns stay local whatever it is set to; undefined where they do not. */
export async function lockSentence(
  { localOnly }: Pick<Services, "localOnly">,
  key: string,
  model: ModelRef | undefined,
  profile: ModelProfile | undefined,
): Promise<string | undefined> {
  if (!localOnly.isKeptLocal(key)) return undefined;
  const why = localOnly.isOn() ? "Local-only mode is on" : "This conversation is kept local";
  if (model !== undefined && profile !== undefined && !countsAsCloud(profile.locality)) return `${why}.`;
  const [best] = (await localOnly.status()).localModels;
  const who = best === undefined ? "a notice, because there is no local model" : formatModelRef(best);
  const after = model === undefined ? "" : ` ${formatModelRef(model)} comes back after it.`;
  return `${why}: until it ends, turns are answered by ${who}.${after}`;
}

/** A card with a sentence before all others. */
export const withSentence = (card: Card, sentence: string | undefined): Card =>
  sentence === undefined ? card : { ...card, body: [sentence, ...(card.body ?? [])] };

import { show } from "../agents/configured-defaults.ts";
import type { HelperRow } from "../agents/helper-models.ts";
import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { ClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import { checkCommand } from "../service/user-service.ts";
import { HIDDEN_COMMANDS, hiddenCommandSlots } from "../set-up/hidden-commands.ts";
import { changeText } from "./change-text.ts";
import { guardContext, guardDoneText, guardPlanText } from "./guard.ts";
import { ownerAtTerminal } from "./open-terminal.ts";
import type { Runtime } from "./runtime.ts";
import { installWall, wallInstallerFor, wallPlanText } from "./wall-install.ts";

export type OfferName = "guard" | "wall" | "helpers" | "souls" | "commands";

/** What an offer would change. `done`: it is so already. `impossible`: `lines` says why. */
export interface OfferView {
  readonly state: "possible" | "done" | "impossible";
  readonly lines: readonly string[];
}

/** Something that Clutch can do in OpenClaw, each with a shown difference and a yes of its own. */
export interface Offer {
  readonly name: OfferName;
  readonly title: string;
  readonly question: string;
  look(): Promise<OfferView>;
  /** What was done, in lines. */
  accept(): Promise<readonly string[]>;
}

export interface OfferParts {
  readonly app: App;
  readonly config: Config;
  readonly runtime: Runtime;
  /** What starts Clutch, for the wall's service. */
  readonly command: readonly string[];
  /** Where the helper calls go; undefined where that was not chosen. */
  readonly helpers: ModelRef | undefined;
  readonly platforms: readonly string[];
}

/** In the order in which they are made. */
export function initOffers({ app, config, runtime, command, helpers, platforms }: OfferParts): readonly Offer[] {
  const about = { actor: ownerAtTerminal(), reason: "clutch init" };
  return [
    {
      name: "guard",
      title: "The guard: a plugin in OpenClaw that keeps turns local in local-only mode, and counts every call",
      question: "Install the guard?",
      async look() {
        const { isHere, installer } = guardContext(app, runtime, () => undefined);
        if (!isHere)
          return impossible("The gateway is on another machine: clutch guard install says what to do there.");
        const plan = await installer.plan();
        const isDone = plan.copy === "same" && plan.config.length === 0;
        return { state: isDone ? "done" : "possible", lines: guardPlanText(plan).trimEnd().split("\n") };
      },
      accept: async () =>
        guardDoneText(await guardContext(app, runtime, () => undefined).installer.install(about.actor)),
    },
    {
      name: "helpers",
      title: "OpenClaw's own calls (recaps, titles, compaction, heartbeats, memory, jobs) to a local model",
      question: "Send these calls to that model?",
      async look() {
        if (helpers === undefined) return impossible("No local model was chosen for them.");
        const { rows, warnings } = await app.services.helpers.plan(helpers);
        const changed = rows.filter(({ outcome }) => outcome === "changed");
        const lines = [...changed.map(rowText), ...warnings.map(({ text }) => text)];
        return changed.length === 0
          ? { state: "done", lines: ["They go there already."] }
          : { state: "possible", lines };
      },
      async accept() {
        if (helpers === undefined) return [];
        const { rows, failure } = await app.services.helpers.set(helpers, about);
        if (failure !== undefined) throw failure;
        return rows.filter(({ outcome }) => outcome === "changed").map(rowText);
      },
    },
    {
      name: "souls",
      title: "Defaults that agents declare in their SOUL.md",
      question: "Bring OpenClaw's configuration in step with them?",
      async look() {
        const reports = await app.souls.preview();
        const due = reports.filter(({ state }) => state === "to-mirror" || state === "to-restore");
        const lines = due.map(
          ({ agentId, configured, declared }) =>
            `${agentId}: ${show(configured ?? null)} -> ${declared?.model ?? "what stood there before"}`,
        );
        if (due.length > 0) return { state: "possible", lines };
        const declares = reports.some(({ declared }) => declared !== undefined);
        return { state: "done", lines: [declares ? "They are in step." : "No agent declares a model there."] };
      },
      async accept() {
        const reports = await app.souls.sync();
        const failed = reports.find(({ state }) => state === "failed" || state === "unreadable");
        if (failed !== undefined) {
          throw new ClutchError("not_verified", `The default of ${failed.agentId} could not be written.`, {
            hint: "clutch agents sync says why.",
          });
        }
        return reports
          .filter(({ state }) => state === "mirrored" || state === "restored")
          .map(({ agentId, configured }) => `${agentId}: ${show(configured ?? null)}`);
      },
    },
    {
      name: "commands",
      title: "OpenClaw's own chat commands, beside which there would be two of /model and /usage",
      question: "Have OpenClaw register none of its own there?",
      async look() {
        const slots = await hiddenSlots();
        if (slots.length === 0) return { state: "done", lines: ["OpenClaw registers none where Clutch is."] };
        const differences = await app.changes.preview(slots);
        return { state: "possible", lines: [...differences.map(changeText), ALL_OF_THEM, THEY_STAY] };
      },
      async accept() {
        const done = await app.changes.apply(await hiddenSlots(), { ...about, about: HIDDEN_COMMANDS });
        return [...done.map(changeText), THEY_STAY];
      },
    },
    // Last: OpenClaw restarts for it.
    {
      name: "wall",
      title: "The wall: a proxy for OpenClaw's traffic that local-only mode can close",
      question: "Install the wall? The gateway restarts once for it.",
      async look() {
        if (!guardContext(app, runtime, () => undefined).isHere) {
          return impossible("The gateway is on another machine: the wall belongs there.");
        }
        const plan = await (await wallInstallerFor(app, { command }, runtime, config)).plan();
        if (plan.keeper === "nobody") return impossible(NO_SYSTEMD);
        if (plan.keeper === "unit") checkCommand(command);
        const isDone = (plan.keeper === "somebody" || plan.unitBefore === plan.unitAfter) && plan.config.length === 0;
        return { state: isDone ? "done" : "possible", lines: wallPlanText(plan).trimEnd().split("\n") };
      },
      async accept() {
        const installer = await wallInstallerFor(app, { command }, runtime, config);
        const { done, text } = await installWall(app, installer, about.actor, runtime.signal);
        return [...done.config.map(changeText), ...text];
      },
    },
  ];

  async function hiddenSlots() {
    return hiddenCommandSlots((await app.openclaw.readConfig()).authored, platforms);
  }
}

/** Local models, the ones that can be reached first: where the helper calls may go. */
export async function localModels(app: App): Promise<readonly ModelRef[]> {
  const { models } = await app.services.registry.current();
  return models.filter(({ locality, demo }) => locality.kind === "local" && !demo).map(({ ref }) => ref);
}

/** Throws `unknown_model`. */
export async function localModelNamed(app: App, name: string): Promise<ModelRef> {
  const local = await localModels(app);
  const found = local.find((ref) => formatModelRef(ref) === name) ?? local.find(({ model }) => model === name);
  if (found !== undefined) return found;
  throw new ClutchError("unknown_model", `“${name}” is no local model of OpenClaw's.`, {
    hint: local.length === 0 ? "It has none: clutch models setup" : `Local: ${local.map(formatModelRef).join(", ")}.`,
  });
}

const NO_SYSTEMD =
  "There is no systemd of yours here: have clutch wall run started before the gateway by what starts programs here; once it answers, run this again.";
const ALL_OF_THEM = "It can only be told to register all of its commands or none; typed as text they go on working.";
const THEY_STAY = "Those that it registered before may stay in the list until they are deleted in the platform.";

const impossible = (why: string): OfferView => ({ state: "impossible", lines: [why] });
const rowText = ({ name, before, after }: HelperRow): string => `${name}: ${before.text} -> ${after.text}`;

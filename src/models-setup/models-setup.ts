import { release } from "node:os";
import type { ConfigChanges, ConfigUndo, SlotDifference } from "../agents/config-changes.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { knownMachine } from "../hardware/known-machines.ts";
import type { ThisMachine } from "../hardware/this-machine.ts";
import type { Figure } from "../models/figure.ts";
import type { SpeedMachine } from "../models/speed.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { type Assessment, assessSeed, recommend } from "../registry/assess-seed.ts";
import { keepBandwidth } from "../registry/measured-bandwidth.ts";
import { type ModelFacts, modelFacts } from "../registry/model-facts.ts";
import type { ModelRegistry, RegistrySnapshot } from "../registry/model-registry.ts";
import type { StatedProfile } from "../registry/profile-file.ts";
import { SEEDS, seedFor } from "../registry/seeds.ts";
import type { ConfiguredServer } from "../registry/server-address.ts";
import type { ServerMonitor } from "../registry/server-monitor.ts";
import { listingName, servedAs } from "../servers/listing.ts";
import type { ServedModel } from "../servers/model-server.ts";
import { modelsInUse, redirectionBy } from "../sessions/models-in-use.ts";
import type { Measurements } from "../store/measurements.ts";
import { type Definitions, definitionsFor } from "./definitions.ts";
import { type FoundOllama, findOllama } from "./find-ollama.ts";
import { installAdvice } from "./install-advice.ts";
import { checkDisk, type PlannedModel, planModel, withoutLoaded } from "./plan-model.ts";
import { keepProbe } from "./probe.ts";
import { pullModel, type Steps, type TriedModel, tryModel } from "./set-up-model.ts";
import { withToolsName } from "./tool-templates.ts";

/** A model that may be set up: what is there already comes first, then what is recommended. */
export interface SetupChoice extends PlannedModel {
  /** Where it is one that Clutch knows: how it would do here. */
  readonly assessment: Assessment | undefined;
  readonly isRecommended: boolean;
}

export interface SetupRequest {
  /** As Ollama calls them, with or without its provider before it. */
  readonly names: readonly string[];
  /** The window to give them, tokens; the largest sensible one where absent. */
  readonly contextTokens?: number | undefined;
  /** Tries what does not fit, and defines what did not pass. */
  readonly force?: boolean | undefined;
}

export interface SetupWork extends Steps {
  readonly signal: AbortSignal;
}

/** A model that could not be set up, or one that was tried. */
export type SetupResult =
  | { readonly kind: "tried"; readonly model: TriedModel }
  | { readonly kind: "failed"; readonly name: string; readonly error: ClutchError };

const ABOUT = "models.setup";

/**
 * Gets local models ready for agents: looks what this machine can run, downloads,
 * tries each with a tool call and a long prompt, and defines in OpenClaw what has
 * passed. Each step can be done again: what is done stays done.
 */
export interface ModelsSetup {
  /** This machine, its memory's speed measured and kept. Takes about a second. */
  machine(): Promise<SpeedMachine>;
  /** The registry with everything described that its servers can describe. Takes as long as the slowest server, 3 s at most. */
  described(): Promise<RegistrySnapshot>;
  /** Throws as `findOllama`, with how to install it as the hint. */
  findServer(id: string | undefined, signal: AbortSignal): Promise<FoundOllama>;
  choices(found: FoundOllama, signal: AbortSignal): Promise<readonly SetupChoice[]>;
  /** What would be done. Throws `bad_option` where something does not fit in memory or on the disk, unless forced. */
  plan(found: FoundOllama, request: SetupRequest, signal: AbortSignal): Promise<readonly PlannedModel[]>;
  /** Models in its memory that conversations talk with now; trying others may make these wait for a load. */
  inUse(found: FoundOllama, signal: AbortSignal): Promise<readonly BusyModel[]>;
  /** Downloads and tries. One that fails does not keep the next from its turn; rejects only with the signal's reason. */
  prepare(found: FoundOllama, planned: readonly PlannedModel[], work: SetupWork): Promise<readonly SetupResult[]>;
  /** What OpenClaw's configuration is to say of them. Throws as `definitionsFor` and the gateway's codes. */
  definitions(found: FoundOllama, tried: readonly TriedModel[]): Promise<Definitions>;
  preview(definitions: Definitions): Promise<readonly SlotDifference[]>;
  /** Writes them, as `ConfigChanges.apply`, and looks whether OpenClaw offers the models; the refs of those that it does. */
  write(definitions: Definitions, actor: string): Promise<ReadonlySet<string>>;
  /** Takes the last writing back, as `ConfigChanges.undo`. Throws `nothing_to_undo`. */
  undo(actor: string): Promise<ConfigUndo>;
}

interface ServerState {
  readonly served: readonly ServedModel[];
  /** Undefined where the server is on another machine. */
  readonly machine: SpeedMachine | undefined;
  /** Names of the models in memory. */
  readonly running: readonly string[];
}

export interface BusyModel {
  readonly name: string;
  /** Session keys. */
  readonly usedBy: readonly string[];
}

export function createModelsSetup(parts: {
  readonly openclaw: Pick<OpenClaw, "activeSessions">;
  readonly registry: ModelRegistry;
  readonly monitor: Pick<ServerMonitor, "describe" | "forget">;
  readonly measurements: Measurements;
  readonly changes: ConfigChanges;
  readonly thisMachine: Pick<ThisMachine, "look">;
  readonly measureBandwidth: (availableBytes: number) => Promise<Figure<number> | undefined>;
  /** Clutch's own `servers`, by OpenClaw's provider id. */
  readonly servers: Readonly<Record<string, ConfiguredServer>>;
  /** What a person wrote about models. */
  readonly stated: () => Promise<ReadonlyMap<string, StatedProfile>>;
  /** Whether a conversation's turns go to a local model whatever its own is. */
  readonly isKeptLocal: (sessionKey: string) => boolean;
  /** `OLLAMA_HOST`. */
  readonly ollamaHost: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** Epoch ms. */
  readonly clock: () => number;
}): ModelsSetup {
  const { registry, changes, measurements, fetch, clock } = parts;

  const factsAbout = async (
    name: string,
    { server }: FoundOllama,
    served: ServedModel | undefined,
    machine: SpeedMachine | undefined,
    signal: AbortSignal,
  ): Promise<ModelFacts> => {
    const description = served === undefined ? undefined : await server.describe(served.name, signal);
    const [stated, measured] = await Promise.all([parts.stated(), measurements.all()]);
    return modelFacts({
      served,
      description,
      seed: seedFor(name),
      stated: stated.get(`${server.id}/${name}`) ?? stated.get(name),
      measured: measured.filter(({ provider, model }) => provider === server.id && model === name),
      machine,
      configuredPrice: undefined,
      server: `${server.id} at ${new URL(server.baseUrl).hostname}`,
      today: new Date(clock()).toISOString().slice(0, 10),
    });
  };

  const planOne = async (
    typed: string,
    found: FoundOllama,
    { served: all, machine, running }: ServerState,
    asked: number | undefined,
    signal: AbortSignal,
  ): Promise<PlannedModel> => {
    const { id } = found.server;
    const bare = typed.startsWith(`${id}/`) ? typed.slice(id.length + 1) : typed;
    const served = servedAs(all, bare);
    const name = served?.name ?? bare;
    if (served?.remoteHost !== undefined || served?.remoteModel !== undefined) throw notLocal(name);
    const facts = await factsAbout(name, found, served, machine, signal);
    const defined = (await registry.current()).modelConfig.providers.get(id)?.models;
    const definition = defined?.get(name) ?? defined?.get(withToolsName(name));
    const present = definition?.numCtx ?? definition?.contextTokens;
    return planModel({ name, facts, served, machine, running, asked, present });
  };

  /** The server's models, and this machine as it is once Ollama has put them away. */
  const stateOf = async ({ server, isHere }: FoundOllama, signal: AbortSignal): Promise<ServerState> => {
    const [served, running] = await Promise.all([server.list(signal), server.running(signal)]);
    const machine = isHere ? withoutLoaded(await parts.thisMachine.look(), running) : undefined;
    return { served, machine, running: running.map(({ name }) => name) };
  };

  return {
    async machine() {
      const machine = await parts.thisMachine.look();
      if (knownMachine([machine.product, machine.processor.name])?.measurable === false) return machine;
      const measured = await parts.measureBandwidth(machine.memory.availableBytes);
      if (measured === undefined) return machine;
      await keepBandwidth(measurements, measured);
      return parts.thisMachine.look();
    },

    async described() {
      const { models } = await registry.current();
      await Promise.all(
        models.map(async ({ server, served }) => {
          if (server !== undefined && served !== undefined && server.kind !== "anthropic")
            await parts.monitor.describe(server, served);
        }),
      );
      return registry.refresh();
    },

    async findServer(id, signal) {
      const { modelConfig } = await registry.current();
      const { servers, ollamaHost } = parts;
      return findOllama({ id, servers, config: modelConfig, ollamaHost, fetch, signal }).catch((thrown: unknown) => {
        const error = toClutchError(thrown);
        if (error.code !== "server_unreachable") throw error;
        const hint = installAdvice(process.platform, release()).join("\n  ");
        throw new ClutchError(error.code, error.message, { hint, cause: error });
      });
    },

    async choices(found, signal) {
      const state = await stateOf(found, signal);
      const { machine } = state;
      const known = SEEDS.filter((seed) => seed.where === "local");
      const assessments = machine === undefined ? [] : known.map((seed) => assessSeed(machine, seed));
      const ranked = recommend(assessments);
      const chatting = state.served.filter(canChat).map(({ name }) => name);
      // A copy with another template belongs to its original.
      const pulled = chatting.filter((name) => !chatting.some((other) => withToolsName(other) === name));
      const others = [...ranked, ...assessments.filter((one) => !ranked.includes(one) && fitsAtAll(one))]
        .map(({ seed }) => seed)
        .filter((seed) => !pulled.some((name) => seed.matches(name)));
      const plans = await Promise.all(
        [...pulled, ...others.map(({ id }) => id)].map((name) => planOne(name, found, state, undefined, signal)),
      );
      return plans.map((plan) => ({
        ...plan,
        assessment: assessments.find(({ seed }) => seed.matches(plan.name)),
        isRecommended: ranked[0]?.seed.matches(plan.name) === true,
      }));
    },

    async plan(found, { names, contextTokens, force = false }, signal) {
      const state = await stateOf(found, signal);
      const unique = [...new Set(names)];
      const planned = await Promise.all(unique.map((name) => planOne(name, found, state, contextTokens, signal)));
      const refusal = planned.find((plan) => plan.refusal !== undefined)?.refusal;
      if (refusal !== undefined && !force) throw refusal;
      if (!force) checkDisk(planned, state.machine);
      return planned;
    },

    async inUse({ server }, signal) {
      const running = await server.running(signal);
      const redirected = { isRedirected: redirectionBy(registry, parts.isKeptLocal), loaded: running.map(nameOf) };
      const used = await modelsInUse(parts.openclaw, server.id, redirected);
      return running.flatMap(({ name }) => {
        const usedBy = [...used].flatMap(([model, keys]) => (listingName(model) === listingName(name) ? keys : []));
        return usedBy.length === 0 ? [] : [{ name, usedBy }];
      });
    },

    async prepare(found, planned, { signal, ...steps }) {
      const { server } = found;
      const results: SetupResult[] = [];
      for (const plan of planned) {
        try {
          let ready = plan;
          if (!plan.isPulled) {
            const { machine } = await stateOf(found, signal);
            await pullModel(server, plan.name, machine, steps, signal);
            // Only now is known what a model needs of which nothing was known.
            ready = await planOne(plan.name, found, await stateOf(found, signal), plan.asked, signal);
            if (plan.refusal === undefined && ready.refusal !== undefined) throw ready.refusal;
          }
          const { contextTokens, facts } = ready;
          const options = { contextTokens, knownBroken: facts.toolCalls?.value === "text", clock };
          const model = await tryModel(server, ready.name, options, steps, signal);
          const by = `a trial on ${server.id} at ${new URL(server.baseUrl).hostname}`;
          await keepProbe(measurements, { provider: server.id, model: model.name, by }, model.probe);
          results.push({ kind: "tried", model });
        } catch (thrown) {
          signal.throwIfAborted();
          results.push({ kind: "failed", name: plan.name, error: toClutchError(thrown) });
        }
      }
      return results;
    },

    async definitions({ server }, tried) {
      const { models, config } = await registry.refresh();
      return definitionsFor(config.authored, server, tried, models);
    },

    preview: ({ slots }) => changes.preview(slots),

    async write({ slots }, actor) {
      await changes.apply(slots, { actor, about: ABOUT, reason: "clutch models setup" });
      // What was listed before the download does not count any more.
      for (const { server } of registry.known()?.models ?? [])
        if (server?.kind === "ollama") parts.monitor.forget(server);
      const { models } = await registry.refresh();
      return new Set(models.map(({ ref }) => `${ref.provider}/${ref.model}`));
    },

    async undo(actor) {
      const last = await changes.last(ABOUT);
      if (last === undefined) {
        throw new ClutchError("nothing_to_undo", "There is no set-up of models that could be taken back.");
      }
      return changes.undo(last, { actor, reason: "clutch models setup --undo" });
    },
  };
}

const nameOf = ({ name }: { readonly name: string }): string => name;

const fitsAtAll = ({ fit }: Assessment): boolean => fit.kind === "fits" || fit.kind === "tight";

/** Runs here, and answers. */
const canChat = ({ name, capabilities, remoteHost, remoteModel }: ServedModel): boolean =>
  remoteHost === undefined &&
  remoteModel === undefined &&
  !/[:-]cloud$/.test(name) &&
  (capabilities?.includes("completion") ?? !/embed/i.test(name));

const notLocal = (name: string): ClutchError =>
  new ClutchError("bad_option", `${name} is a cloud model that Ollama passes on; there is nothing to set up here.`);

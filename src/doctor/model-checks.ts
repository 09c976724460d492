import { formatModelRef } from "../models/model-ref.ts";
import { askForTool } from "../models-setup/tool-probe.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import { createModelServer, isLocalModelServer } from "../servers/drivers.ts";
import { type Attached, broken, type Finding, gatewayCheck, ok, skipped, type World, warning } from "./check.ts";
import { type NamedModel, namedModels } from "./named-models.ts";

export const defaultModelsCheck = gatewayCheck({
  part: "models",
  name: "Defaults and fallbacks",
  async look({ registry }) {
    const used = namedModels(await registry.current());
    if (used.length === 0)
      return warning("OpenClaw's configuration names no default model.", "/model NAME scope:global");
    const wrong = used.flatMap((one) => wrongWith(one) ?? []);
    if (wrong.length > 0) return wrong;
    return ok(used.length === 1 ? "The one that is named exists." : `All ${used.length} that are named exist.`);
  },
});

function wrongWith({ ref, use, isFallback, profile }: NamedModel): Finding | undefined {
  const name = formatModelRef(ref);
  const scope = use.endsWith("all agents") ? "global" : "agent";
  const remedy = isFallback
    ? `take it out of the fallbacks in openclaw.json, or add it: ollama pull ${ref.model}`
    : `/model NAME scope:${scope}`;
  const state = isFallback ? warning : broken;
  if (profile === undefined) return state(`OpenClaw does not list ${name}, ${use}: its turns fail.`, remedy);
  if (profile.locality.evidence.endsWith("does not list it")) {
    return state(`${name}, ${use}, is not on its server: its turns fail.`, `ollama pull ${ref.model}, or ${remedy}`);
  }
  return undefined;
}

/** A model that has to be loaded and thinks first takes minutes. */
const PROBE_MS = 240_000;

export const toolCallsCheck = gatewayCheck({
  part: "models",
  name: "Tool calls of local models",
  deadlineMs: PROBE_MS,
  async look(attached, world, { deep, signal }) {
    const used = namedModels(await attached.registry.current());
    const local = new Map(
      used.flatMap(({ profile }): [string, ModelProfile][] =>
        profile?.locality.kind === "local" && !profile.demo ? [[formatModelRef(profile.ref), profile]] : [],
      ),
    );
    if (local.size === 0) return skipped("No agent's default or fallback is a local model.");
    const findings: Finding[] = [];
    // One after another: they share a machine's memory.
    for (const [name, profile] of local) {
      findings.push({ name, ...(await judge(profile, { attached, world, deep, signal })) });
    }
    return findings;
  },
});

interface Asking {
  readonly attached: Attached;
  readonly world: World;
  readonly deep: boolean;
  readonly signal: AbortSignal;
}

async function judge(profile: ModelProfile, asking: Asking): Promise<Finding> {
  const { toolCalls } = profile.facts;
  if (asking.deep) return probed(profile, asking);
  if (toolCalls === undefined) {
    return skipped("Whether it calls tools was never tried; without them an agent looks dead.", "clutch doctor --deep");
  }
  const { value, source } = toolCalls;
  const said = `${source}, ${toolCalls.date}`;
  if (value === "works") return ok(`It calls tools (${said}).`);
  return warning(`${NO_TOOLS[value]} (${said}).`, `clutch models setup ${profile.ref.model}`);
}

const NO_TOOLS = {
  text: "It writes its tool calls as plain text, which no agent acts on",
  none: "It calls no tools, so an agent can do nothing with it but talk",
} as const;

/** Asks the model itself, and keeps what it did for the cards. */
async function probed(
  { ref, server: address, requestedContextTokens }: ModelProfile,
  asking: Asking,
): Promise<Finding> {
  const { attached, world, signal } = asking;
  if (address === undefined) return skipped("Nobody knows where its server is.");
  const server = createModelServer(address.kind, { ...address, fetch: world.fetch, timeoutMs: PROBE_MS });
  if (!isLocalModelServer(server)) return skipped("Only models of Ollama's can be tried.");
  const calls = await askForTool(
    server,
    {
      model: ref.model,
      temperature: 0,
      seed: 1,
      ...(requestedContextTokens === undefined ? {} : { contextTokens: requestedContextTokens }),
    },
    signal,
  );
  if (attached.hasStore) {
    await attached.measurements.save({ ...ref, kind: "tools", value: { calls }, source: "clutch doctor" });
  }
  if (calls === "works") return ok("It was asked for a tool call just now and made it.");
  return warning(`${NO_TOOLS[calls]}, as it has just shown.`, `clutch models setup ${ref.model}`);
}

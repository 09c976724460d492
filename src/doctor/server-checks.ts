import { ClutchError } from "../errors.ts";
import { ollamaEnvironment } from "../hardware/ollama-environment.ts";
import { askableServer } from "../local-only/askable-server.ts";
import { ollamaCloud } from "../local-only/ollama-cloud.ts";
import { formatModelRef } from "../models/model-ref.ts";
import { LEAST_WINDOW } from "../models-setup/context-window.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import { ollamaUrl, type ServerAddress } from "../registry/server-address.ts";
import { createModelServer } from "../servers/drivers.ts";
import type { ModelServer } from "../servers/model-server.ts";
import { isOldOllama, OLLAMA_MIN_VERSION } from "../servers/ollama.ts";
import { readState } from "../wall/state-file.ts";
import {
  type Attached,
  broken,
  type Check,
  configCheck,
  type Finding,
  gatewayCheck,
  ok,
  problem,
  skipped,
  type World,
  warning,
} from "./check.ts";
import { list } from "./words.ts";

const TIMEOUT_MS = 5_000;

export const serversCheck: Check = configCheck({
  part: "model servers",
  name: "Servers",
  deadlineMs: 20_000,
  async look(world, { signal }) {
    const { gateway, config } = world;
    const configured = Object.entries(config.servers).map(
      ([id, { kind, baseUrl, apiKey }]): ServerAddress => ({
        id,
        kind,
        baseUrl,
        ...(apiKey === undefined ? {} : { apiKey }),
      }),
    );
    const theirs = gateway instanceof ClutchError ? usualOllama(world) : await serversOf(gateway);
    const known = [...configured, ...theirs.filter(({ id }) => configured.every((own) => own.id !== id))];
    if (known.length === 0) return skipped("No model server is known.", "clutch models setup");
    const findings = await Promise.all(
      known.map(async (address): Promise<Finding> => {
        if (address.kind !== "ollama" && configured.every(({ id }) => id !== address.id)) {
          return { name: address.id, ...skipped("OpenClaw asks it with a key of its own; Clutch does not.") };
        }
        return {
          name: address.id,
          ...(await lookAtServer(address, { world, signal, isNamed: configured.includes(address) })),
        };
      }),
    );
    return findings;
  },
});

/** Where OpenClaw asks models. */
async function serversOf({ registry }: Attached): Promise<readonly ServerAddress[]> {
  const { models } = await registry.current();
  const found = new Map<string, ServerAddress>();
  for (const { server } of models) if (server !== undefined) found.set(`${server.id} ${server.baseUrl}`, server);
  return [...found.values()];
}

/** Without the gateway, and without a word in the configuration, only Ollama's usual place is known. */
function usualOllama({ config, env }: World): readonly ServerAddress[] {
  if (Object.values(config.servers).some(({ kind }) => kind === "ollama")) return [];
  const baseUrl = ollamaUrl(env["OLLAMA_HOST"]);
  return baseUrl === undefined ? [] : [{ id: "ollama", kind: "ollama", baseUrl }];
}

async function lookAtServer(
  address: ServerAddress,
  { world, signal, isNamed }: { readonly world: World; readonly signal: AbortSignal; readonly isNamed: boolean },
): Promise<Finding> {
  const { gateway, config, stateDirectory, resolve, fetch } = world;
  const isLocked = (): boolean =>
    gateway instanceof ClutchError ? readState(stateDirectory).closed : gateway.localOnly.isOn();
  const mayAsk = askableServer({
    isLocked,
    trustedLocal: config.trustedLocal,
    resolve,
  });
  if (!(await mayAsk(address))) return skipped("Local-only mode is on, so Clutch does not ask it.");
  let server: ModelServer;
  try {
    server = createModelServer(address.kind, { ...address, fetch, timeoutMs: TIMEOUT_MS });
  } catch (thrown) {
    if (thrown instanceof ClutchError) return problem("broken", thrown);
    throw thrown;
  }
  const health = await server.health(signal);
  if (!health.ok) {
    // Nobody said that there is one.
    if (!isNamed && gateway instanceof ClutchError)
      return skipped(`${health.reason} Nothing names it, so there may be none.`);
    return broken(health.reason, remedyOf(address));
  }
  const models = await server.list(signal);
  const version = health.version === undefined ? "" : `, version ${health.version}`;
  const found = `It answers at ${new URL(server.baseUrl).host}${version}, with ${models.length === 1 ? "1 model" : `${models.length} models`}.`;
  if (health.version !== undefined && isOldOllama(health.version)) {
    return warning(
      `${found} It is older than ${OLLAMA_MIN_VERSION} and does not say which models it passes on to the cloud.`,
      "curl -fsSL https://ollama.com/install.sh | sh",
    );
  }
  if (address.kind === "ollama" && models.length === 0) return warning(found, "clutch models setup");
  return ok(found);
}

const remedyOf = ({ id, kind }: ServerAddress): string =>
  kind === "ollama"
    ? "systemctl start ollama (or ollama serve) on its machine; clutch models setup says how to install it"
    : `start it where it is yours; check servers.${id} in clutch.config.json, its address and its key`;

export const ollamaCloudCheck: Check = {
  part: "model servers",
  name: "Ollama's own cloud",
  async look({ system, home, gateway }) {
    const { state, evidence } = await ollamaCloud(system, home);
    if (state === "unknown") return skipped(sentence(evidence));
    if (state === "off") return ok(`It is switched off: ${evidence}.`);
    const isOn = !(gateway instanceof ClutchError) && gateway.localOnly.isOn();
    if (!isOn) return ok(`It may be used: ${evidence}. Clutch counts what it passes on as cloud.`);
    return warning(
      "Local-only mode is on, and this machine's Ollama may go to its own cloud, which no wall sees.",
      "sudo systemctl edit ollama, with Environment=OLLAMA_NO_CLOUD=1 under [Service], then sudo systemctl restart ollama",
    );
  },
};

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

export const windowsCheck: Check = gatewayCheck({
  part: "model servers",
  name: "Windows of local models",
  async look({ registry }, { system }) {
    const { models } = await registry.current();
    const local = models.filter(
      ({ server, served, demo }) => server?.kind === "ollama" && served !== undefined && !demo,
    );
    if (local.length === 0) return skipped("OpenClaw offers no model of Ollama's.");
    const given = Number((await ollamaEnvironment(system))?.values.get("OLLAMA_CONTEXT_LENGTH") ?? Number.NaN);
    const usual = Number.isInteger(given) && given > 0 ? given : undefined;
    const unasked = local.filter(({ requestedContextTokens }) => requestedContextTokens === undefined);
    const short = unasked.filter(() => (usual ?? 0) < LEAST_WINDOW);
    const small = local.filter(({ requestedContextTokens: asked }) => asked !== undefined && asked < LEAST_WINDOW);
    const cut = local.filter(isLoadedShort);
    const findings = [
      ...(short.length === 0
        ? []
        : [
            warning(
              `OpenClaw asks for no window for ${names(short)}, so Ollama gives ${usual === undefined ? "its default, 4,096 tokens on most machines" : `OLLAMA_CONTEXT_LENGTH, ${usual.toLocaleString("en")} tokens`}: too little for an agent, and what does not fit is cut without a word.`,
              setUp(short),
            ),
          ]),
      ...(small.length === 0
        ? []
        : [
            warning(
              `The window of ${names(small)} is below ${LEAST_WINDOW.toLocaleString("en")} tokens: an agent's first prompt leaves no room in it.`,
              setUp(small),
            ),
          ]),
      ...(cut.length === 0
        ? []
        : [
            warning(
              `${names(cut)} was loaded with a smaller window than OpenClaw asks for: the rest is cut without a word.`,
              `${setUp(cut)}; ollama ps shows the window`,
            ),
          ]),
    ];
    return findings.length > 0
      ? findings
      : ok("OpenClaw asks for a window that an agent can work in for each of them.");
  },
});

const isLoadedShort = ({ served, requestedContextTokens }: ModelProfile): boolean =>
  served?.loadedContextTokens !== undefined &&
  requestedContextTokens !== undefined &&
  served.loadedContextTokens < requestedContextTokens;

const names = (profiles: readonly ModelProfile[]): string => list(profiles.map(({ ref }) => formatModelRef(ref)));
const setUp = (profiles: readonly ModelProfile[]): string =>
  `clutch models setup ${profiles[0]?.ref.model ?? ""}`.trim();

import { pino } from "pino";
import type { ClutchError } from "../../src/errors.ts";
import type { CloudAudit, CloudHelper, HelperLock } from "../../src/local-only/helper-lock.ts";
import type { LockLayer } from "../../src/local-only/lock-layers.ts";
import type { PathProof } from "../../src/local-only/lock-status.ts";
import { createVerifier } from "../../src/local-only/verifier.ts";
import type { CanaryCalls } from "../../src/openclaw/canary-calls.ts";
import type { GuardCalls, GuardClient, GuardStatus } from "../../src/openclaw/guard-client.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import type { WallClient } from "../../src/wall/wall-client.ts";

/** Canaries let loose in a world of stand-ins, in which guard and wall hold. */
export interface VerifierLab {
  loopbackMode: string;
  left: CloudHelper[];
  audit: CloudAudit;
  /** How often something reached the trap. */
  hits: number;
  /** The guard's record of calls: run id and model; undefined where it keeps none. */
  calls: (readonly [runId: string, model: string])[] | undefined;
  /** Whether OpenClaw asks the guard about turns. */
  asksGuard: boolean;
  /** Whether turns reach the trap. */
  turnReaches: boolean;
  /** Why a canary gets no session. */
  sessionFails: ClutchError | undefined;
  /** What a turn of a canary ends with, where it does not end well. */
  turnFails: ClutchError | undefined;
  /** Names of the calls that were made, in order. */
  readonly made: string[];
  /** What a call does beside that, by its name; of itself a side chat is in the record. */
  readonly does: Partial<Record<keyof CanaryCalls, () => void | Promise<void>>>;
  verify(...layers: LockLayer["name"][]): Promise<(path: string) => PathProof | undefined>;
}

export function verifierLab(): VerifierLab {
  const denied = new Set<string>();
  const canaries: GuardStatus["canaries"] = [];
  const saw = (sessionKey: string): void => {
    if (!lab.asksGuard) return;
    const at = canaries.length + 1;
    canaries.push({ runId: `run-${at}`, sessionKey, model: "ollama/qwen3:8b", met: "local", at });
  };
  const make = async (name: keyof CanaryCalls): Promise<void> => {
    lab.made.push(name);
    await lab.does[name]?.();
  };
  const guard: Partial<GuardClient> = {
    status: async () =>
      ({
        canaries,
        canary: { hits: lab.hits, listening: true, port: 1 },
        state: { models: [{ provider: "ollama", model: "qwen3:8b" }] },
      }) as unknown as GuardStatus,
    async calls(from) {
      const { after = 0 } = from ?? {};
      const made = (lab.calls ?? []).map(([runId, name], at) => {
        const [provider, model] = name.split("/");
        return { runId, provider, model, n: at + 1 };
      });
      // Two at a time.
      const calls = made.slice(after, after + 2);
      const more = after + 2 < made.length;
      return lab.calls && ({ log: "log", since: 0, lost: false, now: 0, calls, more } as unknown as GuardCalls);
    },
    async tryFrom(_, url) {
      denied.add(new URL(url).hostname);
      return "451";
    },
    tryAround: async () => "ENETUNREACH",
  };
  const calls: CanaryCalls = {
    title: () => make("title"),
    sideChat: () => make("sideChat"),
    compact: () => make("compact"),
    say: () => make("say"),
    async job() {
      await make("job");
      saw("agent:main:cron:job");
      return "job";
    },
    async tool() {
      await make("tool");
      return "blocked: local-only";
    },
  };
  const helpers: Partial<HelperLock> = { cloudHelpers: async () => lab.left, audit: async () => lab.audit };
  const verifier = createVerifier({
    guard: guard as GuardClient,
    wall: {
      status: async () => ({ hosts: [...denied].map((host) => ({ host, denied: 1 })) }),
    } as unknown as WallClient,
    calls,
    async withScratchSession(_, work) {
      if (lab.sessionFails) throw lab.sessionFails;
      return work({
        key: "agent:main:scratch",
        async say() {
          lab.made.push("turn");
          saw("agent:main:scratch");
          if (lab.turnReaches) lab.hits++;
          if (lab.turnFails) throw lab.turnFails;
          return { text: "", runId: "run" };
        },
      });
    },
    helpers: helpers as HelperLock,
    registry: { current: async () => ({ defaultAgentId: "main" }) } as ModelRegistry,
    usedProxy: async () => ({ enabled: true, loopbackMode: lab.loopbackMode }),
    ollamaCloud: async () => ({ state: "off", evidence: "it is off" }),
    clock: () => 0,
    logger: pino({ level: "silent" }),
  });
  const lab: VerifierLab = {
    loopbackMode: "proxy",
    left: [],
    audit: { settings: [], unknown: [], tools: ["web_search"] },
    hits: 0,
    calls: [],
    asksGuard: true,
    turnReaches: false,
    sessionFails: undefined,
    turnFails: undefined,
    made: [],
    does: { sideChat: () => void lab.calls?.push(["session-companion-1", "ollama/qwen3:8b"]) },
    async verify(...layers) {
      const { paths } = await verifier.verify(layers, () => undefined);
      return (path) => paths.find((proof) => proof.path === path);
    },
  };
  return lab;
}

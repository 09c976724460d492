import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import type { SpeedMachine } from "../../src/models/speed.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import { createServerMonitor } from "../../src/registry/server-monitor.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import type { SessionView } from "../../src/sessions/session-models.ts";
import { createSwitchPlanner } from "../../src/sessions/switch-planner.ts";
import { NO_FACTS, testProfile } from "../registry/test-profile.ts";

const GIB = 1024 ** 3;
const OWN = "agent:main:discord:channel:1";
const OTHER = "agent:main:discord:channel:2";
const never = new AbortController().signal;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const machine: SpeedMachine = {
  processor: { name: "a processor", cores: 8 },
  memory: { totalBytes: 16 * GIB, availableBytes: 12 * GIB, limitBytes: undefined, bandwidth: undefined },
  gpus: [],
  disk: undefined,
  product: undefined,
  platform: "linux",
  virtual: false,
};

/** An Ollama with `big` and `small`, a machine for one big one, and what a gateway would say. */
async function lab(how: { readonly demo?: boolean } = {}) {
  const model = { contextLength: 32_768, sizeBytes: 9 * GIB, layers: 4, kvHeads: 1, headDim: 64, parameters: 16e9 };
  const server = await startOllamaStandIn({
    models: [
      { name: "big:14b", ...model },
      { name: "other:14b", ...model },
    ],
    pullable: [{ name: "later:1b", ...model, sizeBytes: 1e9 }],
    pullStepMs: 1,
    answer: () => ({ text: "" }),
  });
  closing.push(() => server.close());
  const monitor = createServerMonitor({
    fetch: globalThis.fetch,
    clock: Date.now,
    logger: pino({ level: "silent" }),
  });
  const address = { id: "ollama", kind: "ollama", baseUrl: server.url } as const;
  const sessions: { key: string; model: { provider: string; model: string } }[] = [];
  const kept: string[] = [];
  const profiles = async (): Promise<ModelProfile[]> => {
    const { models = [] } = await monitor.look(address);
    return ["big:14b", "other:14b", "later:1b"].map((name) => {
      const served = models.find((listed) => listed.name === name);
      const diskBytes = served?.sizeBytes;
      return testProfile(`ollama/${name}`, {
        locality: { kind: "local", evidence: "a test" },
        demo: how.demo === true,
        requestedContextTokens: 16_384,
        server: address,
        served,
        facts: {
          ...NO_FACTS,
          architecture: { layers: 4, kvHeads: 1, headDim: 64, parameters: 16e9, activeParameters: 16e9 },
          diskBytes:
            diskBytes === undefined
              ? undefined
              : { value: diskBytes, origin: "reported", source: "a test", date: "2026-11-01" },
        },
      });
    });
  };
  const planner = createSwitchPlanner({
    openclaw: { activeSessions: async () => sessions, checkReach: async () => undefined } as unknown as OpenClaw,
    registry: {
      current: async () => ({ models: await profiles() }),
      find: () => undefined,
      invalidate: () => undefined,
    } as unknown as ModelRegistry,
    monitor,
    machine: () => machine,
    resolve: async () => [],
    isKeptLocal: (key) => kept.includes(key),
    logger: pino({ level: "silent" }),
  });
  const view = { key: OWN, row: { usedTokens: 5_000 }, effective: undefined } as unknown as SessionView;
  const named = async (name: string): Promise<ModelProfile> => {
    const found = (await profiles()).find(({ ref }) => ref.model === name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  const plan = async (name: string) => planner.plan(view, await named(name));
  const inMemory = async (): Promise<{ models: { name: string; context_length: number }[] }> =>
    (await (await fetch(`${server.url}/api/ps`)).json()) as never;
  return { planner, sessions, kept, plan, named, inMemory, server };
}

const use = (key: string, model: string, provider = "ollama") => ({ key, model: { provider, model } });

describe("a model that would push another one out", () => {
  it("names the conversations that talk with that one, not this one and not those of other servers", async () => {
    const { planner, plan, sessions } = await lab();
    await planner.warm(await plan("big:14b"), never);
    sessions.push(use(OWN, "big:14b"), use(OTHER, "big:14b"), use("agent:main:x", "big:14b", "elsewhere"));
    const { evicts, obstacles } = await plan("other:14b");
    expect(evicts).toEqual([{ model: "big:14b", usedBy: [OTHER] }]);
    expect(obstacles).toEqual([]);
  });

  it("is nobody's loss where nobody talks with it", async () => {
    const { planner, plan, sessions } = await lab();
    await planner.warm(await plan("big:14b"), never);
    sessions.push(use(OWN, "big:14b"));
    expect((await plan("other:14b")).evicts).toEqual([{ model: "big:14b", usedBy: [] }]);
  });

  it("names those of the cloud that are kept local, since it may be what answers them", async () => {
    const { planner, plan, sessions, kept } = await lab();
    await planner.warm(await plan("big:14b"), never);
    sessions.push(use(OTHER, "claude-sonnet-5", "anthropic"), use(OWN, "claude-sonnet-5", "anthropic"));
    expect((await plan("other:14b")).evicts).toEqual([{ model: "big:14b", usedBy: [] }]);
    kept.push(OTHER, OWN);
    expect((await plan("other:14b")).evicts).toEqual([{ model: "big:14b", usedBy: [OTHER] }]);
  });
});

describe("loading", () => {
  it("asks for the window that OpenClaw will ask for; then there is nothing to load", async () => {
    const { planner, plan, inMemory } = await lab();
    const before = await plan("big:14b");
    expect(before.load).toBeDefined();
    expect(await planner.warm(before, never)).toBeGreaterThan(0);
    expect((await inMemory()).models).toMatchObject([{ name: "big:14b", context_length: 16_384 }]);
    const after = await plan("big:14b");
    expect(after.load).toBeUndefined();
    expect(await planner.warm(after, never)).toBeUndefined();
  });

  it("is not judged by this machine where a stand-in answers", async () => {
    const { plan } = await lab({ demo: true });
    expect((await plan("big:14b")).fit).toBeUndefined();
  });
});

describe("a model that is not there", () => {
  it("is refused, downloaded with its progress, and not refused any more", async () => {
    const { planner, plan, named } = await lab();
    expect((await plan("later:1b")).refusal?.code).toBe("model_missing");
    expect((await planner.refusal(await named("later:1b")))?.code).toBe("model_missing");
    const done: number[] = [];
    await planner.download(await named("later:1b"), ({ doneBytes }) => done.push(doneBytes ?? 0), never);
    // Steps without a size, such as the check at the end, come without one.
    const sizes = done.filter((bytes) => bytes > 0);
    expect(sizes.at(-1)).toBe(1e9);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(await planner.refusal(await named("later:1b"))).toBeUndefined();
    expect((await plan("later:1b")).refusal).toBeUndefined();
  });
});

it("a server that is down is a refusal, for a plan and beyond one", async () => {
  const { planner, plan, named, server } = await lab();
  const target = await named("big:14b");
  await server.close();
  closing.pop();
  // What was known a moment ago still counts; the look that finds out is made in the background.
  await expect
    .poll(async () => (await planner.refusal({ ...target, served: undefined }))?.code, { timeout: 10_000 })
    .toBe("server_down");
  expect((await plan("big:14b")).refusal?.code).toBe("server_down");
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Figure, Origin } from "../../src/models/figure.ts";
import type { SpeedMachine } from "../../src/models/speed.ts";
import type { ModelFacts, ToolCalls } from "../../src/registry/model-facts.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { PriceTier } from "../../src/registry/seed-profile.ts";
import type { ServerState } from "../../src/registry/server-monitor.ts";
import { type PlanFacts, planSwitch, reserveOf } from "../../src/sessions/switch-plan.ts";
import { NO_FACTS, testProfile } from "../registry/test-profile.ts";

const GIB = 1024 ** 3;
const DAY = "2026-11-01";

const figure = <T>(value: T, origin: Origin = "measured"): Figure<T> => ({
  value,
  origin,
  source: `${origin} in a test`,
  date: DAY,
});

/** One memory of 64 GiB for everything, of which 60 GiB can be had. */
const machine: SpeedMachine = {
  processor: { name: "a processor", cores: 16 },
  memory: {
    totalBytes: 64 * GIB,
    availableBytes: 60 * GIB,
    limitBytes: undefined,
    bandwidth: figure(100e9, "published"),
  },
  gpus: [
    {
      name: "Radeon",
      vendor: "amd",
      vramBytes: undefined,
      sharedBytes: undefined,
      unified: true,
      bandwidth: undefined,
    },
  ],
  disk: undefined,
  product: undefined,
  platform: "linux",
  virtual: false,
  compute: figure(20e12, "published"),
};
const withAvailable = (gib: number): SpeedMachine => ({
  ...machine,
  memory: { ...machine.memory, availableBytes: gib * GIB },
});
/** A card with 24 GiB of its own in the same box. */
const withCard: SpeedMachine = {
  ...machine,
  gpus: [
    {
      name: "RTX 4090",
      vendor: "nvidia",
      vramBytes: 24 * GIB,
      sharedBytes: undefined,
      unified: false,
      bandwidth: undefined,
    },
  ],
};

const LOCAL = { kind: "local", evidence: "" } as const;
const CLOUD = { kind: "cloud", evidence: "" } as const;
const UNKNOWN = { kind: "unknown", evidence: "" } as const;
const ollama = { id: "ollama", kind: "ollama", baseUrl: "http://127.0.0.1:11434" } as const;
/** 2 × 32 layers × 8 heads × 128 wide × 2 bytes: 128 KiB a token, 4 GiB for a window of 32k. */
const architecture = { layers: 32, kvHeads: 8, headDim: 128, parameters: 8e9, activeParameters: 8e9 };

const local = (name = "ollama/qwen", facts: Partial<ModelFacts> = {}, more: Partial<ModelProfile> = {}): ModelProfile =>
  testProfile(name, {
    locality: LOCAL,
    server: ollama,
    served: { name },
    requestedContextTokens: 32_768,
    facts: { ...NO_FACTS, architecture, diskBytes: figure(10 * GIB, "reported"), ...facts },
    ...more,
  });
const price = (tiers: readonly Partial<PriceTier>[]): ModelFacts["price"] =>
  figure(
    { tiers: tiers.map((tier) => ({ input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, ...tier })) },
    "published",
  );
const cloud = (facts: Partial<ModelFacts> = { price: price([{}]) }): ModelProfile =>
  testProfile("anthropic/sonnet", { windowTokens: 200_000, locality: CLOUD, facts: { ...NO_FACTS, ...facts } });

const well: ServerState = { ok: true, at: 0, reason: undefined, models: [] };
const down: ServerState = { ok: false, at: 0, reason: "127.0.0.1:11434 refused the connection.", models: undefined };

const plan = (facts: Partial<PlanFacts> = {}) =>
  planSwitch({
    target: local(),
    present: cloud(),
    usedTokens: 20_000,
    models: [],
    server: well,
    running: [],
    machine,
    inUse: new Map(),
    ...facts,
  });

describe("what could not answer is refused", () => {
  const missing = local("ollama/qwen", {}, { served: undefined });
  it.each<[string, Partial<PlanFacts>, object | undefined]>([
    ["a server that is down", { server: down }, { code: "server_down", reason: down.reason }],
    [
      "one that is down without a word",
      { server: { ...down, reason: undefined } },
      { reason: "Its server does not answer." },
    ],
    ["a model that was not pulled", { target: missing }, { code: "model_missing" }],
    ["the server before the model", { target: missing, server: down }, { code: "server_down" }],
    ["not: a server that nobody watches", { target: missing, server: undefined }, undefined],
    ["not: a cloud model of Ollama, which no listing needs", { target: { ...missing, locality: CLOUD } }, undefined],
    ["not: a server of another make, which need not list", { target: { ...missing, server: undefined } }, undefined],
    ["not: all is well", {}, undefined],
  ])("%s", (_, facts, refusal) => {
    if (refusal === undefined) expect(plan(facts).refusal).toBeUndefined();
    else expect(plan(facts).refusal).toMatchObject(refusal);
  });
});

describe("the room in a window", () => {
  it.each([
    [8_192, 2_048],
    [32_768, 8_192],
    [80_000, 20_000],
    [200_000, 20_000],
    [1_000_000, 20_000],
  ])("of %d leaves %d free", (windowTokens, reserve) => expect(reserveOf(windowTokens)).toBe(reserve));

  it.each([
    ["fits to the last token", 24_576, {}, undefined],
    ["is too small by one", 24_577, {}, { usedTokens: 24_577, roomTokens: 24_576 }],
    [
      "is what the server is asked for, where OpenClaw believes in more",
      24_577,
      { windowTokens: 131_072 },
      { roomTokens: 24_576 },
    ],
    [
      "is what OpenClaw uses, where the server is asked for more",
      24_577,
      { requestedContextTokens: 131_072, windowTokens: 32_768 },
      { roomTokens: 24_576 },
    ],
    [
      "is what OpenClaw says, where it asks for none",
      24_577,
      { requestedContextTokens: undefined },
      { roomTokens: 24_576 },
    ],
    ["is no obstacle where unknown", 1e9, { windowTokens: undefined, requestedContextTokens: undefined }, undefined],
    ["is no obstacle before the first turn", undefined, {}, undefined],
  ] as const)("%s", (_, usedTokens, known, obstacle) => {
    const { obstacles, context } = plan({ target: local("ollama/qwen", {}, known), usedTokens });
    expect(obstacles).toEqual(
      obstacle === undefined ? [] : [expect.objectContaining({ kind: "too-long", ...obstacle })],
    );
    expect(context.usedTokens).toBe(usedTokens);
  });
});

describe("tool calls", () => {
  it.each<[ToolCalls, Origin, boolean]>([
    ["works", "measured", false],
    ["text", "measured", true],
    ["none", "measured", true],
    ["text", "stated", true],
    ["text", "published", false],
    ["text", "estimated", false],
  ])("that are “%s”, %s: in the way %s", (calls, origin, stands) => {
    const toolCalls = figure(calls, origin);
    const { obstacles, toolCalls: told } = plan({ target: local("ollama/qwen", { toolCalls }) });
    expect(obstacles).toEqual(stands ? [{ kind: "no-tools", calls: toolCalls }] : []);
    expect(told).toBe(toolCalls);
  });
});

it("all obstacles come together, the one that a summary removes first", () => {
  const target = local("ollama/qwen", { toolCalls: figure<ToolCalls>("none"), diskBytes: figure(100 * GIB) });
  expect(plan({ target, usedTokens: 30_000 }).obstacles.map(({ kind }) => kind)).toEqual([
    "too-long",
    "no-tools",
    "no-memory",
  ]);
});

describe("memory", () => {
  const kinds = (facts: Partial<PlanFacts>) => plan(facts).obstacles.map(({ kind }) => kind);
  const NEED = 10 + 4 + 1.5 + 4;

  it("says what is needed and what there is", () => {
    expect(plan({ machine: withAvailable(16) }).obstacles).toEqual([
      { kind: "no-memory", needBytes: NEED * GIB, haveBytes: 16 * GIB },
    ]);
    expect(kinds({ machine: withAvailable(20) })).toEqual([]);
    expect(plan({ machine: withAvailable(20) }).fit?.kind).toBe("tight");
  });

  it("counts the window that is asked for", () => {
    const wide = local("ollama/qwen", {}, { requestedContextTokens: 131_072, windowTokens: 131_072 });
    expect(plan({ target: wide, machine: withAvailable(30) }).obstacles).toMatchObject([
      { needBytes: (10 + 16 + 1.5 + 4) * GIB },
    ]);
  });

  it("knows that weights alone can be too much", () => {
    const target = local("ollama/qwen", { architecture: undefined, diskBytes: figure(43 * GIB) });
    expect(kinds({ target, machine: withAvailable(16) })).toEqual(["no-memory"]);
    expect(kinds({ target, machine })).toEqual([]);
  });

  it("gives back what the server holds now, which makes room by itself", () => {
    const idle = { name: "llama", memoryBytes: 40 * GIB };
    expect(kinds({ machine: withAvailable(16), running: [idle] })).toEqual([]);
    // The same model with a smaller window is loaded anew, not twice.
    const itself = { name: "qwen:latest", memoryBytes: 12 * GIB, contextTokens: 4_096 };
    expect(kinds({ machine: withAvailable(10), running: [itself] })).toEqual([]);
    expect(plan({ machine: withAvailable(10), running: [itself] }).load).toBeDefined();
    // But never more than the machine has, and a container may use.
    const huge = { name: "llama", memoryBytes: 900 * GIB };
    const target = local("ollama/qwen", { diskBytes: figure(60 * GIB) });
    expect(plan({ target, machine: withAvailable(16), running: [huge] }).obstacles).toMatchObject([
      { haveBytes: 64 * GIB },
    ]);
    const small = withAvailable(8);
    const limited = { ...small, memory: { ...small.memory, limitBytes: 12 * GIB } };
    expect(plan({ machine: limited, running: [huge] }).obstacles).toMatchObject([{ haveBytes: 12 * GIB }]);
  });

  it("of a card is not main memory", () => {
    const held = { name: "llama", memoryBytes: 20 * GIB, vramBytes: 20 * GIB };
    const target = local("ollama/qwen", { diskBytes: figure(26 * GIB) });
    const full = { ...withCard, memory: { ...withCard.memory, availableBytes: 6 * GIB } };
    expect(kinds({ target, machine: full, running: [held] })).toEqual(["no-memory"]);
    expect(kinds({ target, machine: full, running: [{ ...held, vramBytes: 8 * GIB }] })).toEqual([]);
  });

  it("is not asked about where the model runs elsewhere or is loaded", () => {
    const target = local("ollama/qwen", { diskBytes: figure(100 * GIB) });
    expect(plan({ target, machine: undefined })).toMatchObject({ fit: undefined, obstacles: [] });
    const running = [{ name: "qwen:latest", contextTokens: 32_768 }];
    expect(plan({ target, running })).toMatchObject({ fit: undefined, obstacles: [] });
    expect(plan({ target: local("ollama/qwen", { diskBytes: undefined }) }).fit).toBeUndefined();
  });
});

describe("loading", () => {
  const estimate = { origin: "estimated", value: ((10 * GIB) / 1.5e9) * 1_000 };
  it.each<[string, Partial<PlanFacts>, unknown]>([
    ["takes as long as it was measured", { target: local("ollama/qwen", { loadMs: figure(9_000) }) }, figure(9_000)],
    ["is estimated by the disk otherwise", {}, expect.objectContaining(estimate)],
    ["is unknown on another machine", { machine: undefined }, undefined],
    ["is unknown where the size is", { target: local("ollama/qwen", { diskBytes: undefined }) }, undefined],
    [
      "is due for a larger window",
      { running: [{ name: "qwen", contextTokens: 4_096 }] },
      expect.objectContaining(estimate),
    ],
    ["is due for a model of another tag", { running: [{ name: "qwen:7b" }] }, expect.objectContaining(estimate)],
  ])("%s", (_, facts, ms) => expect(plan(facts).load).toEqual({ ms }));

  it.each<[string, Partial<PlanFacts>]>([
    ["loaded with that very window", { running: [{ name: "qwen", contextTokens: 32_768 }] }],
    ["loaded as its latest, with a larger one", { running: [{ name: "qwen:latest", contextTokens: 65_536 }] }],
    ["loaded by a server that says no window", { running: [{ name: "qwen" }] }],
    [
      "loaded, and no window is asked for",
      {
        target: local("ollama/qwen", {}, { requestedContextTokens: undefined }),
        running: [{ name: "qwen", contextTokens: 4_096 }],
      },
    ],
    ["a cloud model", { target: cloud() }],
    ["a cloud model that Ollama passes on", { target: local("ollama/qwen", {}, { locality: CLOUD }) }],
    ["on a server that loads by itself", { target: local("ollama/qwen", {}, { server: undefined }) }],
  ])("there is nothing to load: %s", (_, facts) => expect(plan(facts).load).toBeUndefined());
});

describe("reading and answering", () => {
  const speeds = [
    { depthTokens: 0, decode: figure(30), prefill: figure(400) },
    { depthTokens: 40_000, decode: figure(10), prefill: figure(200) },
  ];
  const target = local("ollama/qwen", { speeds });

  it("reads the whole conversation at the speed of its middle, and answers at that of its end", () => {
    const { reading, speed } = plan({ target, usedTokens: 20_000 });
    expect(reading?.tokens).toBe(20_000);
    expect(reading?.ms?.value).toBeCloseTo((20_000 / 350) * 1_000);
    expect(speed?.value).toBeCloseTo(20);
  });

  it("takes longer for each token of a longer conversation", () => {
    const perToken = (usedTokens: number) => (plan({ target, usedTokens }).reading?.ms?.value ?? 0) / usedTokens;
    expect(perToken(40_000)).toBeGreaterThan(perToken(10_000) * 1.1);
  });

  it("counts OpenClaw's own prompt where nobody has spoken yet", () => {
    expect(plan({ target, usedTokens: undefined }).reading?.tokens).toBe(14_000);
  });

  it("is estimated for this machine where nothing was measured, and unknown elsewhere", () => {
    expect(plan()).toMatchObject({ reading: { ms: { origin: "estimated" } }, speed: { origin: "estimated" } });
    expect(plan({ machine: undefined })).toMatchObject({ reading: { ms: undefined }, speed: undefined });
  });

  it("is not spoken of for the cloud, nor is the reading of a stand-in", () => {
    expect(plan({ target: cloud({ speeds }) })).toMatchObject({ reading: undefined, speed: undefined });
    expect(plan({ target: { ...target, demo: true } }).reading).toBeUndefined();
  });
});

describe("the price of the history", () => {
  const tiers = price([
    { upToPromptTokens: 200_000, cacheWrite: 4 },
    { upToPromptTokens: 400_000, cacheWrite: 8 },
    { cacheWrite: 10 },
  ]);
  const free = price([{ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }]);
  it.each<[string, Partial<PlanFacts>, object | undefined]>([
    ["of going to the cloud", { target: cloud(), present: local() }, { when: "going", tokens: 20_000, usd: 0.075 }],
    [
      "of another cloud model counts for the one that is gone to",
      { target: cloud(), present: cloud({ price: tiers }) },
      { when: "going", usd: 0.075 },
    ],
    ["of coming back", {}, { when: "returning", tokens: 20_000, usd: 0.075 }],
    [
      "of coming back from where nobody knows",
      { target: local("x/y", {}, { locality: UNKNOWN }) },
      { when: "returning", usd: 0.075 },
    ],
    ["of a model that counts as cloud", { present: { ...cloud(), locality: UNKNOWN } }, { when: "returning" }],
    ["in the lower tier, to its last token", { present: cloud({ price: tiers }), usedTokens: 200_000 }, { usd: 0.8 }],
    ["in the middle tier", { present: cloud({ price: tiers }), usedTokens: 200_001 }, { usd: 1.600008 }],
    ["in the open tier", { present: cloud({ price: tiers }), usedTokens: 500_000 }, { usd: 5 }],
    [
      "beyond the last tier",
      { present: cloud({ price: price([{ upToPromptTokens: 10, cacheWrite: 1 }]) }) },
      { usd: 0.02 },
    ],
    ["is unknown where nothing names it", { present: cloud({}) }, undefined],
    ["is unknown where the configuration has zeros", { present: cloud({ price: free }) }, undefined],
    [
      "is unknown where somebody wrote less than nothing",
      { present: cloud({ price: price([{ cacheWrite: -1 }]) }) },
      undefined,
    ],
    ["is unknown without tiers", { present: cloud({ price: price([]) }) }, undefined],
    ["is unknown for a target in the cloud with zeros", { target: cloud({ price: free }) }, undefined],
    ["there is none before the first turn", { usedTokens: undefined }, undefined],
    ["there is none between local models", { present: local("ollama/llama", { price: price([{}]) }) }, undefined],
    ["there is none where the present model is unknown", { present: undefined }, undefined],
  ])("%s", (_, facts, expected) => {
    const { history } = plan(facts);
    if (expected === undefined) return expect(history).toBeUndefined();
    const { usd, ...rest } = history ?? {};
    expect({ ...rest, usd: usd?.value }).toMatchObject(
      "usd" in expected ? { ...expected, usd: expect.closeTo(Number(expected.usd), 9) } : expected,
    );
  });
});

describe("who has to make room", () => {
  const llama = { name: "llama:latest", memoryBytes: 20 * GIB };
  const used = new Map([
    ["llama", ["agent:main:a", "agent:main:b"]],
    ["other", ["agent:main:c"]],
  ]);
  const both = ["agent:main:a", "agent:main:b"];
  it.each<[string, Partial<PlanFacts>, readonly object[]]>([
    ["nobody, where both fit", { running: [llama], inUse: used }, []],
    ["nobody, where nothing is loaded", { machine: undefined, inUse: used }, []],
    [
      "one in use, with who uses it",
      { machine: withAvailable(16), running: [llama], inUse: used },
      [{ model: "llama:latest", usedBy: both }],
    ],
    ["one that is idle", { machine: withAvailable(16), running: [llama] }, [{ model: "llama:latest", usedBy: [] }]],
    [
      "one in use, where nobody knows what fits",
      { machine: undefined, running: [llama], inUse: used },
      [{ model: "llama:latest", usedBy: both }],
    ],
    [
      "one of unknown size",
      { running: [{ name: "llama:latest" }], inUse: used },
      [{ model: "llama:latest", usedBy: both }],
    ],
    [
      "one on a card, however much main memory there is",
      { machine: withCard, running: [{ ...llama, vramBytes: 20 * GIB }], inUse: used },
      [{ model: "llama:latest", usedBy: both }],
    ],
    ["not the model itself", { machine: withAvailable(16), running: [{ name: "qwen", contextTokens: 4_096 }] }, []],
    [
      "nobody, where the model is loaded",
      { machine: withAvailable(16), running: [llama, { name: "qwen:latest" }], inUse: used },
      [],
    ],
  ])("%s", (_, facts, evicts) => expect(plan(facts).evicts).toEqual(evicts));
});

describe("other models that could answer", () => {
  const rated = (name: string, score: number, loaded: boolean, facts: Partial<ModelFacts> = {}): ModelProfile =>
    local(name, { ratings: [{ task: "code", score: figure(score) }], ...facts }, { served: { name, loaded } });

  it("come loaded ones first, then the better ones", () => {
    const models = [
      rated("ollama/a", 40, false),
      local("ollama/unrated"),
      rated("ollama/b", 60, false),
      rated("ollama/c", 20, true),
      rated("ollama/d", 30, true),
    ];
    expect(plan({ models }).alternatives.map(({ name }) => name)).toEqual([
      "ollama/d",
      "ollama/c",
      "ollama/b",
      "ollama/a",
      "ollama/unrated",
    ]);
  });

  it.each<[string, ModelProfile, boolean]>([
    ["local and there", local("ollama/a"), true],
    ["the target", local("ollama/qwen"), false],
    ["the present model", local("ollama/present"), false],
    ["a cloud model", local("ollama/a", {}, { locality: CLOUD }), false],
    ["one of unknown place", local("ollama/a", {}, { locality: UNKNOWN }), false],
    ["one that is not there", local("ollama/a", {}, { served: undefined }), false],
    ["one whose tools were seen to fail", local("ollama/a", { toolCalls: figure<ToolCalls>("text") }), false],
    [
      "one whose tools are said to fail",
      local("ollama/a", { toolCalls: figure<ToolCalls>("text", "published") }),
      true,
    ],
    ["one whose window is too small", local("ollama/a", {}, { requestedContextTokens: 16_384 }), false],
    [
      "one whose window nobody knows",
      local("ollama/a", {}, { windowTokens: undefined, requestedContextTokens: undefined }),
      true,
    ],
  ])("%s: %s", (_, model, offered) => {
    const { alternatives } = plan({ models: [model], present: local("ollama/present") });
    expect(alternatives).toEqual(offered ? [model] : []);
  });
});

describe("whatever is known", () => {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const size = fc.integer({ min: 1, max: 500 * GIB });
  const rate = fc.double({ min: 0.01, max: 1e5, noNaN: true });
  const tokens = fc.integer({ min: 0, max: 2_000_000 });
  const figureOf = <T>(value: fc.Arbitrary<T>) =>
    fc
      .tuple(value, fc.constantFrom<Origin>("stated", "measured", "reported", "published", "estimated"))
      .map(([known, origin]) => figure(known, origin));
  const money = fc.double({ min: -5, max: 50, noNaN: true });
  const factsOf = fc.record({
    toolCalls: maybe(figureOf(fc.constantFrom<ToolCalls>("works", "text", "none"))),
    architecture: maybe(fc.constant(architecture)),
    diskBytes: maybe(figureOf(size)),
    loadMs: maybe(figureOf(rate)),
    speeds: fc
      .uniqueArray(fc.record({ depthTokens: tokens, decode: maybe(figureOf(rate)), prefill: maybe(figureOf(rate)) }), {
        selector: ({ depthTokens }) => depthTokens,
        maxLength: 4,
      })
      .map((points) => points.toSorted((a, b) => a.depthTokens - b.depthTokens)),
    price: maybe(
      figureOf(
        fc.record({
          tiers: fc.array(
            fc.record({
              upToPromptTokens: maybe(tokens),
              input: money,
              output: money,
              cacheRead: money,
              cacheWrite: money,
            }),
            { maxLength: 3 },
          ),
        }),
      ),
    ),
  });
  const profileOf = (name: string) =>
    fc
      .record({
        facts: factsOf,
        locality: fc.constantFrom(LOCAL, CLOUD, UNKNOWN),
        windowTokens: maybe(fc.integer({ min: 1, max: 2_000_000 })),
        requestedContextTokens: maybe(fc.integer({ min: 1, max: 2_000_000 })),
        server: fc.constantFrom(undefined, ollama),
        demo: fc.boolean(),
      })
      .map(({ facts, ...rest }) => testProfile(name, { ...rest, served: { name }, facts: { ...NO_FACTS, ...facts } }));
  const running = fc.array(
    fc
      .record({ name: fc.constantFrom("qwen:latest", "llama"), memoryBytes: maybe(size), contextTokens: maybe(tokens) })
      .map(({ name, memoryBytes, contextTokens }) => ({
        name,
        ...(memoryBytes === undefined ? {} : { memoryBytes }),
        ...(contextTokens === undefined ? {} : { contextTokens }),
      })),
    { maxLength: 3 },
  );
  const anything = fc.record({
    target: profileOf("ollama/qwen"),
    present: maybe(profileOf("anthropic/sonnet")),
    usedTokens: maybe(tokens),
    machine: fc.constantFrom(undefined, machine, withCard, withAvailable(3)),
    running,
    server: fc.constantFrom(undefined, well, down),
  });

  /** Every number in it, with the way to it. */
  const numbers = (value: unknown, path = "plan"): readonly (readonly [string, number])[] => {
    if (typeof value === "number") return [[path, value]];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => numbers(inner, `${path}.${key}`));
  };

  it("every figure has a source, and no number is negative or none", () => {
    fc.assert(
      fc.property(anything, (facts) => {
        const { target: _, alternatives: __, toolCalls: ___, ...made } = plan(facts);
        const wrong = numbers(made).filter(([, number]) => !Number.isFinite(number) || number < 0);
        expect(wrong).toEqual([]);
        for (const told of [made.load?.ms, made.reading?.ms, made.speed, made.history?.usd]) {
          if (told === undefined) continue;
          expect(told.source).not.toBe("");
          expect(told.date).toMatch(/^\d{4}-\d\d-\d\d$/);
        }
        // What rests on a speed that nobody knows is unknown, not an estimate of nothing.
        if (facts.machine === undefined && facts.target.facts.speeds.length === 0) {
          expect([made.reading?.ms, made.speed]).toEqual([undefined, undefined]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

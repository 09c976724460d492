import { describe, expect, it } from "vitest";
import type { Figure, Origin } from "../../src/models/figure.ts";
import type { Machine } from "../../src/models/machine.ts";
import { type FactSources, modelFacts } from "../../src/registry/model-facts.ts";
import type { StatedProfile } from "../../src/registry/profile-file.ts";
import { type Price, type SeedProfile, seed } from "../../src/registry/seed-profile.ts";
import type { Measurement } from "../../src/store/measurements.ts";
import { NO_FACTS } from "./test-profile.ts";

const figure = <T>(value: T, origin: Origin, date = "2026-11-01"): Figure<T> => ({
  value,
  origin,
  source: `${origin} in a test`,
  date,
});
const priced = (input: number): Price => ({ tiers: [{ input, output: 5 * input, cacheRead: 0, cacheWrite: input }] });

const NOTHING: FactSources = {
  served: undefined,
  description: undefined,
  seed: undefined,
  stated: undefined,
  measured: [],
  machine: undefined,
  configuredPrice: undefined,
  server: "ollama at 127.0.0.1",
  today: "2026-11-22",
};
const STATED: StatedProfile = {
  architecture: undefined,
  diskBytes: undefined,
  contextLength: undefined,
  capabilities: undefined,
  ratings: [],
  brokenToolTemplate: undefined,
  speeds: [],
  price: undefined,
};
const stated = (more: Partial<StatedProfile>): StatedProfile => ({ ...STATED, ...more });
const seeded = (more: Partial<SeedProfile>): SeedProfile => ({
  ...seed({ id: "qwen3:8b", name: "Qwen3 8B", where: "local" }),
  ...more,
});
const measurement = (kind: string, value: unknown): Measurement => ({
  provider: "ollama",
  model: "qwen3:8b",
  kind,
  value,
  source: "a probe",
  at: Date.parse("2026-11-20T23:59:00Z"),
});
const facts = (sources: Partial<FactSources>) => modelFacts({ ...NOTHING, ...sources });

const machine = (processor: string): Machine => ({
  processor: { name: processor, cores: 8 },
  memory: { totalBytes: 64e9, availableBytes: 60e9, limitBytes: undefined, bandwidth: undefined },
  gpus: [],
  disk: undefined,
  product: undefined,
  platform: "linux",
  virtual: false,
});

it("where nobody says anything nothing is known", () => expect(facts({})).toEqual(NO_FACTS));

describe("who is believed", () => {
  const built = (layers: number) => ({ layers, kvHeads: 8, headDim: 128, parameters: 8e9, activeParameters: 8e9 });
  const word = stated({
    contextLength: figure(1_000, "stated"),
    capabilities: figure(["a"], "stated"),
    diskBytes: figure(1, "stated"),
    architecture: built(1),
    price: figure(priced(1), "stated"),
  });
  const description = { contextLength: 2_000, capabilities: ["b"], architecture: built(2), quantization: "Q8_0" };
  const served = {
    name: "qwen3:8b",
    contextLength: 3_000,
    capabilities: ["c"],
    sizeBytes: 3,
    memoryBytes: 33,
    quantization: "Q4_K_M",
  };
  const planted = seeded({
    contextLength: figure(4_000, "published"),
    capabilities: figure(["d"], "published"),
    diskBytes: figure(4, "published"),
    architecture: built(4),
    price: figure(priced(4), "published"),
  });

  it.each<[string, Partial<FactSources>, object]>([
    [
      "a person's own word before all",
      { stated: word, description, served, seed: planted, configuredPrice: priced(3) },
      { contextLength: 1_000, capabilities: ["a"], diskBytes: 1, layers: 1, price: 1 },
    ],
    [
      "then the server's, its description before its listing",
      { description, served, seed: planted, configuredPrice: priced(3) },
      { contextLength: 2_000, capabilities: ["b"], diskBytes: 3, layers: 2, price: 3 },
    ],
    [
      "the listing where there is no description",
      { served, seed: planted },
      { contextLength: 3_000, capabilities: ["c"], diskBytes: 3, layers: 4, price: 4 },
    ],
    [
      "then what was published",
      { seed: planted },
      { contextLength: 4_000, capabilities: ["d"], diskBytes: 4, layers: 4, price: 4 },
    ],
  ])("%s", (_, sources, expected) => {
    const { contextLength, capabilities, diskBytes, architecture, price } = facts(sources);
    expect({
      contextLength: contextLength?.value,
      capabilities: capabilities?.value,
      diskBytes: diskBytes?.value,
      layers: architecture?.layers,
      price: price?.value.tiers[0]?.input,
    }).toEqual(expected);
  });

  it("each says where it is from", () => {
    const { contextLength, memoryBytes, price, quantization } = facts({
      description,
      served,
      configuredPrice: priced(3),
    });
    const here = { origin: "reported", source: "ollama at 127.0.0.1", date: "2026-11-22" };
    expect(contextLength).toEqual({ value: 2_000, ...here });
    expect(memoryBytes).toEqual({ value: 33, ...here });
    expect(price).toMatchObject({ origin: "reported", source: "OpenClaw's configuration" });
    expect(quantization).toBe("Q8_0");
    expect(facts({ served }).quantization).toBe("Q4_K_M");
  });
});

describe("the price in OpenClaw's configuration", () => {
  const costs = seeded({ price: figure(priced(4), "published") });
  const zeros: Price = { tiers: [{ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }] };
  it.each<[string, Partial<FactSources>, number]>([
    ["zeros are what OpenClaw wants of a local model", { configuredPrice: zeros, seed: seeded({}) }, 0],
    ["zeros for a model that costs something were not filled in", { configuredPrice: zeros, seed: costs }, 4],
    ["a person may say that it is free", { stated: stated({ price: figure(zeros, "stated") }), seed: costs }, 0],
    ["a price is a price", { configuredPrice: priced(2), seed: costs }, 2],
  ])("%s", (_, sources, input) => expect(facts(sources).price?.value.tiers[0]?.input).toBe(input));
});

describe("tool calls", () => {
  const broken = seeded({ knownProblems: { brokenToolTemplate: figure(true, "published") } });
  const says = (value: boolean) => stated({ brokenToolTemplate: figure(value, "stated") });
  const probe = (calls: unknown) => [measurement("tools", { calls })];
  it.each<[string, Partial<FactSources>, object | undefined]>([
    ["are unknown", {}, undefined],
    ["are known to be broken", { seed: broken }, { value: "text", origin: "published" }],
    ["are not known to work where nothing is known against them", { seed: seeded({}) }, undefined],
    ["were probed", { seed: broken, measured: probe("works") }, { value: "works", origin: "measured" }],
    ["were probed in vain", { measured: probe("none") }, { value: "none", date: "2026-11-20", source: "a probe" }],
    [
      "are broken by a person's word",
      { stated: says(true), measured: probe("works") },
      { value: "text", origin: "stated" },
    ],
    ["are unknown where a person denies what was published", { stated: says(false), seed: broken }, undefined],
    [
      "are what a probe found where a person denies what was published",
      { stated: says(false), seed: broken, measured: probe("none") },
      { value: "none" },
    ],
    ["of a measurement that cannot be read are unknown", { measured: probe("perhaps") }, undefined],
  ])("%s", (_, sources, expected) => {
    const { toolCalls } = facts(sources);
    if (expected === undefined) expect(toolCalls).toBeUndefined();
    else expect(toolCalls).toMatchObject(expected);
  });
});

describe("speeds", () => {
  const at = (depthTokens: number, decode: number, origin: Origin) => ({ depthTokens, decode: figure(decode, origin) });
  const published = seeded({
    speeds: [
      { machine: "Strix Halo", ...at(4_096, 20, "published") },
      { machine: "Ryzen 7 8845HS", ...at(4_096, 8, "published"), prefill: figure(90, "published") },
      { machine: "Ryzen 7 8845HS", ...at(32_768, 4, "published") },
    ],
  });
  const mine = machine("AMD Ryzen 7 8845HS w/ Radeon 780M Graphics");
  const decodes = (sources: Partial<FactSources>) =>
    facts(sources).speeds.map(({ depthTokens, decode }) => [depthTokens, decode?.value, decode?.origin]);

  it("published ones count on the kind of machine on which they were measured", () => {
    expect(decodes({ seed: published, machine: mine })).toEqual([
      [4_096, 8, "published"],
      [32_768, 4, "published"],
    ]);
    expect(decodes({ seed: published, machine: machine("Some Other Processor") })).toEqual([]);
    expect(decodes({ seed: published })).toEqual([]);
  });

  it("know the machine by its own name as well", () => {
    const box = { ...machine("unknown processor"), product: "GMKtec NucBox_EVO-X2" };
    expect(decodes({ seed: published, machine: box })).toEqual([[4_096, 20, "published"]]);
  });

  it("at each depth the most trustworthy counts, each kind for itself, shallow first", () => {
    const measured = [
      measurement("speed", {
        points: [
          { depthTokens: 65_536, decode: 3 },
          { depthTokens: 4_096, decode: 9 },
        ],
      }),
    ];
    const word = stated({ speeds: [{ depthTokens: 65_536, decode: figure(5, "stated"), prefill: undefined }] });
    expect(decodes({ seed: published, machine: mine, measured, stated: word })).toEqual([
      [4_096, 9, "measured"],
      [32_768, 4, "published"],
      [65_536, 5, "stated"],
    ]);
    expect(facts({ seed: published, machine: mine, measured }).speeds[0]?.prefill).toMatchObject({ value: 90 });
  });

  it.each([
    ["is nothing", { points: [{ depthTokens: 0, decode: 0 }] }],
    ["is less than nothing", { points: [{ depthTokens: 0, prefill: -3 }] }],
    ["lies before the beginning", { points: [{ depthTokens: -1, decode: 3 }] }],
    ["is no number", { points: [{ depthTokens: 0, decode: "fast" }] }],
    ["has no points", {}],
  ])("one that %s was not measured", (_, value) => {
    expect(facts({ measured: [measurement("speed", value)] }).speeds).toEqual([]);
  });
});

it.each([
  [{ ms: 9_000 }, { value: 9_000, origin: "measured", source: "a probe", date: "2026-11-20" }],
  [{ ms: -1 }, undefined],
  [{ seconds: 9 }, undefined],
])("a load of %j", (value, expected) => {
  expect(facts({ measured: [measurement("load", value), measurement("tools", { calls: "works" })] }).loadMs).toEqual(
    expected,
  );
});

it("a person's rating replaces the published one of that task", () => {
  const rating = (task: "code" | "recall", score: number, origin: Origin) => ({ task, score: figure(score, origin) });
  const { ratings } = facts({
    stated: stated({ ratings: [rating("code", 50, "stated")] }),
    seed: seeded({ ratings: [rating("code", 90, "published"), rating("recall", 70, "published")] }),
  });
  expect(ratings.map(({ task, score }) => [task, score.value])).toEqual([
    ["code", 50],
    ["recall", 70],
  ]);
});

describe("ratings", () => {
  const rated = (score: number, origin: Origin) => ({ task: "code" as const, score: figure(score, origin) });
  const published = seeded({ ratings: [rated(70, "published"), { task: "tools", score: figure(50, "published") }] });

  it("of a task are the person's, else what was measured here, else what was published", () => {
    const measured = [measurement("rating:code", { score: 81.5 })];
    const source = { origin: "measured", source: "a probe", date: "2026-11-20" };
    expect(facts({ seed: published, measured }).ratings).toEqual([
      { task: "code", score: { value: 81.5, ...source } },
      { task: "tools", score: figure(50, "published") },
    ]);
    expect(facts({ seed: published, measured, stated: stated({ ratings: [rated(90, "stated")] }) }).ratings).toEqual([
      rated(90, "stated"),
      { task: "tools", score: figure(50, "published") },
    ]);
    expect(facts({ seed: published }).ratings).toEqual(published.ratings);
  });

  it("that are none are left out", () => {
    const measured = [measurement("rating:code", { score: 101 }), measurement("rating:flight", { score: 3 })];
    expect(facts({ measured }).ratings).toEqual([]);
  });
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { type Slot, withSlot } from "../../src/openclaw/config-slots.ts";
import { helperModels } from "./helper-calls-oracle.ts";
import { type Config, GPT, LOCAL, openBench, PHI, QWEN, ref, SONNET } from "./lock-bench.ts";

const owner = { actor: "discord:owner" };
const TARGET = QWEN;

const name = fc.constantFrom(
  SONNET,
  GPT,
  PHI,
  QWEN,
  "small",
  "Big",
  "ollama/small",
  "x/y",
  `${PHI}@work`,
  "phi4",
  "",
  "  ",
);
/** Keys that are absent rather than undefined. */
const record = (shape: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Config> =>
  fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Config>;

const selector = fc.oneof(
  name,
  record({ primary: name, fallbacks: fc.array(fc.constantFrom(SONNET, PHI), { maxLength: 2 }) }),
);
const execution = record({ model: name, note: fc.constant("theirs") });
const reviewer = record({ model: selector, timeoutMs: fc.constant(5) });
const alias = record({ alias: fc.constantFrom("big", "small", "") });
const aliases = record({ [SONNET]: alias, [PHI]: alias, [QWEN]: alias });
const speech = record({ auto: fc.constant("off"), summaryModel: name });
const agent = record({
  model: selector,
  utilityModel: name,
  decisionModel: fc.constantFrom("", "typesafe/jev", "onnx/x"),
  models: aliases,
  tools: record({ exec: record({ reviewer, host: fc.constant("node") }) }),
  tts: speech,
  workspace: fc.constant("/w"),
});
const configs: fc.Arbitrary<Config> = record({
  agents: record({
    defaults: record({
      model: selector,
      utilityModel: name,
      imageModel: selector,
      decisionModel: fc.constantFrom("", "typesafe/jev"),
      models: aliases,
      compaction: record({ model: name, provider: fc.constant("elsewhere"), memoryFlush: execution }),
    }),
    entries: record({ main: agent, other: agent }),
  }),
  tools: record({
    exec: record({ reviewer }),
    media: record({ image: record({ enabled: fc.boolean(), maxChars: fc.constant(9) }), concurrency: fc.constant(1) }),
    alsoAllow: fc.constant(["a", "b"]),
  }),
  tts: speech,
  plugins: record({
    enabled: fc.boolean(),
    entries: record({
      "memory-core": record({
        enabled: fc.boolean(),
        subagent: record({
          allowModelOverride: fc.boolean(),
          allowedModels: fc.constantFrom([], ["*"], [SONNET], [SONNET, QWEN]),
        }),
        config: record({
          dreaming: record({
            enabled: fc.boolean(),
            model: name,
            execution: record({ defaults: execution }),
            phases: record({
              light: record({ execution }),
              rem: record({ execution }),
              deep: record({ execution, limit: fc.constant(3) }),
            }),
          }),
        }),
      }),
      theirs: fc.constant({ config: { list: [{ id: "a" }, 1] } }),
    }),
  }),
  meta: fc.constant({ lastTouchedVersion: "2026.9.6" }),
});

/** What people do while it is locked: other models than the lock's, blocks taken away, settings of their own. */
const DEFAULTS = ["agents", "defaults"];
const MEMORY = ["plugins", "entries", "memory-core"];
const edit: fc.Arbitrary<Slot> = fc.oneof(
  fc.record({
    path: fc.constantFrom(
      [...DEFAULTS, "utilityModel"],
      [...DEFAULTS, "compaction", "model"],
      ["agents", "entries", "main", "utilityModel"],
      ["agents", "entries", "main", "tools", "exec", "reviewer", "model"],
      ["tools", "exec", "reviewer", "model"],
      ["tts", "summaryModel"],
      [...MEMORY, "config", "dreaming", "model"],
      [...MEMORY, "config", "dreaming", "phases", "rem", "execution", "model"],
    ),
    value: fc.constantFrom<unknown>(null, GPT, "x/z", ""),
  }),
  fc.record({
    path: fc.constantFrom([...DEFAULTS, "compaction", "provider"], [...DEFAULTS, "decisionModel"]),
    value: fc.constantFrom<unknown>(null, "x/z"),
  }),
  fc.record({ path: fc.constant(["tools", "media", "image", "enabled"]), value: fc.constantFrom<unknown>(null, true) }),
  fc.record({
    path: fc.constantFrom([...DEFAULTS, "compaction"], ["tools", "exec"], ["agents", "entries", "other"], MEMORY, [
      ...MEMORY,
      "subagent",
      "allowedModels",
    ]),
    value: fc.constant(null),
  }),
  fc.record({
    path: fc.constantFrom(
      [...DEFAULTS, "compaction", "notifyUser"],
      ["tools", "exec", "host"],
      ["agents", "entries", "third", "workspace"],
      [...MEMORY, "subagent", "note"],
    ),
    value: fc.constantFrom<unknown>(true, "theirs"),
  }),
);

/** Each in a place of its own: what somebody made and took away again leaves empty blocks, which nobody misses. */
const edits = fc.uniqueArray(edit, {
  maxLength: 4,
  comparator: ({ path: a }, { path: b }) => a.every((step, at) => at >= b.length || step === b[at]),
});

/** The same whatever the order of keys, which somebody may have taken away and set again. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const edited = (config: unknown, edits: readonly Slot[]): Config => edits.reduce<unknown>(withSlot, config) as Config;

it("keeps every helper call local while it is closed, and gives everything back but what people changed", async () => {
  const bench = await openBench();
  let batches = 0;
  let closings = 0;
  await fc.assert(
    fc.asyncProperty(configs, edits, async (config, made) => {
      const batch = `lock-${batches++}`;
      bench.setConfig(config);
      const before = JSON.stringify(config);
      const changed = await bench.lock.close(ref(TARGET), { ...owner, batch });
      if (changed.length > 0) closings += 1;
      const cloud = helperModels(bench.config(), "openai/gpt-6").filter(({ model }) => !LOCAL.includes(model));
      expect(cloud).toEqual([]);
      expect(await bench.lock.cloudHelpers()).toEqual([]);

      bench.setConfig(edited(bench.config(), made));
      await bench.lock.open(batch, owner);
      expect(canonical(bench.config())).toBe(canonical(edited(config, made)));
      if (made.length === 0) expect(JSON.stringify(bench.config())).toBe(before);
      const patches = bench.patches();
      await bench.lock.open(batch, owner);
      expect(bench.patches()).toBe(patches);
    }),
    { numRuns: 400 },
  );
  expect(closings).toBeGreaterThan(200);
}, 60_000);

it("has an oracle that sees the cloud where there is one", () => {
  const calls = helperModels({ agents: { defaults: { model: SONNET, utilityModel: "" } } }, GPT);
  expect([...new Set(calls.map(({ call, model }) => `${call}: ${model}`))]).toEqual([
    `title for main: ${SONNET}`,
    `compaction of main: ${SONNET}`,
    `title for main: ${GPT}`,
    `compaction of main: ${GPT}`,
    `review for main: ${SONNET}`,
    `picture for main: ${GPT}`,
    `dream of main: ${SONNET}`,
  ]);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatSlot, patchFor, readSlot, type Slot, type SlotPath, withSlot } from "../../src/openclaw/config-slots.ts";
import { ALL_LISTS, listsLost, mergePatch } from "./openclaw-merge.ts";

const MODELS: SlotPath = ["models", "providers", "ollama", "models"];
const config = {
  agents: {
    defaults: { utilityModel: "", model: { primary: "a/b", fallbacks: ["c/d", "e/f"] } },
    entries: { main: { workspace: "/w" } },
  },
  models: {
    providers: {
      ollama: {
        baseUrl: "http://127.0.0.1:11434",
        models: [
          { id: "one", name: "One", input: ["text", "image"], cost: { input: 0 } },
          { id: "two", name: "Two", params: { num_ctx: 4096, stop: ["x"] } },
          { id: "three", name: "Three" },
        ],
      },
    },
  },
  plugins: { allow: ["ollama"] },
};

describe("formatSlot", () => {
  it.each<[SlotPath, string]>([
    [["agents", "defaults", "utilityModel"], "agents.defaults.utilityModel"],
    [["plugins", "entries", "memory-core"], "plugins.entries.memory-core"],
    [[...MODELS, { id: "qwen:32b" }, "params"], "models.providers.ollama.models[qwen:32b].params"],
    [["agents", "defaults", "models", "ollama/qwen:32b", "alias"], 'agents.defaults.models["ollama/qwen:32b"].alias'],
  ])("%j reads %s", (path, text) => {
    expect(formatSlot(path)).toBe(text);
  });
});

describe("readSlot", () => {
  it.each<[string, SlotPath, unknown]>([
    ["a key", ["agents", "defaults", "utilityModel"], ""],
    ["an entry by its id", [...MODELS, { id: "three" }], { id: "three", name: "Three" }],
    ["a key of an entry", [...MODELS, { id: "two" }, "params", "num_ctx"], 4096],
    ["nothing at an absent key", ["agents", "defaults", "compaction", "model"], null],
    ["nothing at an absent entry", [...MODELS, { id: "four" }, "name"], null],
    ["nothing below a text", ["agents", "defaults", "utilityModel", "x"], null],
    ["nothing at an id where there is no list", ["agents", { id: "one" }], null],
    ["nothing of what every object has", ["constructor"], null],
  ])("%s", (_name, path, value) => {
    expect(readSlot(config, path)).toEqual(value);
  });
});

/** The patch, after OpenClaw itself would have taken it. */
function apply(slots: readonly Slot[], authored: unknown = config, running: unknown = authored) {
  const { patch, replacePaths } = patchFor({ authored, config: running }, slots);
  const sent: unknown = JSON.parse(JSON.stringify(patch));
  const result = mergePatch(authored, sent, replacePaths);
  // OpenClaw asks what the running configuration loses: there, lists stand as the file then has them.
  const refused = listsLost(running, sent, mergePatch(running, diff(authored, result), ALL_LISTS));
  return { patch, replacePaths, result, refused: refused.filter((path) => !replacePaths.includes(path)) };
}

/** A plain merge patch from one configuration to another, lists whole. */
function diff(from: unknown, to: unknown): unknown {
  return patchOfObjects(from as Record<string, unknown>, to as Record<string, unknown>);
}

function patchOfObjects(from: Record<string, unknown>, to: Record<string, unknown>): Record<string, unknown> {
  const plain = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return Object.fromEntries(
    [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key) => {
      const [before, after] = [from[key], to[key]];
      if (JSON.stringify(before) === JSON.stringify(after)) return [];
      return [[key, plain(before) && plain(after) ? patchOfObjects(before, after) : (after ?? null)]];
    }),
  );
}

describe("patchFor", () => {
  it.each<[string, Slot[], unknown, string[]]>([
    ["nothing for what is there", [{ path: ["agents", "defaults", "utilityModel"], value: "" }], {}, []],
    ["nothing to take away", [{ path: ["agents", "defaults", "compaction", "model"], value: null }], {}, []],
    [
      "what leads to a new value",
      [{ path: ["agents", "defaults", "compaction", "model"], value: "a/b" }],
      { agents: { defaults: { compaction: { model: "a/b" } } } },
      [],
    ],
    [
      "a new entry alone",
      [{ path: [...MODELS, { id: "four" }], value: { id: "four", input: ["text"] } }],
      { models: { providers: { ollama: { models: [{ id: "four", input: ["text"] }] } } } },
      [],
    ],
    [
      "the changed keys of an entry",
      [
        {
          path: [...MODELS, { id: "two" }],
          value: { id: "two", name: "Zwei", params: { num_ctx: 4096, stop: ["x"] } },
        },
      ],
      { models: { providers: { ollama: { models: [{ id: "two", name: "Zwei" }] } } } },
      [],
    ],
    [
      "a shorter list within an entry",
      [{ path: [...MODELS, { id: "one" }, "input"], value: ["text"] }],
      { models: { providers: { ollama: { models: [{ id: "one", input: ["text"] }] } } } },
      ["models.providers.ollama.models[].input"],
    ],
    [
      "entries that go, as the list without them",
      [
        { path: [...MODELS, { id: "one" }], value: null },
        { path: [...MODELS, { id: "two" }], value: null },
      ],
      { models: { providers: { ollama: { models: [{ id: "three", name: "Three" }] } } } },
      ["models.providers.ollama.models"],
    ],
    [
      "a list that grows, without a name",
      [{ path: ["plugins", "allow"], value: ["ollama", "anthropic"] }],
      { plugins: { allow: ["ollama", "anthropic"] } },
      [],
    ],
    [
      "an object that gives way to a text",
      [{ path: ["agents", "defaults", "model"], value: "a/b" }],
      { agents: { defaults: { model: "a/b" } } },
      ["agents.defaults.model.fallbacks"],
    ],
    [
      "keys that go within an object",
      [{ path: ["agents", "defaults", "model"], value: { primary: "x/y" } }],
      { agents: { defaults: { model: { primary: "x/y", fallbacks: null } } } },
      ["agents.defaults.model.fallbacks"],
    ],
    ["keys with dots as they are", [{ path: ["plugins", "a.b/c"], value: 1 }], { plugins: { "a.b/c": 1 } }, []],
  ])("%s", (_name, slots, patch, replacePaths) => {
    const made = apply(slots);
    expect(made.patch).toEqual(patch);
    expect(made.replacePaths).toEqual(replacePaths);
    expect(made.refused).toEqual([]);
  });

  it("names lists that only OpenClaw's defaults hold, where their object goes", () => {
    const authored = { plugins: { entries: { x: { config: { on: true } } } } };
    const running = { plugins: { entries: { x: { config: { on: true, hosts: ["a"] } } } } };
    const made = apply([{ path: ["plugins", "entries", "x"], value: null }], authored, running);
    expect(made.patch).toEqual({ plugins: { entries: { x: null } } });
    expect(made.replacePaths).toEqual(["plugins.entries.x.config.hosts"]);
    expect(made.refused).toEqual([]);
  });

  it("writes no default of OpenClaw's into entries that stay", () => {
    const running = structuredClone(config);
    for (const model of running.models.providers.ollama.models)
      Object.assign(model, { reasoning: false, input: ["x"] });
    const made = apply([{ path: [...MODELS, { id: "two" }], value: null }], config, running);
    expect(made.result).toEqual(withSlot(config, { path: [...MODELS, { id: "two" }], value: null }));
    expect(JSON.stringify(made.patch)).not.toContain("reasoning");
    expect(made.refused).toEqual([]);
  });
});

const key = fc.constantFrom("a", "b", "c.d", "e/f");
const id = fc.constantFrom("m1", "m2", "m3");
const leaf = fc.oneof(fc.string({ maxLength: 3 }), fc.integer(), fc.boolean());
const values = fc.letrec<{ value: unknown; entries: unknown; object: unknown }>((tie) => ({
  object: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  entries: fc
    .uniqueArray(id, { maxLength: 3 })
    .chain((ids) =>
      fc.tuple(
        ...ids.map((own) =>
          fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }).map((rest) => ({ ...rest, id: own })),
        ),
      ),
    ),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    tie("object"),
    tie("entries"),
  ),
}));
const object = values.object as fc.Arbitrary<Record<string, unknown>>;
const steps = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(key) },
  { weight: 1, arbitrary: fc.tuple(key, fc.record({ id })) },
);
const path: fc.Arbitrary<SlotPath> = fc.array(steps, { minLength: 1, maxLength: 3 }).map((parts) => parts.flat());
const slot = (at: SlotPath, value: unknown): Slot => {
  const last = at.at(-1);
  const entry = typeof last === "object" && value !== null;
  return {
    path: at,
    value: entry ? { ...(typeof value === "object" && !Array.isArray(value) ? value : {}), id: last.id } : value,
  };
};
const slots = fc.array(
  fc
    .tuple(path, fc.oneof({ weight: 3, arbitrary: values.value }, { weight: 1, arbitrary: fc.constant(null) }))
    .map(([at, value]) => slot(at, value)),
  { minLength: 1, maxLength: 4 },
);

/** True where setting the second may touch what the first set. */
const overlap = (a: SlotPath, b: SlotPath): boolean =>
  a.slice(0, b.length).every((one, index) => JSON.stringify(one) === JSON.stringify(b[index])) ||
  // A list and an object cannot stand at the same place.
  a.some((one, index) => index < b.length && typeof one !== typeof b[index]);

describe("any configuration and any slots", () => {
  it("holds every slot afterwards, and is otherwise unchanged", () => {
    fc.assert(
      fc.property(object, slots, (authored, wanted) => {
        const { result, refused } = apply(wanted, authored);
        expect(refused).toEqual([]);
        expect(result).toEqual(wanted.reduce<unknown>(withSlot, authored));
        for (const [index, { path: at, value }] of wanted.entries()) {
          if (wanted.slice(index + 1).some((later) => overlap(at, later.path) || overlap(later.path, at))) continue;
          expect(readSlot(result, at)).toEqual(value);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("leaves what no slot names as it was", () => {
    fc.assert(
      fc.property(object, slots, path, (authored, wanted, other) => {
        const before = readSlot(authored, other);
        fc.pre(before !== null && wanted.every(({ path: at }) => !overlap(at, other) && !overlap(other, at)));
        expect(readSlot(apply(wanted, authored).result, other)).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });

  it("goes back by the former values, as far as they reach", () => {
    fc.assert(
      fc.property(object, slots, (authored, wanted) => {
        const former = wanted.map(({ path: at }) => ({ path: at, value: readSlot(authored, at) }));
        const changed = apply(wanted, authored).result;
        const back = apply(former.toReversed(), changed);
        expect(back.refused).toEqual([]);
        expect(back.result).toEqual(former.toReversed().reduce<unknown>(withSlot, changed));
      }),
      { numRuns: 200 },
    );
  });

  it("is accepted whatever OpenClaw's defaults add", () => {
    fc.assert(
      fc.property(object, object, slots, (authored, defaults, wanted) => {
        const running = mergePatch(defaults, authored, []);
        expect(apply(wanted, authored, running).refused).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});

import { describe, expect, it } from "vitest";
import { formatSlot, type Slot } from "../../src/openclaw/config-slots.ts";
import { helperSlotsOf } from "../../src/openclaw/helper-slots.ts";

const ONE_AGENT = { entries: { main: {} } };
const read = (config: Record<string, unknown>) => helperSlotsOf({ authored: config, config });
const names = (config: Record<string, unknown>) => read(config).map(({ path }) => formatSlot(path));
const slotAt = (config: Record<string, unknown>, name: string) => {
  const slot = read(config).find(({ path }) => formatSlot(path) === name);
  if (slot === undefined) throw new Error(`no ${name}`);
  return slot;
};
const beside = (slots: readonly Slot[]) => slots.map(({ path, value }) => [formatSlot(path), value]);

const DREAMING = "plugins.entries.memory-core.config.dreaming.model";
const HEARTBEAT = "agents.defaults.heartbeat.model";
const memory = (entry: unknown, plugins: Record<string, unknown> = {}) => ({
  plugins: { ...plugins, entries: { "memory-core": entry } },
});

describe("the settings of silent calls", () => {
  it("are those of all agents, where nobody set any", () => {
    expect(names({ agents: ONE_AGENT })).toEqual([
      "agents.defaults.utilityModel",
      "agents.defaults.compaction.model",
      HEARTBEAT,
      DREAMING,
    ]);
    expect(read({}).every(({ value, off }) => value === undefined && off === undefined)).toBe(true);
  });

  it("are also those of single agents and phases that beat them", () => {
    const config = {
      agents: {
        entries: { main: { utilityModel: "a/b", heartbeat: { model: "c/d" } }, other: { heartbeat: { model: "" } } },
      },
      ...memory({
        config: {
          dreaming: {
            model: "e/f",
            execution: { defaults: { model: "g/h" } },
            phases: { deep: { execution: { model: "i/j" } } },
          },
        },
      }),
    };
    expect(read(config).map(({ of, path, value }) => [of, formatSlot(path), value])).toEqual([
      [undefined, "agents.defaults.utilityModel", undefined],
      ["main", "agents.entries.main.utilityModel", "a/b"],
      [undefined, "agents.defaults.compaction.model", undefined],
      [undefined, HEARTBEAT, undefined],
      ["main", "agents.entries.main.heartbeat.model", "c/d"],
      [undefined, DREAMING, "e/f"],
      ["all phases", "plugins.entries.memory-core.config.dreaming.execution.defaults.model", "g/h"],
      ["deep", "plugins.entries.memory-core.config.dreaming.phases.deep.execution.model", "i/j"],
    ]);
  });

  it.each<[string, Record<string, unknown>, string, string | undefined]>([
    [
      "recaps that are switched off",
      { agents: { defaults: { utilityModel: "" } } },
      "agents.defaults.utilityModel",
      "switched off",
    ],
    [
      "one agent's recaps that are",
      { agents: { entries: { a: { utilityModel: " " } } } },
      "agents.entries.a.utilityModel",
      "switched off",
    ],
    ["dreaming that is switched off", memory({ config: { dreaming: { enabled: false } } }), DREAMING, "switched off"],
    ["heartbeats that nobody has", { agents: { entries: { a: {}, b: {} } } }, HEARTBEAT, "no agent has them"],
    [
      "no heartbeats with a block",
      { agents: { defaults: { heartbeat: {} }, entries: { a: {}, b: {} } } },
      HEARTBEAT,
      undefined,
    ],
    [
      "no heartbeats with an agent's block",
      { agents: { entries: { a: { heartbeat: {} }, b: {} } } },
      HEARTBEAT,
      undefined,
    ],
    ["no setting that is merely absent", {}, "agents.defaults.utilityModel", undefined],
  ])("leaves alone %s", (_name, config, name, off) => {
    expect(slotAt(config, name).off).toBe(off);
  });

  it.each<[string, Record<string, unknown>]>([
    ["disabled", memory({ enabled: false })],
    ["denied", memory({}, { deny: ["memory-core"] })],
    ["not among those allowed", memory({}, { allow: ["ollama"] })],
    ["replaced by another", memory({}, { slots: { memory: "memory-lancedb" } })],
    ["wanted by nobody", memory({}, { slots: { memory: "none" } })],
    ["switched off with all plugins", memory({}, { enabled: false })],
  ])("has no dreaming where its plugin is %s", (_name, config) => {
    expect(names(config)).not.toContain(DREAMING);
  });

  it("names the agent of a heartbeat block that was not there, so that no other gets heartbeats", () => {
    const agents = { defaults: { systemAgent: { agentId: "a" } }, entries: { a: {}, b: {} } };
    expect(beside(slotAt({ agents }, HEARTBEAT).beside("x/y"))).toEqual([["agents.defaults.heartbeat.agentId", "a"]]);
    expect(slotAt({ agents: ONE_AGENT }, HEARTBEAT).beside("x/y")).toEqual([]);
  });

  it.each<[string, unknown, unknown[]]>([
    ["without a limit", {}, []],
    ["with a limit that has it", { allowedModels: ["x/y"] }, []],
    ["with a limit that has all", { allowedModels: ["*"] }, []],
    ["with a limit that has not", { allowedModels: ["a/b"] }, [["a/b", "x/y"]]],
    ["with a limit to nothing", { allowedModels: [] }, [["x/y"]]],
  ])("lets dreaming name its model, %s", (_name, subagent, widened) => {
    const slots = slotAt(memory({ subagent }), DREAMING).beside("x/y");
    expect(slots.map(({ value }) => value)).toEqual([true, ...widened]);
  });
});

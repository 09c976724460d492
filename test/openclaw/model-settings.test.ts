import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { KNOWN_MODEL_SETTINGS } from "../../src/openclaw/known-model-settings.ts";
import { modelSettingsIn, readModelSettings, unknownModelSettings } from "../../src/openclaw/model-settings.ts";

const OPENCLAW = join(import.meta.dirname, "../../node_modules/openclaw/openclaw.mjs");

/** What the OpenClaw that is installed says of its own configuration. */
async function installedSchema(): Promise<unknown> {
  const home = await mkdtemp(join(tmpdir(), "clutch-schema-"));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [OPENCLAW, "config", "schema"], {
      env: { PATH: process.env["PATH"], HOME: home, OPENCLAW_STATE_DIR: home },
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

type Node = { [key: string]: Node };

/** The schema with one more setting, at keys of the schema itself. */
function withSetting(schema: unknown, keys: readonly string[], key: string, setting: unknown): unknown {
  const copy = structuredClone(schema) as Node;
  const holder = keys.reduce<Node>((node, step) => (node[step] ??= {}), copy);
  Object.assign(holder, { [key]: setting });
  return copy;
}

const TEXT = { type: "string" };
const object = (properties: Record<string, unknown>) => ({ type: "object", properties });

describe("the settings of the installed OpenClaw", () => {
  let schema: unknown;
  beforeAll(async () => {
    schema = await installedSchema();
  }, 60_000);

  it("are all known, and every known one is there", () => {
    expect(unknownModelSettings(schema)).toEqual([]);
    expect([...KNOWN_MODEL_SETTINGS.keys()].sort()).toEqual(modelSettingsIn(schema));
  });

  it.each([
    "agents.defaults.model",
    "agents.defaults.mediaModels.image",
    "agents.entries.*.tools.exec.reviewer.model",
    "agents.entries.*.memory.search.remote.baseUrl",
    "plugins.entries.memory-core.config.dreaming.phases.rem.execution.model",
    "tools.media.models[].request.proxy",
    "tools.links.models",
    "channels.discord.accounts.*.voice.realtime.model",
    "channels.modelByChannel.*.*",
    "hooks.mappings[].model",
    "cloudWorkers.profiles.*.provider",
    "plugins.entries.*.llm.allowModelOverride",
    // Behind a reference within the plugin's own schema.
    "plugins.entries.imap.config.accounts.*.model",
    "models.providers.*.models[].baseUrl",
    "models.providers.*.models[].agentRuntime",
    "mcp.servers.*.url",
    "proxy.enabled",
  ])("include %s", (pattern) => {
    expect(modelSettingsIn(schema)).toContain(pattern);
  });

  it.each<[string, readonly string[], string, unknown, string]>([
    [
      "a new helper",
      ["properties", "agents", "properties", "defaults", "properties"],
      "reviewModel",
      TEXT,
      "agents.defaults.reviewModel",
    ],
    [
      "a new block",
      ["properties", "tools", "properties"],
      "judge",
      object({ model: { anyOf: [TEXT, object({ primary: TEXT })] } }),
      "tools.judge.model",
    ],
    [
      "a new plugin",
      ["properties", "plugins", "properties", "entries", "properties"],
      "oracle",
      object({ config: { $defs: { way: object({ endpoint: TEXT }) }, ...object({ way: { $ref: "#/$defs/way" } }) } }),
      "plugins.entries.oracle.config.way.endpoint",
    ],
    [
      "a phase of dreaming",
      [
        ...["properties", "plugins", "properties", "entries", "properties", "memory-core", "properties", "config"],
        ...["properties", "dreaming", "properties", "phases", "properties"],
      ],
      "waking",
      object({ execution: object({ model: TEXT }) }),
      "plugins.entries.memory-core.config.dreaming.phases.waking.execution.model",
    ],
  ])("that a later version adds are reported: %s", (_, keys, key, setting, pattern) => {
    expect(unknownModelSettings(withSetting(schema, keys, key, setting))).toEqual([pattern]);
  });
});

describe("the walk through a schema", () => {
  it.each<[string, unknown, string[]]>([
    ["nothing at all", undefined, []],
    ["a choice of a model and its fallbacks as one", object({ brain: object({ primary: TEXT }) }), ["brain"]],
    ["alternatives", { oneOf: [object({ model: TEXT }), object({ imageModel: TEXT })] }, ["imageModel", "model"]],
    ["what a condition adds", { if: object({}), else: object({ baseUrl: TEXT }) }, ["baseUrl"]],
    ["lists of tuples", object({ a: { type: "array", items: [object({ model: TEXT })] } }), ["a[].model"]],
    ["keys by pattern", object({ a: { patternProperties: { "^x": object({ model: TEXT }) } } }), ["a.*.model"]],
    [
      "no switches",
      object({ model: { type: "boolean" }, allowModelOverride: { type: "boolean" } }),
      ["allowModelOverride"],
    ],
    ["no stores of secrets", object({ apiKey: object({ source: TEXT, provider: TEXT, id: TEXT }) }), []],
    ["no addresses of chats", object({ channels: object({ irc: object({ url: TEXT }) }) }), []],
    [
      "a key that its map covers only once",
      object({ a: { ...object({ b: object({ model: TEXT }) }), additionalProperties: object({ model: TEXT }) } }),
      ["a.*.model"],
    ],
  ])("finds %s", (_, schema, patterns) => {
    expect(modelSettingsIn(schema)).toEqual(patterns);
  });

  it("ends where a schema holds itself", () => {
    const self = { $defs: { node: object({ model: TEXT, next: { $ref: "#/$defs/node" } }) }, $ref: "#/$defs/node" };
    expect(modelSettingsIn(self)).toEqual(["model"]);
  });

  it("takes anything", () => {
    fc.assert(fc.property(fc.jsonValue(), (schema) => Array.isArray(modelSettingsIn(schema))));
  });
});

describe("the settings that are made", () => {
  const read = (authored: Record<string, unknown>) =>
    readModelSettings({ authored }).map(({ setting, how, value }) => [setting, how, value]);

  it.each<[string, Record<string, unknown>, unknown[]]>([
    ["none", {}, []],
    ["an empty one", { agents: { defaults: { utilityModel: "" } } }, [["agents.defaults.utilityModel", "helper", ""]]],
    [
      "one with fallbacks",
      { agents: { entries: { main: { model: { primary: "a/b", fallbacks: ["c/d"] } } } } },
      [["agents.entries.main.model", "turn", { primary: "a/b", fallbacks: ["c/d"] }]],
    ],
    [
      "entries of lists, with an id and without",
      {
        models: { providers: { x: { models: [{ id: "m", baseUrl: "http://h" }] } } },
        tools: { media: { models: [{ provider: "p" }, { request: { proxy: { mode: "env-proxy" } } }] } },
      },
      [
        ["tools.media.models[0].provider", "egress", "p"],
        ["tools.media.models[1].request.proxy", "egress", "env-proxy"],
        ["models.providers.x.models[m].baseUrl", "route", "http://h"],
      ],
    ],
    [
      "maps, switches and odd keys",
      {
        channels: { modelByChannel: { slack: { "C/1": "a/b" } } },
        proxy: { enabled: false },
        tts: { providers: { x: {} } },
      },
      [
        ['channels.modelByChannel.slack["C/1"]', "turn", "a/b"],
        ["tts.providers.x", "egress", "configured"],
        ["proxy.enabled", "route", "false"],
      ],
    ],
  ])("%s", (_, authored, settings) => {
    expect(read(authored)).toEqual(settings);
  });

  it("leaves the path at the list where an entry has no id", () => {
    const [made] = readModelSettings({ authored: { hooks: { mappings: [{ model: "a/b" }] } } });
    expect(made).toMatchObject({ path: ["hooks", "mappings"], setting: "hooks.mappings[0].model" });
  });

  it("takes anything", () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (authored) => Array.isArray(read(authored))));
  });
});

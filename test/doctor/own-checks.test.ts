import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultConfig, loadConfig } from "../../src/config.ts";
import { configFileCheck, ownersCheck, secretsCheck } from "../../src/doctor/configuration-checks.ts";
import { modelSpaceCheck } from "../../src/doctor/disk-checks.ts";
import { clockJumpCheck, nodeCheck, timeSyncCheck } from "../../src/doctor/own-checks.ts";
import { ClutchError } from "../../src/errors.ts";
import { fakeSystem } from "../hardware/fake-system.ts";
import { tempFolder } from "../store/temp-store.ts";
import { findings, NODE, testWorld } from "./test-world.ts";

const config = async (text: string, mode = 0o600, env: Readonly<Record<string, string>> = {}) => {
  const cwd = tempFolder();
  const path = join(cwd, "clutch.config.json");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return testWorld({ config: await loadConfig({ env, cwd }) });
};

describe("the configuration", () => {
  it("may be missing", async () => {
    expect(await findings(configFileCheck, testWorld())).toMatchObject([{ state: "ok" }]);
  });

  it("is to be read by nobody else where it holds secrets themselves", async () => {
    const text = `{ gateway: { url: "ws://127.0.0.1:1", token: "plain-token" } }`;
    const open = await findings(configFileCheck, await config(text, 0o644));
    expect(open).toMatchObject([{ state: "warning", found: expect.stringContaining("gateway.token") }]);
    expect(open[0]?.remedy).toContain("chmod 600");
    expect(JSON.stringify(open)).not.toContain("plain-token");
    expect(await findings(configFileCheck, await config(text))).toMatchObject([{ state: "ok" }]);
  });

  it("may be read by others where its secrets are elsewhere", async () => {
    const world = await config(`{ gateway: { url: "ws://127.0.0.1:1", token: "env:T" } }`, 0o644, { T: "the-token" });
    expect(await findings(configFileCheck, world)).toMatchObject([{ state: "ok" }]);
    expect(await findings(secretsCheck, world)).toMatchObject([{ state: "ok", found: expect.stringMatching(/one/) }]);
  });

  it("that cannot be used is broken, and what needs it is left out", async () => {
    const configProblem = new ClutchError("bad_config", "“store” is wrong.", { hint: "Correct it." });
    const world = testWorld({ configProblem });
    expect(await findings(configFileCheck, world)).toEqual([
      { state: "broken", found: "“store” is wrong.", remedy: "Correct it." },
    ]);
    expect(await findings(ownersCheck, world)).toMatchObject([{ state: "skipped" }]);
  });

  const withOwners = (owners: readonly string[], more: object = {}) =>
    findings(
      ownersCheck,
      testWorld({ config: { ...defaultConfig, access: { owners: [...owners], operators: [], viewers: [] }, ...more } }),
    );
  const discord = { discord: { token: "t", guilds: [] } };

  it.each([
    { owners: [], more: {}, states: ["ok"], says: /No owner.*No chat platform/ },
    { owners: [], more: discord, states: ["warning"], says: /No owner/ },
    { owners: ["discord:1"], more: discord, states: ["ok"], says: /One owner/ },
    { owners: ["slack:U1"], more: discord, states: ["warning"], says: /slack, which is not set up/ },
    { owners: ["*"], more: discord, states: ["warning"], says: /Everybody/ },
    { owners: ["discrod:1"], more: discord, states: ["warning"], says: /discrod:1/ },
  ])("owners $owners", async ({ owners, more, states, says }) => {
    const found = await withOwners(owners, more);
    expect(found.map(({ state }) => state)).toEqual(states);
    expect(found[0]?.found).toMatch(says);
  });
});

describe("this machine", () => {
  const on = (parts: Partial<Parameters<typeof fakeSystem>[0]>) =>
    testWorld({ system: fakeSystem({ node: NODE, ...parts }) });

  it("has a Node that can run Clutch, as it runs this test", async () => {
    expect(await findings(nodeCheck, testWorld())).toMatchObject([{ state: "ok" }]);
  });

  it.each([
    ["yes", "ok"],
    ["no", "warning"],
    [undefined, "skipped"],
  ] as const)("timedatectl says %s: %s", async (answer, state) => {
    const commands = answer === undefined ? {} : { timedatectl: answer };
    expect(await findings(timeSyncCheck, on({ commands }))).toMatchObject([{ state }]);
  });

  it("has a clock that did not jump during this test", async () => {
    expect(await findings(clockJumpCheck, testWorld())).toMatchObject([{ state: "ok" }]);
  });

  it.each([
    { freeBytes: 3e9, folders: ["/home/me/.ollama/models"], state: "warning" },
    { freeBytes: 3e9, folders: ["/home/me"], state: "ok" },
    { freeBytes: 90e9, folders: ["/home/me/.ollama/models"], state: "ok" },
  ])("$freeBytes bytes free for models: $state", async ({ state, ...parts }) => {
    expect(await findings(modelSpaceCheck, on(parts))).toMatchObject([{ state }]);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  gatewayClockCheck,
  gatewayReachableCheck,
  gatewayReachCheck,
  gatewayScopesCheck,
  judgeVersion,
  TESTED_OPENCLAW,
} from "../../src/doctor/gateway-checks.ts";
import type { ConnectionState, GatewayConnection } from "../../src/openclaw/connection.ts";
import { attachedTo, findings, snapshotWith, testWorld } from "./test-world.ts";

const connectedAs = (state: ConnectionState, reply: unknown = {}) => {
  const connection = {
    url: "ws://user:p4ss@127.0.0.1:18789",
    state: () => state,
    request: async () => reply,
  } as Partial<GatewayConnection> as GatewayConnection;
  return testWorld({ gateway: attachedTo(snapshotWith({}), { connection }) });
};
const ready = (missingScopes: readonly string[] = []): ConnectionState => ({
  phase: "ready",
  serverVersion: "2026.9.6",
  scopes: ["operator.read"],
  missingScopes,
});

describe("the gateway", () => {
  it("is tested up to the release that the project itself installs", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
    expect(TESTED_OPENCLAW.newest).toBe(devDependencies.openclaw);
  });

  it.each([
    [TESTED_OPENCLAW.oldest, "ok"],
    [TESTED_OPENCLAW.newest, "ok"],
    ["2026.8.10", "ok"],
    ["2026.7.31", "warning"],
    ["2026.8.0-beta.3", "warning"],
    ["2026.10.1", "warning"],
    ["2027.1.0", "warning"],
    ["dev", "skipped"],
  ] as const)("version %s: %s", (version, state) => {
    expect(judgeVersion(version).state).toBe(state);
  });

  it("says where it answers, and no credentials", async () => {
    const [found] = await findings(gatewayReachableCheck, connectedAs(ready()));
    expect(found).toMatchObject({ state: "ok", found: "OpenClaw 2026.9.6 answers at 127.0.0.1:18789." });
    const [lost] = await findings(gatewayReachableCheck, connectedAs({ phase: "connecting" }));
    expect(lost).toMatchObject({ state: "broken" });
  });

  it("is broken where it gave fewer rights than are needed", async () => {
    expect(await findings(gatewayScopesCheck, connectedAs(ready()))).toMatchObject([{ state: "ok" }]);
    const [found] = await findings(gatewayScopesCheck, connectedAs(ready(["operator.admin"])));
    expect(found).toMatchObject({ state: "broken", found: expect.stringContaining("operator.admin") });
  });

  it("warns where a switch would change a default too, and says how that ends", async () => {
    const [unset] = await findings(gatewayReachCheck, connectedAs(ready(), { config: {} }));
    expect(unset).toMatchObject({ state: "ok" });
    const config = { agents: { defaults: { modelSelectionScope: "agent" } } };
    const [found] = await findings(gatewayReachCheck, connectedAs(ready(), { config }));
    expect(found).toMatchObject({
      state: "warning",
      found: expect.stringMatching(/the default of others too, because .*: Clutch switches none\.$/),
      remedy: expect.stringContaining('Set agents.defaults.modelSelectionScope to "session"'),
    });
  });

  const NOW = Date.parse("2026-11-28T12:00:00Z");
  it.each([
    [0, "ok", /agree/],
    [4_000, "ok", /agree/],
    [61_000, "warning", /61 s ahead/],
    [-3_600_000, "warning", /3600 s behind/],
  ] as const)("its clock is off by %d ms: %s", async (off, state, says) => {
    const world = connectedAs(ready(), { ts: NOW + off, channelAccounts: {} });
    const [found] = await findings(gatewayClockCheck, { ...world, clock: () => NOW });
    expect(found?.state).toBe(state);
    expect(found?.found).toMatch(says);
  });
});

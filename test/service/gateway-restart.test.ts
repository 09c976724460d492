import { expect, it } from "vitest";
import { restartText, withGatewayRestart } from "../../src/cli/gateway-restart.ts";
import { ClutchError } from "../../src/errors.ts";
import type { ConnectionState } from "../../src/openclaw/connection.ts";

const READY: ConnectionState = { phase: "ready", serverVersion: "2026.9.6", scopes: [], missingScopes: [] };

/** A gateway that leaves and comes back after so many ms; undefined: never. */
function gateway({ leaves, back, mode }: { leaves?: number; back?: number; mode?: string }) {
  let state = READY;
  const listeners = new Set<(state: ConnectionState) => void>();
  const enter = (next: ConnectionState, after: number | undefined) =>
    after === undefined ||
    setTimeout(() => {
      state = next;
      for (const tell of listeners) tell(next);
    }, after);
  const app = {
    connection: {
      state: () => state,
      onState(listener: (state: ConnectionState) => void) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    openclaw: { readConfig: async () => ({ config: mode === undefined ? {} : { gateway: { reload: { mode } } } }) },
  } as unknown as Parameters<typeof withGatewayRestart>[0];
  const change = async () => {
    enter({ phase: "connecting" }, leaves);
    enter(READY, back);
    return "changed";
  };
  return { app, change, listeners };
}

async function outcome(parts: Parameters<typeof gateway>[0]) {
  const { app, change, listeners } = gateway(parts);
  const patience = { leavesMs: 2_000, comesBackMs: 2_000 };
  const { done, restart } = await withGatewayRestart(app, new AbortController().signal, change, () => true, patience);
  expect([done, listeners.size]).toEqual(["changed", 0]);
  return restart;
}

it.each([
  { what: "it left and came back", parts: { leaves: 300, back: 900 }, restart: "done" },
  { what: "it left and came back at once", parts: { leaves: 50, back: 120 }, restart: "done" },
  { what: "a turn runs for long", parts: {}, restart: "later" },
  { what: "it does not come back", parts: { leaves: 200 }, restart: "later" },
  { what: "it is told to wait for a person", parts: { mode: "off" }, restart: "by hand" },
  { what: "an older one is told so", parts: { mode: "hot" }, restart: "by hand" },
  { what: "it is told to restart", parts: { leaves: 100, back: 200, mode: "hybrid" }, restart: "done" },
])("$what: $restart", async ({ parts, restart }) => {
  expect(await outcome(parts)).toBe(restart);
});

it("does not wait where nothing changed", async () => {
  const { app, change } = gateway({});
  const { restart } = await withGatewayRestart(app, new AbortController().signal, change, () => false);
  expect(restart).toBeUndefined();
});

it("stops following where the change fails, and throws what it threw", async () => {
  const { app, listeners } = gateway({});
  const failing = withGatewayRestart(
    app,
    new AbortController().signal,
    () => Promise.reject(new ClutchError("bad_config", "no")),
    () => true,
  );
  await expect(failing).rejects.toMatchObject({ code: "bad_config" });
  expect(listeners.size).toBe(0);
});

it("says what a person has still to do", () => {
  expect(restartText("done", "It is in force.")).toBe("It is in force.");
  expect(restartText("by hand", "")).toContain("openclaw gateway restart");
  expect(restartText("later", "")).toContain("by itself");
});

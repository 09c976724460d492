import { describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type { ConnectionState } from "../../src/openclaw/connection.ts";
import { createPlugins } from "../../src/openclaw/plugins.ts";

/** A gateway as its connection shows it; `restart` is what it does when it is told to. */
function gateway(serverVersion: string, restart: () => unknown = () => ({ ok: true })) {
  const ready = { phase: "ready", serverVersion, scopes: [], missingScopes: [] } as const;
  let state: ConnectionState = ready;
  const listeners = new Set<(state: ConnectionState) => void>();
  const asked: string[] = [];
  const enter = (next: ConnectionState): void => {
    state = next;
    for (const listener of [...listeners]) listener(next);
  };
  return {
    asked,
    listeners,
    goes: () => enter({ phase: "connecting" }),
    comesBack: () => enter(ready),
    connection: {
      state: () => state,
      onState(listener: (state: ConnectionState) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      async request(method: string) {
        asked.push(method);
        return method === "gateway.restart.request" ? restart() : {};
      },
    },
  };
}
/** Whether it is settled once all that is ready to run has run. */
const isOver = async (work: Promise<unknown>): Promise<boolean> => {
  let over = false;
  void work.then(
    () => (over = true),
    () => (over = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return over;
};

describe("loading a plugin anew", () => {
  it("needs no restart from 2026.9.5 on", async () => {
    const { asked, connection } = gateway("2026.9.5");
    const plugins = createPlugins(connection);
    expect(plugins.restarts()).toBe(false);
    await plugins.reload("clutch-guard");
    expect(asked).toEqual(["plugins.reload"]);
  });

  it("is a restart before, and over when the gateway is back", async () => {
    const { asked, connection, listeners, goes, comesBack } = gateway("2026.9.4");
    const plugins = createPlugins(connection);
    expect(plugins.restarts()).toBe(true);
    const reload = plugins.reload("clutch-guard");
    expect(await isOver(reload)).toBe(false);
    goes();
    // Still an older one, though it does not answer.
    expect(plugins.restarts()).toBe(true);
    expect(await isOver(reload)).toBe(false);
    comesBack();
    await reload;
    expect([asked, listeners.size]).toEqual([["gateway.restart.request"], 0]);
  });

  it("asks for no restart while there is one", async () => {
    const { asked, connection, goes, comesBack } = gateway("2026.8.1");
    const plugins = createPlugins(connection);
    expect(plugins.restarts()).toBe(true);
    goes();
    const reload = plugins.reload("clutch-guard");
    expect(await isOver(reload)).toBe(false);
    comesBack();
    await reload;
    expect(asked).toEqual([]);
  });

  it.each([
    ["gateway_lost", "The connection to the gateway broke."],
    ["gateway_refused", "OpenClaw refused gateway.restart.request: gateway is restarting"],
  ] as const)("waits for a gateway that is on its way down already: %s", async (code, message) => {
    const { connection, goes, comesBack } = gateway("2026.8.1", () => {
      throw new ClutchError(code, message);
    });
    const reload = createPlugins(connection).reload("clutch-guard");
    expect(await isOver(reload)).toBe(false);
    goes();
    comesBack();
    await reload;
  });

  it("tells what else it refuses, and where it does not come back", async () => {
    const refusing = gateway("2026.8.1", () => {
      throw new ClutchError("gateway_scope", "Clutch may not do this.");
    });
    await expect(createPlugins(refusing.connection).reload("clutch-guard")).rejects.toMatchObject({
      code: "gateway_scope",
    });
    const staying = gateway("2026.8.1");
    await expect(createPlugins(staying.connection, { restartMs: 20 }).reload("clutch-guard")).rejects.toMatchObject({
      code: "not_verified",
      hint: expect.stringContaining("openclaw gateway restart"),
    });
    expect(staying.listeners.size).toBe(0);
  });
});

describe("the files of a plugin", () => {
  const finding = (answer: () => unknown) => {
    const asked: unknown[] = [];
    const { connection } = gateway("2026.8.1");
    const plugins = createPlugins({
      ...connection,
      async request(method, params) {
        asked.push([method, params]);
        return answer();
      },
    });
    return { plugins, asked };
  };

  it("are found where the gateway lists their directory", async () => {
    const { plugins, asked } = finding(() => ({ path: "/home/a/guard", entries: [{ name: "plugin" }] }));
    expect(await plugins.finds("/home/a/guard/plugin")).toBe(true);
    expect(await plugins.finds("/home/a/guard/other")).toBe(false);
    expect(asked[0]).toEqual(["fs.listDir", { path: "/home/a/guard" }]);
  });

  it("are not found where it knows no such directory, and unknown where it does not say", async () => {
    const failing = (code: "gateway_refused" | "gateway_scope") =>
      finding(() => {
        throw new ClutchError(code, "ENOENT: no such file or directory");
      }).plugins.finds("/nowhere/guard/plugin");
    expect(await failing("gateway_refused")).toBe(false);
    await expect(failing("gateway_scope")).rejects.toMatchObject({ code: "gateway_scope" });
  });
});

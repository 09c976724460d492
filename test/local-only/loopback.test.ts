import { afterEach, describe, expect, it } from "vitest";
import { isLoopbackAddress } from "../../src/local-only/loopback.ts";
import { guardFile } from "./gateway-stand-in.ts";
import { type ClutchInLab, GPT, type LockLab, ME, RELAYED, SONNET, startLockLab } from "./lock-lab.ts";

/** OpenClaw goes to its own machine past the wall unless `proxy.loopbackMode` says otherwise. */
let lab: LockLab;
let clutch: ClutchInLab;
const running = new Map<string, string>();
afterEach(() => lab.stop());

const start = async (loopbackMode: string): Promise<void> => {
  lab = await startLockLab({ loopbackMode });
  running.clear();
  running.set("agent:main:relayed", RELAYED).set("agent:main:vendor", SONNET);
  clutch = await lab.clutch({ running });
};

/** A call that began although the guard is on, as the guard notes it. */
const escaped = (name: string): void => {
  const [provider, model] = name.split("/");
  const memory = Reflect.get(globalThis, Symbol.for("clutch.guard.1"))[guardFile(lab.directory)];
  memory.escapes.push({ provider, model, runId: "run", sessionKey: "agent:main:relayed", at: Date.now() });
};

const setUtilityModel = (model: string): void => {
  const config = structuredClone(lab.gateway.config()) as { agents: { defaults: { utilityModel: string } } };
  config.agents.defaults.utilityModel = model;
  lab.gateway.setConfig(config as never);
};

/** OpenClaw changes no setting any more. */
const refusePatches = async (): Promise<void> => {
  const { request } = lab.gateway;
  const { ClutchError } = await import("../../src/errors.ts");
  Object.assign(lab.gateway, {
    request: async (method: string, params: unknown) => {
      if (method === "config.patch") throw new ClutchError("gateway_refused", "refused");
      return request(method, params);
    },
  });
  clutch = await lab.clutch({ running });
};

describe("a wall that does not see loopback, as it is installed by default", () => {
  it("leaves what runs on a relay of this machine to be stopped, and nothing else", async () => {
    await start("gateway-only");
    const { status } = await clutch.lock.turnOn(ME);
    expect([...running.keys()]).toEqual(["agent:main:vendor"]);
    expect(status.enforcement).toBe("enforced");
    expect(status.layers.find(({ name }) => name === "wall")?.text).toContain("and its own machine");
  });

  it("refuses what escapes to a vendor, not what escapes to a relay", async () => {
    await start("gateway-only");
    await clutch.lock.turnOn(ME);
    escaped(SONNET);
    expect(await clutch.lock.status()).toMatchObject({ enforcement: "enforced", problems: [] });
    escaped(RELAYED);
    const { enforcement, problems } = await clutch.lock.status();
    expect(enforcement).toBe("broken");
    expect(problems.join(" ")).toContain(`A call to ${RELAYED} began in agent:main:relayed all the same.`);
  });

  it("does not hold a silent call that goes to a relay", async () => {
    await start("gateway-only");
    await clutch.lock.turnOn(ME);
    await refusePatches();
    setUtilityModel(GPT);
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect((await clutch.lock.status()).enforcement).toBe("enforced");
    setUtilityModel(RELAYED);
    expect(await clutch.lock.reconcile()).toMatchObject([
      { kind: "broken", what: [expect.stringMatching(/nothing holds them: Recaps and titles/)] },
    ]);
    expect((await clutch.lock.status()).enforcement).toBe("partly");
  });

  it("is taken for one while nobody can say", async () => {
    await start("proxy");
    await clutch.wall.close("one");
    lab.gateway.stop();
    const [, wall] = clutch.layers;
    expect(await wall?.look()).toMatchObject({ state: "closed", sparesLoopback: true });
  });
});

describe.each(["proxy", "block"])("a wall that sees loopback as well (%s)", (mode) => {
  it("cuts every connection itself, and holds every call", async () => {
    await start(mode);
    await clutch.lock.turnOn(ME);
    expect(running.size).toBe(2);
    escaped(RELAYED);
    await refusePatches();
    setUtilityModel(RELAYED);
    expect(await clutch.lock.reconcile()).toEqual([]);
    const { enforcement, layers } = await clutch.lock.status();
    expect(enforcement).toBe("enforced");
    expect(layers.find(({ name }) => name === "wall")?.text).not.toContain("its own machine");
  });
});

it.each([
  ["http://127.0.0.1:4000/v1", true],
  ["ws://localhost:9222", true],
  ["https://[::1]:8443", true],
  ["http://2130706433:80", true],
  ["127.0.0.1:4317", true],
  ["http://10.0.0.2:11434", false],
  ["https://api.openai.com/v1", false],
  ["openai", false],
  ["", false],
])("%s is of this machine: %s", (text, is) => {
  expect(isLoopbackAddress(text)).toBe(is);
});

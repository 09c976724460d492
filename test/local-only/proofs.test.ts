import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { TURN_PATH } from "../../src/local-only/verifier.ts";
import { guardFile } from "./gateway-stand-in.ts";
import { type ClutchInLab, type LockLab, ME, SONNET, startLockLab } from "./lock-lab.ts";

/** What the lock says of itself is of now: neither old proofs nor old problems. */
let lab: LockLab;
let clutch: ClutchInLab;
let hasLocalModel: boolean;
let mayTryTurns: boolean;
beforeEach(async () => {
  lab = await startLockLab();
  hasLocalModel = true;
  mayTryTurns = true;
  clutch = await lab.clutch({ hasLocalModel: () => hasLocalModel, mayTryTurns: () => mayTryTurns });
});
afterEach(() => lab.stop());

const status = () => clutch.lock.status();
const turnProof = async () => (await status()).verification?.paths.find(({ path }) => path === TURN_PATH);
const provedAt = async () => (await status()).verification?.at ?? 0;

describe("a layer that was away and holds again", () => {
  beforeEach(() => clutch.lock.turnOn(ME));

  const setGuard = (entry: object | undefined): void => {
    const config = structuredClone(lab.gateway.config()) as { plugins: { entries: Record<string, object> } };
    if (entry === undefined) delete config.plugins.entries["clutch-guard"];
    else config.plugins.entries["clutch-guard"] = entry;
    lab.gateway.setConfig(config as never);
    lab.gateway.stop();
    lab.gateway.start();
  };

  it("proves nothing until it is tried again: OpenClaw may go on without asking a guard that came back", async () => {
    const before = await provedAt();
    setGuard(undefined);
    await clutch.lock.reconcile();
    setGuard({ hooks: { allowConversationAccess: true } });
    expect(await status()).toMatchObject({
      enforcement: "partly",
      problems: ["The guard is closed, and was not tried since; a running Clutch does so within moments."],
    });
    expect(await turnProof()).toMatchObject({ result: "configured", detail: "looked at; the guard was away since" });
    lab.now += 60_000;
    await clutch.lock.reconcile();
    expect(await status()).toMatchObject({ enforcement: "enforced", problems: [] });
    expect(await turnProof()).toMatchObject({ result: "proved", detail: "looked at" });
    expect(await provedAt()).toBeGreaterThan(before);
  });

  it.each([
    ["the guard, with its gateway", () => lab.gateway.stop(), () => lab.gateway.start()],
    ["the wall", () => lab.stopWall(), () => lab.startWall()],
  ])("is tried again also where it could not be asked: %s", async (_, goes, comes) => {
    const before = await provedAt();
    await goes();
    await clutch.lock.reconcile().catch(() => undefined);
    await comes();
    expect((await status()).enforcement).toBe("partly");
    lab.now += 60_000;
    await clutch.lock.reconcile();
    expect((await status()).enforcement).toBe("enforced");
    expect(await provedAt()).toBeGreaterThan(before);
  });

  const gatewayRestarts = async (): Promise<void> => {
    lab.gateway.stop();
    lab.gateway.start();
  };

  it.each([
    ["guard", gatewayRestarts],
    [
      "wall",
      async () => {
        await lab.stopWall();
        lab.now += 1_000;
        await lab.startWall();
      },
    ],
  ])("is tried again also where nobody looked while it was away: the %s", async (name, restarts) => {
    const before = await provedAt();
    await restarts();
    expect(await status()).toMatchObject({
      enforcement: "partly",
      problems: [`The ${name} is closed, and was not tried since; a running Clutch does so within moments.`],
    });
    lab.now += 60_000;
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await status()).toMatchObject({ enforcement: "enforced", problems: [] });
    expect(await provedAt()).toBeGreaterThan(before);
  });

  it("is tried again by whoever asks, where nobody looked", async () => {
    await gatewayRestarts();
    expect(await clutch.lock.turnOn(ME)).toMatchObject({ changed: true, status: { enforcement: "enforced" } });
    await gatewayRestarts();
    await clutch.lock.verify();
    expect((await status()).enforcement).toBe("enforced");
  });

  it("is taken at its word where it is of a version that does not tell of restarts", async () => {
    const { request } = lab.gateway;
    Object.assign(lab.gateway, {
      async request(method: string, params: unknown) {
        const { life: _, ...answer } = (await request(method, params)) as { life?: string };
        return answer;
      },
    });
    clutch = await lab.clutch();
    lab.now += 60_000;
    await clutch.lock.reconcile();
    const before = await provedAt();
    expect(before).toBe(lab.now);
    lab.now += 60_000;
    await clutch.lock.reconcile();
    expect(await status()).toMatchObject({ enforcement: "enforced", verification: { at: before } });
  });

  it("is not said to hold again where a turn could not be tried", async () => {
    setGuard(undefined);
    await clutch.lock.reconcile();
    setGuard({ hooks: { allowConversationAccess: true } });
    mayTryTurns = false;
    expect(await clutch.lock.reconcile()).toMatchObject([
      { what: [expect.stringContaining("it could not be proved that OpenClaw asks it")] },
    ]);
    expect((await status()).enforcement).toBe("partly");
  });

  it("is tried again by whoever turns it on once more", async () => {
    await lab.stopWall();
    await clutch.lock.reconcile();
    await lab.startWall();
    expect(await clutch.lock.turnOn(ME)).toMatchObject({ changed: true, status: { enforcement: "enforced" } });
    expect(await clutch.lock.turnOn(ME)).toMatchObject({ changed: false });
  });
});

describe("a problem", () => {
  const NO_MODEL = [expect.stringContaining("There is no local model")];

  it("of missing local models comes and goes with them", async () => {
    hasLocalModel = false;
    await clutch.lock.turnOn(ME);
    expect((await status()).problems).toEqual(NO_MODEL);
    hasLocalModel = true;
    await clutch.lock.reconcile();
    expect(await status()).toMatchObject({ enforcement: "enforced", problems: [] });
    hasLocalModel = false;
    await clutch.lock.reconcile();
    expect((await status()).problems).toEqual(NO_MODEL);
    expect((await clutch.lock.turnOn(ME)).changed).toBe(true);
  });

  it("of settings that could not be changed goes once they are", async () => {
    const { request } = lab.gateway;
    let isRefused = true;
    Object.assign(lab.gateway, {
      request: async (method: string, params: unknown) => {
        if (isRefused && method === "config.patch") throw new ClutchError("gateway_refused", "refused");
        return request(method, params);
      },
    });
    clutch = await lab.clutch();
    await clutch.lock.turnOn(ME);
    const refused = ["Helper calls could not be pointed at a local model: refused"];
    expect((await status()).problems).toEqual(refused);
    await clutch.lock.reconcile();
    expect((await status()).problems).toEqual(refused);
    isRefused = false;
    await clutch.lock.reconcile();
    expect(await status()).toMatchObject({ enforcement: "enforced", problems: [] });
  });
});

describe("turned on again, by a person", () => {
  const leak = async (): Promise<void> => {
    const last = await clutch.journal.latest();
    if (last === undefined) throw new Error("no lock");
    const found = { path: "A recap", heldBy: "", result: "leaks", detail: "it got out" };
    const verification = { at: 1, paths: [found], unknownSettings: [] };
    await clutch.journal.note(last.id, { ...last.details, verification });
  };

  it("it is tried again after a leak", async () => {
    await clutch.lock.turnOn(ME);
    await leak();
    expect((await status()).enforcement).toBe("broken");
    expect(await clutch.lock.turnOn(ME)).toMatchObject({ changed: true, status: { enforcement: "enforced" } });
    expect((await status()).problems).toEqual([]);
  });

  it("what runs is stopped again after a call that escaped, and only a later one breaks it again", async () => {
    await lab.stop();
    lab = await startLockLab({ wall: false });
    const running = new Map<string, string>();
    clutch = await lab.clutch({ running });
    await clutch.lock.turnOn(ME);
    let at = Date.now();
    const escapes = (): void => {
      const [provider, model] = SONNET.split("/");
      const memory = Reflect.get(globalThis, Symbol.for("clutch.guard.1"))[guardFile(lab.directory)];
      memory.escapes.push({ provider, model, runId: "run", sessionKey: "agent:main:main", at: ++at });
    };
    escapes();
    running.set("agent:main:main", SONNET);
    expect((await status()).enforcement).toBe("broken");
    expect(await clutch.lock.turnOn(ME)).toMatchObject({ changed: true, status: { enforcement: "partly" } });
    expect(running.size).toBe(0);
    expect((await status()).problems).toEqual([]);
    escapes();
    expect((await status()).enforcement).toBe("broken");
  });

  it("but not by Clutch, which only sets the end", async () => {
    await clutch.lock.turnOn(ME);
    await leak();
    expect(await clutch.lock.turnOn({ actor: "clutch:budget", forMs: 1_000 })).toMatchObject({
      changed: false,
      status: { enforcement: "broken" },
    });
  });
});

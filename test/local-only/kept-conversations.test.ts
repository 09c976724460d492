import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type { GuardRules } from "../../src/openclaw/guard-client.ts";
import { type Config, guardFile } from "./gateway-stand-in.ts";
import { type ClutchInLab, type LockLab, ME, QWEN, SONNET, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
let clutch: ClutchInLab;
let written: readonly { readonly key: string; readonly at: number }[];
let before: Config;
beforeEach(async () => {
  lab = await startLockLab();
  written = [];
  before = lab.gateway.config();
  clutch = await open();
});
afterEach(() => lab.stop());

const A = "agent:main:discord:channel:1";
const B = "agent:main:discord:channel:2";
const C = "agent:main:slack:channel:C3";
const open = () =>
  lab.clutch({ writtenSince: async (since) => written.filter(({ at }) => at >= since).map(({ key }) => key) });
const says = (key: string): void => {
  lab.now += 1_000;
  written = [...written, { key, at: lab.now }];
};
const on = () => clutch.lock.turnOn(ME);
const off = (restore: "all" | "others" = "others") => clutch.lock.turnOff({ ...ME, restore });
const release = (key?: string) => clutch.lock.release(key, ME);
const kept = async () =>
  Object.fromEntries((await clutch.lock.status()).kept.map(({ sessionKey, why }) => [sessionKey, why]));
const helpers = async () => (await clutch.lock.status()).layers[2]?.state;
const restartAll = async (): Promise<void> => {
  lab.gateway.stop();
  lab.gateway.start();
  clutch = await open();
};
const low = (key: string): string => key.toLowerCase();

describe("off for others", () => {
  it("keeps those local that were written in meanwhile, until they are released", async () => {
    says(C);
    lab.now += 1;
    await on();
    says(A);
    says(B);
    expect(await clutch.lock.writtenWhileOn()).toEqual({ sessionKeys: [A, B] });
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
    expect(await kept()).toEqual({ [A]: "unreleased", [B]: "unreleased" });
    expect([clutch.lock.isOn(), clutch.lock.isKeptLocal(A), clutch.lock.isKeptLocal(C)]).toEqual([false, true, false]);
    // A recap would send the text as well.
    expect(await helpers()).toBe("open");
    expect(lab.gateway.config()).not.toEqual(before);
    expect(await clutch.lock.reconcile()).toEqual([]);

    await restartAll();
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await kept()).toEqual({ [A]: "unreleased", [B]: "unreleased" });
    expect(await release(A)).toMatchObject({ changed: true });
    expect(await kept()).toEqual({ [B]: "unreleased" });
    expect(lab.gateway.config()).not.toEqual(before);
    expect(await release(A)).toMatchObject({ changed: false });
    expect(await release()).toMatchObject({ changed: true, notes: [] });
    expect(await kept()).toEqual({});
    expect(lab.gateway.config()).toEqual(before);
    expect(clutch.lock.isKeptLocal(B)).toBe(false);
  });

  it("asks for the guard, and changes nothing without it", async () => {
    await on();
    says(A);
    const config = structuredClone(lab.gateway.config()) as { plugins: { entries: Record<string, object> } };
    config.plugins.entries["clutch-guard"] = { hooks: {} };
    lab.gateway.setConfig(config as never);
    await expect(off()).rejects.toThrow(/does not let it hear of turns/);
    expect((await clutch.lock.status()).isOn).toBe(true);
    expect((await clutch.guard.status())?.state.on).toBe(true);
  });

  it("puts everything back where nothing was written", async () => {
    await on();
    await off();
    expect(await kept()).toEqual({});
    expect(lab.gateway.config()).toEqual(before);
  });

  it("keeps them over further locks, whose settings wait as well", async () => {
    for (const key of [A, B]) {
      await on();
      says(key);
      await off();
    }
    await on();
    await off("all");
    expect(await kept()).toEqual({ [A]: "unreleased", [B]: "unreleased" });
    expect(lab.gateway.config()).not.toEqual(before);
    await release(B);
    expect(lab.gateway.config()).not.toEqual(before);
    await release(A);
    expect(lab.gateway.config()).toEqual(before);
  });

  it("puts them back after more locks than anybody counts", { timeout: 60_000 }, async () => {
    await on();
    says(A);
    await off();
    for (let nth = 0; nth < 25; nth++) {
      await on();
      await off("all");
    }
    await release();
    expect(lab.gateway.config()).toEqual(before);
  });

  it("keeps text of the whole lock, also of before it was taken up again", async () => {
    await on();
    says(A);
    await lab.stopWall();
    await expect(off("all")).rejects.toThrow("not off yet");
    await lab.startWall();
    await on();
    says(B);
    await off();
    expect(await kept()).toEqual({ [A]: "unreleased", [B]: "unreleased" });
  });

  it("keeps also what is written until it is off at last", async () => {
    await on();
    says(A);
    await lab.stopWall();
    await expect(off()).rejects.toThrow("not off yet");
    says(B);
    await lab.startWall();
    await clutch.lock.reconcile();
    expect((await clutch.lock.status()).enforcement).toBe("off");
    expect(await kept()).toEqual({ [A]: "unreleased", [B]: "unreleased" });
  });

  it.each([
    ["all", "others"],
    ["others", "all"],
  ] as const)("of two wishes before it is off (%s, %s) the stricter one counts", async (first, second) => {
    await on();
    says(A);
    await lab.stopWall();
    await expect(off(first)).rejects.toThrow("not off yet");
    await expect(off(second)).rejects.toThrow("not off yet");
    await lab.startWall();
    await clutch.lock.reconcile();
    expect(await kept()).toEqual({ [A]: "unreleased" });
  });

  it("releases while it is on: nothing goes to the cloud before it is off", async () => {
    await on();
    says(A);
    await off();
    await on();
    expect(await release()).toMatchObject({ changed: true, status: { isOn: true } });
    expect(await helpers()).toBe("closed");
    await off("all");
    expect(lab.gateway.config()).toEqual(before);
  });

  it("a Clutch that has not heard of the lock yet puts no setting back", async () => {
    await on();
    says(A);
    await off();
    const other = await open();
    await on();
    expect(other.lock.isOn()).toBe(false);
    await other.lock.release(undefined, ME);
    expect(await helpers()).toBe("closed");
  });
});

describe("here", () => {
  it("keeps a conversation local with the lock off and on, until it is let go", async () => {
    expect(await clutch.lock.keepLocal(C, ME)).toMatchObject({ changed: true });
    expect(await clutch.lock.keepLocal(C, ME)).toMatchObject({ changed: false });
    expect(await kept()).toEqual({ [low(C)]: "here" });
    expect(clutch.lock.isKeptLocal(C)).toBe(true);
    // The guard knows where its turns may go.
    expect((await clutch.guard.status())?.state.models).toHaveLength(1);
    expect(lab.gateway.config()).toEqual(before);
    await on();
    await off("all");
    await restartAll();
    expect(await kept()).toEqual({ [low(C)]: "here" });
    expect(lab.gateway.config()).toEqual(before);
    // What waits to be released is something else.
    expect(await release()).toMatchObject({ changed: false });
    expect(await release(C)).toMatchObject({ changed: true });
    expect(await kept()).toEqual({});
  });

  it("goes by what is local now, as soon as somebody looks or asks for it again", async () => {
    const qwen = { provider: "ollama", model: "qwen3:8b", baseUrl: "http://127.0.0.1:11434", ollama: true };
    let guardRules: GuardRules = { models: [qwen], order: { "*": ["ollama/qwen3:8b"] }, tools: ["web_search"] };
    clutch = await lab.clutch({ guardRules: () => guardRules });
    const told = async () => {
      const { models, order, tools } = (await clutch.guard.status())?.state ?? {};
      return { models, order, tools };
    };
    await clutch.lock.keepLocal(C, ME);
    expect(clutch.lock.keepsAny()).toBe(true);
    // Pictures are looked at in the cloud from now on.
    guardRules = { ...guardRules, tools: ["web_search", "view_image"] };
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await told()).toEqual(guardRules);
    guardRules = { ...guardRules, models: [{ ...qwen, model: "qwen4:8b" }], order: { "*": ["ollama/qwen4:8b"] } };
    expect(await clutch.lock.keepLocal(C, ME)).toMatchObject({ changed: false });
    expect(await told()).toEqual(guardRules);
    await release(C);
    expect(clutch.lock.keepsAny()).toBe(false);
    // Nobody goes by it any more.
    guardRules = { ...guardRules, models: [] };
    await clutch.lock.reconcile();
    expect((await told()).models).toHaveLength(1);
  });

  it("while it is on, it outlasts the lock", async () => {
    await on();
    expect(await clutch.lock.keepLocal(A, ME)).toMatchObject({ changed: true });
    await off("all");
    expect(await kept()).toEqual({ [A]: "here" });
    expect(lab.gateway.config()).toEqual(before);
    await release(A);
    expect(await kept()).toEqual({});
  });

  it.each([
    ["is not there", undefined, /not installed/],
    ["hears nothing", { hooks: {} }, /does not let it hear/],
  ])("is refused where the guard %s", async (_, entry, why) => {
    const config = structuredClone(lab.gateway.config()) as { plugins: { entries: Record<string, object> } };
    if (entry === undefined) delete config.plugins.entries["clutch-guard"];
    else config.plugins.entries["clutch-guard"] = entry;
    lab.gateway.setConfig(config as never);
    await restartAll();
    await expect(clutch.lock.keepLocal(A, ME)).rejects.toThrow(why);
    expect(clutch.lock.isKeptLocal(A)).toBe(false);
  });

  it("stops what a model in the cloud is answering there, and there alone", async () => {
    const running = new Map([
      [A, SONNET],
      [B, QWEN],
      [C, SONNET],
    ]);
    clutch = await lab.clutch({ running });
    const stopped = [expect.stringContaining("was stopped")];
    expect(await clutch.lock.keepLocal(low(C), ME)).toMatchObject({ changed: true, notes: stopped });
    expect([...running.keys()]).toEqual([A, B]);
    expect(await clutch.lock.keepLocal(B, ME)).toMatchObject({ changed: true, notes: [] });
    // Whatever is set there, what began since then is answered by a local model.
    running.set(C, SONNET);
    expect(await clutch.lock.keepLocal(C, ME)).toMatchObject({ changed: false, notes: [] });
    expect([...running.keys()]).toEqual([A, B, C]);
  });

  it("says so where nobody can tell whether something runs there", async () => {
    const running: Map<string, string> = Object.assign(new Map<string, string>(), {
      [Symbol.iterator](): never {
        throw new ClutchError("deadline", "The gateway did not answer.");
      },
    });
    clutch = await lab.clutch({ running });
    expect(await clutch.lock.keepLocal(C, ME)).toMatchObject({
      changed: true,
      notes: [expect.stringMatching(/may go to the cloud until it ends: The gateway did not answer\./)],
    });
    expect(await kept()).toEqual({ [low(C)]: "here" });
  });

  it("is remembered while the guard cannot be asked", async () => {
    await clutch.lock.keepLocal(A, ME);
    lab.gateway.stop();
    await clutch.lock.follow();
    expect(clutch.lock.isKeptLocal(A)).toBe(true);
  });
});

describe("the guard's file", () => {
  beforeEach(async () => {
    await clutch.lock.keepLocal(C, ME);
    await on();
    says(A);
    await off();
  });
  const lose = (how: () => void): void => {
    lab.gateway.stop();
    how();
    lab.gateway.start();
  };
  const both = { [A]: "unreleased", [low(C)]: "here" };

  it("is lost: it is told of them again, and the owners once", async () => {
    lose(() => rmSync(guardFile(lab.directory)));
    expect(await kept()).toEqual({});
    expect(await clutch.lock.reconcile()).toMatchObject([
      { kind: "mended", what: ["The guard had forgotten 2 conversations that stay local, and knows again."] },
    ]);
    expect(await kept()).toEqual(both);
    expect((await clutch.guard.status())?.state.models).toHaveLength(1);
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(lab.gateway.config()).not.toEqual(before);
  });

  it("is damaged: everything is local, and they are after that", async () => {
    lose(() => writeFileSync(guardFile(lab.directory), "{"));
    expect((await clutch.lock.reconcile()).map(({ kind }) => kind)).toEqual(["told", "mended"]);
    await off("all");
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await kept()).toEqual(both);
  });

  it("is lost while it is on", async () => {
    await on();
    lose(() => rmSync(guardFile(lab.directory)));
    await clutch.lock.reconcile();
    expect(await kept()).toEqual(both);
    await off("all");
    expect(await kept()).toEqual(both);
  });

  it("is lost, and they are released without it: that holds", async () => {
    lose(() => rmSync(guardFile(lab.directory)));
    expect(await release()).toMatchObject({ changed: true });
    expect(await release(C)).toMatchObject({ changed: true });
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await kept()).toEqual({});
    expect(lab.gateway.config()).toEqual(before);
  });

  it("is all that is left of them: the store learns of them", async () => {
    await lab.loseStore();
    clutch = await open();
    await clutch.lock.reconcile();
    lose(() => rmSync(guardFile(lab.directory)));
    await clutch.lock.reconcile();
    expect(await kept()).toEqual(both);
  });
});

it("settings that nothing holds back any more are put back by whoever looks", async () => {
  await on();
  says(A);
  await off();
  // The guard was told by somebody else, and nobody of Clutch was there.
  await clutch.guard.release([A]);
  await clutch.store.expiring("local-only").delete("kept");
  await clutch.lock.reconcile();
  expect(lab.gateway.config()).toEqual(before);
});

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createForcedOff } from "../../src/local-only/forced-off.ts";
import type { LockAlert } from "../../src/local-only/lock-alerts.ts";
import { guardFile } from "./gateway-stand-in.ts";
import { type ClutchInLab, type LockLab, ME, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
let clutch: ClutchInLab;
beforeEach(async () => {
  lab = await startLockLab();
  clutch = await lab.clutch();
});
afterEach(() => lab.stop());

const RULES = { models: [], order: {}, tools: [] };
const off = () => clutch.lock.turnOff({ ...ME, restore: "all" });
/** What OpenClaw's configuration says of the guard. */
const setGuard = (entry: object | undefined): void => {
  const config = structuredClone(lab.gateway.config()) as { plugins: { entries: Record<string, object> } };
  if (entry === undefined) delete config.plugins.entries["clutch-guard"];
  else config.plugins.entries["clutch-guard"] = entry;
  lab.gateway.setConfig(config as never);
};
const HEARS = { hooks: { allowConversationAccess: true } };
const enforcement = async () => (await clutch.lock.status()).enforcement;
const guardRestarts = (between: () => void = () => undefined): void => {
  lab.gateway.stop();
  between();
  lab.gateway.start();
};
const wallRestarts = async (between: () => void = () => undefined): Promise<void> => {
  await lab.stopWall();
  between();
  await lab.startWall();
};
const wallFile = () => join(lab.directory, "wall.json");
const idOf = async (name: "guard" | "wall"): Promise<string> =>
  name === "guard" ? ((await clutch.guard.status())?.state.id ?? "") : ((await clutch.wall.status())?.id ?? "");

const kinds = (alerts: readonly LockAlert[]) => alerts.map(({ kind }) => kind);
const words = (alerts: readonly LockAlert[]) => alerts.flatMap(({ what }) => what).join(" ");

/** The owners hear of it once: whoever looks next, in this process or another one, says nothing more. */
async function toldOnce(kind: LockAlert["kind"], text: RegExp): Promise<void> {
  const alerts = await clutch.lock.reconcile();
  expect([kinds(alerts), words(alerts)]).toEqual([[kind], expect.stringMatching(text)]);
  for (const next of [clutch, await lab.clutch()]) expect(await next.lock.reconcile()).toEqual([]);
}

describe("off by the journal, and", () => {
  it.each([
    ["the guard is on", async () => void (await clutch.guard.on("theirs", RULES)), /guard was found closed/],
    ["the wall is closed", async () => void (await clutch.wall.close("theirs")), /wall was found closed/],
    [
      "both, by different ids",
      async () => {
        await clutch.guard.on("theirs", RULES);
        await clutch.wall.close("others");
      },
      /guard and wall was found closed/,
    ],
    [
      "the guard's file is damaged",
      async () => guardRestarts(() => writeFileSync(guardFile(lab.directory), "{")),
      /file of the guard is damaged/,
    ],
    [
      "the wall's file is damaged",
      () => wallRestarts(() => writeFileSync(wallFile(), "")),
      /file of the wall is damaged/,
    ],
  ])("%s: it is on, told once, and comes off by an owner", async (_, happens, text) => {
    const before = lab.gateway.config();
    await happens();
    expect((await clutch.lock.status()).isOn).toBe(true);
    await toldOnce("told", text);
    expect(await enforcement()).toBe("enforced");
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
    expect(lab.gateway.config()).toEqual(before);
    expect(await clutch.lock.reconcile()).toEqual([]);
  });

  it("is known to be on before anybody has looked closely", async () => {
    await clutch.guard.on("theirs", RULES);
    const next = await lab.clutch();
    expect(next.lock.isOn()).toBe(true);
  });

  it("a layer that holds nothing is closed: it is told, and off opens it", async () => {
    await clutch.wall.close("theirs");
    lab.gateway.setConfig({ ...lab.gateway.config(), proxy: { enabled: false } });
    expect(await enforcement()).toBe("broken");
    await toldOnce("broken", /wall is closed, but OpenClaw does not go by it/);
    expect(await off()).toMatchObject({ changed: true, status: { enforcement: "off" } });
    expect((await clutch.wall.status())?.closed).toBe(false);
  });
});

it("the guard's file cannot be written when it is turned on: whoever did it hears of it, and it is tried again", async () => {
  replaceByFolder(guardFile(lab.directory));
  const { status } = await clutch.lock.turnOn(ME);
  expect(status).toMatchObject({ enforcement: "broken", problems: ["The file of the guard could not be written."] });
  await toldOnce("broken", /file of the guard could not be written/);
  rmSync(guardFile(lab.directory), { recursive: true });
  await toldOnce("mended", /file of the guard could not be written, and is whole again/);
  guardRestarts();
  expect(await clutch.lock.reconcile()).toEqual([]);
  expect(await enforcement()).toBe("enforced");
});

describe("on by the journal, and", () => {
  beforeEach(() => clutch.lock.turnOn(ME));

  it.each([
    ["the guard was opened by its id", "guard", async () => void (await clutch.guard.off(await idOf("guard")))],
    ["the wall was opened by its id", "wall", async () => void (await clutch.wall.open(await idOf("wall")))],
    [
      "the guard's file was taken away over a restart",
      "guard",
      async () => guardRestarts(() => rmSync(guardFile(lab.directory))),
    ],
    ["the wall's file was taken away over a restart", "wall", () => wallRestarts(() => rmSync(wallFile()))],
  ])("%s: it is closed again, proved again, and told once", async (_, name, happens) => {
    // Again and again, and by the same id each time.
    for (let nth = 0; nth < 3; nth++) {
      const proved = (await clutch.lock.status()).verification?.at;
      lab.now += 60_000;
      await happens();
      expect(await enforcement()).toBe("broken");
      await toldOnce("mended", new RegExp(`The ${name} was open`));
      const after = await clutch.lock.status();
      expect(after).toMatchObject({ enforcement: "enforced", problems: [], last: ME });
      expect(after.verification?.at).toBeGreaterThan(proved ?? 0);
    }
    await off();
    expect(await enforcement()).toBe("off");
  });

  it.each([
    [
      "half of the guard's file",
      () =>
        guardRestarts(() =>
          writeFileSync(guardFile(lab.directory), readFileSync(guardFile(lab.directory), "utf8").slice(0, 60)),
        ),
      "guard",
    ],
    [
      "the guard's file of another version",
      () => guardRestarts(() => writeFileSync(guardFile(lab.directory), '{"version":9,"on":false}')),
      "guard",
    ],
    [
      "half of the wall's file",
      () => wallRestarts(() => writeFileSync(wallFile(), readFileSync(wallFile(), "utf8").slice(0, 60))),
      "wall",
    ],
  ])("%s is there: it stayed closed, and is the lock's again", async (_, happens, name) => {
    await happens();
    expect(await enforcement()).toBe("broken");
    await toldOnce("mended", new RegExp(`file of the ${name} .*; it was closed all the time`));
    expect(await clutch.lock.status()).toMatchObject({ enforcement: "enforced", problems: [] });
    if (name === "guard") expect((await clutch.guard.status())?.state.models).toHaveLength(1);
    await off();
    expect(await enforcement()).toBe("off");
  });

  it.each([
    ["guard", () => guardRestarts(() => replaceByFolder(guardFile(lab.directory))), () => guardFile(lab.directory)],
    ["wall", () => wallRestarts(() => replaceByFolder(wallFile())), wallFile],
  ] as const)(
    "the %s's file cannot be read or written: broken, told once, until it can",
    async (name, happens, file) => {
      await happens();
      await toldOnce("broken", new RegExp(`file of the ${name} (cannot be read|could not be written)`));
      expect((await clutch.lock.status()).isOn).toBe(true);
      rmSync(file(), { recursive: true });
      await toldOnce("mended", /.*; it was closed all the time/);
      expect(await enforcement()).toBe("enforced");
    },
  );

  it.each([
    ["guard", async (id: string): Promise<unknown> => clutch.guard.off(id), () => guardFile(lab.directory)],
    ["wall", async (id: string): Promise<unknown> => clutch.wall.open(id), wallFile],
  ] as const)(
    "the %s was opened, and that it is closed again cannot be written: broken, until it can",
    async (name, opens, file) => {
      // Each closing after that has an id of its own.
      await opens(await idOf(name));
      await toldOnce("mended", new RegExp(`The ${name} was open`));
      await opens(await idOf(name));
      replaceByFolder(file());
      await toldOnce("broken", new RegExp(`file of the ${name} could not be written`));
      rmSync(file(), { recursive: true });
      await toldOnce("mended", /could not be written, and is whole again; it was closed all the time/);
      expect(await enforcement()).toBe("enforced");
    },
  );

  it("somebody closed a layer anew under an id of his own: it holds, and comes off", async () => {
    await clutch.wall.open(await idOf("wall"));
    await clutch.wall.close("theirs");
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await enforcement()).toBe("enforced");
    await off();
    expect(await enforcement()).toBe("off");
  });

  it.each([
    ["the wall is gone", () => lab.stopWall(), () => lab.startWall(), /The wall is gone/],
    [
      "the guard is gone",
      async () => {
        setGuard(undefined);
        guardRestarts();
      },
      async () => {
        setGuard(HEARS);
        guardRestarts();
      },
      /The guard is gone/,
    ],
    [
      "the guard hears nothing",
      async () => setGuard({ hooks: {} }),
      async () => setGuard(HEARS),
      /The guard is gone.*allowConversationAccess/,
    ],
  ])("%s: broken, told once, also when it holds again, and as often as that happens", async (_, goes, comes, text) => {
    for (let nth = 0; nth < 2; nth++) {
      await goes();
      expect(await enforcement()).toBe("broken");
      await toldOnce("broken", text);
      await comes();
      await toldOnce("mended", /holds again/);
      expect(await enforcement()).toBe("enforced");
    }
  });

  it("one is gone while the other one was opened: what can be closed is, and the rest is not forgotten", async () => {
    await lab.stopWall();
    await clutch.guard.off(await idOf("guard"));
    await toldOnce("broken", /The guard was open.*The wall is gone/);
    expect((await clutch.guard.status())?.state.on).toBe(true);
    await lab.startWall();
    await toldOnce("mended", /holds again/);
    // The wall was part of this lock all the time, so off is not done without it.
    await lab.stopWall();
    await expect(off()).rejects.toThrow("the wall cannot be asked");
    await lab.startWall();
    await clutch.lock.reconcile();
    expect(await enforcement()).toBe("off");
  });

  it("something else breaks: that is told as well", async () => {
    await lab.stopWall();
    await toldOnce("broken", /The wall is gone/);
    setGuard(undefined);
    guardRestarts();
    await toldOnce("broken", /The guard is gone.*The wall is gone/);
  });

  it("the wall was opened while the gateway is away: it is closed at once, and told", async () => {
    await clutch.wall.open(await idOf("wall"));
    lab.gateway.stop();
    const alerts = await clutch.lock.reconcile();
    expect(kinds(alerts)).toEqual(["broken"]);
    expect(words(alerts)).toMatch(/The wall was open/);
    expect((await clutch.wall.status())?.closed).toBe(true);
    lab.gateway.start();
    expect(kinds(await clutch.lock.reconcile())).toEqual(["mended"]);
    expect(await enforcement()).toBe("enforced");
    // With what is local, not with nothing.
    expect((await clutch.wall.status())?.rules.local).toEqual(["127.0.0.1:11434"]);
  });

  it("the gateway is away: nothing is told, and nothing is claimed", async () => {
    lab.gateway.stop();
    await expect(clutch.lock.reconcile()).rejects.toThrow(expect.objectContaining({ code: "gateway_unreachable" }));
    expect(await enforcement()).toBe("broken");
    lab.gateway.start();
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await enforcement()).toBe("enforced");
  });

  it("the store was lost: the lock is found again, and its text is known to be of it", async () => {
    const { at } = await clutch.lock.status().then(({ last }) => last ?? { at: 0 });
    const since: number[] = [];
    await lab.loseStore();
    lab.now += 3_600_000;
    clutch = await lab.clutch({
      writtenSince: async (moment) => {
        since.push(moment);
        return ["agent:main:main"];
      },
    });
    await toldOnce("told", /guard and wall was found closed.*What helper calls used before is not known/);
    expect(await clutch.lock.writtenWhileOn()).toEqual({ sessionKeys: ["agent:main:main"] });
    // Since the layers were closed, not since they were found so. The guard's clock is this machine's.
    expect(Math.min(...since)).toBeLessThanOrEqual(at);
    await off();
    expect(await enforcement()).toBe("off");
  });

  it("a setting of a helper call points at the cloud again: it is local again, and told once", async () => {
    const config = structuredClone(lab.gateway.config()) as { agents: { defaults: { utilityModel: string } } };
    config.agents.defaults.utilityModel = "anthropic/claude-sonnet-5";
    lab.gateway.setConfig(config as never);
    await toldOnce("mended", /Recaps and titles/);
    expect((await clutch.lock.status()).layers[2]?.state).toBe("closed");
  });

  it("a leak was found by a canary: broken, told once", async () => {
    const last = await clutch.journal.latest();
    if (last === undefined) throw new Error("no lock");
    const leak = { path: "A recap", heldBy: "", result: "leaks", detail: "it got out" };
    await clutch.journal.note(last.id, {
      ...last.details,
      verification: { at: 1, paths: [leak], unknownSettings: [] },
    });
    await toldOnce("broken", /A recap: it got out/);
  });
});

function replaceByFolder(path: string): void {
  rmSync(path, { force: true });
  mkdirSync(path);
}

describe("off by force", () => {
  const force = (at: number) => createForcedOff(lab.directory).write({ at, actor: "os:me" });

  it("is done everywhere, once the rest is there", async () => {
    const before = lab.gateway.config();
    await clutch.lock.turnOn(ME);
    lab.now += 1_000;
    await force(lab.now);
    await clutch.wall.open(await idOf("wall"));
    await toldOnce("told", /turned off by force, and is off everywhere/);
    expect(await clutch.lock.status()).toMatchObject({ enforcement: "off", last: { actor: "os:me" } });
    expect(lab.gateway.config()).toEqual(before);
  });

  it("waits for nobody", async () => {
    await clutch.lock.turnOn(ME);
    lab.now += 1_000;
    await lab.stopWall();
    await expect(off()).rejects.toThrow("not off yet");
    await force(lab.now);
    await clutch.lock.reconcile();
    expect(await enforcement()).toBe("off");
    // What comes back closed by this very lock is opened.
    await lab.startWall();
    await toldOnce("told", /wall came back closed by a lock that was turned off/);
    expect(await enforcement()).toBe("off");
  });

  it("waits for no guard that is to keep conversations local; one that comes back is told of them", async () => {
    const key = "agent:main:discord:channel:1";
    clutch = await lab.clutch({ writtenSince: async () => [key] });
    await clutch.lock.turnOn(ME);
    await lab.stopWall();
    await expect(clutch.lock.turnOff({ ...ME, restore: "others" })).rejects.toThrow("not off yet");
    setGuard(undefined);
    guardRestarts(() => rmSync(guardFile(lab.directory)));
    lab.now += 1_000;
    await force(lab.now);
    await clutch.lock.reconcile();
    expect(await enforcement()).toBe("off");
    setGuard(HEARS);
    guardRestarts();
    await clutch.lock.reconcile();
    expect((await clutch.lock.status()).kept).toMatchObject([{ sessionKey: key, why: "unreleased" }]);
  });

  it("is meant where only the layers remember", async () => {
    await clutch.lock.turnOn(ME);
    await lab.loseStore();
    clutch = await lab.clutch();
    await force(Date.now() + 60_000);
    await clutch.lock.reconcile();
    expect(await enforcement()).toBe("off");
  });

  it("does not end a lock that came later", async () => {
    await force(lab.now - 1);
    await clutch.lock.turnOn(ME);
    expect(await clutch.lock.reconcile()).toEqual([]);
    expect(await enforcement()).toBe("enforced");
  });
});

it("an off by a Clutch whose store is lost says what it cannot put back", async () => {
  await clutch.lock.turnOn(ME);
  await lab.loseStore();
  clutch = await lab.clutch();
  const { notes } = await off();
  expect(notes.join(" ")).toContain("not known any more");
  expect(await enforcement()).toBe("off");
  await clutch.lock.turnOn(ME);
  expect((await off()).notes.join(" ")).not.toContain("not known any more");
});

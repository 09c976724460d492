import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closingId, isOf, isShut, type LayerView, type LockLayer, lookAt } from "../../src/local-only/lock-layers.ts";
import { type Config, guardFile } from "./gateway-stand-in.ts";
import { type ClutchInLab, type LockLab, startLockLab } from "./lock-lab.ts";

let lab: LockLab;
let clutch: ClutchInLab;
beforeEach(async () => {
  lab = await startLockLab();
  clutch = await lab.clutch();
});
afterEach(() => lab.stop());

const RULES = {
  guard: { models: [], order: {}, tools: ["web_search"] },
  wall: { allow: [], local: ["127.0.0.1:11434"] },
};
const refused = expect.objectContaining({ code: "changed_meanwhile" });

interface Kind {
  readonly name: "guard" | "wall";
  file(): string;
  stop(): Promise<void>;
  start(): Promise<void>;
}
const KINDS: readonly Kind[] = [
  {
    name: "guard",
    file: () => guardFile(lab.directory),
    stop: async () => lab.gateway.stop(),
    start: async () => lab.gateway.start(),
  },
  {
    name: "wall",
    file: () => join(lab.directory, "wall.json"),
    stop: () => lab.stopWall(),
    start: () => lab.startWall(),
  },
];

describe.each(KINDS)("the $name", (kind) => {
  let layer: LockLayer;
  beforeEach(() => {
    const found = clutch.layers.find(({ name }) => name === kind.name);
    if (found === undefined) throw new Error(kind.name);
    layer = found;
  });
  const restart = async (): Promise<void> => {
    await kind.stop();
    await kind.start();
  };

  it("closes and opens by its id, as often as it is said", async () => {
    expect(await layer.look()).toMatchObject({ state: "open", id: "", damage: undefined });
    await layer.close("one", RULES);
    await layer.close("one", RULES);
    expect(await layer.look()).toMatchObject({ state: "closed", id: "one" });
    await layer.open("one");
    await layer.open("one");
    expect(await layer.look()).toMatchObject({ state: "open", id: "one" });
  });

  it("is closed from when it was closed first", async () => {
    await layer.close("one", RULES);
    const first = await layer.look();
    lab.now += 60_000;
    await layer.close("one", { ...RULES, wall: { allow: [], local: [] } });
    expect(await layer.look()).toEqual(first);
  });

  it("is not closed again by an id that was ended, nor changed by another one", async () => {
    await layer.close("one", RULES);
    await expect(layer.close("two", RULES)).rejects.toThrow(refused);
    await expect(layer.open("two")).rejects.toThrow(refused);
    await layer.open("one");
    await expect(layer.close("one", RULES)).rejects.toThrow(refused);
    await layer.close("two", RULES);
    await expect(layer.open("one")).rejects.toThrow(refused);
    expect(await layer.look()).toMatchObject({ state: "closed", id: "two" });
  });

  it("is as it was after it was started again", async () => {
    await layer.close("one", RULES);
    await restart();
    expect(await layer.look()).toMatchObject({ state: "closed", id: "one" });
    await layer.open("one");
    await restart();
    expect(await layer.look()).toMatchObject({ state: "open", id: "one" });
  });

  it.each([
    ["half of it", () => writeFileSync(kind.file(), readFileSync(kind.file(), "utf8").slice(0, 30))],
    ["nothing in it", () => writeFileSync(kind.file(), "")],
    ["another version", () => writeFileSync(kind.file(), '{"version":2,"on":false,"closed":false}')],
    [
      "a folder in its place",
      () => {
        rmSync(kind.file());
        mkdirSync(kind.file());
      },
    ],
  ])("is closed by a file with %s, and opens by its word", async (_, damage) => {
    await layer.close("one", RULES);
    await layer.open("one");
    await kind.stop();
    damage();
    await kind.start();
    const view = await layer.look();
    expect(view).toMatchObject({ state: "closed", id: "damaged", damage: expect.stringMatching(/damaged|cannot be/) });
    await expect(layer.open("one")).rejects.toThrow(refused);
    rmSync(kind.file(), { recursive: true });
    await layer.close("two", RULES);
    expect(await layer.look()).toMatchObject({ state: "closed", id: "two", damage: undefined });
  });

  it("is open without a file", async () => {
    await layer.close("one", RULES);
    await kind.stop();
    rmSync(kind.file());
    await kind.start();
    expect(await layer.look()).toMatchObject({ state: "open", id: "" });
  });

  it("may hold while it cannot be asked", async () => {
    await layer.close("one", RULES);
    await kind.stop();
    expect(await lookAt(layer)).toMatchObject({ state: "absent", mayHold: true });
  });
});

const change = (path: readonly string[], value: unknown): void => {
  const config: Config = structuredClone(lab.gateway.config());
  let at = config;
  for (const key of path.slice(0, -1)) at = at[key] as Config;
  at[path.at(-1) ?? ""] = value;
  lab.gateway.setConfig(config);
};
const look = async (name: "guard" | "wall"): Promise<LayerView> => {
  const layer = clutch.layers.find((one) => one.name === name);
  if (layer === undefined) throw new Error(name);
  return lookAt(layer);
};

describe("a layer that nothing goes through", () => {
  it("a guard that OpenClaw lets hear nothing", async () => {
    change(["plugins", "entries", "clutch-guard", "hooks"], {});
    expect(await look("guard")).toMatchObject({ state: "absent", mayHold: false, closedAs: undefined });
    await clutch.guard.on("one", RULES.guard);
    expect(await look("guard")).toMatchObject({
      state: "absent",
      why: expect.stringMatching(/allowConversation/),
      closedAs: "one",
    });
  });

  it("a guard that is not there", async () => {
    change(["plugins", "entries"], {});
    lab.gateway.stop();
    lab.gateway.start();
    expect(await look("guard")).toMatchObject({
      state: "absent",
      why: expect.stringMatching(/not installed/),
      mayHold: false,
    });
  });

  it.each([
    ["no proxy", { enabled: false }, /not pointed at it/],
    ["another proxy", { enabled: true, proxyUrl: "http://127.0.0.1:9" }, /uses another proxy/],
  ])("a wall, and OpenClaw uses %s", async (_, proxy, why) => {
    await clutch.wall.close("one", RULES.wall);
    change(["proxy"], proxy);
    expect(await look("wall")).toMatchObject({ state: "absent", why: expect.stringMatching(why), closedAs: "one" });
    await clutch.wall.open("one");
    expect(await look("wall")).toMatchObject({ state: "absent", mayHold: false, closedAs: undefined });
  });

  it("a wall that is not there, and OpenClaw uses no proxy", async () => {
    change(["proxy"], { enabled: false });
    await lab.stopWall();
    expect(await look("wall")).toMatchObject({
      state: "absent",
      why: expect.stringMatching(/not installed/),
      mayHold: false,
    });
  });

  it("a wall is taken at its word while the gateway is away", async () => {
    await clutch.wall.close("one", RULES.wall);
    lab.gateway.stop();
    expect(await look("wall")).toMatchObject({ state: "closed", id: "one" });
  });
});

describe("ids", () => {
  const view = (state: "closed" | "open", id: string): LayerView => ({ state, id, at: 0, damage: undefined });

  it.each([
    ["never closed", view("open", ""), "L"],
    ["of another lock", view("open", "K"), "L"],
    ["closed by another lock", view("closed", "K"), "L"],
    ["damaged", view("closed", "damaged"), "L"],
    ["closed by it", view("closed", "L"), "L"],
    ["closed by it once more", view("closed", "L~3"), "L~3"],
    ["spent", view("open", "L"), "L~1"],
    ["spent once more", view("open", "L~1"), "L~2"],
    ["spent often", view("open", "L~9"), "L~10"],
    ["of something that looks alike", view("open", "L2"), "L"],
    ["not there", { state: "absent", why: "", mayHold: true } as const, "L"],
  ])("%s", (_, seen, id) => {
    expect(closingId(seen, "L")).toBe(id);
    expect(isOf(id, "L")).toBe(true);
  });

  it("never gives one that is spent", () => {
    const spent = new Set<string>();
    let seen = view("open", "");
    for (let nth = 0; nth < 50; nth++) {
      const id = closingId(seen, "L");
      expect(spent.has(id)).toBe(false);
      spent.add(id);
      seen = view("open", id);
    }
  });

  it("knows what is shut", () => {
    expect(isShut(view("closed", "L"))).toBe(true);
    expect(isShut(view("open", "L"))).toBe(false);
    expect(isShut({ state: "absent", why: "", mayHold: true })).toBe(false);
    expect(isShut({ state: "absent", why: "", mayHold: false, closedAs: "L" })).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { createActionStore, type SealedAction } from "../../commands/action-store.ts";
import { ClutchError } from "../../src/errors.ts";
import { openTemp } from "../store/temp-store.ts";

const ANNA = { platform: "discord", id: "1" };
const BEN = { platform: "discord", id: "2" };
const action = (more: Partial<SealedAction> = {}): SealedAction => ({
  ...{ line: "/model coder", confirms: false, actor: "discord:1", place: "here" },
  ...more,
});

/** A store whose disk is full until it is not. */
async function setUp() {
  const { store } = await openTemp();
  const expiring = store.expiring("actions");
  const disk = { full: true };
  const failing = new Proxy(expiring, {
    get: (target, name) =>
      name === "set" && disk.full
        ? async () => {
            throw new ClutchError("store_failed", "The disk is full.");
          }
        : Reflect.get(target, name).bind?.(target),
  });
  return { actions: createActionStore(failing), disk };
}

describe("buttons of an answer while the store takes nothing", () => {
  it("work like others", async () => {
    const { actions, disk } = await setUp();
    const id = await actions.seal(action());
    expect(id).toMatch(/^[\w-]{24}$/);
    for (let press = 0; press < 2; press++) {
      expect(await actions.open(id, BEN, "here")).toEqual({ kind: "ok", action: action() });
    }
    expect(await actions.open(id, ANNA, "elsewhere")).toEqual({ kind: "gone" });
    disk.full = false;
    expect(await actions.open(await actions.seal(action()), ANNA, "here")).toMatchObject({ kind: "ok" });
    expect(await actions.open(id, ANNA, "here")).toMatchObject({ kind: "ok" });
  });

  it("give their yes once, and by who was asked", async () => {
    const { actions } = await setUp();
    const id = await actions.seal(action({ confirms: true }));
    expect(await actions.open(id, BEN, "here")).toMatchObject({ kind: "not_yours" });
    const presses = await Promise.all([1, 2, 3].map(() => actions.open(id, ANNA, "here")));
    expect(presses.map(({ kind }) => kind).sort()).toEqual(["gone", "gone", "ok"]);
  });

  it("are forgotten, the oldest first, where there are too many", async () => {
    const { actions } = await setUp();
    const ids = await Promise.all(Array.from({ length: 1_001 }, () => actions.seal(action())));
    expect(await actions.open(ids[0] ?? "", ANNA, "here")).toEqual({ kind: "gone" });
    expect(await actions.open(ids.at(-1) ?? "", ANNA, "here")).toMatchObject({ kind: "ok" });
  });
});

describe("what a platform delivers", () => {
  it("is claimed once, by one process or the next, for 10 minutes", async () => {
    const { store, time } = await openTemp();
    const process = () => createActionStore(store.expiring("actions"));
    expect(await process().claim("slack:1.2.abc")).toBe(true);
    expect(await process().claim("slack:1.2.abc")).toBe(false);
    expect(await process().claim("slack:1.2.abd")).toBe(true);
    time.now += 10 * 60_000 - 1;
    expect(await process().claim("slack:1.2.abc")).toBe(false);
    time.now += 1;
    expect(await process().claim("slack:1.2.abc")).toBe(true);
  });

  it("is carried out although the store takes nothing", async () => {
    const { actions } = await setUp();
    expect(await actions.claim("slack:1.2.abc")).toBe(true);
  });
});

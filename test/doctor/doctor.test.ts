import { describe, expect, it } from "vitest";
import { broken, type Check, type Finding, ok, skipped, warning } from "../../src/doctor/check.ts";
import { createDoctor, verdictOf } from "../../src/doctor/doctor.ts";
import { ClutchError } from "../../src/errors.ts";
import { NO_GATEWAY, testWorld } from "./test-world.ts";

const check = (
  part: Check["part"],
  name: string,
  look: () => Promise<Finding | readonly Finding[]>,
  more = {},
): Check => ({
  part,
  name,
  look,
  ...more,
});
const examine = (checks: readonly Check[], world = testWorld()) => createDoctor(world, checks).examine({ deep: false });

describe("a doctor", () => {
  it("gives findings by part in a stable order, whichever comes first", async () => {
    const slow = check("configuration", "Slow", () => new Promise((resolve) => setTimeout(resolve, 30, ok("slow"))));
    const checks = [
      check("wall", "Last", async () => ok("wall")),
      slow,
      check("Clutch", "First", async () => ok("node")),
    ];
    for (const order of [checks, [...checks].reverse()]) {
      expect((await examine(order)).map(({ found }) => found)).toEqual(["node", "slow", "wall"]);
    }
  });

  it("names the things of a check that looks at several", async () => {
    const several = check("model servers", "Servers", async () => [{ name: "ollama", ...ok("up") }, ok("all")]);
    expect((await examine([several])).map(({ name }) => name)).toEqual(["ollama", "Servers"]);
  });

  it("lets a check that hangs or fails harm no other", async () => {
    const found = await examine([
      check("store", "Hangs", () => new Promise(() => undefined), { deadlineMs: 30 }),
      check("disk", "Throws", async () => {
        throw new TypeError("secret inside");
      }),
      check("clock", "Is refused", async () => {
        throw new ClutchError("gateway_lost", "The gateway is gone.", { hint: "Start it." });
      }),
      check("gateway", "Is well", async () => ok("well")),
    ]);
    expect(found.map(({ name, state }) => [name, state])).toEqual([
      ["Hangs", "warning"],
      ["Throws", "warning"],
      ["Is refused", "warning"],
      ["Is well", "ok"],
    ]);
    expect(found[0]?.found).toContain("0.03 s");
    expect(found[1]?.found).not.toContain("secret");
    expect(found[2]).toMatchObject({ found: expect.stringContaining("The gateway is gone."), remedy: "Start it." });
  });

  it("ends at once where it is interrupted, and blames nobody", async () => {
    const ended = new AbortController();
    const hangs = check("store", "Hangs", () => new Promise(() => undefined));
    const running = createDoctor(testWorld(), [hangs]).examine({ deep: false, signal: ended.signal });
    ended.abort();
    expect(await running).toMatchObject([{ state: "skipped" }]);
  });

  it("shows no secret and no credentials of an address", async () => {
    const world = testWorld({ secrets: ["s3cr3t-token"] });
    const leaky = check("store", "Leaky s3cr3t-token", async () =>
      broken(
        "postgres://clutch:p4ss@db.local/clutch?password=p4ss2 and s3cr3t-token",
        "curl http://me:p4ss@10.0.0.7:11434/v1?key=p4ss2#frag, then again",
      ),
    );
    const [shown] = await examine([leaky], world);
    expect(JSON.stringify(shown)).not.toMatch(/s3cr3t|p4ss/);
    expect(shown).toMatchObject({
      found: "postgres://db.local/clutch and [hidden]",
      remedy: expect.stringContaining("http://10.0.0.7:11434/v1"),
    });
  });

  it("says of everything that needs the gateway that it was left out, and still looks at the rest", async () => {
    const found = await createDoctor(testWorld()).examine({ deep: true });
    const byName = new Map(found.map((one) => [`${one.part}: ${one.name}`, one]));
    expect(byName.get("gateway: Reachable")).toMatchObject({ state: "broken", found: NO_GATEWAY.message });
    for (const name of ["gateway: Version", "models: Defaults and fallbacks", "guard: Installed", "local-only: Mode"]) {
      expect(byName.get(name)).toMatchObject({ state: "skipped", found: expect.stringContaining("gateway") });
    }
    expect(byName.get("Clutch: Node")).toMatchObject({ state: "ok" });
    expect(byName.get("prices: Age")).toMatchObject({ state: "ok" });
    expect(found.every(({ found: text }) => text.endsWith("."))).toBe(true);
  });
});

describe("the verdict", () => {
  const all = (...found: readonly Finding[]) =>
    verdictOf(found.map((one) => ({ part: "store", name: "x", remedy: null, ...one })));

  it.each([
    [[ok("")], "ok", "All is well."],
    [[ok(""), skipped("")], "ok", "All is well. 1 thing was not looked at."],
    [[ok(""), warning("", "")], "warning", "It works; 1 thing is to look at."],
    [[broken("", ""), warning("", "")], "broken", "1 thing is broken, and 1 to look at."],
    [[broken("", ""), broken("", "")], "broken", "2 things are broken."],
  ] as const)("%#: %s", (found, state, text) => {
    expect(all(...found)).toEqual({ state, text });
  });
});

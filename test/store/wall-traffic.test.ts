import { describe, expect, it } from "vitest";
import { createWallTraffic } from "../../src/store/wall-traffic.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

const QUARTER = 15 * 60_000;

describe.each(DATABASES)("on %s", (database) => {
  const open = async () => {
    const { store, time } = await openTemp(await newDatabase(database));
    const traffic = createWallTraffic(store.db, () => time.now);
    const look = (at: number, passed: Record<string, number>, startedAt = 1) => {
      time.now = at;
      return traffic.add({
        startedAt,
        hosts: Object.entries(passed).map(([host, count]) => ({ host, passed: count })),
      });
    };
    const between = async (from: number, to: number) =>
      Object.fromEntries((await traffic.between({ from, to })).map(({ host, connections }) => [host, connections]));
    return { look, between };
  };

  it("what passed between two looks is counted, and of the first look nothing: it may be of any time", async () => {
    const { look, between } = await open();
    await look(1_000, { "api.anthropic.com": 7, "discord.com": 1 });
    await look(2_000, { "api.anthropic.com": 9, "discord.com": 1 });
    await look(3_000, { "api.anthropic.com": 10, "api.openai.com": 2 });
    expect(await between(0, QUARTER)).toEqual({ "api.anthropic.com": 3, "api.openai.com": 2 });
  });

  it("a wall that began anew counts from 0, and so does a host that it had forgotten", async () => {
    const { look, between } = await open();
    await look(1_000, { a: 5, b: 5 });
    await look(2_000, { a: 2 }, 1_500);
    await look(3_000, { a: 3, b: 4 }, 1_500);
    await look(4_000, { a: 1, b: 4 }, 1_500);
    expect(await between(0, QUARTER)).toEqual({ a: 4, b: 4 });
  });

  it("only what was made within a period for sure is of it", async () => {
    const { look, between } = await open();
    await look(10 * QUARTER + 1, { a: 0 });
    await look(10 * QUARTER + 2, { a: 1 });
    // Nobody looked for some hours.
    await look(20 * QUARTER, { a: 11 });
    await look(20 * QUARTER + 2, { a: 111 });
    expect(await between(10 * QUARTER, 11 * QUARTER)).toEqual({ a: 1 });
    expect(await between(10 * QUARTER + 1, 21 * QUARTER)).toEqual({ a: 100 });
    expect(await between(11 * QUARTER, 21 * QUARTER)).toEqual({ a: 100 });
    expect(await between(10 * QUARTER, 21 * QUARTER)).toEqual({ a: 111 });
    expect(await between(10 * QUARTER, 20 * QUARTER)).toEqual({ a: 1 });
  });
});

import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { correlated, correlationId, uncorrelated } from "../src/correlation.ts";

it("follows whatever is waited for, and nothing else", async () => {
  const inside = async (): Promise<string | undefined> => {
    await sleep(1);
    await Promise.all([sleep(1), new Promise((resolve) => setImmediate(resolve))]);
    return correlationId();
  };
  const [one, other] = await Promise.all([
    correlated(async (id) => [id, await inside()]),
    correlated(async (id) => [id, await inside()]),
  ]);
  expect(one[0]).toMatch(/^[0-9a-f]{6}$/);
  expect([one[1], other[1]]).toEqual([one[0], other[0]]);
  expect(one[0]).not.toBe(other[0]);
  expect(correlationId()).toBeUndefined();
});

it("is left behind by what goes on for others", async () => {
  const ids: (string | undefined)[] = [];
  await correlated(async () => {
    await new Promise<void>((resolve) => {
      const again = (left: number): void => {
        setTimeout(() =>
          uncorrelated(() => {
            ids.push(correlationId());
            if (left === 0) resolve();
            else again(left - 1);
          }),
        );
      };
      again(2);
    });
    ids.push(correlationId());
  });
  expect(ids).toEqual([undefined, undefined, undefined, expect.stringMatching(/^[0-9a-f]{6}$/)]);
});

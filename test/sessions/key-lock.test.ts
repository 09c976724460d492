import { describe, expect, it } from "vitest";
import { createKeyLock } from "../../src/sessions/key-lock.ts";

describe("key lock", () => {
  it("runs work on one key in order, also after a failure, and other keys beside it", async () => {
    const lock = createKeyLock();
    const events: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = lock.run("a", async () => {
      await gate.promise;
      events.push("a1");
      throw new Error("a1 failed");
    });
    const second = lock.run("a", async () => events.push("a2"));
    await lock.run("b", async () => events.push("b1"));
    gate.resolve();
    await expect(first).rejects.toThrow("a1 failed");
    await second;
    expect(events).toEqual(["b1", "a1", "a2"]);
  });
});

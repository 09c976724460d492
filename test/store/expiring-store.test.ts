import { describe, expect, it } from "vitest";
import type { ExpiringStore } from "../../src/store/expiring-store.ts";
import { openStore } from "../../src/store/open-store.ts";
import { DATABASES, newDatabase } from "./databases.ts";
import { openTemp } from "./temp-store.ts";

describe.each(DATABASES)("on %s", (database) => {
  async function openValues(namespace = "buttons") {
    const { store, url, time } = await openTemp(await newDatabase(database));
    const rows = () => store.db.selectFrom("expiring").select(["namespace", "key"]).orderBy("key").execute();
    return { values: store.expiring(namespace), store, url, time, rows };
  }

  async function entries(values: ExpiringStore) {
    const found: unknown[] = [];
    for await (const entry of values.iterator?.(undefined) ?? []) found.push(entry);
    return found;
  }

  describe("set and get", () => {
    it("sets, says true, and gives the value back; a second set replaces it", async () => {
      const { values } = await openValues();
      expect(await values.set("foo", "bar")).toBe(true);
      expect(await values.get("foo")).toBe("bar");
      expect(await values.set("foo", "baz")).toBe(true);
      expect(await values.get("foo")).toBe("baz");
    });

    it("gives undefined for a key that is not there", async () => {
      const { values } = await openValues();
      expect(await values.get("foo")).toBeUndefined();
    });

    it.each([
      ["false", false],
      ["null", null],
      ["zero", 0],
      ["a number", 1.5],
      ["an empty text", ""],
      ["quotes", `"'\``],
      ["a text that begins with a colon", ":base64:abc"],
      ["an object", { a: [1, { b: null }], c: "d" }],
      ["an array", [1, "2", null]],
      ["a long text", "x".repeat(100_000)],
    ])("keeps %s", async (_, value) => {
      const { values } = await openValues();
      await values.set("foo", value);
      expect(await values.get("foo")).toEqual(value);
      expect(await values.has("foo")).toBe(true);
    });

    it.each(["", "'", '"', "`", "%", "_", "a:b", "buttons:foo", "🦞", "__proto__", "toString"])(
      "takes %j as a key like any other",
      async (key) => {
        const { values } = await openValues();
        await values.set("foo", "other");
        await values.set(key, "mine");
        expect(await values.get(key)).toBe("mine");
        expect(await values.get([key, "foo"])).toEqual(["mine", "other"]);
        expect(await values.delete(key)).toBe(true);
        expect(await values.get("foo")).toBe("other");
      },
    );

    it("sets and gets many, with undefined in the place of what is missing", async () => {
      const { values, time } = await openValues();
      const set = await values.setMany([
        { key: "a", value: 1 },
        { key: "b", value: 2, ttl: 10 },
        { key: "c", value: 3 },
      ]);
      expect(set).toEqual([true, true, true]);
      expect(await values.get(["c", "nope", "b", "a"])).toEqual([3, undefined, 2, 1]);
      time.now += 10;
      expect(await values.get(["c", "nope", "b", "a"])).toEqual([3, undefined, undefined, 1]);
      expect(await values.get([])).toEqual([]);
    });

    it("keeps values when the store is opened again", async () => {
      const { values, store, url } = await openValues();
      await values.set("foo", { bar: 1 });
      await store.close();
      const again = await openStore(url, { clock: () => 0 });
      expect(await again.expiring("buttons").get("foo")).toEqual({ bar: 1 });
      await again.close();
    });

    it("throws when the store is gone, rather than say that there is nothing", async () => {
      const { values, store } = await openValues();
      await store.close();
      await expect(values.get("foo")).rejects.toThrow();
      await expect(values.get(["foo"])).rejects.toThrow();
      await expect(values.set("foo", 1)).rejects.toThrow();
      await expect(values.delete("foo")).rejects.toThrow();
    });
  });

  describe("time to live", () => {
    it("holds a value for so many milliseconds by the store's clock, and deletes it at the next read", async () => {
      const { values, time, rows } = await openValues();
      await values.set("foo", "bar", 100);
      await values.set("stays", "bar");
      time.now += 99;
      expect(await values.get("foo")).toBe("bar");
      expect(await values.has("foo")).toBe(true);
      time.now += 1;
      expect(await rows()).toHaveLength(2);
      expect(await values.get("foo")).toBeUndefined();
      expect(await rows()).toEqual([{ namespace: "buttons", key: "stays" }]);
      expect(await values.has("foo")).toBe(false);
    });

    it.each<[string, (values: ExpiringStore) => Promise<unknown>, unknown]>([
      ["has", (values) => values.has("foo"), false],
      ["get", (values) => values.get("foo"), undefined],
      ["get many", (values) => values.get(["foo"]), [undefined]],
      ["delete", (values) => values.delete("foo"), false],
      ["iterator", (values) => entries(values), []],
    ])("ends a value for %s", async (_, look, expected) => {
      const { values, time } = await openValues();
      await values.set("foo", "bar", 100);
      time.now += 100;
      expect(await look(values)).toEqual(expected);
    });

    it("is begun anew, or taken away, by the next set", async () => {
      const { values, time } = await openValues();
      await values.set("foo", 1, 100);
      await values.set("bar", 1, 100);
      time.now += 60;
      await values.set("foo", 2, 100);
      await values.set("bar", 2);
      time.now += 60;
      expect(await values.get(["foo", "bar"])).toEqual([2, 2]);
      time.now += 1_000_000;
      expect(await values.get(["foo", "bar"])).toEqual([undefined, 2]);
    });
  });

  describe("delete and clear", () => {
    it("says whether there was something", async () => {
      const { values } = await openValues();
      await values.set("foo", "bar");
      expect(await values.delete("foo")).toBe(true);
      expect(await values.delete("foo")).toBe(false);
      expect(await values.get("foo")).toBeUndefined();
    });

    it("gives a value to one of many that claim it at once", async () => {
      const { values } = await openValues();
      await values.set("foo", "bar");
      const claims = await Promise.all(Array.from({ length: 10 }, () => values.delete("foo")));
      expect(claims.filter(Boolean)).toHaveLength(1);
    });

    it("deletes many: true where all were there", async () => {
      const { values } = await openValues();
      for (const key of ["a", "b", "c", "d"]) await values.set(key, key);
      expect(await values.delete(["a", "b"])).toBe(true);
      expect(await values.delete(["c", "nope"])).toBe(false);
      expect(await entries(values)).toEqual([["d", "d"]]);
    });

    it("clears all", async () => {
      const { values, rows } = await openValues();
      await values.set("a", 1);
      await values.set("b", 2, 100);
      expect(await values.clear()).toBeUndefined();
      expect(await rows()).toEqual([]);
    });
  });

  it("has: one and many", async () => {
    const { values } = await openValues();
    await values.set("a", 0);
    expect(await values.has("a")).toBe(true);
    expect(await values.has("b")).toBe(false);
    expect(await values.has(["b", "a"])).toEqual([false, true]);
  });

  describe("namespaces", () => {
    it("keep apart values, deletions and clearing, also where one begins like the other", async () => {
      const { store } = await openValues();
      const [one, other, alike] = [store.expiring("a"), store.expiring("b"), store.expiring("a:b")];
      await one.set("b:x", "one");
      await one.set("x", "plain");
      await other.set("x", "other");
      await alike.set("x", "alike");
      expect(await one.get("b:x")).toBe("one");
      expect(await other.get("x")).toBe("other");
      await other.delete("x");
      expect(await one.get("x")).toBe("plain");
      await one.clear();
      expect(await entries(one)).toEqual([]);
      expect(await entries(alike)).toEqual([["x", "alike"]]);
    });

    it("are the same values wherever they are opened", async () => {
      const { store } = await openValues();
      await store.expiring("a").set("x", 1);
      expect(await store.expiring("a").get("x")).toBe(1);
    });
  });

  describe("iterator", () => {
    it("gives what is live in its namespace, and nothing where there is nothing", async () => {
      const { values, store, time } = await openValues();
      expect(await entries(values)).toEqual([]);
      await store.expiring("other").set("z", 1);
      for (let n = 10; n < 40; n++) await values.set(`k${n}`, n, n);
      time.now += 20;
      expect(await entries(values)).toEqual(Array.from({ length: 19 }, (_, n) => [`k${n + 21}`, n + 21]));
    });

    it("lets the store be used while it runs", async () => {
      const { values } = await openValues();
      for (const key of ["a", "b", "c"]) await values.set(key, key);
      for await (const [key] of values.iterator?.(undefined) ?? []) await values.delete(key);
      expect(await entries(values)).toEqual([]);
    });
  });
});

import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ServerAddress } from "../../src/registry/server-address.ts";
import { createServerMonitor } from "../../src/registry/server-monitor.ts";

const OLLAMA: ServerAddress = { id: "ollama", kind: "ollama", baseUrl: "http://127.0.0.1:11434" };
const SHOWN = { details: {}, model_info: { "general.architecture": "qwen", "qwen.context_length": 40_960 } };

afterEach(() => void vi.useRealTimers());

/** A monitor whose server and clock are in the test's hands. */
function lab() {
  const state = {
    /** Moves only when it is told to. */
    now: 1_000_000,
    up: true,
    models: ["qwen:8b"],
    /** What was asked for its list, and for a description. */
    lists: [] as string[],
    shows: [] as string[],
    /** Descriptions that are asked for now, and the most at once. */
    open: 0,
    most: 0,
    /** Where set, answers wait for it. */
    gate: undefined as Promise<void> | undefined,
  };
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(String(input));
    if (url.pathname === "/api/tags") {
      state.lists.push(url.host);
      const { up, models } = state;
      await state.gate;
      if (!up) throw new TypeError("fetch failed");
      return Response.json({ models: models.map((name) => ({ name, size: 5e9 })) });
    }
    if (url.pathname === "/api/ps") return Response.json({ models: [] });
    const { model } = JSON.parse(String(init?.body)) as { model: string };
    state.shows.push(model);
    if (!state.up) throw new TypeError("fetch failed");
    state.open++;
    state.most = Math.max(state.most, state.open);
    await new Promise((resolve) => setTimeout(resolve, 1));
    state.open--;
    return model === "broken" ? Response.json({ error: "no such thing" }, { status: 500 }) : Response.json(SHOWN);
  };
  const logger = pino({ level: "silent" });
  const monitor = createServerMonitor({ fetch, clock: () => state.now, logger });
  /** Whether a look after so long asked the server. */
  const asksAfter = async (ms: number): Promise<boolean> => {
    state.now += ms;
    const before = state.lists.length;
    await monitor.look(OLLAMA);
    // It may be asked in the background.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return state.lists.length > before;
  };
  return { monitor, state, asksAfter };
}

describe("a server that is well", () => {
  it("says what it has, and is asked again after 10 s", async () => {
    const { monitor, state, asksAfter } = lab();
    expect(monitor.known(OLLAMA)).toBeUndefined();
    expect(await monitor.look(OLLAMA)).toMatchObject({ ok: true, at: state.now, reason: undefined });
    expect(await asksAfter(9_999)).toBe(false);
    state.models = ["llama:8b"];
    expect(await asksAfter(1)).toBe(true);
    expect(monitor.known(OLLAMA)?.models?.map(({ name }) => name)).toEqual(["llama:8b"]);
  });

  it("answers from memory while it is asked again, for a minute; what is older is waited for", async () => {
    const { monitor, state } = lab();
    await monitor.look(OLLAMA);
    let open = (): void => undefined;
    state.gate = new Promise((resolve) => (open = resolve));
    state.models = ["llama:8b"];
    state.now += 30_000;
    expect((await monitor.look(OLLAMA)).models?.map(({ name }) => name)).toEqual(["qwen:8b"]);
    state.now += 40_000;
    const late = monitor.look(OLLAMA);
    open();
    expect((await late).models?.map(({ name }) => name)).toEqual(["llama:8b"]);
  });

  it("keeps nobody waiting where it was down and now hangs", async () => {
    const { monitor, state } = lab();
    state.up = false;
    expect((await monitor.look(OLLAMA)).ok).toBe(false);
    state.gate = new Promise(() => undefined);
    state.now += 15_000;
    expect((await monitor.look(OLLAMA)).ok).toBe(false);
  });

  it("is asked once by many who look at the same time", async () => {
    const { monitor, state } = lab();
    const looks = await Promise.all(Array.from({ length: 20 }, () => monitor.look(OLLAMA)));
    expect(state.lists).toHaveLength(1);
    expect(new Set(looks).size).toBe(1);
  });

  it("is one server by its address, and another with another key", async () => {
    const { monitor, state } = lab();
    const others = [
      { ...OLLAMA, id: "same" },
      { ...OLLAMA, apiKey: "k" },
      { ...OLLAMA, baseUrl: "http://10.0.0.2:1" },
    ];
    for (const address of [OLLAMA, ...others]) await monitor.look(address);
    expect(state.lists).toEqual(["127.0.0.1:11434", "127.0.0.1:11434", "10.0.0.2:1"]);
  });
});

describe("a server that is down", () => {
  it("is left alone after two failures: 10 s, doubling up to 2 min, and then for 2 min each", async () => {
    const { monitor, state, asksAfter } = lab();
    state.up = false;
    expect(await monitor.look(OLLAMA)).toMatchObject({ ok: false, reason: expect.stringContaining("127.0.0.1:11434") });
    // Once may be chance: it is asked again as if it were well.
    expect(await asksAfter(10_000)).toBe(true);
    for (const pause of [10_000, 20_000, 40_000, 80_000, 120_000, 120_000]) {
      expect([pause, await asksAfter(pause - 1)]).toEqual([pause, false]);
      expect([pause, await asksAfter(1)]).toEqual([pause, true]);
    }
    expect(monitor.known(OLLAMA)).toMatchObject({ ok: false, models: undefined });
  });

  it("keeps what it had listed, and starts anew once it is back", async () => {
    const { monitor, state, asksAfter } = lab();
    await monitor.look(OLLAMA);
    state.up = false;
    for (const pause of [10_000, 10_000, 10_000, 20_000]) expect(await asksAfter(pause)).toBe(true);
    expect(monitor.known(OLLAMA)).toMatchObject({ ok: false, models: [{ name: "qwen:8b" }] });
    state.up = true;
    expect(await asksAfter(40_000)).toBe(true);
    expect(monitor.known(OLLAMA)).toMatchObject({ ok: true, reason: undefined });
    // The failures of before are forgotten: one more is one.
    state.up = false;
    expect(await asksAfter(10_000)).toBe(true);
    expect(await asksAfter(10_000)).toBe(true);
    expect(await asksAfter(9_999)).toBe(false);
    expect(await asksAfter(1)).toBe(true);
  });

  it("costs no other server anything", async () => {
    const { monitor, state } = lab();
    const other = { ...OLLAMA, baseUrl: "http://10.0.0.2:11434" };
    state.up = false;
    await monitor.look(OLLAMA);
    state.now += 10_000;
    await monitor.look(OLLAMA);
    state.up = true;
    expect((await monitor.look(other)).ok).toBe(true);
    expect((await monitor.look(OLLAMA)).ok).toBe(false);
  });
});

describe("forgetting", () => {
  it("makes the next look ask, also where the server was left alone", async () => {
    const { monitor, state, asksAfter } = lab();
    monitor.forget(OLLAMA);
    await monitor.look(OLLAMA);
    expect(await asksAfter(0)).toBe(false);
    monitor.forget(OLLAMA);
    expect(await asksAfter(0)).toBe(true);
    state.up = false;
    for (const pause of [10_000, 10_000, 10_000]) await asksAfter(pause);
    monitor.forget(OLLAMA);
    expect(monitor.known(OLLAMA)?.ok).toBe(false);
    expect(await asksAfter(0)).toBe(true);
  });

  it("a look that began before does not answer one that was asked for after it", async () => {
    const { monitor, state } = lab();
    let open = (): void => undefined;
    state.gate = new Promise((resolve) => {
      open = resolve;
    });
    const early = monitor.look(OLLAMA);
    monitor.forget(OLLAMA);
    state.gate = undefined;
    state.models = ["llama:8b"];
    const names = async (look: ReturnType<typeof monitor.look>) => (await look).models?.map(({ name }) => name);
    expect(await names(monitor.look(OLLAMA))).toEqual(["llama:8b"]);
    open();
    expect(await names(early)).toEqual(["qwen:8b"]);
    expect(monitor.known(OLLAMA)?.models?.map(({ name }) => name)).toEqual(["llama:8b"]);
  });
});

describe("descriptions", () => {
  const build = (name: string, sizeBytes = 5e9) => ({ name, sizeBytes });

  it("are asked for once for each build of a model", async () => {
    const { monitor, state } = lab();
    expect(monitor.described(OLLAMA, build("a"))).toBeUndefined();
    const [first] = await Promise.all([monitor.describe(OLLAMA, build("a")), monitor.describe(OLLAMA, build("a"))]);
    expect(first).toMatchObject({ contextLength: 40_960 });
    expect(await monitor.describe(OLLAMA, build("a"))).toBe(first);
    expect(monitor.described(OLLAMA, build("a"))).toBe(first);
    expect(state.shows).toEqual(["a"]);
    // Pulled anew under its old name.
    expect(monitor.described(OLLAMA, build("a", 6e9))).toBeUndefined();
    await monitor.describe(OLLAMA, build("a", 6e9));
    expect(state.shows).toEqual(["a", "a"]);
  });

  it("are asked for four at a time, and all come", async () => {
    const { monitor, state } = lab();
    const names = Array.from({ length: 25 }, (_, index) => `m${index}`);
    // Who gets an answer asks for the next at once, as a look at a registry does.
    const found = await Promise.all(
      names.map(async (name) => {
        await monitor.describe(OLLAMA, build(name));
        return monitor.describe(OLLAMA, build(`${name}-next`));
      }),
    );
    expect(found.every((description) => description?.contextLength === 40_960)).toBe(true);
    expect(state.shows).toHaveLength(50);
    expect(state.most).toBe(4);
  });

  it("that fail are unknown, and asked for again", async () => {
    const { monitor, state } = lab();
    expect(await monitor.describe(OLLAMA, build("broken"))).toBeUndefined();
    expect(await monitor.describe(OLLAMA, build("broken"))).toBeUndefined();
    expect(state.shows).toEqual(["broken", "broken"]);
  });

  it("are not asked for while the server is left alone, and are once it is back", async () => {
    const { monitor, state, asksAfter } = lab();
    state.up = false;
    await asksAfter(0);
    await asksAfter(10_000);
    expect(await monitor.describe(OLLAMA, build("a"))).toBeUndefined();
    expect(state.shows).toEqual([]);
    state.up = true;
    await asksAfter(10_000);
    expect(await monitor.describe(OLLAMA, build("a"))).toMatchObject({ contextLength: 40_960 });
  });
});

describe("an address that cannot be used", () => {
  const bad = { ...OLLAMA, baseUrl: "ftp://example" };

  it("is an answer with its reason, and never asked", async () => {
    const { monitor, state } = lab();
    expect(await monitor.look(bad)).toMatchObject({
      ok: false,
      reason: expect.stringContaining("not an http address"),
    });
    expect(await monitor.describe(bad, { name: "a" })).toBeUndefined();
    expect(state.lists).toEqual([]);
    expect(() => monitor.serverAt(bad)).toThrow(expect.objectContaining({ code: "bad_config" }));
    expect(monitor.serverAt(OLLAMA)).toMatchObject({ id: "ollama", kind: "ollama" });
  });
});

describe("in the background", () => {
  it("looks at what is due every 20 s, and leaves no timer behind", async () => {
    const { monitor, state } = lab();
    await monitor.look(OLLAMA);
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const stop = monitor.start();
    expect(vi.getTimerCount()).toBe(1);
    const tick = async (ms: number): Promise<number> => {
      vi.advanceTimersByTime(ms);
      state.now += ms;
      await new Promise((resolve) => setImmediate(resolve));
      return state.lists.length;
    };
    expect(await tick(19_999)).toBe(1);
    expect(await tick(1)).toBe(2);
    // Just looked at by somebody else: not due.
    state.now += 10_000;
    await monitor.look(OLLAMA);
    const before = state.lists.length;
    state.now -= 20_000;
    expect(await tick(20_000)).toBe(before);
    stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(await tick(60_000)).toBe(before);
  });
});

import { describe, expect, it, vi } from "vitest";
import { openSlack } from "./slack-harness.ts";
import { modelCore } from "./test-core.ts";

const PATIENCE = { timeout: 15_000, interval: 10 };
/** Time fails no test: how long an acknowledgement took is looked at elsewhere. */
const UNHURRIED = { ackDeadlineMs: 60_000 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("Slack's sockets", () => {
  it("are two", async () => {
    const { slack, start, adapter } = await openSlack();
    await start(modelCore().dispatch);
    await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
    expect(adapter.status).toEqual({ state: "ready" });
  });

  it("lose none of 500 commands to refreshes, and run none twice", async () => {
    const { slack, start, statuses } = await openSlack("socket", {}, UNHURRIED);
    const core = modelCore();
    await start(core.dispatch);
    await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
    const ann = slack.person();
    const deliveries: ReturnType<typeof ann.slash>[] = [];
    for (let burst = 1; burst <= 10; burst += 1) {
      for (let count = 0; count < 50; count += 1) {
        deliveries.push(ann.slash("/model", `m${burst}.${count}`));
        if (count % 10 === 9) await pause(5);
        if (count !== 25) continue;
        // Both at once, as may be since they were opened together.
        for (const reason of ["refresh_requested", "warning"] as const) {
          slack.sockets.refresh(slack.app, reason, "replaced");
        }
      }
      await vi.waitFor(() => expect(slack.sockets.opened).toBe(2 + 2 * burst), PATIENCE);
    }
    const delivered = await Promise.all(deliveries);
    expect(delivered.filter(({ acked }) => !acked)).toEqual([]);
    await vi.waitFor(() => expect(core.invocations).toHaveLength(500), PATIENCE);
    expect(new Set(core.invocations.map(({ line }) => line)).size).toBe(500);
    expect(new Set(statuses.map(({ state }) => state))).toEqual(new Set(["ready"]));
  });

  it("lose nothing that had come by the one that is replaced while the process was busy", async () => {
    const { slack, start, statuses } = await openSlack("socket", {}, UNHURRIED);
    const core = modelCore();
    await start(core.dispatch);
    await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
    const ann = slack.person();
    for (let round = 1; round <= 5; round += 1) {
      slack.sockets.refresh(slack.app, "warning", "replaced");
      await vi.waitFor(() => expect(slack.sockets.opened).toBe(2 + round), PATIENCE);
      await pause(20);
      // From here timers come first, and what has come by a socket after them.
      await new Promise(setImmediate);
      const payload = ann.payload("slash", "/model", `busy ${round}`);
      const delivered = slack.sockets.deliverTwice(slack.app, "slash_commands", payload);
      const until = performance.now() + 200;
      while (performance.now() < until);
      expect((await delivered).map(({ acked }) => acked)).not.toContain(false);
      await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
    }
    await vi.waitFor(() => expect(core.invocations).toHaveLength(5), PATIENCE);
    expect(new Set(statuses.map(({ state }) => state))).toEqual(new Set(["ready"]));
  });

  it("run once what is delivered on both", async () => {
    const { slack, start } = await openSlack();
    const core = modelCore();
    await start(core.dispatch);
    await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
    const ann = slack.person();
    const both = await slack.sockets.deliverTwice(slack.app, "slash_commands", ann.payload("slash", "/model", "once"));
    expect(both.map(({ acked }) => acked)).toEqual([true, true]);
    await vi.waitFor(() => expect(ann.shown()).toContain("did /model once"), PATIENCE);
    expect(core.invocations).toHaveLength(1);
  });

  it("come back after a cut; a command typed meanwhile is answered once", async () => {
    const { slack, start } = await openSlack();
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person();
    slack.sockets.cut(slack.app);
    await vi.waitFor(async () => expect((await ann.slash("/model", "back")).acked).toBe(true), PATIENCE);
    await vi.waitFor(() => expect(core.invocations).toHaveLength(1), PATIENCE);
    await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
  });

  it.each([
    { what: "a refused token", fault: { error: "invalid_auth" }, times: 2, state: "failed", code: "platform_auth" },
    { what: "server errors", fault: { status: 503 }, times: 2, state: "degraded", code: "platform_unreachable" },
    {
      what: "a rate limit",
      fault: { status: 429, retryAfter: 1 },
      times: 2,
      state: "degraded",
      code: "platform_unreachable",
    },
    {
      what: "no connection",
      fault: { hangUp: true as const },
      times: 2,
      state: "degraded",
      code: "platform_unreachable",
    },
  ])("outlive $what while they reconnect", async ({ fault, times, state, code }) => {
    const { slack, start, adapter, statuses } = await openSlack();
    await start(modelCore().dispatch);
    await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
    slack.faults.inject("apps.connections.open", fault, times);
    slack.sockets.cut(slack.app);
    await vi.waitFor(() => expect(statuses.map((status) => status.state)).toContain(state), PATIENCE);
    expect(statuses.find((status) => status.state === state)?.problem?.code).toBe(code);
    await vi.waitFor(() => expect(adapter.status).toEqual({ state: "ready" }), PATIENCE);
    expect((await slack.person().slash("/model")).acked).toBe(true);
  });

  it("go on with one while the other is refused", async () => {
    const { slack, start, adapter } = await openSlack();
    await start(modelCore().dispatch);
    await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
    slack.faults.inject("apps.connections.open", { error: "invalid_auth" }, 2);
    slack.sockets.refresh(slack.app);
    await vi.waitFor(
      () => expect(adapter.status).toMatchObject({ state: "degraded", problem: { code: "platform_auth" } }),
      PATIENCE,
    );
    expect((await slack.person().slash("/model")).acked).toBe(true);
    await vi.waitFor(() => expect(adapter.status.state).toBe("ready"), PATIENCE);
  });

  it("open when Slack is reachable again, though it was not at the start", async () => {
    const { slack, start, adapter } = await openSlack();
    slack.faults.inject("*", { status: 503 }, 5);
    await start(modelCore().dispatch);
    expect(adapter.status).toMatchObject({ state: "degraded", problem: { code: "platform_unreachable" } });
    await vi.waitFor(() => expect(adapter.status).toEqual({ state: "ready" }), PATIENCE);
    const ann = slack.person();
    await ann.slash("/model");
    await vi.waitFor(() => expect(ann.shown()).toContain("did /model"), PATIENCE);
  });

  it("are replaced when they fall silent", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    try {
      const { slack, start, adapter } = await openSlack();
      await start(modelCore().dispatch);
      await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
      slack.sockets.freeze(slack.app);
      await vi.advanceTimersByTimeAsync(21_000);
      await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(2), PATIENCE);
      expect(slack.sockets.opened).toBe(4);
      expect((await slack.person().slash("/model")).acked).toBe(true);
      expect(adapter.status.state).toBe("ready");
    } finally {
      vi.useRealTimers();
    }
  });

  it("of another process are noticed", async () => {
    const { slack, start, log } = await openSlack();
    const others = Array.from(
      { length: 3 },
      () => new WebSocket(`${slack.origin.replace("http", "ws")}${slack.sockets.ticketFor(slack.app)}`),
    );
    try {
      await vi.waitFor(() => expect(slack.sockets.count(slack.app)).toBe(3), PATIENCE);
      await start(modelCore().dispatch);
      await vi.waitFor(() => expect(log.join("")).toContain("another process is connected"), PATIENCE);
    } finally {
      for (const other of others) other.close();
    }
  });

  it("take nonsense calmly, and count what nobody acknowledged", async () => {
    const { slack, start, adapter, log } = await openSlack();
    await start(modelCore().dispatch);
    for (const text of [
      "",
      "null",
      "[]",
      "{",
      '{"type":1}',
      '{"type":"slash_commands"}',
      '{"type":"x","envelope_id":"y","payload":7}',
    ]) {
      slack.sockets.sendRaw(slack.app, text);
    }
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    try {
      slack.sockets.sendRaw(slack.app, '{"type":"interactive","envelope_id":"z","payload":{"type":"unheard_of"}}');
      await vi.waitFor(async () => {
        await vi.advanceTimersByTimeAsync(500);
        expect(adapter.missedAcks).toBeGreaterThan(0);
      }, PATIENCE);
    } finally {
      vi.useRealTimers();
    }
    expect(log.join("")).toContain("was not acknowledged in time");
    expect((await slack.person().slash("/model")).acked).toBe(true);
  });
});

describe("starting", () => {
  it.each([
    { what: "a wrong bot token", options: { botToken: "xoxb-wrong" }, code: "platform_auth", says: "bot token" },
    { what: "a wrong app token", options: { appToken: "xapp-wrong" }, code: "platform_auth", says: "app-level token" },
    { what: "no app token", options: { appToken: "" }, code: "bad_config", says: "slack.appToken" },
  ])("with $what fails, and leaves nothing behind", async ({ options, code, says }) => {
    const { slack, start, adapter, log } = await openSlack("socket", options);
    await expect(start(modelCore().dispatch)).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
    if (code === "platform_auth") expect(adapter.status.state).toBe("failed");
    await pause(100);
    const calls = slack.journal.length;
    await pause(400);
    expect(slack.journal).toHaveLength(calls);
    expect(log.join("")).not.toMatch(/xoxb-|xapp-wrong/);
  });

  it("names the scopes that are missing", async () => {
    const { slack, start, adapter } = await openSlack();
    slack.app.scopes.delete("chat:write");
    slack.app.scopes.delete("app_mentions:read");
    await start(modelCore().dispatch);
    expect(adapter.status).toMatchObject({ state: "degraded", problem: { code: "platform_scope" } });
    expect(adapter.status.problem?.message).toContain("chat:write, app_mentions:read");
    const ann = slack.person();
    await ann.slash("/model");
    await vi.waitFor(() => expect(ann.shown()).toContain("did /model"), PATIENCE);
  });

  it("a scope that turns out to be missing is named, and forgotten when it is granted", async () => {
    const { slack, start, adapter } = await openSlack();
    slack.app.scopes.delete("files:write");
    const image = { png: Uint8Array.from([1]), alt: "a chart" };
    await start(modelCore().dispatch);
    const notice = () =>
      adapter.post(
        { platform: "slack", channel: "C0GENERAL", kind: "channel", person: "U0ANN" },
        { tone: "info", title: "hi", image },
      );
    await notice();
    expect(adapter.status).toMatchObject({ state: "degraded", problem: { code: "platform_scope" } });
    expect(adapter.status.problem?.message).toContain("files:write");
    slack.app.scopes.add("files:write");
    await notice();
    expect(adapter.status).toEqual({ state: "ready" });
  });
});

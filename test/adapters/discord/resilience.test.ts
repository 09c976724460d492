import { Client } from "discord.js";
import { describe, expect, it, vi } from "vitest";
import type { Outcome } from "../../../commands/dispatcher.ts";
import { outcome, recordingCore } from "../recording-core.ts";
import { MODEL, openBench, PATIENCE, watchRejections } from "./set-up.ts";

async function started(standIn: Parameters<typeof openBench>[0] = {}, gate?: Promise<Outcome>) {
  const escaped = watchRejections();
  const bench = await openBench(standIn);
  const core = recordingCore(({ options }) => gate ?? outcome({ title: `did ${options?.["name"] ?? ""}` }), {
    commands: [MODEL],
  });
  const adapter = await bench.start(core.dispatch);
  const where = { by: bench.anna, in: bench.channel };
  const model = (name: string) => bench.discord.command("model", { name }, where);
  const names = () => core.invocations.map(({ options }) => options?.["name"]);
  const isReady = () => vi.waitFor(() => expect(bench.statuses.at(-1)).toEqual({ state: "ready" }), PATIENCE);
  const shows = (text: string) => vi.waitFor(() => expect(bench.text(where)).toContain(text), PATIENCE);
  return { ...bench, adapter, core, where, model, names, isReady, shows, escaped };
}

describe("a dropped connection", () => {
  it("is resumed, and a command sent meanwhile is answered once", async () => {
    const { discord, model, names, shows, statuses, isReady, escaped, answered } = await started();
    await answered(model("before"), 2);
    discord.gateway.drop();
    const exchange = model("meanwhile");
    expect(await exchange.acknowledgement()).toBe(5);
    await shows("did meanwhile");
    await isReady();
    expect(statuses.map(({ state }) => state)).toEqual(["connecting", "ready", "degraded", "ready"]);
    expect(discord.gateway.resumes).toBe(1);
    expect(discord.gateway.identifies).toHaveLength(1);
    await answered(model("after"), 2);
    expect(names()).toEqual(["before", "meanwhile", "after"]);
    expect(escaped).toEqual([]);
  });

  it("does not lose the answer to a command that is under way", async () => {
    const gate = Promise.withResolvers<Outcome>();
    const { discord, model, shows } = await started({}, gate.promise);
    await model("x").acknowledgement();
    discord.gateway.drop();
    gate.resolve(outcome({ title: "all the same" }));
    await shows("all the same");
  });

  it("is resumed where Discord asks for it", async () => {
    const { discord, model, names, shows } = await started();
    discord.gateway.askToReconnect();
    model("meanwhile");
    await shows("did meanwhile");
    await vi.waitFor(() => expect(discord.gateway.resumes).toBe(1), PATIENCE);
    expect(names()).toEqual(["meanwhile"]);
  });

  it("whose session is invalid begins anew, and writes no command again", async () => {
    const { discord, model, shows, isReady } = await started();
    const writes = () =>
      discord.journal.filter(({ method, path }) => method !== "GET" && path.includes("commands")).length;
    const before = writes();
    discord.gateway.invalidate(false);
    await vi.waitFor(() => expect(discord.gateway.identifies).toHaveLength(2), PATIENCE);
    await isReady();
    model("after");
    await shows("did after");
    expect(writes()).toBe(before);
  });

  it("that went deaf is noticed by its heartbeat", async () => {
    const { discord, model, shows } = await started({ heartbeatMs: 120 });
    discord.gateway.deaf = true;
    await vi.waitFor(() => expect(discord.gateway.resumes).toBeGreaterThan(0), PATIENCE);
    discord.gateway.deaf = false;
    model("after");
    await shows("did after");
  });

  it("comes back after an outage of everything", async () => {
    const { discord, model, names, shows, statuses, isReady, escaped } = await started();
    await discord.goDown();
    await vi.waitFor(
      () => expect(statuses.at(-1)).toMatchObject({ state: "degraded", problem: { code: "platform_unreachable" } }),
      PATIENCE,
    );
    await discord.comeBack();
    await isReady();
    model("after");
    await shows("did after");
    expect(names()).toEqual(["after"]);
    expect(escaped).toEqual([]);
  });

  it("that Discord ends for good is a failure with what to do, and no exception", async () => {
    const { discord, statuses, escaped } = await started();
    discord.gateway.refuseWith = 4004;
    discord.gateway.drop();
    await vi.waitFor(
      () => expect(statuses.at(-1)).toMatchObject({ state: "failed", problem: { code: "platform_auth" } }),
      PATIENCE,
    );
    expect(escaped).toEqual([]);
  });
});

describe("requests that fail", () => {
  it.each([
    ["the acknowledgement is rate limited", { path: /callback/, status: 429, retryAfterMs: 100 }],
    ["the answer is rate limited", { path: /@original/, status: 429, retryAfterMs: 100 }],
    ["the public message is rate limited", { path: /webhooks\/\d+\/[^/]+$/, status: 429, retryAfterMs: 100 }],
    ["the acknowledgement fails once", { path: /callback/, status: 502 }],
    ["the answer fails twice", { path: /@original/, status: 500, times: 2 }],
    ["the acknowledgement is slow", { path: /callback/, delayMs: 300 }],
  ])("are made again: %s", async (_what, fault) => {
    const { discord, model, names, shows, where } = await started();
    discord.fail(fault);
    model("x");
    await shows("did x");
    expect(names()).toEqual(["x"]);
    expect(discord.screen(where)).toHaveLength(2);
  });

  it("for good are logged, and the next command is answered", async () => {
    const { discord, model, shows, log, escaped, answered } = await started();
    discord.fail({ path: /webhooks/, status: 403, code: 50001, times: 10 });
    await model("lost").acknowledgement();
    await vi.waitFor(() => expect(log.join("")).toContain("could not be answered"), PATIENCE);
    discord.clearFaults();
    await answered(model("next"), 2);
    await shows("did next");
    expect(escaped).toEqual([]);
  });

  it("to acknowledge keep the command from running", async () => {
    const { discord, model, names, log } = await started();
    discord.fail({ path: /callback/, status: 400, code: 40060 });
    model("x");
    await vi.waitFor(() => expect(log.join("")).toContain("perhaps by another process"), PATIENCE);
    expect(names()).toEqual([]);
  });
});

describe("a notice that does not arrive", () => {
  const posted = async (fault: { status: number; code?: number }) => {
    const { adapter, discord, statuses, log, channel, isReady } = await started();
    await isReady();
    discord.fail({ path: /\/messages$/, times: 40, ...fault });
    const conversation = { platform: "discord", channel: channel.id, kind: "channel", person: "" } as const;
    expect(await adapter.post(conversation, { tone: "info", title: "x" })).toBe(false);
    return { state: statuses.at(-1)?.state, text: log.join("") };
  };

  it.each([
    [403, 50007, "does not take direct messages from Clutch"],
    [403, 50278, "is in no server with Clutch"],
    [404, 10003, "That channel is gone"],
    [404, 10013, "knows no such person"],
    [403, 50001, "a permission is missing"],
    [403, 50013, "a permission is missing"],
  ])(
    "since one person or channel cannot get it (%i/%i) is in the log, and no trouble of Discord's",
    async (status, code, says) => {
      const { state, text } = await posted({ status, code });
      expect(text).toContain(says);
      expect(text).not.toContain("cannot be reached");
      expect(state).toBe("ready");
    },
  );

  it("since Discord failed at that moment is in the log: whether it still fails the connection knows", async () => {
    const { state, text } = await posted({ status: 500 });
    expect(text).toContain("A notice was not posted: Discord cannot be reached or fails (status 500)");
    expect(state).toBe("ready");
  });

  it("since Discord does not take the token any more is a trouble that stays", async () => {
    expect((await posted({ status: 401 })).state).toBe("degraded");
  });
});

describe("discord.js", () => {
  it("may report errors and send events of unknown shapes without ending the process", async () => {
    const login = vi.spyOn(Client.prototype, "login");
    const { discord, model, shows, log, escaped } = await started();
    const client: unknown = login.mock.contexts[0];
    login.mockRestore();
    if (!(client instanceof Client)) throw new Error("nobody logged in");
    expect(() => client.emit("error", new Error("from the inside"))).not.toThrow();
    expect(log.join("")).toContain("from the inside");
    for (const type of ["CHANNEL_CREATE", "THREAD_CREATE", "GUILD_ROLE_UPDATE", "GUILD_DELETE", "SOMETHING_NEW"]) {
      for (const data of [null, {}, { id: 1, type: 99, guild_id: {} }, "text"]) discord.gateway.dispatch(type, data);
    }
    model("x");
    await shows("did x");
    expect(escaped).toEqual([]);
  });
});

describe("stop", () => {
  it("answers what is under way, refuses what comes, and leaves", async () => {
    const gate = Promise.withResolvers<Outcome>();
    const { adapter, discord, model, shows, where, names } = await started({}, gate.promise);
    await model("slow").acknowledgement();
    const stopping = adapter.stop();
    model("late");
    await shows("shutting down");
    expect(await discord.autocomplete("model", "name", "q", where)).toEqual([]);
    gate.resolve(outcome({ title: "the slow answer" }));
    await stopping;
    await shows("the slow answer");
    expect(names()).toEqual(["slow"]);
    await vi.waitFor(() => expect(discord.gateway.connected).toBe(0), PATIENCE);
  });
});

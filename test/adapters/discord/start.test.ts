import { describe, expect, it, vi } from "vitest";
import type { CommandInfo } from "../../../adapters/adapter.ts";
import { outcome, recordingCore } from "../recording-core.ts";
import { type Bench, command, MODEL, openBench, PATIENCE, watchRejections } from "./set-up.ts";

const core = (commands: readonly CommandInfo[] = [MODEL, command("help")]) =>
  recordingCore(() => outcome({ title: "done" }), { commands }).dispatch;
const writes = ({ discord }: Bench) =>
  discord.journal.filter(({ method, path }) => method !== "GET" && /\/commands/.test(path));
const names = ({ discord }: Bench, scope: string) => discord.commands.scopes.get(scope)?.map(({ name }) => name) ?? [];

describe("start", () => {
  it("logs in with the intent Guilds alone, says so, and offers the commands", async () => {
    const bench = await openBench();
    await bench.start(core());
    expect(bench.discord.gateway.identifies).toEqual([{ intents: 1 }]);
    expect(bench.statuses.map(({ state }) => state)).toEqual(["connecting", "ready"]);
    expect(names(bench, bench.guildId)).toEqual(["model", "help"]);
    expect(bench.discord.commands.find("model", bench.guildId)).toMatchObject({
      description: "does model",
      options: [
        { name: "name", type: 3, autocomplete: true, max_length: 500 },
        { name: "scope", type: 3, choices: [{ name: "here", value: "here" }, { name: "agent" }, { name: "global" }] },
        { name: "agent", type: 3 },
        { name: "force", type: 5 },
      ],
    });
    expect(bench.discord.commands.find("model", bench.guildId)).not.toMatchObject({
      options: [{}, {}, { autocomplete: true }, {}],
    });
  });

  it("registers globally, with DMs, where no server is named", async () => {
    const bench = await openBench();
    await bench.start(core(), { guilds: [] });
    expect(names(bench, bench.guildId)).toEqual([]);
    expect(bench.discord.commands.find("model", undefined)).toMatchObject({ contexts: [0, 1], integration_types: [0] });
  });

  it.each([{ guilds: undefined }, { guilds: [] }])("writes nothing the second time: $guilds", async ({ guilds }) => {
    const bench = await openBench();
    const options = guilds === undefined ? {} : { guilds };
    await (await bench.start(core(), options)).stop();
    expect(writes(bench)).toHaveLength(2);
    await bench.start(core(), options);
    expect(writes(bench)).toHaveLength(2);
  });

  it("writes what differs, and leaves the admins' permissions and commands of other types alone", async () => {
    const bench = await openBench();
    await (await bench.start(core([MODEL, command("help"), command("old")]))).stop();
    const registered = bench.discord.commands.scopes.get(bench.guildId) ?? [];
    bench.discord.commands.scopes.set(bench.guildId, [
      ...registered.map((each) => ({ ...each, default_member_permissions: "16" })),
      { id: "5", name: "Message thing", type: 3 },
    ]);
    const before = writes(bench).length;
    await bench.start(core([{ ...MODEL, summary: "does more" }, command("help"), command("new")]));
    const since = writes(bench).slice(before);
    expect(since.map(({ method }) => method).sort()).toEqual(["DELETE", "PATCH", "POST"]);
    for (const { body } of since) expect(JSON.stringify(body ?? {})).not.toContain("default_member_permissions");
    expect(names(bench, bench.guildId).sort()).toEqual(["Message thing", "help", "model", "new"]);
    expect(bench.discord.commands.find("model", bench.guildId)).toMatchObject({
      description: "does more",
      default_member_permissions: "16",
    });
  });

  it("takes its commands out of where a former configuration had them, and no others", async () => {
    const bench = await openBench({ guilds: 2 });
    const [first = "", second = ""] = bench.discord.world.guildIds;
    const theirs = { id: "5", name: "theirs", type: 1 };
    bench.discord.commands.scopes.set(second, [theirs]);
    const settle = async (guilds: readonly string[]) => {
      const before = bench.log.length;
      const adapter = await bench.start(core(), { guilds });
      await vi.waitFor(() => expect(bench.log.slice(before).join("")).toContain("former configuration"), PATIENCE);
      await adapter.stop();
      return ["", first, second].map((scope) => names(bench, scope).join(" "));
    };
    await (await bench.start(core(), { guilds: [] })).stop();
    expect(await settle([first])).toEqual(["", "model help", "theirs"]);
    // A server that is taken off the list.
    bench.discord.commands.scopes.set(second, [theirs, { id: "6", name: "model", type: 1 }]);
    expect(await settle([first])).toEqual(["", "model help", "theirs"]);
    expect(await settle([])).toEqual(["model help", "", "theirs"]);
  });

  it("leaves them there until they stand where they should", async () => {
    const bench = await openBench();
    await (await bench.start(core(), { guilds: [] })).stop();
    bench.discord.withoutCommandScope.add(bench.guildId);
    await bench.start(core());
    expect(names(bench, "")).toEqual(["model", "help"]);
    bench.discord.withoutCommandScope.clear();
    bench.discord.fail({ path: /users\/@me\/guilds/, status: 500, times: 5 });
    bench.discord.gateway.dispatch("GUILD_CREATE", { id: bench.guildId, name: "g", unavailable: false });
    await vi.waitFor(() => expect(names(bench, "")).toEqual([]), PATIENCE);
    expect(names(bench, bench.guildId)).toEqual(["model", "help"]);
  });

  it("leaves another program's command of the same name alone elsewhere", async () => {
    const bench = await openBench();
    const theirs = Array.from({ length: 48 }, (_, index) => ({ id: String(index), name: `theirs${index}`, type: 1 }));
    bench.discord.commands.scopes.set("", [...theirs, { id: "99", name: "model", type: 1 }]);
    const adapter = await bench.start(core());
    await vi.waitFor(() => expect(bench.discord.requests("GET", /\d\/commands$/)).toHaveLength(2), PATIENCE);
    await adapter.stop();
    expect(names(bench, "")).toHaveLength(49);
  });

  it("leaves the commands of another program alone where it shares an application by mistake", async () => {
    const bench = await openBench();
    bench.discord.commands.scopes.set(
      "",
      Array.from({ length: 48 }, (_, index) => ({ id: String(index), name: `theirs${index}`, type: 1 })),
    );
    await bench.start(core(), { guilds: [] });
    expect(names(bench, "")).toHaveLength(50);
    expect(bench.log.join("")).toContain("an application of its own");
  });

  it("says what is wrong with a bad token", async () => {
    const bench = await openBench();
    const adapter = bench.adapter({ token: "wrong.token" });
    await expect(adapter.start(core())).rejects.toMatchObject({
      code: "platform_auth",
      hint: expect.stringContaining("Reset Token"),
    });
    expect(bench.statuses.at(-1)).toMatchObject({ state: "failed", problem: { code: "platform_auth" } });
  });

  it.each([
    [4004, "platform_auth"],
    [4014, "platform_scope"],
  ])("says what is wrong where the gateway closes with %i", async (code, expected) => {
    const escaped = watchRejections();
    const bench = await openBench();
    bench.discord.gateway.refuseWith = code;
    await expect(bench.adapter().start(core())).rejects.toMatchObject({ code: expected });
    expect(bench.statuses.at(-1)).toMatchObject({ state: "failed", problem: { code: expected } });
    expect(escaped).toEqual([]);
  });

  it("names the missing scope with the link that gives it, and carries on once it is there", async () => {
    const bench = await openBench({ guilds: 2 });
    const [first = "", second = ""] = bench.discord.world.guildIds;
    bench.discord.withoutCommandScope.add(first);
    await bench.start(core(), { guilds: [first, second] });
    expect(bench.statuses.at(-1)).toMatchObject({ state: "degraded", problem: { code: "platform_scope" } });
    expect(bench.statuses.at(-1)?.problem?.message).toContain("applications.commands");
    expect(bench.statuses.at(-1)?.problem?.hint).toContain(
      `https://discord.com/oauth2/authorize?client_id=${bench.discord.applicationId}&scope=bot+applications.commands&permissions=274878024704`,
    );
    expect(names(bench, second)).toEqual(["model", "help"]);

    bench.discord.withoutCommandScope.clear();
    bench.discord.gateway.dispatch("GUILD_CREATE", { id: first, name: "g", unavailable: false });
    await vi.waitFor(() => expect(bench.statuses.at(-1)).toEqual({ state: "ready" }), PATIENCE);
    expect(names(bench, first)).toEqual(["model", "help"]);
  });

  it("registers again after a failure of Discord's", async () => {
    const bench = await openBench();
    bench.discord.fail({ path: /commands$/, status: 500, times: 4 });
    await bench.start(core());
    await vi.waitFor(() => expect(names(bench, bench.guildId)).toEqual(["model", "help"]), PATIENCE);
    await vi.waitFor(() => expect(bench.statuses.at(-1)).toEqual({ state: "ready" }), PATIENCE);
  });

  it("waits an outage out in the background", async () => {
    const escaped = watchRejections();
    const bench = await openBench();
    await bench.discord.goDown();
    await bench.start(core(), { startTimeoutMs: 300 });
    await vi.waitFor(
      () =>
        expect(bench.statuses.at(-1)).toMatchObject({ state: "degraded", problem: { code: "platform_unreachable" } }),
      PATIENCE,
    );
    await bench.discord.comeBack();
    await vi.waitFor(() => expect(bench.statuses.at(-1)).toEqual({ state: "ready" }), PATIENCE);
    expect(names(bench, bench.guildId)).toEqual(["model", "help"]);
    expect(escaped).toEqual([]);
  });

  it("can be stopped while it waits", async () => {
    const bench = await openBench();
    await bench.discord.goDown();
    const adapter = await bench.start(core(), { startTimeoutMs: 100 });
    await adapter.stop();
    await bench.discord.comeBack();
    expect(bench.discord.gateway.identifies).toEqual([]);
  });
});

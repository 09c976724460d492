import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { CommandInfo } from "../../../adapters/adapter.ts";
import { lookAtDiscord } from "../../../adapters/discord/look-at-discord.ts";
import { outcome, recordingCore } from "../recording-core.ts";
import { type Bench, command, MODEL, openBench } from "./set-up.ts";

const COMMANDS = [MODEL, command("help")];
const core = (commands: readonly CommandInfo[] = COMMANDS) =>
  recordingCore(() => outcome({ title: "done" }), { commands }).dispatch;
const look = (
  { discord, guildId }: Bench,
  more: Partial<Parameters<typeof lookAtDiscord>[0]> = {},
  bots: string[] = [],
) =>
  lookAtDiscord({ token: discord.token, guilds: [guildId], apiUrl: discord.apiUrl, commands: COMMANDS, ...more }).look({
    deep: false,
    signal: new AbortController().signal,
    bots: bots.map((id) => ({ platform: "discord", id })),
  });
const states = (found: Awaited<ReturnType<typeof look>>) =>
  found.map(({ name, state }) => [name?.split(" ")[0], state]);

describe("a look at Discord", () => {
  it("finds nothing wrong where the adapter has registered its commands, and asks for no more than answers", async () => {
    const bench = await openBench();
    await (await bench.start(core())).stop();
    const before = bench.discord.journal.length;
    const identifies = bench.discord.gateway.identifies.length;
    expect(states(await look(bench))).toEqual([
      ["token", "ok"],
      ["application", "ok"],
      ["commands", "ok"],
    ]);
    expect(bench.discord.journal.slice(before).map(({ method }) => method)).toEqual(["GET", "GET", "GET", "GET"]);
    expect(bench.discord.gateway.identifies).toHaveLength(identifies);
  });

  it("leaves no timer behind, however often somebody looks", async () => {
    const bench = await openBench();
    const timers = vi.spyOn(globalThis, "setInterval");
    onTestFinished(() => timers.mockRestore());
    await look(bench);
    expect(timers).not.toHaveBeenCalled();
  });

  it("names the commands that are not registered, or registered otherwise", async () => {
    const bench = await openBench();
    expect((await look(bench)).at(-1)).toMatchObject({
      state: "warning",
      found: expect.stringMatching(/None.*\/model, \/help/),
    });
    await bench.start(core([{ ...MODEL, summary: "does more" }, command("help")]));
    const [, , commands] = await look(bench);
    expect(commands).toMatchObject({ state: "warning", found: expect.stringContaining("/model") });
    expect(commands?.found).not.toContain("/help");
  });

  it("says where its commands stand besides, from a former configuration", async () => {
    const bench = await openBench({ guilds: 2 });
    const [first = "", second = ""] = bench.discord.world.guildIds;
    const registered = [{ id: "5", name: "model", type: 1 }];
    for (const scope of ["", first, second]) bench.discord.commands.scopes.set(scope, registered);
    expect((await look(bench, { guilds: [first] })).at(-1)).toMatchObject({
      name: "commands elsewhere",
      state: "warning",
      found: expect.stringContaining(`everywhere and in server ${second},`),
      remedy: expect.stringContaining("clutch start"),
    });
    expect((await look(bench, { guilds: [] })).at(-1)?.found).toContain(`in server ${first} and in server ${second},`);
    bench.discord.fail({ path: /users\/@me\/guilds/, status: 500, times: 1 });
    expect((await look(bench)).at(-1)).toMatchObject({ name: "commands elsewhere", state: "skipped" });
  });

  it("a token that Discord refuses is broken, and is not repeated", async () => {
    const bench = await openBench();
    const found = await look(bench, { token: "not-the-token" });
    expect(found).toMatchObject([{ name: "token", state: "broken", remedy: expect.stringContaining("Reset Token") }]);
    expect(JSON.stringify(found)).not.toContain("not-the-token");
  });

  it("a server into which the bot was not invited with its commands is broken, with the link that mends it", async () => {
    const bench = await openBench();
    bench.discord.withoutCommandScope.add(bench.guildId);
    const found = (await look(bench)).at(-1);
    expect(found).toMatchObject({ state: "broken", remedy: expect.stringContaining("applications.commands") });
  });

  it("an application that OpenClaw has too is broken, by its id or by the commands that it left there", async () => {
    const bench = await openBench();
    const [, application] = await look(bench, {}, [bench.discord.applicationId]);
    expect(application).toMatchObject({ state: "broken", found: expect.stringContaining("OpenClaw uses the same") });
    const theirs = Array.from({ length: 48 }, (_, index) => ({
      id: `${900 + index}`,
      name: `theirs${index}`,
      type: 1,
    }));
    bench.discord.commands.scopes.set("", theirs);
    expect((await look(bench, { guilds: [] })).at(-1)).toMatchObject({
      state: "broken",
      found: expect.stringContaining("48 commands of another program"),
    });
  });

  it("more commands than Discord takes are broken", async () => {
    const bench = await openBench();
    const many = Array.from({ length: 101 }, (_, index) => command(`c${index}`));
    expect((await look(bench, { commands: many })).at(-1)).toMatchObject({
      state: "broken",
      found: expect.stringContaining("100"),
    });
  });

  it("where Discord fails, that is said", async () => {
    const bench = await openBench();
    bench.discord.fail({ status: 500, times: 10 });
    expect(await look(bench)).toMatchObject([
      { name: "token", state: "broken", found: expect.stringContaining("500") },
    ]);
  });
});

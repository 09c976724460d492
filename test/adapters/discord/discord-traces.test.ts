import { expect, it } from "vitest";
import { discordTraces } from "../../../adapters/discord/discord-traces.ts";
import { command, MODEL, openBench } from "./set-up.ts";

const COMMANDS = [MODEL, command("help")];
const of = (...names: readonly string[]) => names.map((name, index) => ({ id: `${10 + index}`, name, type: 1 }));

it("Clutch's commands go from every scope where they stand, and nobody else's", async () => {
  const { discord } = await openBench({ guilds: 3 });
  const [first = "", second = "", third = ""] = discord.world.guildIds;
  const { scopes } = discord.commands;
  scopes.set("", of("model", "help"));
  scopes.set(first, of("theirs", "model"));
  scopes.set(second, of("theirs"));
  discord.withoutCommandScope.add(third);
  const traces = discordTraces({ token: discord.token, apiUrl: discord.apiUrl, commands: COMMANDS });
  expect(await traces.look()).toEqual(["deleted: /model, /help, everywhere", `deleted: /model, in server ${first}`]);
  expect(new Set(discord.journal.map(({ method }) => method))).toEqual(new Set(["GET"]));
  await traces.remove();
  expect(Object.fromEntries([...scopes].map(([scope, all]) => [scope, all.map(({ name }) => name)]))).toEqual({
    "": [],
    [first]: ["theirs"],
    [second]: ["theirs"],
  });
  expect(await traces.look()).toEqual([]);
});

it("a token that Discord does not take any more is told as what it is", async () => {
  const { discord } = await openBench();
  const traces = () => discordTraces({ token: "gone", apiUrl: discord.apiUrl, commands: COMMANDS });
  await expect(traces().look()).rejects.toMatchObject({ code: "platform_auth" });
  await expect(traces().remove()).rejects.toMatchObject({ code: "platform_auth" });
});

import { expect, it } from "vitest";
import { hiddenCommandSlots } from "../../src/set-up/hidden-commands.ts";

const paths = (config: unknown, platforms: readonly string[] = ["discord", "slack"]): string[] =>
  hiddenCommandSlots(config, platforms).map(({ path, value }) => `${path.join(".")}=${String(value)}`);
const DISCORD = "channels.discord.commands.native=false";
const SLACK = "channels.slack.commands.native=false";

it.each([
  ["Discord shows them by itself", { channels: { discord: {} } }, [DISCORD]],
  ["Slack does not", { channels: { slack: {} } }, []],
  ["Slack was told to", { channels: { slack: { commands: { native: true } } } }, [SLACK]],
  ["all were told to", { commands: { native: true }, channels: { discord: {}, slack: {} } }, [DISCORD, SLACK]],
  ["none shows them", { commands: { native: false }, channels: { discord: {} } }, []],
  [
    "its own setting goes first",
    { commands: { native: true }, channels: { slack: { commands: { native: false } } } },
    [],
  ],
  ["the platform is off", { channels: { discord: { enabled: false } } }, []],
  ["OpenClaw is on no platform", {}, []],
  ["it is nonsense", { channels: "x" }, []],
])("where %s", (_, config, expected) => {
  expect(paths(config)).toEqual(expected);
});

it("leaves platforms alone that Clutch is not on", () => {
  expect(paths({ channels: { discord: {} } }, ["slack"])).toEqual([]);
});

import { chatAdapterSuite } from "../chat-adapter.suite.ts";
import { buttonId, command, MODEL, openBench } from "./set-up.ts";

const COMMANDS = [
  MODEL,
  command("localonly", [{ name: "state", summary: "on or off", kind: "text", positional: true }]),
  ...["slow", "broken", "fine", "long", "short", "late"].map((name) => command(name)),
];

chatAdapterSuite("Discord", async () => {
  const bench = await openBench();
  const { discord, anna, channel } = bench;
  const where = { by: anna, in: channel };
  const sent = new Map<string, ReturnType<typeof discord.command>>();

  return {
    adapter: bench.adapter(),
    commands: COMMANDS,
    conversation: {
      platform: "discord",
      channel: channel.id,
      kind: "channel",
      person: anna.id,
      space: bench.guildId,
      roles: anna.roles,
    },
    async type(line) {
      const [name = "", ...words] = line.slice(1).split(" ");
      const options = words.map((word, index) => {
        const [option, value] = word.startsWith("scope:")
          ? ["scope", word.slice(6)]
          : [name === "localonly" ? "state" : "name", word];
        return [option ?? String(index), value ?? ""] as const;
      });
      sent.set(line, discord.command(name, Object.fromEntries(options), where));
    },
    async answer(yes) {
      const question = discord.screen(where).findLast(({ buttons }) => buttons.length > 0);
      if (question === undefined) throw new Error("nothing was asked");
      const exchange = discord.press(buttonId(question, yes ? "Confirm" : "Cancel"), question, anna);
      await exchange.acknowledgement();
    },
    acknowledged: (line) => sent.get(line)?.interaction.ack !== undefined,
    shown: () => bench.text(where),
    pictures: () =>
      discord
        .screen(where)
        .flatMap(({ stored }) => stored.attachments)
        .map(({ description = "", bytes }) => ({ alt: description, bytes })),
    files: () =>
      discord
        .screen(where)
        .flatMap(({ stored }) => stored.attachments)
        .map(({ name, bytes }) => ({ name, text: Buffer.from(bytes).toString() })),
    close: async () => undefined,
  };
});

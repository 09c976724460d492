import { setTimeout as sleep } from "node:timers/promises";
import { startDiscord } from "../test/platforms/discord/discord-stand-in.ts";
import type { Interaction } from "../test/platforms/discord/interactions.ts";
import { openSlackStandIn } from "../test/platforms/slack/slack-stand-in.ts";
import { percentile } from "./measure.ts";

/** A platform's stand-in with people who type: tells its address, waits for `begin`, sends, and tells how it went. */
const [platform, perSecond = "200", seconds = "30"] = process.argv.slice(2);
const PEOPLE = 50;
const DEADLINE_MS = 3_000;

interface Crowd {
  readonly address: Readonly<Record<string, string>>;
  /** Sends one command; the ms until it was acknowledged, undefined where it never was. */
  command(index: number): Promise<number | undefined>;
}

interface Waiting {
  readonly interaction: Interaction;
  readonly began: number;
  readonly resolve: (ms: number | undefined) => void;
}

async function discordCrowd(): Promise<Crowd> {
  const discord = await startDiscord();
  const people = Array.from({ length: PEOPLE }, (_, index) => discord.world.person(`person ${index}`));
  const channel = discord.world.textChannel();
  const waiting = new Set<Waiting>();
  // One look at all of them each ms: a timer for each would be what is measured.
  setInterval(() => {
    for (const each of waiting) {
      const took = performance.now() - each.began;
      if (each.interaction.ack === undefined && took <= DEADLINE_MS) continue;
      waiting.delete(each);
      each.resolve(each.interaction.ack === undefined ? undefined : took);
      // What is over is forgotten, or the stand-in's search through it would be measured.
      setTimeout(() => forget(each.interaction), DEADLINE_MS).unref();
    }
  }, 1);
  const forget = ({ id, originalId }: Interaction): void => {
    discord.interactions.all.delete(id);
    if (originalId !== undefined) discord.messages.all.delete(originalId);
    discord.journal.length = 0;
  };
  return {
    address: { apiUrl: discord.apiUrl, token: discord.token, guild: discord.world.guildIds[0] ?? "" },
    command(index) {
      const by = people[index % PEOPLE] ?? discord.world.person("one more");
      const began = performance.now();
      const { interaction } = discord.command("model", {}, { by, in: channel });
      return new Promise((resolve) => waiting.add({ interaction, began, resolve }));
    },
  };
}

async function slackCrowd(): Promise<Crowd> {
  const slack = await openSlackStandIn();
  const people = Array.from({ length: PEOPLE }, (_, index) => slack.person(`U0PERSON${index}`));
  const { appToken, botToken } = slack.app;
  return {
    address: { apiUrl: slack.apiUrl, appToken, botToken },
    async command(index) {
      const person = people[index % PEOPLE] ?? slack.person();
      const began = performance.now();
      const { acked } = await person.slash("/model");
      const took = performance.now() - began;
      slack.workspace.messages.splice(0, slack.workspace.messages.length - 500);
      return acked ? took : undefined;
    },
  };
}

const crowd = await (platform === "slack" ? slackCrowd() : discordCrowd());
process.once("message", async () => {
  const count = Number(perSecond) * Number(seconds);
  for (let warm = 0; warm < 20; warm++) await crowd.command(warm);
  const began = performance.now();
  const running: Promise<number | undefined>[] = [];
  while (running.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - began) / 1_000) * Number(perSecond)) + 1);
    while (running.length < due) running.push(crowd.command(running.length));
    await sleep(1);
  }
  const times = await Promise.all(running);
  const taken = times.map((time) => time ?? DEADLINE_MS);
  process.send?.({
    sent: count,
    p50: percentile(taken, 50),
    p99: percentile(taken, 99),
    max: Math.max(...taken),
    late: times.filter((time) => time === undefined || time > DEADLINE_MS).length,
  });
});
process.send?.(crowd.address);

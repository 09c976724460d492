import Keyv from "keyv";
import { type DestinationStream, pino } from "pino";
import { afterEach, expect, onTestFinished, vi } from "vitest";
import type { ChatAdapter, CommandInfo, Dispatch } from "../../../adapters/adapter.ts";
import { createDiscordAdapter, type DiscordOptions } from "../../../adapters/discord/discord-adapter.ts";
import type { PlatformStatus } from "../../../adapters/discord/status.ts";
import { createActionStore } from "../../../commands/action-store.ts";
import { type DiscordStandIn, startDiscord } from "../../platforms/discord/discord-stand-in.ts";
import type { Exchange, SeenMessage, Where } from "../../platforms/discord/people.ts";
import type { Channel, Member } from "../../platforms/discord/world.ts";

export const PATIENCE = { timeout: 10_000, interval: 10 };

/** What was opened in a test is closed after it, and what Discord would have refused fails it. */
const opened: { readonly discord: DiscordStandIn; readonly adapters: ChatAdapter[] }[] = [];
afterEach(async () => {
  for (const { discord, adapters } of opened.splice(0)) {
    discord.clearFaults();
    await Promise.all(adapters.map((adapter) => adapter.stop()));
    await discord.close();
    expect(discord.violations).toEqual([]);
  }
});

export interface Bench {
  readonly discord: DiscordStandIn;
  readonly guildId: string;
  readonly channel: Channel;
  readonly anna: Member;
  readonly ben: Member;
  readonly statuses: PlatformStatus[];
  /** Everything that was logged, one JSON object a line. */
  readonly log: string[];
  /** An adapter on this Discord; a second one has buttons of its own unless they share a store. */
  adapter(options?: Partial<DiscordOptions>): ChatAdapter;
  /** Starts an adapter with this core. */
  start(dispatch: Dispatch, options?: Partial<DiscordOptions>): Promise<ChatAdapter>;
  /** Waits for the exchange's answer, of so many messages, and gives those of it that the person sees. */
  answered(exchange: Exchange, count?: number): Promise<readonly SeenMessage[]>;
  /** What the person sees in the channel, as one text. */
  text(where: Where): string;
}

export async function openBench(standIn: Parameters<typeof startDiscord>[0] = {}): Promise<Bench> {
  const discord = await startDiscord(standIn);
  const adapters: ChatAdapter[] = [];
  opened.push({ discord, adapters });
  const anna = discord.world.person("anna", ["7001"]);
  const ben = discord.world.person("ben");
  const channel = discord.world.textChannel();
  const guildId = discord.world.guildIds[0] ?? "";
  const statuses: PlatformStatus[] = [];
  const log: string[] = [];
  const destination: DestinationStream = { write: (line) => void log.push(line) };
  const adapter: Bench["adapter"] = (options = {}) => {
    const made = createDiscordAdapter({
      token: discord.token,
      guilds: [guildId],
      apiUrl: discord.apiUrl,
      actions: memoryActions(),
      logger: pino({ level: "debug" }, destination),
      clock: discord.now,
      onStatus: (status) => void statuses.push(status),
      progressEveryMs: 30,
      retryMs: 50,
      ...options,
    });
    adapters.push(made);
    return made;
  };
  return {
    discord,
    guildId,
    channel,
    anna,
    ben,
    statuses,
    log,
    adapter,
    async start(dispatch, options) {
      const made = adapter(options);
      await made.start(dispatch);
      return made;
    },
    async answered(exchange, count = 1) {
      await vi.waitFor(() => {
        const seen = exchange.messages();
        expect(seen.length).toBeGreaterThanOrEqual(count);
        expect(seen.some(({ loading }) => loading)).toBe(false);
      }, PATIENCE);
      return exchange.messages();
    },
    text: (where) =>
      discord
        .screen(where)
        .map(({ text }) => text)
        .join("\n"),
  };
}

export const memoryActions = () => createActionStore(new Keyv<unknown>());

/** Fails with the button's name where it is not there. */
export function buttonId(message: SeenMessage | undefined, label: string): string {
  const button = message?.buttons.find((each) => each.label === label);
  if (button === undefined) throw new Error(`no button “${label}” on: ${message?.text ?? "nothing"}`);
  return button.customId;
}

/** No rejection may escape while this test runs: it would end the process. */
export function watchRejections(): unknown[] {
  const escaped: unknown[] = [];
  const keep = (reason: unknown): void => void escaped.push(reason);
  process.on("unhandledRejection", keep);
  process.on("uncaughtException", keep);
  onTestFinished(() => {
    process.off("unhandledRejection", keep);
    process.off("uncaughtException", keep);
  });
  return escaped;
}

export const command = (name: string, options: CommandInfo["options"] = []): CommandInfo => ({
  name,
  summary: `does ${name}`,
  forms: [{ line: `/${name}`, does: `does ${name}` }],
  options,
});

export const MODEL = command("model", [
  { name: "name", summary: "A model", kind: "text", positional: true },
  { name: "scope", summary: "Where", kind: "choice", choices: ["here", "agent", "global"] },
  { name: "agent", summary: "Which agent", kind: "text" },
  { name: "force", summary: "Without asking", kind: "flag" },
]);

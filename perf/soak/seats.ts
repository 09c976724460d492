import { parseCommandLine } from "../../commands/command-line.ts";
import { allCommands } from "../../commands/index.ts";
import type { DiscordStandIn } from "../../test/platforms/discord/discord-stand-in.ts";
import type { Exchange, SeenMessage } from "../../test/platforms/discord/people.ts";
import { seenText } from "../../test/platforms/discord/seen-text.ts";
import { blocksText } from "../../test/platforms/slack/message-text.ts";
import type { SlackStandIn } from "../../test/platforms/slack/slack-stand-in.ts";

/** What one person does next. */
export type Act =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "complete"; readonly typed: string }
  /** The button, counted from zero over those that are there; a plain command where there are none. */
  | { readonly kind: "press"; readonly which: number };

/** How far one thing that a person did has come. */
export interface Progress {
  /** False where the platform says that Clutch did not answer in time; undefined while it waits. */
  readonly acked: boolean | undefined;
  /** An answer without a loading sign stands there; `says` is its text. */
  readonly says: string | undefined;
  /** What was done has no card: its acknowledgement is the answer. */
  readonly bare: boolean;
}

/** One person in one channel, doing one thing after the other. */
export interface Seat {
  readonly platform: "discord" | "slack";
  readonly person: string;
  /** The id of its channel. */
  readonly place: string;
  act(act: Act): () => Progress;
  /** The stand-in forgets what was said here. */
  clear(): void;
}

const flat = (text: string): string => text.replace(/\s+/g, " ");

export function discordSeat(discord: DiscordStandIn, index: number): Seat {
  const by = discord.world.person(`person ${index}`, index % 2 === 0 ? ["7001"] : []);
  const where = { by, in: discord.world.textChannel() };
  let last: SeenMessage | undefined;
  const follow = (exchange: Exchange, bare = false): (() => Progress) => {
    let acked: boolean | undefined;
    void exchange.acknowledgement().then((type) => {
      acked = type !== undefined;
    });
    return () => {
      const seen = exchange.messages();
      const isDone = seen.length > 0 && !seen.some(({ loading }) => loading);
      if (isDone) last = seen.at(-1);
      return { acked, says: isDone ? flat(seen.map(({ stored }) => seenText(stored)).join("\n")) : undefined, bare };
    };
  };
  const type = (line: string): (() => Progress) => {
    const { command, options } = parseCommandLine(line, allCommands);
    const typed = Object.entries(options).map(([name, value]) => {
      const kind = command.options.find((option) => option.name === name)?.kind;
      return [name, kind === "flag" ? value === "true" : value] as const;
    });
    return follow(discord.command(command.name, Object.fromEntries(typed), where));
  };
  return {
    platform: "discord",
    person: by.id,
    place: where.in.id,
    act(act) {
      if (act.kind === "line") return type(act.line);
      if (act.kind === "complete") {
        let acked: boolean | undefined;
        void discord.autocomplete("model", "name", act.typed, where).then((choices) => {
          acked = choices.length > 0;
        });
        return () => ({ acked, says: undefined, bare: true });
      }
      const button = last?.buttons[act.which % Math.max(1, last.buttons.length)];
      if (last === undefined || button === undefined) return type("/model");
      const before = last.edits;
      const pressed = last;
      const exchange = discord.press(button.customId, last, by);
      const followed = follow(exchange);
      return () => {
        const progress = followed();
        // A press may be answered in the place of the card.
        const edited = discord.messages.all.get(pressed.id);
        if (progress.says === undefined && edited !== undefined && edited.edits > before)
          return { ...progress, says: flat(seenText(edited)) };
        return progress;
      };
    },
    clear() {
      for (const [id, message] of discord.messages.all) {
        if (message.channelId === where.in.id && id !== last?.id) discord.messages.all.delete(id);
      }
      for (const [id, { personId }] of discord.interactions.all) {
        if (personId === by.id) discord.interactions.all.delete(id);
      }
    },
  };
}

export function slackSeat(slack: SlackStandIn, index: number): Seat {
  const id = `U0SEAT${index}`;
  const channel = index % 4 === 0 ? `D0${id}` : `C0SEAT${index}`;
  if (index % 4 !== 0)
    slack.workspace.channels.set(channel, { id: channel, name: `seat-${index}`, outsiders: new Set() });
  const person = slack.person(id, { channel });
  const stamps = (): string[] => person.messages().map(({ ts, edits }) => `${ts}/${edits}`);
  const follow = (sent: Promise<{ readonly acked: boolean }>): (() => Progress) => {
    const before = new Set(stamps());
    let acked: boolean | undefined;
    void sent.then((delivered) => {
      acked = delivered.acked;
    });
    return () => {
      const fresh = person.messages().filter(({ ts, edits }) => !before.has(`${ts}/${edits}`));
      const says = fresh.map(({ text, blocks }) => blocksText(blocks) || text).join("\n");
      return { acked, says: says === "" ? undefined : flat(says), bare: false };
    };
  };
  return {
    platform: "slack",
    person: id,
    place: channel,
    act(act) {
      if (act.kind === "complete") {
        const isMenuThere = person.shown().includes("Switch to");
        if (!isMenuThere) return follow(person.slash("/model"));
        let acked: boolean | undefined;
        void person.suggest(act.typed).then(
          (offers) => {
            acked = offers.length > 0;
          },
          () => {
            acked = false;
          },
        );
        return () => ({ acked, says: undefined, bare: true });
      }
      if (act.kind === "press") {
        const labels = [...person.shown().matchAll(/\[([^\]\n]+)\]/g)].map(([, label = ""]) => label);
        const label = labels[act.which % Math.max(1, labels.length)];
        if (label !== undefined) {
          try {
            return follow(person.press(label));
          } catch {
            // What stands in brackets was no button.
          }
        }
        return follow(person.slash("/model"));
      }
      return follow(person.slash("/clutch", act.line.slice(1)));
    },
    clear() {
      const { messages } = slack.workspace;
      const mine = messages.filter((message) => message.channel === channel);
      // The newest stays, for its buttons.
      for (const message of mine.slice(0, -1)) messages.splice(messages.indexOf(message), 1);
    },
  };
}

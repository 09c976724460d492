import { setTimeout as sleep } from "node:timers/promises";
import Keyv from "keyv";
import { pino } from "pino";
import type { ChatAdapter, Dispatch } from "../../adapters/adapter.ts";
import { createDiscordAdapter } from "../../adapters/discord/discord-adapter.ts";
import { menuId } from "../../adapters/slack/choice-menus.ts";
import { createSlackAdapter } from "../../adapters/slack/slack-adapter.ts";
import { type AccessLists, levelOf } from "../../commands/access.ts";
import { createActionStore } from "../../commands/action-store.ts";
import type { Card } from "../../commands/card.ts";
import { parseCommandLine } from "../../commands/command-line.ts";
import { createDispatcher, type Outcome } from "../../commands/dispatcher.ts";
import { allCommands } from "../../commands/index.ts";
import type { Conversation } from "../../src/models/conversation.ts";
import { type DiscordStandIn, startDiscord } from "./discord/discord-stand-in.ts";
import { LOADING, type StoredMessage } from "./discord/messages.ts";
import type { SeenMessage } from "./discord/people.ts";
import { seenText } from "./discord/seen-text.ts";
import { createRecordingServices, type RecordingServices } from "./recording-services.ts";
import { dig, type Json, listOf, objects, textOf } from "./slack/json.ts";
import { blocksText } from "./slack/message-text.ts";
import { openSlackStandIn } from "./slack/slack-stand-in.ts";
import type { Message } from "./slack/workspace.ts";

/** Everybody who may stand in front of a chat. `keeper` is an owner by a role or user group alone. */
export const ROLES = ["stranger", "viewer", "operator", "owner", "keeper"] as const;
export type Role = (typeof ROLES)[number];

/** What came of something that a person did. */
export interface Seen {
  /** Undefined where no command was run. */
  readonly outcome: Outcome | undefined;
  /** The text that appeared. */
  readonly said: string;
  /** Everybody in the channel sees it. */
  readonly isPublic: boolean;
  readonly controls: readonly Control[];
}

export interface Control {
  /** `pick` for the menu. */
  readonly label: string;
  /** Uses it in somebody's name, also where that person could not see it: payloads can be forged. */
  use(role: Role): Promise<Seen>;
}

/** A channel of a platform with everybody in it: real adapter, real dispatcher, services that only write down. */
export interface Room {
  readonly recorded: RecordingServices;
  /** Who may do what; a test may change it, and puts it back. */
  access: AccessLists;
  readonly everybody: AccessLists;
  type(role: Role, line: string): Promise<Seen>;
  /** What is offered while somebody types the command's first value. */
  offers(role: Role, command: string): Promise<readonly string[]>;
  /** Posts a card that nobody asked for. */
  notice(card: Card): Promise<readonly Control[]>;
  close(): Promise<void>;
}

const PATIENCE_MS = 15_000;
const logger = pino({ level: "silent" });

/** The dispatcher as it runs in the service, its last outcome kept. */
function createCore(access: () => AccessLists) {
  const recorded = createRecordingServices();
  const dispatcher = createDispatcher({
    commands: allCommands,
    services: recorded.services,
    levelOf: (person) => levelOf(person, access()),
    logger,
  });
  const core = {
    recorded,
    outcome: undefined as Outcome | undefined,
    dispatch: {
      commands: dispatcher.commands,
      admits: dispatcher.admits,
      complete: dispatcher.complete,
      async run(invocation) {
        const outcome = await dispatcher.run(invocation);
        core.outcome = outcome;
        return outcome;
      },
    } satisfies Dispatch,
  };
  return core;
}

/** Until the outcome is shown, or the adapter has said that nothing was done. */
async function answered(core: { readonly outcome: Outcome | undefined }, said: () => string | undefined) {
  const flat = (text: string): string => text.replace(/\s+/g, " ");
  for (const began = performance.now(); performance.now() - began < PATIENCE_MS; await sleep(2)) {
    const text = said();
    if (text === undefined) continue;
    if (
      core.outcome === undefined ? /nothing was done/i.test(text) : flat(text).includes(flat(core.outcome.card.title))
    )
      return text;
  }
  throw new Error(`no answer came, only: ${said() ?? "nothing"}`);
}

const listsOf = (id: (role: Role) => string, keepers: string): AccessLists => ({
  owners: [id("owner"), keepers],
  operators: [id("operator")],
  viewers: [id("viewer")],
});

export async function openDiscordRoom(): Promise<Room> {
  const discord: DiscordStandIn = await startDiscord();
  const people = Object.fromEntries(
    ROLES.map((role) => [role, discord.world.person(role, role === "keeper" ? ["7001"] : ["7002"])]),
  ) as Record<Role, ReturnType<typeof discord.world.person>>;
  const channel = discord.world.textChannel();
  const everybody = listsOf((role) => `discord:${people[role].id}`, "discord:role:7001");
  const core = createCore(() => room.access);
  const adapter = createDiscordAdapter({
    token: discord.token,
    guilds: [...discord.world.guildIds],
    apiUrl: discord.apiUrl,
    actions: createActionStore(new Keyv<unknown>()),
    logger,
    clock: discord.now,
    onStatus: () => undefined,
  });
  await adapter.start(core.dispatch);

  const { all } = discord.messages;
  const does = async (act: () => unknown): Promise<Seen> => {
    core.outcome = undefined;
    const before = new Map([...all.values()].map(({ id, edits }) => [id, edits]));
    // Whoever sees it: a forged press is answered where its card stands.
    const fresh = (): readonly StoredMessage[] => [...all.values()].filter(({ id, edits }) => before.get(id) !== edits);
    act();
    const said = await answered(core, () =>
      fresh().some(({ flags }) => (flags & LOADING) !== 0) ? undefined : fresh().map(seenText).join("\n"),
    );
    return {
      outcome: core.outcome,
      said,
      isPublic: fresh().some(({ onlyFor }) => onlyFor === undefined),
      controls: fresh().flatMap(({ id, onlyFor }) => {
        const by = onlyFor === undefined ? people.owner : { ...people.owner, id: onlyFor };
        return discord
          .screen({ by, in: channel })
          .filter((message) => message.id === id)
          .flatMap(controlsOf);
      }),
    };
  };
  const controlsOf = (message: SeenMessage): readonly Control[] => [
    ...message.buttons.map(({ label, customId }) => ({
      label,
      use: (role: Role) => does(() => discord.press(customId, message, people[role])),
    })),
    ...message.selects.map(({ customId, options }) => ({
      label: "pick",
      use: (role: Role) => does(() => discord.select(customId, [options.at(-1)?.value ?? ""], message, people[role])),
    })),
  ];
  const room: Room = {
    recorded: core.recorded,
    access: everybody,
    everybody,
    type: (role, line) => {
      const { command, options } = parseCommandLine(line, allCommands);
      const typed = Object.entries(options).map(([name, value]) => {
        const kind = command.options.find((option) => option.name === name)?.kind;
        return [name, kind === "flag" ? value === "true" : value] as const;
      });
      return does(() => discord.command(command.name, Object.fromEntries(typed), { by: people[role], in: channel }));
    },
    async offers(role, name) {
      const option = allCommands.find((command) => command.name === name)?.options.find(({ positional }) => positional);
      const where = { by: people[role], in: channel };
      return (await discord.autocomplete(name, option?.name ?? "", "", where)).map(({ value }) => value);
    },
    async notice(card) {
      await adapter.post(conversation("discord", channel.id), card);
      return controlsOf(lastOf(discord.screen({ by: people.owner, in: channel })));
    },
    close: () => closing(adapter, () => discord.close(), discord.violations),
  };
  return room;
}

export async function openSlackRoom(): Promise<Room> {
  const slack = await openSlackStandIn();
  const id = (role: Role): string => `U0${role.toUpperCase()}`;
  slack.workspace.groups.set("S0KEEPERS", [id("keeper")]);
  slack.app.scopes.add("usergroups:read");
  const everybody = listsOf((role) => `slack:${id(role)}`, "slack:group:S0KEEPERS");
  const core = createCore(() => room.access);
  const adapter = createSlackAdapter({
    mode: "socket",
    appToken: slack.app.appToken,
    botToken: slack.app.botToken,
    apiUrl: slack.apiUrl,
    commandNames: {},
    groupsOf: ["S0KEEPERS"],
    actions: createActionStore(new Keyv<unknown>()),
    logger,
    clock: Date.now,
    onStatus: () => undefined,
  });
  await adapter.start(core.dispatch);

  const { messages } = slack.workspace;
  const stamp = ({ ts, edits }: Message): string => `${ts}/${edits}`;
  const does = async (act: () => Promise<unknown>): Promise<Seen> => {
    core.outcome = undefined;
    const before = new Set(messages.map(stamp));
    const fresh = (): readonly Message[] => messages.filter((message) => !before.has(stamp(message)));
    await act();
    const said = await answered(core, () =>
      fresh()
        .map(({ text, blocks }) => blocksText(blocks) || text)
        .join("\n"),
    );
    return {
      outcome: core.outcome,
      said,
      isPublic: fresh().some(({ onlyFor }) => onlyFor === undefined),
      controls: fresh().flatMap(controlsOf),
    };
  };
  const responseUrl = (original: Message, role: Role): string =>
    slack.origin + slack.responseUrls.open({ app: slack.app, user: id(role), channel: original.channel, original });
  /** A press as the stand-in would send it, in anybody's name; each is one of its own. */
  const controlsOf = (message: Message): readonly Control[] => {
    const owner = slack.person(message.onlyFor ?? id("owner"));
    const elements = objects(message.blocks).flatMap((block) =>
      [...objects(block["elements"]), ...objects([block["accessory"]])].map((element) => ({ block, element })),
    );
    const buttons = elements.filter(({ element }) => element["type"] === "button");
    const [anyButton] = buttons;
    if (anyButton === undefined) return [];
    const payload = owner.payload("press", textOf(anyButton.element["value"]));
    const used = (block: Json, element: Json, more: Json) => (role: Role) =>
      does(() =>
        slack.deliver(slack.app, "interactive", {
          ...payload,
          user: { id: id(role), username: role },
          trigger_id: slack.trigger(id(role)),
          response_url: responseUrl(message, role),
          actions: [
            {
              type: element["type"],
              action_id: element["action_id"],
              block_id: block["block_id"],
              action_ts: "1764000000.1",
              ...more,
            },
          ],
        }),
      );
    return elements.flatMap(({ block, element }): Control[] => {
      if (element["type"] === "button") {
        const label = textOf(objects([element["text"]])[0]?.["text"]);
        return [{ label, use: used(block, element, { text: element["text"], value: element["value"] }) }];
      }
      if (element["type"] !== "external_select") return [];
      const value = "ollama/qwen2.5-coder:32b";
      const picked = { selected_option: { text: { type: "plain_text", text: value }, value } };
      return [{ label: "pick", use: used(block, element, picked) }];
    });
  };
  const room: Room = {
    recorded: core.recorded,
    access: everybody,
    everybody,
    // The umbrella has every command, also those whose names are Slack's own.
    type: (role, line) => does(() => slack.person(id(role)).slash("/clutch", line.slice(1))),
    async offers(role, name) {
      const { answer } = await slack.deliver(slack.app, "interactive", {
        type: "block_suggestion",
        team: { id: slack.workspace.team },
        user: { id: id(role) },
        action_id: menuId(name, "modal"),
        value: "",
      });
      return objects(listOf(dig(answer, "options"))).map(({ value }) => textOf(value));
    },
    async notice(card) {
      await adapter.post(conversation("slack", "C0GENERAL"), card);
      return controlsOf(lastOf(messages));
    },
    close: () => closing(adapter, () => slack.close(), []),
  };
  return room;
}

const conversation = (platform: string, channel: string): Conversation => ({
  platform,
  channel,
  kind: "channel",
  person: "",
});

function lastOf<T>(items: readonly T[]): T {
  const last = items.at(-1);
  if (last === undefined) throw new Error("nothing was posted");
  return last;
}

async function closing(adapter: ChatAdapter, close: () => Promise<void>, violations: readonly string[]): Promise<void> {
  await adapter.stop();
  await close();
  if (violations.length > 0) throw new Error(`the platform's rules were broken:\n${violations.join("\n")}`);
}

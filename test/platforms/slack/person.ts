import { suggestionIssues } from "./block-rules.ts";
import { dig, isJson, type Json, listOf, objects, textOf } from "./json.ts";
import { blocksText } from "./message-text.ts";
import type { SlackApp } from "./slack-app.ts";
import type { SlackStandIn } from "./slack-stand-in.ts";
import type { Delivered } from "./socket-hub.ts";
import type { Message, OpenView } from "./workspace.ts";

/** One person in one channel, doing what a Slack client lets people do. */
export interface Person {
  readonly id: string;
  readonly channel: string;
  /** Types a slash command; Slack has none in threads. */
  slash(command: string, text?: string): Promise<Delivered>;
  /** Writes a message that begins with a mention of the app, in a thread where given. */
  mention(words: string, thread?: string): Promise<Delivered>;
  /** Writes an ordinary message; gives its timestamp. Apps that subscribe to messages hear of it. */
  say(text: string, thread?: string): string;
  /** Uses a message shortcut on a message; opens whatever modal comes of it. */
  shortcut(callbackId: string, on: Pick<Message, "ts" | "thread">): Promise<Delivered>;
  /** Presses the latest button with this label that the person can see, or one with this value. */
  press(label: string): Promise<Delivered>;
  /** Opens the latest menu, types, and gives what is offered. */
  suggest(typed?: string): Promise<readonly Offer[]>;
  /** Picks an entry of the latest menu by its value. */
  pick(value: string): Promise<Delivered>;
  /** Sends off the open modal with this chosen. */
  submit(value?: string): Promise<Delivered>;
  /** The open modal. */
  view(): OpenView | undefined;
  /** Messages that the person can see in the channel, in order; of one thread where given. */
  messages(thread?: string): readonly Message[];
  /** All text of them. */
  shown(thread?: string): string;
  payload(kind: "slash", command: string, text: string): Json;
  payload(kind: "press", label: string): Json;
}

export interface Offer {
  readonly value: string;
  readonly label: string;
  readonly detail: string;
  readonly group: string;
}

export function createPerson(
  standIn: SlackStandIn,
  {
    id,
    channel,
    app,
    apps,
  }: { readonly id: string; readonly channel: string; readonly app: SlackApp; readonly apps: readonly SlackApp[] },
): Person {
  const { workspace } = standIn;
  const name = id.slice(2).toLowerCase();
  if (channel.startsWith("D")) workspace.direct(id);

  const channelName = (): string => {
    const known = workspace.channel(channel)?.name ?? channel.toLowerCase();
    // Slack hides the names of private channels from slash commands.
    return known;
  };
  const visible = (thread?: string): readonly Message[] =>
    workspace.messages.filter(
      (message) =>
        message.channel === channel &&
        (message.onlyFor === undefined || message.onlyFor === id) &&
        (thread === undefined || message.thread === thread || message.ts === thread),
    );

  const responseUrl = (original?: Message): string =>
    `${standIn.origin}${standIn.responseUrls.open({ app, user: id, channel, ...(original === undefined ? {} : { original }) })}`;

  const common = (type: string): Json => ({
    type,
    team: { id: workspace.team, domain: "stand-in" },
    user: { id, username: name, name, team_id: workspace.team },
    api_app_id: app.id,
    enterprise: null,
    is_enterprise_install: false,
    token: "verification",
    trigger_id: standIn.trigger(id),
  });
  const channelObject = (): Json => ({ id: channel, name: channelName() });

  const slashPayload = (command: string, text: string): Json => ({
    token: "verification",
    team_id: workspace.team,
    team_domain: "stand-in",
    channel_id: channel,
    channel_name: channelName(),
    user_id: id,
    user_name: name,
    command,
    text,
    api_app_id: app.id,
    is_enterprise_install: "false",
    response_url: responseUrl(),
    trigger_id: standIn.trigger(id),
  });

  const container = (message: Message): Json => ({
    type: "message",
    message_ts: message.ts,
    channel_id: channel,
    is_ephemeral: message.onlyFor !== undefined,
    ...(message.thread === undefined ? {} : { thread_ts: message.thread }),
  });

  const actionPayload = (message: Message, block: Json, element: Json, more: Json): Json => ({
    ...common("block_actions"),
    container: container(message),
    channel: channelObject(),
    ...(message.onlyFor === undefined
      ? { message: { type: "message", ts: message.ts, text: message.text, blocks: message.blocks, app_id: app.id } }
      : {}),
    response_url: responseUrl(message),
    state: { values: {} },
    actions: [
      {
        type: element["type"],
        action_id: element["action_id"],
        block_id: block["block_id"] ?? "generated",
        action_ts: "1764000000.1",
        ...more,
      },
    ],
  });

  interface Found {
    readonly message: Message;
    readonly block: Json;
    readonly element: Json;
  }
  const elements = (fits: (element: Json) => boolean): readonly Found[] =>
    visible().flatMap((message) =>
      objects(message.blocks).flatMap((block) =>
        [...listOf(block["elements"]), block["accessory"]]
          .filter(isJson)
          .filter(fits)
          .map((element) => ({ message, block, element })),
      ),
    );
  const latest = (what: string, fits: (element: Json) => boolean): Found => {
    const found = elements(fits).at(-1);
    if (found === undefined) throw new Error(`${name} sees no ${what} in ${channel}:\n${shown()}`);
    return found;
  };
  const buttonPayload = (label: string): Json => {
    const { message, block, element } = latest(
      `button “${label}”`,
      (one) => one["type"] === "button" && (dig(one, "text", "text") === label || one["value"] === label),
    );
    return actionPayload(message, block, element, { text: element["text"], value: element["value"] });
  };
  const menu = (): Found => latest("menu", (one) => one["type"] === "external_select");

  const openView = (): OpenView | undefined => [...workspace.views.values()].filter(({ user }) => user === id).at(-1);
  const viewInput = (view: OpenView): { readonly block: Json; readonly element: Json } => {
    const block = objects(view.view["blocks"]).find(({ type }) => type === "input");
    const element = block?.["element"];
    if (block === undefined || !isJson(element)) throw new Error("the modal has no input");
    return { block, element };
  };

  const suggest = async (typed: string): Promise<readonly Offer[]> => {
    const view = openView();
    const place =
      view === undefined
        ? { ...menu(), where: (): Json => ({ container: container(menu().message), channel: channelObject() }) }
        : {
            ...viewInput(view),
            where: (): Json => ({ container: { type: "view", view_id: view.id }, view: { ...view.view, id: view.id } }),
          };
    const { answer, acked } = await standIn.deliver(app, "interactive", {
      ...common("block_suggestion"),
      ...place.where(),
      action_id: place.element["action_id"],
      block_id: place.block["block_id"],
      value: typed,
    });
    if (!acked) throw new Error("the menu stayed empty: nobody answered");
    const issues = suggestionIssues(answer);
    if (issues.length > 0) throw new Error(`Slack would refuse the entries: ${issues.join("; ")}`);
    const offers = (options: unknown, group: string): Offer[] =>
      objects(options).map((option) => ({
        value: textOf(option["value"]),
        label: textOf(dig(option, "text", "text")),
        detail: textOf(dig(option, "description", "text")),
        group,
      }));
    return [
      ...offers(dig(answer, "options"), ""),
      ...objects(dig(answer, "option_groups")).flatMap((group) =>
        offers(group["options"], textOf(dig(group, "label", "text"))),
      ),
    ];
  };

  const shown = (thread?: string): string =>
    visible(thread)
      .map(({ text, blocks, files = [] }) =>
        [blocksText(blocks) || text, ...files.map(({ alt }) => `(picture: ${alt})`)].join("\n"),
      )
      .join("\n\n");

  return {
    id,
    channel,
    async slash(command, text = "") {
      const delivered = await standIn.deliver(app, "slash_commands", slashPayload(command, text));
      const said = textOf(dig(delivered.answer, "text"));
      if (said !== "") workspace.post({ channel, text: said, blocks: [], by: app.id, onlyFor: id });
      return delivered;
    },
    async mention(words, thread) {
      const text = `<@${app.botUser}> ${words}`.trim();
      const ts = workspace.post({ channel, text, blocks: [], by: id, ...(thread === undefined ? {} : { thread }) }).ts;
      return standIn.deliver(
        app,
        "events_api",
        eventPayload(app, { type: "app_mention", user: id, text, ts, channel, ...inThread(thread), event_ts: ts }),
      );
    },
    say(text, thread) {
      const { ts } = workspace.post({ channel, text, blocks: [], by: id, ...(thread === undefined ? {} : { thread }) });
      const kind = channel.startsWith("D") ? "im" : "channel";
      for (const one of apps) {
        const event = { user: id, text, ts, channel, channel_type: kind, ...inThread(thread), event_ts: ts };
        if (one.events.has("app_mention") && text.includes(`<@${one.botUser}>`)) {
          standIn.deliver(one, "events_api", eventPayload(one, { ...event, type: "app_mention" }));
        }
        if (one.events.has(kind === "im" ? "message.im" : "message.channels")) {
          standIn.deliver(one, "events_api", eventPayload(one, { ...event, type: "message" }));
        }
      }
      return ts;
    },
    shortcut: (callbackId, on) =>
      standIn.deliver(app, "interactive", {
        ...common("message_action"),
        callback_id: callbackId,
        message_ts: on.ts,
        message: {
          type: "message",
          ts: on.ts,
          text: "…",
          ...(on.thread === undefined ? {} : { thread_ts: on.thread }),
        },
        channel: channelObject(),
        response_url: responseUrl(),
      }),
    press: (label) => standIn.deliver(app, "interactive", buttonPayload(label)),
    suggest: (typed = "") => suggest(typed),
    async pick(value) {
      const { message, block, element } = menu();
      return standIn.deliver(
        app,
        "interactive",
        actionPayload(message, block, element, {
          selected_option: { text: { type: "plain_text", text: value.slice(0, 75) }, value },
        }),
      );
    },
    async submit(value) {
      const view = openView();
      if (view === undefined) throw new Error("no modal is open");
      const { block, element } = viewInput(view);
      const selected = value === undefined ? null : { text: { type: "plain_text", text: value.slice(0, 75) }, value };
      const delivered = await standIn.deliver(app, "interactive", {
        ...common("view_submission"),
        view: {
          ...view.view,
          id: view.id,
          hash: `1.${view.id}`,
          state: {
            values: {
              [textOf(block["block_id"])]: {
                [textOf(element["action_id"])]: { type: element["type"], selected_option: selected },
              },
            },
          },
        },
        response_urls: [],
      });
      const errors = dig(delivered.answer, "errors");
      if (dig(delivered.answer, "response_action") === "errors" && isJson(errors)) {
        view.errors = Object.fromEntries(Object.entries(errors).map(([key, text]) => [key, textOf(text)]));
      } else if (delivered.acked) workspace.views.delete(view.id);
      return delivered;
    },
    view: openView,
    messages: visible,
    shown,
    payload(...[kind, first, second = ""]: readonly [string, string, string?]) {
      return kind === "slash" ? slashPayload(first, second) : buttonPayload(first);
    },
  };

  function eventPayload(to: SlackApp, event: Json): Json {
    return {
      token: "verification",
      team_id: workspace.team,
      api_app_id: to.id,
      type: "event_callback",
      event_id: workspace.nextId("Ev"),
      event_time: Math.floor(Date.now() / 1_000),
      authorizations: [
        {
          enterprise_id: null,
          team_id: workspace.team,
          user_id: to.botUser,
          is_bot: true,
          is_enterprise_install: false,
        },
      ],
      event: { ...event, team: workspace.team },
    };
  }
}

const inThread = (thread: string | undefined): Json => (thread === undefined ? {} : { thread_ts: thread });

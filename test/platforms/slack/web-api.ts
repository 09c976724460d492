import { messageIssues, viewIssues } from "./block-rules.ts";
import { isJson, type Json, objects, textOf } from "./json.ts";
import type { SlackApp } from "./slack-app.ts";
import type { Channel, Message, SlackFile, Workspace } from "./workspace.ts";

export interface WebApiParts {
  readonly workspace: Workspace;
  readonly origin: () => string;
  readonly apps: readonly SlackApp[];
  /** A breach of Slack's rules, for the test that caused it. */
  readonly violation: (app: SlackApp, issue: string) => void;
  readonly check: (app: SlackApp, message: { readonly text: string; readonly blocks: unknown }) => void;
  readonly ticketFor: (app: SlackApp) => string;
  /** Who may open a modal with this trigger id, or Slack's error. */
  readonly redeemTrigger: (triggerId: string) => { readonly user: string } | { readonly error: string };
}

type Content = { readonly text: string; readonly blocks: unknown } | { readonly refusal: Json };

/** The scope that a method needs; the rest need none that we check. */
const SCOPES: Readonly<Record<string, string>> = {
  "chat.postMessage": "chat:write",
  "chat.postEphemeral": "chat:write",
  "chat.update": "chat:write",
  "chat.delete": "chat:write",
  "files.getUploadURLExternal": "files:write",
  "files.completeUploadExternal": "files:write",
  "conversations.open": "im:write",
  "conversations.info": "channels:read",
  "usergroups.users.list": "usergroups:read",
  "users.info": "users:read",
};

const fail = (error: string, more: Json = {}): Json => ({ ok: false, error, ...more });

/** Slack's Web API, as far as a chat app uses it. Answers as Slack does: HTTP 200 with `ok`. */
export function createWebApi(parts: WebApiParts) {
  const { workspace, apps, violation } = parts;
  const uploads = new Map<string, { readonly name: string; readonly alt: string; bytes?: Uint8Array }>();

  const find = (app: SlackApp, id: string): Channel | Json => {
    const channel = /^[UW]/.test(id) ? workspace.direct(id) : workspace.channel(id);
    if (channel === undefined) return fail("channel_not_found");
    return channel.outsiders.has(app.id) ? fail("not_in_channel") : channel;
  };
  const isChannel = (found: Channel | Json): found is Channel => "outsiders" in found;

  const content = (app: SlackApp, params: Json): Content => {
    const text = textOf(params["text"]);
    const blocks = params["blocks"] ?? [];
    const issues = app.judged ? messageIssues(blocks) : [];
    if (issues.length > 0) {
      for (const issue of issues) violation(app, issue);
      const messages = issues.map((issue) => `[ERROR] ${issue}`);
      return { refusal: fail("invalid_blocks", { response_metadata: { messages } }) };
    }
    if (text === "" && objects(blocks).length === 0) return { refusal: fail("no_text") };
    if (text === "" && app.judged) violation(app, "a message without `text` for notifications");
    if (text.length > 40_000) return { refusal: fail("msg_too_long") };
    parts.check(app, { text, blocks });
    return { text, blocks };
  };

  const messageObject = (app: SlackApp, message: Message): Json => ({
    type: "message",
    user: app.botUser,
    bot_id: app.botId,
    app_id: app.id,
    text: message.text,
    ts: message.ts,
    blocks: message.blocks,
    ...(message.thread === undefined ? {} : { thread_ts: message.thread }),
  });

  const historyObject = (message: Message): Json => {
    const app = apps.find(({ id }) => id === message.by);
    if (app !== undefined) return messageObject(app, message);
    const { by, text, ts, thread } = message;
    return { type: "message", user: by, text, ts, ...(thread === undefined ? {} : { thread_ts: thread }) };
  };

  const post = (app: SlackApp, params: Json, onlyFor?: string): Json => {
    const channel = find(app, textOf(params["channel"]));
    if (!isChannel(channel)) return channel;
    const checked = content(app, params);
    if ("refusal" in checked) return checked.refusal;
    const { text, blocks } = checked;
    const thread = textOf(params["thread_ts"]);
    const message = workspace.post({
      channel: channel.id,
      text,
      blocks,
      by: app.id,
      ...(thread === "" ? {} : { thread }),
      ...(onlyFor === undefined ? {} : { onlyFor }),
    });
    if (onlyFor !== undefined) return { ok: true, message_ts: message.ts };
    return { ok: true, channel: channel.id, ts: message.ts, message: messageObject(app, message) };
  };

  const own = (app: SlackApp, params: Json): Message | undefined =>
    workspace.messages.find(
      ({ channel, ts, by, onlyFor }) =>
        channel === params["channel"] && ts === params["ts"] && by === app.id && onlyFor === undefined,
    );

  const methods: Readonly<Record<string, (app: SlackApp, params: Json) => Json>> = {
    "auth.test": (app) => ({
      ok: true,
      url: "https://stand-in.slack.com/",
      team: "Stand-in",
      user: app.name.toLowerCase(),
      team_id: workspace.team,
      user_id: app.botUser,
      bot_id: app.botId,
      is_enterprise_install: false,
    }),
    "apps.connections.open": (app) => ({
      ok: true,
      url: `${parts.origin().replace(/^http/, "ws")}${parts.ticketFor(app)}`,
    }),
    "chat.postMessage": (app, params) => post(app, params),
    "chat.postEphemeral": (app, params) => post(app, params, textOf(params["user"])),
    "chat.update": (app, params) => {
      const message = own(app, params);
      if (message === undefined) return fail("message_not_found");
      const checked = content(app, params);
      if ("refusal" in checked) return checked.refusal;
      const { text, blocks } = checked;
      const edited = workspace.edit(message.channel, message.ts, { text, blocks });
      return {
        ok: true,
        channel: message.channel,
        ts: message.ts,
        text,
        message: edited === undefined ? {} : messageObject(app, edited),
      };
    },
    "chat.delete": (app, params) => {
      const message = own(app, params);
      if (message === undefined) return fail("message_not_found");
      workspace.remove(message.channel, message.ts);
      return { ok: true, channel: message.channel, ts: message.ts };
    },
    "views.open": (app, params) => {
      const redeemed = parts.redeemTrigger(textOf(params["trigger_id"]));
      if ("error" in redeemed) return fail(redeemed.error);
      const { view } = params;
      const issues = viewIssues(view);
      for (const issue of issues) violation(app, issue);
      if (issues.length > 0 || !isJson(view))
        return fail("invalid_arguments", { response_metadata: { messages: issues } });
      const id = workspace.nextId("V");
      workspace.views.set(id, { id, app: app.id, user: redeemed.user, view, errors: {} });
      return {
        ok: true,
        view: {
          ...view,
          id,
          team_id: workspace.team,
          hash: `1.${id}`,
          state: { values: {} },
          app_id: app.id,
          bot_id: app.botId,
        },
      };
    },
    "files.getUploadURLExternal": (_app, params) => {
      if (textOf(params["filename"]) === "" || !(Number(params["length"]) > 0)) return fail("invalid_arguments");
      const id = workspace.nextId("F");
      uploads.set(id, { name: textOf(params["filename"]), alt: textOf(params["alt_text"] ?? params["alt_txt"]) });
      return { ok: true, upload_url: `${parts.origin()}/upload/v1/${id}`, file_id: id };
    },
    "files.completeUploadExternal": (app, params) => {
      const files: SlackFile[] = [];
      for (const { id } of objects(params["files"])) {
        const upload = uploads.get(textOf(id));
        if (upload?.bytes === undefined) return fail("file_not_found");
        files.push({ id: textOf(id), name: upload.name, alt: upload.alt, bytes: upload.bytes });
      }
      const channel = find(app, textOf(params["channel_id"]));
      if (!isChannel(channel)) return channel;
      const thread = textOf(params["thread_ts"]);
      workspace.post({
        channel: channel.id,
        text: "",
        blocks: [],
        by: app.id,
        files,
        ...(thread === "" ? {} : { thread }),
      });
      return { ok: true, files: files.map(({ id, name }) => ({ id, title: name })) };
    },
    "conversations.info": (app, params) => {
      const channel = find(app, textOf(params["channel"]));
      if (!isChannel(channel)) return channel;
      const { id, name } = channel;
      return {
        ok: true,
        channel: {
          id,
          name,
          is_mpim: name.startsWith("mpdm-"),
          is_im: id.startsWith("D"),
          is_channel: id.startsWith("C"),
        },
      };
    },
    "conversations.open": (_app, params) => ({
      ok: true,
      channel: { id: workspace.direct(textOf(params["users"])).id },
    }),
    "users.info": (_app, params) => ({
      ok: true,
      user: { id: params["user"], name: String(params["user"]).toLowerCase(), is_bot: false },
    }),
    "usergroups.users.list": (_app, params) => {
      const users = workspace.groups.get(textOf(params["usergroup"]));
      return users === undefined ? fail("no_such_subteam") : { ok: true, users: [...users] };
    },
    "conversations.replies": (_app, params) => ({
      ok: true,
      messages: workspace.messages
        .filter(({ thread, ts, onlyFor }) => onlyFor === undefined && (thread === params["ts"] || ts === params["ts"]))
        .map(historyObject),
      has_more: false,
    }),
    "conversations.history": (_app, params) => ({
      ok: true,
      // Newest first, and without the replies in threads.
      messages: workspace.messages
        .filter(
          ({ channel, thread, onlyFor }) =>
            channel === params["channel"] && thread === undefined && onlyFor === undefined,
        )
        .map(historyObject)
        .reverse(),
      has_more: false,
    }),
    "reactions.add": () => ({ ok: true }),
    "reactions.remove": () => ({ ok: true }),
  };

  return {
    uploads,
    /** One call, with whatever token came along. */
    call(method: string, token: string, params: Json): Json {
      const run = methods[method];
      if (run === undefined) return fail("unknown_method");
      if (token === "") return fail("not_authed");
      const byApp = method === "apps.connections.open";
      const app = apps.find((one) => (byApp ? one.appToken : one.botToken) === token);
      if (app === undefined) return fail("invalid_auth");
      const scope = SCOPES[method];
      if (scope !== undefined && !app.scopes.has(scope)) {
        return fail("missing_scope", { needed: scope, provided: [...app.scopes].join(",") });
      }
      return run(app, params);
    },
    scopesOf: (token: string): string | undefined => {
      const app = apps.find(({ botToken }) => botToken === token);
      return app === undefined ? undefined : [...app.scopes].join(",");
    },
    content,
  };
}

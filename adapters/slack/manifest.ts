import { stringify } from "yaml";
import { ClutchError } from "../../src/errors.ts";
import type { CommandInfo } from "../adapter.ts";
import { slashName, UMBRELLA } from "./command-names.ts";
import { MODEL_SHORTCUT } from "./model-modal.ts";
import type { SlackOptions } from "./slack-options.ts";

/** What Slack's "create an app from a manifest" takes, as YAML or JSON. */
export interface SlackManifest {
  readonly display_information: { readonly name: string; readonly description: string };
  readonly features: {
    readonly app_home: {
      readonly home_tab_enabled: boolean;
      readonly messages_tab_enabled: boolean;
      readonly messages_tab_read_only_enabled: boolean;
    };
    readonly bot_user: { readonly display_name: string; readonly always_online: boolean };
    readonly slash_commands: readonly SlashCommand[];
    readonly shortcuts: readonly {
      readonly name: string;
      readonly type: "message";
      readonly callback_id: string;
      readonly description: string;
    }[];
  };
  readonly oauth_config: { readonly scopes: { readonly bot: readonly string[] } };
  readonly settings: {
    readonly event_subscriptions: { readonly request_url?: string; readonly bot_events: readonly string[] };
    readonly interactivity: {
      readonly is_enabled: boolean;
      readonly request_url?: string;
      readonly message_menu_options_url?: string;
    };
    readonly org_deploy_enabled: boolean;
    readonly socket_mode_enabled: boolean;
    readonly token_rotation_enabled: boolean;
  };
}

interface SlashCommand {
  readonly command: string;
  readonly description: string;
  readonly usage_hint?: string;
  readonly should_escape: boolean;
  readonly url?: string;
}

/** Slack's limits for a manifest. Its schema allows 50 commands, some of its pages say 25: the lower one holds. */
const LIMITS = {
  commands: 25,
  command: 32,
  description: 2_000,
  hint: 1_000,
  appName: 35,
  appDescription: 140,
} as const;

/** Commands that belong to Slack itself, or that every app would like to have; `/clutch NAME` reaches ours. */
const TAKEN: ReadonlySet<string> = new Set([
  "/help",
  "/status",
  "/topic",
  "/remind",
  "/search",
  "/invite",
  "/who",
  "/apps",
]);

/**
 * The manifest of Clutch's own Slack app, made from the command definitions.
 * `requestUrl` is where Slack reaches Clutch in HTTP mode, its path
 * `/slack/events` included.
 *
 * @throws ClutchError `bad_config` where a name is none that Slack takes.
 */
export function slackManifest(
  commands: readonly CommandInfo[],
  options: Pick<SlackOptions, "mode" | "groupsOf"> & {
    readonly names: SlackOptions["commandNames"];
    readonly requestUrl?: string;
    readonly appName?: string;
  },
): SlackManifest {
  const { mode, names, appName = "Clutch" } = options;
  const url = mode === "http" ? { url: requestUrl(options.requestUrl) } : {};
  const request = url.url === undefined ? {} : { request_url: url.url };
  if (appName.length > LIMITS.appName)
    throw refused(`The app's name has ${appName.length} characters, Slack takes ${LIMITS.appName}.`);

  const listed = commands.filter(
    ({ name }) => names[name] !== undefined || (!TAKEN.has(`/${name}`) && `/${name}` !== UMBRELLA),
  );
  const slash: SlashCommand[] = [
    ...listed.map((command) => ({
      command: slashName(command.name, names),
      description: command.summary,
      ...hint(usage(command)),
    })),
    {
      command: UMBRELLA,
      description: "All of Clutch's commands, whoever else has their names",
      ...hint("model qwen | doctor | help"),
    },
  ].map((command) => ({ ...command, should_escape: false, ...url }));
  checkNames(slash.map(({ command }) => command));

  return {
    display_information: {
      name: appName,
      description: "Switches the model of a running OpenClaw conversation from where it takes place.".slice(
        0,
        LIMITS.appDescription,
      ),
    },
    features: {
      // Without the messages tab nobody can type a command to Clutch in private.
      app_home: { home_tab_enabled: false, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
      bot_user: { display_name: appName, always_online: true },
      slash_commands: slash,
      shortcuts: [
        {
          name: "Switch thread's model",
          type: "message",
          callback_id: MODEL_SHORTCUT,
          description: "Choose the model that answers in this thread",
        },
      ],
    },
    oauth_config: {
      scopes: {
        bot: [
          "app_mentions:read",
          "chat:write",
          "commands",
          "files:write",
          "im:write",
          ...((options.groupsOf ?? []).length === 0 ? [] : ["usergroups:read"]),
        ],
      },
    },
    settings: {
      event_subscriptions: { ...request, bot_events: ["app_mention"] },
      interactivity: {
        is_enabled: true,
        ...request,
        ...(url.url === undefined ? {} : { message_menu_options_url: url.url }),
      },
      org_deploy_enabled: false,
      socket_mode_enabled: mode === "socket",
      token_rotation_enabled: false,
    },
  };
}

/** As people paste it. Long texts stay on one line, where Slack's editor shows them whole. */
export const toYaml = (manifest: SlackManifest): string => stringify(manifest, { lineWidth: 0 });

export const toJson = (manifest: SlackManifest): string => `${JSON.stringify(manifest, undefined, 2)}\n`;

const hint = (text: string): { usage_hint?: string } => (text === "" ? {} : { usage_hint: text.slice(0, LIMITS.hint) });

function usage({ options }: CommandInfo): string {
  return options
    .map(({ name, kind, positional, choices }) => {
      if (kind === "flag" || positional === true) return `[${name}]`;
      return `[${name}:${choices?.join("|") ?? "…"}]`;
    })
    .join(" ");
}

function checkNames(names: readonly string[]): void {
  if (names.length > LIMITS.commands)
    throw refused(`There are ${names.length} slash commands, Slack takes ${LIMITS.commands}.`);
  for (const [index, name] of names.entries()) {
    if (!/^\/[a-z0-9_-]+$/.test(name) || name.length > LIMITS.command) {
      throw refused(
        `“${name.slice(0, 60)}” is no slash command: a slash, then lower-case letters, digits, - and _, ${LIMITS.command} in all.`,
      );
    }
    if (TAKEN.has(name)) throw refused(`“${name}” belongs to Slack.`);
    if (names.indexOf(name) < index) throw refused(`“${name}” is given to two commands.`);
  }
}

function requestUrl(url: string | undefined): string {
  if (url !== undefined && URL.canParse(url) && new URL(url).protocol === "https:") return url;
  throw refused(
    "In HTTP mode the manifest needs the https address at which Slack reaches Clutch, such as https://example.com/slack/events.",
  );
}

const refused = (message: string): ClutchError =>
  new ClutchError("bad_config", message, {
    hint: 'Set slack.commands in clutch.config.json, such as { "model": "/llm-model" }.',
  });

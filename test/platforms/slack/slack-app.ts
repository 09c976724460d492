/** An app installed in the workspace. Several may be, as Clutch and OpenClaw are. */
export interface SlackApp {
  readonly id: string;
  readonly name: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly botUser: string;
  readonly botId: string;
  readonly scopes: Set<string>;
  /** Events that it subscribes to. */
  readonly events: Set<string>;
  /** HTTP mode: where Slack sends requests to; by Socket Mode otherwise. */
  requestUrl?: string;
  /** What it says must hold no live markup. */
  readonly inert: boolean;
  /** What it sends must keep Slack's rules; another program's app is not ours to judge. */
  readonly judged: boolean;
}

export const CLUTCH_SCOPES = ["commands", "chat:write", "files:write", "app_mentions:read", "im:write"];

export function createSlackApp(
  name: string,
  details: {
    readonly inert?: boolean;
    readonly judged?: boolean;
    readonly events?: readonly string[];
    readonly scopes?: readonly string[];
  } = {},
): SlackApp {
  const tag = name.toUpperCase().replace(/[^A-Z0-9]/g, "");
  return {
    id: `A0${tag}`,
    name,
    botToken: `xoxb-${name}-token`,
    appToken: `xapp-1-A0${tag}-1-secret`,
    signingSecret: `signing-secret-of-${name}`,
    botUser: `U0${tag}`,
    botId: `B0${tag}`,
    scopes: new Set(details.scopes ?? CLUTCH_SCOPES),
    events: new Set(details.events ?? ["app_mention"]),
    inert: details.inert ?? true,
    judged: details.judged ?? true,
  };
}

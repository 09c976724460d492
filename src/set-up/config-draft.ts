import { checkConfigText } from "../config.ts";
import { type KeyPath, withEntry, withValue } from "../config-text.ts";
import type { Secret } from "./secret.ts";

/** What `clutch init` learned; what is undefined is left as it is. */
export interface Answers {
  readonly gateway?: { readonly url: string; readonly token?: Secret };
  readonly store?: string;
  readonly ollama?: { readonly id: string; readonly baseUrl: string };
  readonly claudeKey?: Secret;
  readonly owners: readonly string[];
  readonly discord?: { readonly token?: Secret; readonly guilds?: readonly string[]; readonly apiUrl?: string };
  readonly slack?: { readonly botToken?: Secret; readonly appToken?: Secret; readonly apiUrl?: string };
}

/** A section of a new configuration: what it is for, and how it would look where it is not used yet. */
interface Section {
  readonly key: string;
  readonly comment: readonly string[];
  readonly example: unknown;
}

const SECTIONS: readonly Section[] = [
  {
    key: "gateway",
    comment: [
      "The OpenClaw gateway that Clutch attaches to. Without a token here, it is read from",
      "OpenClaw's own configuration on this machine each time, so it is kept in one place only.",
    ],
    example: { url: "ws://127.0.0.1:18789", token: "env:OPENCLAW_GATEWAY_TOKEN" },
  },
  {
    key: "store",
    comment: [
      "What must last: the journal of changes, usage, benches, the audit log. A file, or PostgreSQL",
      "(postgres://ROLE@HOST/DATABASE).",
    ],
    example: "sqlite:./clutch.db",
  },
  {
    key: "servers",
    comment: [
      "Model servers, by OpenClaw's provider id; kind is ollama, anthropic or openai-compatible.",
      "Those that OpenClaw names are known without this.",
    ],
    example: {
      anthropic: { kind: "anthropic", baseUrl: "https://api.anthropic.com", apiKey: "env:ANTHROPIC_API_KEY" },
    },
  },
  {
    key: "trustedLocal",
    comment: [
      "Providers that run on this network although nothing proves it. Local-only mode lets them",
      "through: a relay to the cloud that listens here does not belong in this list.",
    ],
    example: ["lmstudio"],
  },
  {
    key: "access",
    comment: [
      "Who may do what from a chat: PLATFORM:ID, discord:role:ID, slack:group:ID, or * for everybody.",
      "Owners change the system, operators a conversation, viewers look. clutch owner add does it, too.",
    ],
    example: { owners: ["discord:123456789012345678"], operators: [], viewers: ["*"] },
  },
  {
    key: "discord",
    comment: [
      "Clutch's own Discord application, never OpenClaw's. Commands appear at once in the servers",
      "that guilds names; without any they appear everywhere. Secrets are env:NAME or file:PATH.",
    ],
    example: { token: "env:DISCORD_TOKEN", guilds: [] },
  },
  {
    key: "slack",
    comment: ["Clutch's own Slack app: clutch slack manifest prints what to create it from."],
    example: { appToken: "env:SLACK_APP_TOKEN", botToken: "env:SLACK_BOT_TOKEN" },
  },
  {
    key: "wall",
    comment: ["The proxy of local-only mode (docs/wall.md): hosts that stay reachable while it is closed."],
    example: { listen: "127.0.0.1:3128", allow: ["discord.com", "discord.gg", "discordapp.com", "slack.com"] },
  },
  {
    key: "usage",
    comment: ["What local calls are compared with, and what electricity costs (docs/usage.md)."],
    example: {
      baseline: "anthropic/claude-sonnet-5",
      electricity: { watts: 130, pricePerKWh: 0.15, currency: "USD" },
    },
  },
  {
    key: "bench",
    comment: ["A bench that may cost more than this many USD asks first."],
    example: { askAbove: 0.5 },
  },
  {
    key: "http",
    comment: ["Where clutch start answers /healthz, /readyz and /metrics (docs/metrics.md); false for nowhere."],
    example: { listen: "127.0.0.1:8377" },
  },
  {
    key: "audit",
    comment: ["How many days the audit log is kept; 0 keeps everything."],
    example: { retentionDays: 365 },
  },
];

const HEAD = [
  "// Clutch's configuration: JSON with comments and trailing commas. Every key is optional; what is",
  "// commented out shows how it would look. Secrets stay out of this file.",
];

/**
 * The configuration that holds the answers: an existing one with the rest of it,
 * comments and all, as it was; else a new one that explains each key. Throws
 * `bad_config` where the existing one cannot be edited.
 */
export function draftConfig(existing: string | undefined, answers: Answers): string {
  if (existing === undefined) return newConfig(settingsOf(answers, false), answers.owners);
  const settings = settingsOf(answers, checkConfigText(existing, "").servers["anthropic"] !== undefined);
  const text = settings.reduce((draft, { path, value }) => withValue(draft, path, value), existing);
  return answers.owners.reduce((draft, owner) => withEntry(draft, ["access", "owners"], owner), text);
}

interface Setting {
  readonly path: KeyPath;
  readonly value: unknown;
}

/** `hasAnthropic`: that server is configured already, maybe with another address, and gets its key alone. */
function settingsOf(
  { gateway, store, ollama, claudeKey, discord, slack }: Answers,
  hasAnthropic: boolean,
): readonly Setting[] {
  const one = (path: KeyPath, value: unknown): readonly Setting[] => (value === undefined ? [] : [{ path, value }]);
  return [
    ...one(["gateway", "url"], gateway?.url),
    ...one(["gateway", "token"], gateway?.token?.reference),
    ...one(["store"], store),
    ...(ollama === undefined
      ? []
      : [...one(["servers", ollama.id, "kind"], "ollama"), ...one(["servers", ollama.id, "baseUrl"], ollama.baseUrl)]),
    ...(claudeKey === undefined
      ? []
      : hasAnthropic
        ? one(["servers", "anthropic", "apiKey"], claudeKey.reference)
        : one(["servers", "anthropic"], {
            kind: "anthropic",
            baseUrl: "https://api.anthropic.com",
            apiKey: claudeKey.reference,
          })),
    ...one(["discord", "token"], discord?.token?.reference),
    ...one(["discord", "guilds"], discord?.guilds),
    ...one(["discord", "apiUrl"], discord?.apiUrl),
    ...one(["slack", "botToken"], slack?.botToken?.reference),
    ...one(["slack", "appToken"], slack?.appToken?.reference),
    ...one(["slack", "apiUrl"], slack?.apiUrl),
  ];
}

function newConfig(settings: readonly Setting[], owners: readonly string[]): string {
  const config: Record<string, unknown> = { access: { owners, operators: [], viewers: ["*"] } };
  for (const { path, value } of settings) assign(config, path, value);
  const sections = SECTIONS.map(({ key, comment, example }) => {
    const isUsed = config[key] !== undefined;
    const shown = `"${key}": ${readable(isUsed ? config[key] : example)},`;
    const lines = [
      ...comment.map((line) => `// ${line}`),
      ...shown.split("\n").map((line) => (isUsed ? line : `// ${line}`)),
    ];
    return lines.map((line) => `  ${line}`).join("\n");
  });
  return `${HEAD.join("\n")}\n{\n${sections.join("\n\n")}\n}\n`;
}

function assign(config: Record<string, unknown>, [key = "", ...rest]: KeyPath, value: unknown): void {
  if (rest.length === 0) {
    config[key] = value;
    return;
  }
  const inner = { ...(config[key] as Record<string, unknown> | undefined) };
  assign(inner, rest, value);
  config[key] = inner;
}

/** On one line where that is short, else a line for each key. */
function readable(value: unknown): string {
  const short = JSON.stringify(value, undefined, 1).replace(/\n\s*/g, " ").replaceAll("[ ", "[").replaceAll(" ]", "]");
  return short.length <= 84 ? short : JSON.stringify(value, undefined, 2);
}

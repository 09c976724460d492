import { dirname, join } from "node:path";
import { pino } from "pino";
import type { DiscordCheck } from "../../adapters/discord/check-discord.ts";
import type { SlackCheck } from "../../adapters/slack/check-slack.ts";
import { allCommands } from "../../commands/index.ts";
import type { Config } from "../config.ts";
import type { ConfigFile } from "../config-file.ts";
import { ClutchError } from "../errors.ts";
import { checkPerson, HOW_TO_FIND_AN_ID } from "../set-up/check-person.ts";
import type { Answers } from "../set-up/config-draft.ts";
import { referredSecret, type Secret, secretInEnvironment, typedSecret } from "../set-up/secret.ts";
import { askGuilds, askLine, askSecret } from "./init-prompts.ts";
import { confirmed } from "./models-choose.ts";
import type { Runtime } from "./runtime.ts";
import { slackManifestText } from "./slack.ts";

/** What `clutch init` is told on the command line; each stands for the answer to a question. */
export interface InitFlags {
  readonly owner?: readonly string[];
  readonly gateway?: string;
  readonly gatewayToken?: string;
  readonly ollama?: string;
  readonly claudeKey?: string;
  readonly discordToken?: string;
  readonly discordGuild?: readonly string[];
  readonly discordApi?: string;
  readonly slackBotToken?: string;
  readonly slackAppToken?: string;
  readonly slackApi?: string;
}

/** What was found before anything is asked. */
export interface Known {
  readonly file: ConfigFile;
  /** As the configuration says; every default where there is none. */
  readonly config: Config;
  /** The gateway of this machine's OpenClaw, where there is one. */
  readonly gateway: { readonly url: string; readonly hasToken: boolean; readonly configPath: string } | undefined;
  readonly ollama: { readonly id: string; readonly baseUrl: string } | undefined;
}

export interface Learned {
  readonly answers: Answers;
  readonly discord: DiscordCheck | undefined;
  readonly slack: SlackCheck | undefined;
  /** What the person should know besides. */
  readonly remarks: readonly string[];
}

/** How the questions reach the person. */
export interface Desk {
  readonly runtime: Runtime;
  /** False for a script: what no flag answers is left as it is. */
  readonly asks: boolean;
  say(...lines: readonly string[]): void;
}

/**
 * Takes the answers from the flags and asks the person for the rest, and has Discord
 * and Slack look at their tokens. Writes nothing. Throws `bad_option` with the name of
 * the flag where a script leaves something out that is needed, and the platforms' codes.
 */
export async function learn(known: Known, flags: InitFlags, desk: Desk): Promise<Learned> {
  const gateway = await gatewayFor(known, flags, desk);
  const owners = await ownersFor(known, flags, desk);
  const discord = await discordFor(known, flags, desk);
  const slack = await slackFor(known, flags, desk);
  const claudeKey = await flagged("--claude-key", flags.claudeKey, desk);
  const secrets = [gateway?.token, claudeKey, discord?.set.token, slack?.set.botToken, slack?.set.appToken];
  const isNew = known.file.text === undefined;
  return {
    answers: {
      ...(gateway === undefined ? {} : { gateway }),
      // The same whatever directory Clutch is started in.
      ...(isNew ? { store: `sqlite:${join(dirname(known.file.path), "clutch.db")}` } : {}),
      ...(known.ollama === undefined ||
      (flags.ollama === undefined && known.config.servers[known.ollama.id] !== undefined)
        ? {}
        : { ollama: known.ollama }),
      ...(claudeKey === undefined ? {} : { claudeKey }),
      owners: owners.people,
      ...(discord === undefined ? {} : { discord: discord.set }),
      ...(slack === undefined ? {} : { slack: slack.set }),
    },
    discord: discord?.check,
    slack: slack?.check,
    remarks: [...owners.remarks, ...secrets.flatMap((secret) => secret?.remark ?? [])],
  };
}

async function gatewayFor(known: Known, flags: InitFlags, desk: Desk): Promise<Answers["gateway"]> {
  const token = await flagged("--gateway-token", flags.gatewayToken, desk);
  const withToken = (url: string) => ({ url, ...(token === undefined ? {} : { token }) });
  if (flags.gateway !== undefined) return withToken(flags.gateway);
  if (known.config.gateway !== undefined) {
    return token === undefined ? undefined : withToken(known.config.gateway.url);
  }
  const found = known.gateway;
  if (found !== undefined) {
    if (found.hasToken || token !== undefined || !desk.asks) return withToken(found.url);
    const typed = await askSecret("OpenClaw's gateway token, which its configuration does not hold", "", desk.runtime);
    return { url: found.url, token: typedSecret("gateway-token", typed, desk.runtime) };
  }
  if (!desk.asks) {
    throw new ClutchError("no_gateway", "No OpenClaw was found on this machine.", {
      hint: "Set it up first (openclaw onboard), or name a gateway: --gateway ws://HOST:18789 --gateway-token env:NAME",
    });
  }
  const url = await askLine(
    "The address of OpenClaw's gateway",
    { placeholder: "ws://127.0.0.1:18789", check: checkGateway },
    desk.runtime,
  );
  const typed = token ?? typedSecret("gateway-token", await askSecret("Its token", "", desk.runtime), desk.runtime);
  return { url, token: typed };
}

function checkGateway(url: string): void {
  if (/^wss?:$/.test(URL.parse(url)?.protocol ?? "")) return;
  throw new ClutchError("bad_option", "An address looks like ws://127.0.0.1:18789.");
}

async function ownersFor(
  { config }: Known,
  flags: InitFlags,
  desk: Desk,
): Promise<{ readonly people: readonly string[]; readonly remarks: readonly string[] }> {
  const given = flags.owner ?? [];
  const remarks = given.flatMap((person) => checkPerson(person) ?? []);
  if (given.length > 0 || config.access.owners.length > 0) return { people: given, remarks };
  if (!desk.asks) {
    throw new ClutchError("bad_option", "Who is the first owner? Without one nobody may change anything from a chat.", {
      hint: `--owner PLATFORM:ID\n  ${HOW_TO_FIND_AN_ID.join("\n  ")}`,
    });
  }
  desk.say("The first owner may change everything from a chat.", ...HOW_TO_FIND_AN_ID);
  const person = await askLine(
    "Who is it? (empty: nobody yet, clutch owner add names one later)",
    { placeholder: "discord:123456789012345678", optional: true, check: checkPerson },
    desk.runtime,
  );
  if (person === "") return { people: [], remarks: ["No owner yet: clutch owner add PLATFORM:ID names one."] };
  return { people: [person], remarks: [checkPerson(person) ?? []].flat() };
}

type DiscordAnswer = { readonly set: NonNullable<Answers["discord"]>; readonly check: DiscordCheck };

async function discordFor({ config }: Known, flags: InitFlags, desk: Desk): Promise<DiscordAnswer | undefined> {
  const apiUrl = flags.discordApi ?? config.discord?.apiUrl;
  const own = config.discord;
  const token = await flagged("--discord-token", flags.discordToken, desk);
  const wanted = flags.discordGuild ?? own?.guilds ?? [];
  const api = flags.discordApi === undefined ? {} : { apiUrl: flags.discordApi };
  if (own !== undefined && token === undefined) {
    const check = await askDiscord(own.token, apiUrl, wanted, desk);
    return { set: { ...(flags.discordGuild === undefined ? {} : { guilds: wanted }), ...api }, check };
  }
  if (token === undefined && flags.discordGuild !== undefined && !desk.asks) {
    throw new ClutchError("bad_option", "Discord is not set up, so --discord-guild needs its token, too.", {
      hint: "--discord-token env:NAME or file:PATH",
    });
  }
  const accepted = await untilAccepted(desk, token !== undefined, async () => {
    const secret = token ?? (await asked("Discord", () => tokenForDiscord(desk), desk));
    return secret && { secret, check: await askDiscord(secret.value, apiUrl, wanted, desk) };
  });
  if (accepted === undefined) return undefined;
  const { secret } = accepted;
  let { check } = accepted;
  while (desk.asks && check.guilds?.length === 0) {
    desk.say(`Open this as an admin of your server, and let the bot in:`, check.invite);
    if (!(await confirmed("Is it in now? (no: go on without)", desk.runtime))) break;
    check = await askDiscord(secret.value, apiUrl, wanted, desk);
  }
  const guilds =
    flags.discordGuild === undefined && desk.asks && (check.guilds ?? []).length > 0
      ? await askGuilds(check.guilds ?? [], desk.runtime)
      : wanted;
  return { set: { token: secret, guilds, ...api }, check };
}

async function tokenForDiscord({ runtime, say }: Desk): Promise<Secret> {
  const there = secretInEnvironment("DISCORD_TOKEN", runtime.env);
  if (there !== undefined) {
    say("The token is taken from DISCORD_TOKEN, and stays there.");
    return there;
  }
  say(
    "Make an application of Clutch's own, never OpenClaw's: https://discord.com/developers/applications,",
    "New Application, then Bot, Reset Token. No privileged intent is needed.",
  );
  return typedSecret("discord-token", await askSecret("Its bot token", "", runtime), runtime);
}

async function askDiscord(
  token: string,
  apiUrl: string | undefined,
  guilds: readonly string[],
  { say }: Desk,
): Promise<DiscordCheck> {
  const { checkDiscord } = await import("../../adapters/discord/check-discord.ts");
  const check = await checkDiscord({ token, apiUrl, guilds, commands: allCommands.map(({ name }) => name) });
  if (check.foreign.length > 0) {
    throw new ClutchError(
      "platform_scope",
      `The application ${check.name} has ${check.foreign.length} commands of another program (${check.foreign.slice(0, 3).join(", ")} …).`,
      { hint: "It may be OpenClaw's, which deletes the commands of others. Make an application of Clutch's own." },
    );
  }
  say(
    `Discord: ${check.name} (application ${check.applicationId}), ${check.guilds === undefined ? "servers unknown" : `in ${check.guilds.length} servers`}. No privileged intent is needed.`,
    `Invite it to a server: ${check.invite}`,
    ...check.refused.map(({ problem }) => `${problem.message} ${problem.hint}`),
  );
  return check;
}

type SlackAnswer = { readonly set: NonNullable<Answers["slack"]>; readonly check: SlackCheck };

async function slackFor({ config }: Known, flags: InitFlags, desk: Desk): Promise<SlackAnswer | undefined> {
  const apiUrl = flags.slackApi ?? config.slack?.apiUrl;
  const own = config.slack;
  const bot = await flagged("--slack-bot-token", flags.slackBotToken, desk);
  const app = await flagged("--slack-app-token", flags.slackAppToken, desk);
  const api = flags.slackApi === undefined ? {} : { apiUrl: flags.slackApi };
  if (own !== undefined) {
    const check = await askSlack(bot?.value ?? own.botToken, app?.value ?? own.appToken, apiUrl, config, desk);
    const tokens = { ...(bot === undefined ? {} : { botToken: bot }), ...(app === undefined ? {} : { appToken: app }) };
    return { set: { ...tokens, ...api }, check };
  }
  if (!desk.asks && (bot === undefined) !== (app === undefined)) {
    throw new ClutchError("bad_option", "Slack needs both of its tokens.", {
      hint: bot === undefined ? "--slack-bot-token env:NAME or file:PATH" : "--slack-app-token env:NAME or file:PATH",
    });
  }
  const isGiven = bot !== undefined && app !== undefined;
  const accepted = await untilAccepted(desk, isGiven, async () => {
    const tokens = isGiven
      ? { botToken: bot, appToken: app }
      : await asked("Slack", () => tokensForSlack(bot, app, desk), desk);
    if (tokens === undefined) return undefined;
    const { botToken, appToken } = tokens;
    return { tokens, check: await askSlack(botToken.value, appToken.value, apiUrl, config, desk) };
  });
  if (accepted === undefined) return undefined;
  const { tokens, check } = accepted;
  return { set: { ...tokens, ...api }, check };
}

async function tokensForSlack(bot: Secret | undefined, app: Secret | undefined, { runtime, say }: Desk) {
  const has = (name: string) => secretInEnvironment(name, runtime.env);
  const [botThere, appThere] = [bot ?? has("SLACK_BOT_TOKEN"), app ?? has("SLACK_APP_TOKEN")];
  if (botThere === undefined || appThere === undefined) {
    say(
      "Make an app of Clutch's own: https://api.slack.com/apps, Create New App, From a manifest, and paste this:",
      "",
      await slackManifestText(runtime),
      "Then Install App (the bot token, xoxb-…), and Basic Information, App-Level Tokens,",
      "Generate with connections:write (the app-level token, xapp-…).",
    );
  }
  return {
    botToken: botThere ?? typedSecret("slack-bot-token", await askSecret("The bot token", "xoxb-", runtime), runtime),
    appToken:
      appThere ?? typedSecret("slack-app-token", await askSecret("The app-level token", "xapp-", runtime), runtime),
  };
}

async function askSlack(
  botToken: string,
  appToken: string | undefined,
  apiUrl: string | undefined,
  { access }: Pick<Config, "access">,
  { say }: Desk,
): Promise<SlackCheck> {
  const { checkSlack } = await import("../../adapters/slack/check-slack.ts");
  const groups = [...access.owners, ...access.operators, ...access.viewers].flatMap(
    (entry) => /^slack:group:(\S+)$/.exec(entry)?.[1] ?? [],
  );
  const check = await checkSlack({ botToken, appToken, apiUrl, groups, logger: pino({ level: "silent" }) });
  say(`Slack: ${check.user ?? "the app"} in ${check.team ?? "the workspace"}; both tokens and the scopes are right.`);
  return check;
}

/** What a person typed may be wrong: they are told why, and asked again, until it is right or they do without. */
async function untilAccepted<T>(desk: Desk, isGiven: boolean, tries: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await tries();
    } catch (thrown) {
      if (!(thrown instanceof ClutchError) || !thrown.code.startsWith("platform_")) throw thrown;
      if (isGiven || !desk.asks) throw thrown;
      desk.say(`✗ ${thrown.message}`, `  ${thrown.hint}`, "");
    }
  }
}

/** Asks whether a platform is wanted at all; only a person is. */
async function asked<T>(platform: string, ask: () => Promise<T>, desk: Desk): Promise<T | undefined> {
  if (!desk.asks || !(await confirmed(`Set up ${platform} now?`, desk.runtime))) return undefined;
  return ask();
}

const flagged = (flag: string, typed: string | undefined, { runtime }: Desk): Promise<Secret | undefined> =>
  typed === undefined ? Promise.resolve(undefined) : referredSecret(flag, typed, runtime);

import { type Answer, invalid, ok, refuse } from "./answer.ts";
import { channelRoutes } from "./channel-routes.ts";
import { type CommandBook, createCommandBook } from "./command-routes.ts";
import type { Fault } from "./fault-box.ts";
import { type GatewayServer, startGateway } from "./gateway-server.ts";
import { callbackIssues, commandIssues, messageIssues } from "./hand-rules.ts";
import { type ApiRequest, type JournalEntry, startApiServer } from "./http-server.ts";
import { createInteractionBook, type InteractionBook, type InteractionTimes } from "./interactions.ts";
import { createMessageStore, type MessageStore } from "./messages.ts";
import { type Judge, loadJudge } from "./openapi-judge.ts";
import { createPeople, type People } from "./people.ts";
import { applicationObject, guildObject, userObject } from "./shapes.ts";
import { snowflake } from "./snowflake.ts";
import { createWorld, type World } from "./world.ts";

/** Discord's REST API and gateway on loopback, and people who use it. */
export interface DiscordStandIn extends People {
  /** For discord.js: `rest: { api: apiUrl }`. */
  readonly apiUrl: string;
  readonly applicationId: string;
  /** The only valid bot token; a test may change it. */
  token: string;
  readonly world: World;
  readonly commands: CommandBook;
  readonly messages: MessageStore;
  readonly interactions: InteractionBook;
  readonly gateway: GatewayServer;
  readonly times: InteractionTimes;
  /** Every request so far. */
  readonly journal: JournalEntry[];
  /** What Discord would not have accepted. Empty it where a test provokes it. */
  readonly violations: string[];
  /** Requests were checked against Discord's own description as well. */
  readonly judged: boolean;
  /** Guilds into which the bot was invited without `applications.commands`. */
  readonly withoutCommandScope: Set<string>;
  /** Channels in which the bot may not write. */
  readonly closedChannels: Set<string>;
  /** Epoch ms. `advance` moves it. */
  now(): number;
  advance(ms: number): void;
  fail(fault: Fault): void;
  clearFaults(): void;
  /** Requests of that kind, for assertions. */
  requests(method: string, path: RegExp): readonly JournalEntry[];
  /** Takes everything off the net, and brings it back on the same port. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

let judge: Judge | undefined | null = null;

export async function startDiscord(
  options: { readonly guilds?: number; readonly heartbeatMs?: number } = {},
): Promise<DiscordStandIn> {
  if (judge === null) judge = loadJudge();
  const rulebook = judge ?? undefined;
  let skipped = 0;
  const now = (): number => Date.now() + skipped;
  const bot = { id: snowflake(now()), name: "Clutch" };
  const world = createWorld(options.guilds ?? 1, now);
  const violations: string[] = [];
  const withoutCommandScope = new Set<string>();
  const closedChannels = new Set<string>();
  const times: InteractionTimes = { ackDeadlineMs: 3_000, tokenLifeMs: 15 * 60_000 };
  const messages = createMessageStore(bot, now);
  const commands = createCommandBook(bot.id, now, (guildId) => !withoutCommandScope.has(guildId));
  const interactions = createInteractionBook(bot.id, messages, now, times);
  const channels = channelRoutes({ world, messages, closedChannels });

  const issuesOf = ({ method, path, body, files }: ApiRequest): readonly string[] => {
    const names = files.map(({ name }) => name);
    const byHand = /\/callback$/.test(path)
      ? callbackIssues(body, names)
      : /\/commands/.test(path) && body !== undefined
        ? [body].flat().flatMap(commandIssues)
        : /\/messages|^\/webhooks/.test(path) && body !== undefined
          ? messageIssues(body, names)
          : [];
    return [...(rulebook?.issues(method, path, body) ?? []), ...byHand];
  };

  const route = (request: ApiRequest): Answer => {
    const { method, path } = request;
    const issues = issuesOf(request);
    if (issues.length > 0) {
      violations.push(...issues.map((issue) => `${method} ${path}: ${issue}`));
      return invalid(issues);
    }
    if (path === "/gateway/bot") {
      const limit = { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 };
      return ok({ url: `ws://127.0.0.1:${api.port}`, shards: 1, session_start_limit: limit });
    }
    if (path === "/users/@me") return ok(userObject({ ...bot, bot: true }));
    if (path === "/applications/@me" || path === "/oauth2/applications/@me")
      return ok(applicationObject(bot.id, bot.name));
    return (
      commands.route(request) ?? interactions.route(request) ?? channels(request) ?? refuse(404, 0, "404: Not Found")
    );
  };

  const api = await startApiServer({
    token: () => standIn.token,
    now,
    route,
    onFault: (error) => void violations.push(`the stand-in failed: ${String(error)}`),
  });
  const gateway = startGateway({
    server: api.server,
    token: () => standIn.token,
    heartbeatMs: options.heartbeatMs ?? 41_250,
    ready: (sessionId) => ({
      v: 10,
      user: { ...userObject({ ...bot, bot: true }), verified: true, mfa_enabled: false, email: null },
      guilds: world.guildIds.map((id) => ({ id, unavailable: true })),
      session_id: sessionId,
      resume_gateway_url: `ws://127.0.0.1:${api.port}`,
      application: { id: bot.id, flags: 0 },
      shard: [0, 1],
      private_channels: [],
      session_type: "normal",
    }),
    guilds: () =>
      world.guildIds.map((id) =>
        guildObject(
          id,
          [...world.channels.values()].filter(({ guildId }) => guildId === id),
          world.members,
          bot,
        ),
      ),
  });
  const down = (): Promise<void> =>
    new Promise((resolve) => {
      gateway.drop();
      api.server.close(() => resolve());
      api.server.closeAllConnections();
    });

  const standIn: DiscordStandIn = {
    ...createPeople({ applicationId: bot.id, world, commands, messages, interactions, gateway, times, now }),
    apiUrl: `http://127.0.0.1:${api.port}/api`,
    applicationId: bot.id,
    token: "stand-in.discord.token",
    world,
    commands,
    messages,
    interactions,
    gateway,
    times,
    journal: api.journal,
    violations,
    judged: rulebook !== undefined,
    withoutCommandScope,
    closedChannels,
    now,
    advance(ms) {
      skipped += ms;
    },
    fail: api.faults.add,
    clearFaults: api.faults.clear,
    requests: (method, path) => api.journal.filter((entry) => entry.method === method && path.test(entry.path)),
    goDown: down,
    comeBack: () => new Promise((resolve) => api.server.listen(api.port, "127.0.0.1", () => resolve())),
    close: down,
  };
  return standIn;
}

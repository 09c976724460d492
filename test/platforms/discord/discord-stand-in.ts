import { type Answer, invalid, ok, refuse } from "./answer.ts";
import { channelRoutes } from "./channel-routes.ts";
import { type CommandBook, createCommandBook } from "./command-routes.ts";
import type { Fault } from "./fault-box.ts";
import { type GatewayServer, startGateway } from "./gateway-server.ts";
import { guestRoutes } from "./guest-routes.ts";
import { callbackIssues, commandIssues, messageIssues } from "./hand-rules.ts";
import { type ApiRequest, type JournalEntry, startApiServer } from "./http-server.ts";
import { createInteractionBook, type InteractionBook, type InteractionTimes } from "./interactions.ts";
import { createMessageStore, type MessageStore } from "./messages.ts";
import { type Judge, loadJudge } from "./openapi-judge.ts";
import { createPeople, type People } from "./people.ts";
import { applicationObject, guildObject, userObject } from "./shapes.ts";
import { snowflake } from "./snowflake.ts";
import { createTalk, type Talk } from "./talk.ts";
import { createWorld, type World } from "./world.ts";

/** Another application in the same guilds, as OpenClaw's bot is. What it sends is carried out, but not judged. */
export interface Guest {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  readonly commands: CommandBook;
}

/** Discord's REST API and gateway on loopback, and people who use it. */
export interface DiscordStandIn extends People, Talk {
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
  /** Adds another application. */
  invite(name: string): Guest;
  /** Takes everything off the net, and brings it back on the same port. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

let judge: Judge | undefined | null = null;

/** Of an application that may read messages, members and presences. */
const PRIVILEGED_INTENTS = (1 << 12) | (1 << 14) | (1 << 18);

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
  const guests: Guest[] = [];
  const messages = createMessageStore(bot, now, () => [
    ...world.members,
    ...bots().map((each) => ({ ...each, bot: true })),
  ]);
  const commands = createCommandBook(bot.id, now, (guildId) => !withoutCommandScope.has(guildId));
  const interactions = createInteractionBook(bot.id, messages, now, times);
  const bots = (): readonly { id: string; name: string }[] => [bot, ...guests];
  const botOf = (application: string | undefined) => bots().find(({ id }) => id === application) ?? bot;
  const applicationOf = (token: string): string | undefined =>
    token === standIn.token ? bot.id : guests.find((guest) => guest.token === token)?.id;

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

  const channels = channelRoutes({ world, messages, closedChannels, announce: (message) => talk.announce(message) });
  const others = guestRoutes({ world, messages, bots });

  /** What every application is answered alike. */
  const ofAny = ({ path, application }: ApiRequest): Answer | undefined => {
    const own = botOf(application);
    if (path === "/gateway/bot") {
      const limit = { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 };
      return ok({ url: `ws://127.0.0.1:${api.port}`, shards: 1, session_start_limit: limit });
    }
    if (path === "/users/@me") return ok(userObject({ ...own, bot: true }));
    if (path === "/applications/@me" || path === "/oauth2/applications/@me")
      return ok(applicationObject(own.id, own.name, own === bot ? 0 : PRIVILEGED_INTENTS));
    if (path === "/users/@me/guilds") return ok(world.guildIds.map((id) => guildObject(id, [], world.members, own)));
    return undefined;
  };

  const route = (request: ApiRequest): Answer => {
    const { method, path } = request;
    const guest = guests.find(({ id }) => id === request.application);
    const unknown = refuse(404, 0, "404: Not Found");
    if (guest !== undefined) {
      return ofAny(request) ?? guest.commands.route(request) ?? others(request) ?? channels(request) ?? unknown;
    }
    const issues = issuesOf(request);
    if (issues.length > 0) {
      violations.push(...issues.map((issue) => `${method} ${path}: ${issue}`));
      return invalid(issues);
    }
    return ofAny(request) ?? commands.route(request) ?? interactions.route(request) ?? channels(request) ?? unknown;
  };

  const api = await startApiServer({
    applicationOf,
    now,
    route,
    onFault: (error) => void violations.push(`the stand-in failed: ${String(error)}`),
  });
  const gateway = startGateway({
    server: api.server,
    applicationOf,
    heartbeatMs: options.heartbeatMs ?? 41_250,
    ready: (sessionId, application) => ({
      v: 10,
      user: { ...userObject({ ...botOf(application), bot: true }), verified: true, mfa_enabled: false, email: null },
      guilds: world.guildIds.map((id) => ({ id, unavailable: true })),
      session_id: sessionId,
      resume_gateway_url: `ws://127.0.0.1:${api.port}`,
      application: { id: application, flags: application === bot.id ? 0 : PRIVILEGED_INTENTS },
      shard: [0, 1],
      private_channels: [],
      session_type: "normal",
    }),
    guilds: (application) =>
      world.guildIds.map((id) =>
        guildObject(
          id,
          [...world.channels.values()].filter(({ guildId }) => guildId === id),
          world.members,
          botOf(application),
        ),
      ),
  });
  const down = (): Promise<void> =>
    new Promise((resolve) => {
      gateway.drop();
      api.server.close(() => resolve());
      api.server.closeAllConnections();
    });

  const talk = createTalk({ applicationId: bot.id, world, messages, gateway });
  const standIn: DiscordStandIn = {
    ...talk,
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
    invite(name) {
      const id = snowflake(now());
      const guest = { id, name, token: `stand-in.${id}.token`, commands: createCommandBook(id, now, () => true) };
      guests.push(guest);
      return guest;
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

import { setTimeout as delay } from "node:timers/promises";
import { App, type HTTPReceiver, webApi } from "@slack/bolt";
import { ClutchError, toClutchError } from "../../src/errors.ts";
import type { ChatAdapter } from "../adapter.ts";
import { withPicture } from "../picture.ts";
import { createAckWatch } from "./ack-watch.ts";
import { boltLogger } from "./bolt-logger.ts";
import { drawWithControls } from "./card-controls.ts";
import { type ChoiceMenus, createChoiceMenus } from "./choice-menus.ts";
import { createCommandNames, UMBRELLA } from "./command-names.ts";
import { deliverFile } from "./deliver-file.ts";
import { createHttpReceiver, HTTP_LIMITS, MAX_CONNECTIONS } from "./http-receiver.ts";
import { createJobs } from "./jobs.ts";
import { listen } from "./listeners.ts";
import { createOnce } from "./once.ts";
import { createChannelKinds } from "./places.ts";
import { createPoster } from "./poster.ts";
import { createResponseUrl, leadsToSlack } from "./response-url.ts";
import type { SlackOptions, SlackStatus } from "./slack-options.ts";
import { missingScopes, slackProblem } from "./slack-problems.ts";
import { createSocketReceiver, type SocketReceiver } from "./socket-receiver.ts";
import { createStatusBoard } from "./status-board.ts";
import { createUserGroups } from "./user-groups.ts";

export interface SlackAdapter extends ChatAdapter {
  readonly status: SlackStatus;
  /** Requests that were not acknowledged within 3 s since the start; anything but 0 is a fault of ours. */
  readonly missedAcks: number;
  /** HTTP mode: the port listened on. */
  readonly port: number | undefined;
}

const API_URL = "https://slack.com/api/";
const CALL_TIMEOUT_MS = 10_000;
/** Waits between tries to learn who we are, ms; the last one stays. */
const RETRY_WAITS_MS = [500, 2_000, 8_000, 30_000] as const;

/**
 * Clutch as a Slack app of its own. Run one process per app: Slack gives each
 * request to any one of an app's connections.
 *
 * `start` rejects for what will not mend itself: `bad_config`, a refused token
 * (`platform_auth`). Where Slack cannot be reached it resolves, and Clutch goes
 * on trying. Later troubles are told by `onStatus` and the log; nothing is
 * thrown, and `post` never rejects.
 */
export function createSlackAdapter(options: SlackOptions): SlackAdapter {
  const { logger, clock } = options;
  const slackApiUrl = options.apiUrl ?? API_URL;
  const stopping = new AbortController();
  const jobs = createJobs((thrown) => logger.error({ err: thrown }, "work for Slack met a fault"));
  const watch = createAckWatch(logger, { onAcknowledged: options.onAcknowledged });
  const board = createStatusBoard((status) => {
    if (!stopping.signal.aborted) options.onStatus(status);
  });
  const client = new webApi.WebClient(options.botToken, {
    slackApiUrl,
    logger: boltLogger(logger),
    timeout: CALL_TIMEOUT_MS,
    retryConfig: { retries: 2, minTimeout: 300, factor: 3 },
  });
  const poster = createPoster(client, board.part);

  let self:
    | { readonly user: string | undefined; readonly bot: string | undefined; readonly team: string | undefined }
    | undefined;
  let menus: ChoiceMenus | undefined;
  let receiver: SocketReceiver | HTTPReceiver | undefined;
  let port: number | undefined;
  let stopped: Promise<void> | undefined;

  /** Who we are and what we may do. The scopes come with any answer, so a missing one is known before it is needed. */
  const identify = async (): Promise<void> => {
    try {
      const me = await client.auth.test();
      self = { user: me.user_id, bot: me.bot_id, team: me.team_id };
      board.part("auth.test", undefined);
      board.part("scopes", missingScopes(me.response_metadata?.scopes ?? [], options.groupsOf ?? []));
    } catch (thrown) {
      const problem = slackProblem(thrown, "auth.test");
      board.part("auth.test", problem);
      throw problem;
    }
  };
  const identifyLater = async (): Promise<void> => {
    for (let attempt = 0; self === undefined && !stopping.signal.aborted; attempt += 1) {
      const wait = RETRY_WAITS_MS[Math.min(attempt, RETRY_WAITS_MS.length - 1)];
      await delay(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
      await identify().catch(() => undefined);
    }
  };

  const openReceiver = (): SocketReceiver | HTTPReceiver => {
    if (options.mode === "http") {
      return createHttpReceiver({
        signingSecret: required(options.signingSecret, "signingSecret", "http"),
        watch,
        onAcknowledged: options.onAcknowledged,
        logger,
      });
    }
    const opener = new webApi.WebClient(required(options.appToken, "appToken", "socket"), {
      slackApiUrl,
      logger: boltLogger(logger),
      timeout: CALL_TIMEOUT_MS,
      // The pool waits and tries again by itself.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
    });
    return createSocketReceiver({
      watch,
      logger,
      async openUrl() {
        const { url } = await opener.apps.connections.open({});
        if (url === undefined) throw new ClutchError("unexpected_reply", "Slack gave no address for a socket.");
        return url;
      },
      onChange: (alive, failure) =>
        board.connection(alive > 0, failure === undefined ? undefined : slackProblem(failure, "apps.connections.open")),
    });
  };

  const connect = async (): Promise<void> => {
    if (receiver === undefined) return;
    if ("requestListener" in receiver) {
      const server = await receiver.start(
        { port: options.port ?? 3000, ...(options.host === undefined ? {} : { host: options.host }) },
        HTTP_LIMITS,
      );
      server.maxConnections = MAX_CONNECTIONS;
      const address = server.address();
      port = typeof address === "object" ? address?.port : undefined;
      return board.connection(true);
    }
    const failure = await receiver.start();
    if (failure === undefined) return;
    const problem = slackProblem(failure, "apps.connections.open");
    if (problem.code === "platform_auth" || problem.code === "platform_scope") throw problem;
  };

  return {
    platform: "slack",
    get status() {
      return board.current;
    },
    get missedAcks() {
      return watch.missed;
    },
    get port() {
      return port;
    },
    async start(dispatch) {
      receiver = openReceiver();
      try {
        await identify();
      } catch (thrown) {
        const problem = toClutchError(thrown);
        if (problem.code !== "platform_unreachable") throw problem;
        identifyLater();
      }
      menus = createChoiceMenus(dispatch);
      const app = new App({
        receiver,
        // Bolt would ask Slack by itself, and a refusal would be nobody's to catch.
        authorize: async () => ({
          botToken: options.botToken,
          ...(self?.user === undefined ? {} : { botUserId: self.user }),
          ...(self?.bot === undefined ? {} : { botId: self.bot }),
        }),
        convoStore: false,
        logger: boltLogger(logger),
        clientOptions: { slackApiUrl },
      });
      app.error(async (error) => logger.error({ err: error }, "a listener for Slack met a fault"));
      listen(app, {
        dispatch,
        menus,
        poster,
        logger,
        names: createCommandNames(
          dispatch.commands.map(({ name }) => name),
          options.commandNames,
          dispatch.commands.find(({ name }) => `/${name}` === UMBRELLA)?.options.find(({ positional }) => positional)
            ?.choices,
        ),
        actions: options.actions,
        kinds: createChannelKinds(client, logger),
        groups: createUserGroups({
          client,
          groups: options.groupsOf ?? [],
          clock,
          onProblem: (problem) => board.part("usergroups", problem),
        }),
        once: createOnce(clock, options.actions),
        botUser: () => self?.user,
        responseUrl: (url) =>
          url !== undefined && leadsToSlack(url, slackApiUrl) ? createResponseUrl({ url, clock, logger }) : undefined,
        job: jobs.run,
      });
      try {
        await connect();
      } catch (thrown) {
        stopping.abort();
        await receiver.stop().catch(() => undefined);
        throw thrown instanceof ClutchError ? thrown : cannotListen(thrown, options.port);
      }
    },
    stop() {
      stopped ??= (async () => {
        stopping.abort();
        // It may never have started, which Bolt's receiver takes amiss.
        await receiver?.stop().catch(() => undefined);
        jobs.close();
        await jobs.idle();
      })();
      return stopped;
    },
    async post(conversation, card) {
      let posted = false;
      if (menus === undefined) {
        logger.warn("a notice came before Slack was started");
        return posted;
      }
      const { channel: named, person, kind } = conversation;
      try {
        // The channel of a direct conversation may be the agent's bot's, where Clutch may not write. Without leave to
        // open Clutch's own its person's id does as well, where Slack still takes it.
        const whom = person || named;
        const channel =
          kind === "direct" && !whom.startsWith("D") ? await poster.direct(whom).catch(() => whom) : named;
        // A thread of the agent's conversation is none in Clutch's own.
        const thread = channel === named ? conversation.thread : undefined;
        const spot = {
          team: conversation.space ?? self?.team ?? "",
          channel,
          user: person,
          ...(thread === undefined ? {} : { thread }),
        };
        const delivered = await deliverFile(card, { spot, isPrivate: false, poster, logger });
        const shown = await withPicture(delivered, logger);
        await poster.message(
          channel,
          thread,
          await drawWithControls({ card: shown, spot, actions: options.actions, menus }),
        );
        posted = true;
        if (shown.image !== undefined) await poster.image(channel, thread, shown.image);
      } catch (thrown) {
        const { code, message, hint } = toClutchError(thrown);
        logger.error({ code, channel: named, hint }, `a notice was not posted: ${message}`);
      }
      return posted;
    },
  };
}

function required(value: string | undefined, name: string, mode: string): string {
  if (value !== undefined && value !== "") return value;
  throw new ClutchError("bad_config", `slack.${name} is missing; slack.mode "${mode}" needs it.`, {
    hint: "Copy it from https://api.slack.com/apps, Basic Information.",
  });
}

const cannotListen = (thrown: unknown, port: number | undefined): ClutchError =>
  new ClutchError("bad_config", `Clutch cannot listen for Slack on port ${port ?? 3000}.`, {
    hint: 'Set slack.port to a free port, or use slack.mode "socket", which listens on none.',
    cause: thrown,
  });

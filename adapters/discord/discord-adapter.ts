import { setTimeout as sleep } from "node:timers/promises";
import type { RESTOptions } from "discord.js";
import type { Logger } from "pino";
import type { ActionStore } from "../../commands/action-store.ts";
import type { ClutchError } from "../../src/errors.ts";
import type { ChatAdapter, Dispatch } from "../adapter.ts";
import { createButtons } from "./buttons.ts";
import { type Connection, connect } from "./connection.ts";
import { createDiscordApi, type DiscordApi } from "./discord-api.ts";
import { createMessageDrawer } from "./draw-message.ts";
import { parseInteraction } from "./interaction.ts";
import { createInteractionHandler } from "./interaction-handler.ts";
import { toPlatformError } from "./platform-error.ts";
import { registerCommands } from "./register-commands.ts";
import { otherScopes, retireCommands, type Scope } from "./retire-commands.ts";
import { slashCommands } from "./slash-commands.ts";
import { createStatusKeeper, type PlatformStatus } from "./status.ts";

export interface DiscordOptions {
  /** Of an application of Clutch's own: OpenClaw overwrites the commands of the one it uses. */
  readonly token: string;
  /** Servers in which the commands are registered, at once; none means everywhere, and in DMs. */
  readonly guilds: readonly string[];
  /** Another root of the API, as `https://discord.com/api`. */
  readonly apiUrl?: string;
  readonly actions: ActionStore;
  readonly logger: Logger;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly onStatus?: (status: PlatformStatus) => void;
  /** Told how long each acknowledgement took, with Discord's answer to it, ms. */
  readonly onAcknowledged?: (ms: number) => void;
  /** How often a message with progress is edited at most, ms. */
  readonly progressEveryMs?: number;
  /** How long `start` waits for Discord before it lets the connection come up by itself, ms. */
  readonly startTimeoutMs?: number;
  /** The first pause before another try to connect or to register, ms; doubled up to a minute. */
  readonly retryMs?: number;
}

const PROGRESS_EVERY_MS = 1_000;
const START_TIMEOUT_MS = 15_000;
const RETRY_MS = 2_000;
const MAX_RETRY_MS = 60_000;

/**
 * Discord as a chat platform. `start` rejects with `platform_auth` or
 * `platform_scope` where only a person can help; an outage it waits out in the
 * background. After that nothing of Discord's is thrown: `onStatus` tells.
 */
export function createDiscordAdapter(options: DiscordOptions): ChatAdapter {
  const { logger, clock } = options;
  const rest: Partial<RESTOptions> = options.apiUrl === undefined ? {} : { api: options.apiUrl };
  const status = createStatusKeeper(options.onStatus ?? (() => undefined));
  const buttons = createButtons(options.actions);
  const drawer = createMessageDrawer(buttons, logger);
  const api: DiscordApi = createDiscordApi(options.token, rest);
  const scopes: readonly Scope[] = options.guilds.length === 0 ? [undefined] : options.guilds;
  /** Until it is empty the commands stay where a former configuration had them: better those than none. */
  const unregistered = new Set(scopes);
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let connection: Connection | undefined;
  let connecting: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  const track = (work: Promise<void>): void => {
    underWay.add(work);
    work.finally(() => underWay.delete(work));
  };

  const pause = (attempt: number): Promise<void> =>
    sleep(Math.min((options.retryMs ?? RETRY_MS) * 2 ** attempt, MAX_RETRY_MS), undefined, {
      signal: stopping.signal,
    }).catch(() => undefined);

  /** Does it once more after a pause, where only an outage was in the way. */
  const again = (error: ClutchError, attempt: number, work: () => Promise<void>): void => {
    if (error.code !== "platform_unreachable" || stopping.signal.aborted) return;
    track(pause(attempt).then(() => (stopping.signal.aborted ? undefined : work())));
  };

  /** Registers one scope; an outage is waited out in the background, a missing right until the bot is invited anew. */
  const register = async (dispatch: Dispatch, applicationId: string, guildId: Scope, attempt = 0): Promise<void> => {
    const about = `commands ${guildId ?? "everywhere"}`;
    try {
      await registerCommands({
        api,
        applicationId,
        guildId,
        wanted: slashCommands(dispatch.commands, guildId === undefined),
        logger,
      });
      status.problem(about, undefined);
      if (unregistered.delete(guildId) && unregistered.size === 0) track(retireUntilDone(dispatch, applicationId));
    } catch (thrown) {
      const error = toPlatformError(thrown, { applicationId, guildId });
      logger.error({ code: error.code, err: error.cause, guild: guildId }, error.message);
      status.problem(about, error);
      again(error, attempt, () => register(dispatch, applicationId, guildId, attempt + 1));
    }
  };

  /** Takes the commands away from where a former configuration had them: they would stand twice there. */
  const retire = async ({ commands }: Dispatch, applicationId: string): Promise<void> => {
    for (const guildId of await otherScopes(api, options.guilds)) {
      if (stopping.signal.aborted) return;
      const deleted = await retireCommands({ api, applicationId, guildId, commands });
      if (deleted > 0) logger.info({ guild: guildId, deleted }, "slash commands of a former configuration deleted");
    }
  };

  const retireUntilDone = (dispatch: Dispatch, applicationId: string, attempt = 0): Promise<void> =>
    retire(dispatch, applicationId).catch((thrown: unknown) => {
      const error = toPlatformError(thrown, { applicationId });
      logger.warn({ code: error.code, err: error.cause }, "slash commands elsewhere were not looked through");
      again(error, attempt, () => retireUntilDone(dispatch, applicationId, attempt + 1));
    });

  const connectOnce = async (dispatch: Dispatch): Promise<Connection> => {
    const handler = createInteractionHandler({
      api,
      drawer,
      buttons,
      dispatch,
      clock,
      logger,
      progressEveryMs: options.progressEveryMs ?? PROGRESS_EVERY_MS,
      onAcknowledged: options.onAcknowledged,
    });
    const made = await connect({
      token: options.token,
      rest,
      status,
      logger,
      signal: stopping.signal,
      onInteraction(payload) {
        const interaction = parseInteraction(payload);
        if (interaction === undefined) return logger.debug("an interaction of an unknown shape was passed over");
        track(stopping.signal.aborted ? handler.refuse(interaction) : handler.handle(interaction));
      },
      onGuild(guildId) {
        // Those of the first connection are registered below; one that comes later may have been joined anew.
        if (connection !== undefined && options.guilds.includes(guildId))
          track(register(dispatch, connection.applicationId, guildId));
      },
    });
    for (const guildId of scopes) await register(dispatch, made.applicationId, guildId);
    status.link("up");
    return made;
  };

  const connectUntilUp = async (dispatch: Dispatch): Promise<void> => {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      try {
        connection = await connectOnce(dispatch);
        return;
      } catch (thrown) {
        if (stopping.signal.aborted) return;
        const error: ClutchError = toPlatformError(thrown);
        logger.error({ code: error.code, err: error.cause }, error.message);
        status.link(error.code === "platform_unreachable" ? "down" : "failed", error);
        if (error.code !== "platform_unreachable") throw error;
        await pause(attempt);
      }
    }
  };

  return {
    platform: "discord",
    async start(dispatch) {
      status.link("connecting");
      connecting = connectUntilUp(dispatch);
      connecting.catch(() => undefined);
      const enough = new AbortController();
      const patience = sleep(options.startTimeoutMs ?? START_TIMEOUT_MS, undefined, {
        signal: AbortSignal.any([enough.signal, stopping.signal]),
      });
      await Promise.race([connecting, patience.catch(() => undefined)]).finally(() => enough.abort());
    },
    stop() {
      stopped ??= (async () => {
        stopping.abort(new Error("stopped"));
        while (underWay.size > 0) await Promise.allSettled(underWay);
        await connecting?.catch(() => undefined);
        await connection
          ?.close()
          .catch((error: unknown) => logger.debug({ err: error }, "closing the connection failed"));
      })();
      return stopped;
    },
    async post(conversation, card) {
      try {
        const direct = conversation.kind === "direct" && conversation.person !== "";
        const channelId = direct
          ? await api.directChannel(conversation.person)
          : (conversation.thread ?? conversation.channel);
        await api.send(channelId, await drawer.draw({ card, channelId }));
        status.problem("notices", undefined);
        return true;
      } catch (thrown) {
        const error = toPlatformError(thrown);
        logger.error(
          { code: error.code, err: error.cause, channel: conversation.channel, hint: error.hint },
          `A notice was not posted: ${error.message}`,
        );
        // A right that is missing is so for one person or channel, which is not Discord; and an outage is the
        // connection's to tell, which knows when it is over.
        if (error.code !== "platform_scope" && error.code !== "platform_unreachable") status.problem("notices", error);
        return false;
      }
    },
  };
}

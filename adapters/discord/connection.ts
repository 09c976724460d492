import { Client, Events, GatewayDispatchEvents, GatewayIntentBits, type RESTOptions } from "discord.js";
import type { Logger } from "pino";
import { z } from "zod";
import { closeError, toPlatformError } from "./platform-error.ts";
import type { StatusKeeper } from "./status.ts";

export interface Connection {
  readonly applicationId: string;
  close(): Promise<void>;
}

const ready = z.object({ application: z.object({ id: z.string() }) });
const guild = z.object({ id: z.string() });

interface Packet {
  t: string | null;
  d: unknown;
}

/** What discord.js itself needs to know when it is ready. */
const PASSED_ON: ReadonlySet<string | null> = new Set([
  GatewayDispatchEvents.Ready,
  GatewayDispatchEvents.Resumed,
  GatewayDispatchEvents.GuildCreate,
]);

/**
 * Connects to Discord's gateway; from then on discord.js reconnects and resumes
 * by itself. Rejects with `platform_auth`, `platform_scope` or
 * `platform_unreachable` where the first connection fails.
 */
export async function connect(parts: {
  readonly token: string;
  readonly rest: Partial<RESTOptions>;
  readonly status: StatusKeeper;
  readonly logger: Logger;
  /** Gets the payload of every interaction as it came. */
  readonly onInteraction: (payload: unknown) => void;
  /** A guild is there, again or for the first time. */
  readonly onGuild: (guildId: string) => void;
  readonly signal: AbortSignal;
}): Promise<Connection> {
  const { status, logger } = parts;
  const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: parts.rest });
  const outcome = Promise.withResolvers<string>();
  // Whoever waits has its own handler; a failure after that is for the status alone.
  outcome.promise.catch(() => undefined);

  /** The first time it is up when whoever connects says so. */
  let isBack = false;

  const onPacket = (packet: Packet): void => {
    if (packet.t === GatewayDispatchEvents.Ready) {
      const parsed = ready.safeParse(packet.d);
      if (parsed.success) outcome.resolve(parsed.data.application.id);
      if (isBack) status.link("up");
      isBack = true;
    } else if (packet.t === GatewayDispatchEvents.Resumed) {
      status.link("up");
    } else if (packet.t === GatewayDispatchEvents.GuildCreate) {
      const parsed = guild.safeParse(packet.d);
      if (parsed.success) parts.onGuild(parsed.data.id);
    } else if (packet.t === GatewayDispatchEvents.InteractionCreate) {
      parts.onInteraction(packet.d);
    }
    // The rest is kept from discord.js: a shape that it does not know makes it throw where no listener can catch it,
    // which would end the process, and it would remember every channel and person that it sees.
    if (!PASSED_ON.has(packet.t)) packet.t = null;
  };
  // `raw` is documented but not in the types.
  (client as unknown as { on(event: "raw", listener: (packet: Packet) => void): void }).on(Events.Raw, onPacket);
  // Without a listener for errors discord.js ends the process.
  client.on(Events.Error, (error) => logger.error({ err: error }, "discord.js reported an error"));
  client.on(Events.ShardError, (error) => {
    logger.warn({ err: error }, "the connection to Discord failed");
    status.link("down", toPlatformError(error));
  });
  client.on(Events.Warn, (text) => logger.warn(text));
  client.on(Events.ShardReconnecting, () => status.link("down", toPlatformError(new Error("the connection was lost"))));
  client.on(Events.ShardDisconnect, ({ code }) => {
    if (parts.signal.aborted) return;
    const error = closeError(code);
    logger.error({ code: error.code }, error.message);
    status.link("failed", error);
    outcome.reject(error);
  });
  const onAbort = (): void => outcome.reject(parts.signal.reason);
  parts.signal.addEventListener("abort", onAbort, { once: true });
  client.login(parts.token).catch(outcome.reject);
  try {
    return { applicationId: await outcome.promise, close: () => client.destroy() };
  } catch (error) {
    await client.destroy().catch(() => undefined);
    throw toPlatformError(error);
  }
}

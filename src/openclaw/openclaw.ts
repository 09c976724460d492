import type { ModelRef } from "../models/model-ref.ts";
import { formatModelRef } from "../models/model-ref.ts";
import { createConfigPatch } from "./config-patch.ts";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import { withInheritedPin } from "./inherited-pin.ts";
import { refusesProperty } from "./request-errors.ts";
import { checkSelectionScope } from "./selection-scope.ts";
import {
  agentsReply,
  compactReply,
  configReply,
  describeReply,
  historyReply,
  listReply,
  modelsReply,
  parseReply,
  resolveReply,
  type SessionRow,
} from "./wire.ts";

/** A model that OpenClaw offers. `windowTokens` is what OpenClaw will use of the model's window. */
export interface CatalogModel {
  readonly ref: ModelRef;
  readonly name: string;
  readonly windowTokens: number | undefined;
  /** OpenClaw's own view: its server's host is loopback or `.local`. An input to locality, no proof. */
  readonly atLocalAddress: boolean | undefined;
}

export interface Answered {
  readonly model: ModelRef;
  /** Epoch ms. */
  readonly at: number | undefined;
  readonly runId: string | undefined;
}

/** One line of a conversation. */
export interface TranscriptMessage {
  /** `openclaw` where the gateway itself answered, as it does to its own text commands. */
  readonly by: "person" | "model" | "openclaw";
  readonly model: ModelRef | undefined;
  /** Epoch ms, by the gateway's clock. */
  readonly at: number | undefined;
  readonly runId: string | undefined;
  /** Why the model stopped: "stop", "toolUse", "error", … */
  readonly stopReason: string | undefined;
}

/** The newest of a conversation, oldest first, without tool results, compactions and heartbeats. */
export interface Transcript {
  readonly messages: readonly TranscriptMessage[];
  readonly running: boolean;
  /** The run that is at work, where the gateway names it. */
  readonly runId: string | undefined;
}

export interface ConfigSnapshot {
  /** For the next patch: the gateway refuses it when the config changed since. */
  readonly hash: string | undefined;
  /** What is in force, completed by OpenClaw's defaults. Secrets are redacted, here and in `authored`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the file says, which is what a patch changes. What is to be written back must come from here. */
  readonly authored: Readonly<Record<string, unknown>>;
}

/** The gateway as Clutch speaks of it. Every method throws the codes of `GatewayConnection.request`. */
export interface OpenClaw {
  /** The canonical key of an existing session, or undefined. */
  resolveSession(key: string, options?: RequestOptions): Promise<string | undefined>;
  readSession(key: string, options?: RequestOptions): Promise<SessionRow | undefined>;
  /** Sessions whose key or route mentions `text`, newest first, at most 200. */
  searchSessions(text: string, options?: RequestOptions): Promise<readonly SessionRow[]>;
  /** Sessions with activity within the last `withinMs`, newest first, at most 200. */
  activeSessions(withinMs: number, options?: RequestOptions): Promise<readonly SessionRow[]>;
  /**
   * Throws `gateway_protocol` where a model that is set for one session would become
   * the default of others too. `setSessionModel` asks by itself; asked before, nothing
   * is loaded or written down for a switch that cannot be made.
   */
  checkReach(options?: RequestOptions): Promise<void>;
  /**
   * Sets or clears the model of a session. The gateway creates a row for a key
   * it does not know and accepts models that don't exist, so read the row and
   * check the model first. `expectedSessionId` refuses a session that was reset
   * in between (`refusalReason` is then `session-changed`).
   */
  setSessionModel(
    key: string,
    model: ModelRef | null,
    expectedSessionId: string | undefined,
    options?: RequestOptions,
  ): Promise<void>;
  /**
   * Lets the session's present model summarise it, and waits up to 5 minutes. False
   * where there was nothing to summarise.
   */
  compactSession(key: string, options?: RequestOptions): Promise<boolean>;
  /** Stops the turn that runs in a session, if one does. */
  stopTurn(key: string, options?: RequestOptions): Promise<void>;
  /** All sessions, `PAGE` at a time, newest first; `next` is undefined after the last page. */
  listSessions(offset: number, options?: RequestOptions): Promise<SessionPage>;
  /** Who answered last, whether a turn is running now, and when the newest message came (epoch ms, the gateway's clock). */
  recentActivity(key: string, options?: RequestOptions): Promise<RecentActivity>;
  /** The newest messages, `TRANSCRIPT_ROWS` at most with calls of tools and their results. */
  readTranscript(key: string, options?: RequestOptions): Promise<Transcript>;
  listModels(options?: RequestOptions): Promise<readonly CatalogModel[]>;
  listAgents(
    options?: RequestOptions,
  ): Promise<{ readonly defaultId: string | undefined; readonly ids: readonly string[] }>;
  readConfig(options?: RequestOptions): Promise<ConfigSnapshot>;
  /** The JSON schema of the configuration, some 2 MB. */
  readConfigSchema(options?: RequestOptions): Promise<unknown>;
  /**
   * A JSON merge patch. Takes up to 3 s; the gateway allows 30 a minute, and
   * takes arrays away or shortens them only below `replacePaths` (dotted). Throws
   * `not_applied` where it is saved and the gateway goes on with what it had.
   */
  patchConfig(
    patch: Record<string, unknown>,
    baseHash: string | undefined,
    replacePaths?: readonly string[],
    options?: RequestOptions,
  ): Promise<void>;
}

export interface SessionPage {
  readonly sessions: readonly SessionRow[];
  readonly next: number | undefined;
}

export interface RecentActivity {
  readonly answered: Answered | undefined;
  readonly running: boolean;
  readonly newestAt: number | undefined;
}

/** Sessions of one page of the list. */
const PAGE = 200;
/** As many as OpenClaw gives at a time: every call of a tool takes two, and one turn may make hundreds. */
const TRANSCRIPT_ROWS = 1_000;
/** Nobody reads the texts. */
const TRANSCRIPT_CHARS = 100;

/** Rows of the transcript that are OpenClaw's own doing rather than an answer. */
const SYSTEM_KINDS = new Set(["compaction", "heartbeat"]);

export function createOpenClaw(connection: Pick<GatewayConnection, "request" | "state">): OpenClaw {
  const call = async <T>(method: string, params: unknown, parse: (reply: unknown) => T, options?: RequestOptions) =>
    parse(await connection.request(method, params, options));

  return {
    async resolveSession(key, options) {
      const reply = await call(
        "sessions.resolve",
        { key, allowMissing: true },
        (raw) => parseReply(resolveReply, "sessions.resolve", raw),
        options,
      );
      return reply.ok ? reply.key : undefined;
    },

    async readSession(key, options) {
      const read = async (one: string) =>
        (
          await call(
            "sessions.describe",
            { key: one },
            (raw) => parseReply(describeReply, "sessions.describe", raw),
            options,
          )
        ).session ?? undefined;
      const row = await read(key);
      return row === undefined ? undefined : withInheritedPin(row, connection.state(), read);
    },

    async searchSessions(text, options) {
      const reply = await call(
        "sessions.list",
        { search: text, limit: 200 },
        (raw) => parseReply(listReply, "sessions.list", raw),
        options,
      );
      return reply.sessions;
    },

    async activeSessions(withinMs, options) {
      const reply = await call(
        "sessions.list",
        { activeMinutes: Math.max(1, Math.ceil(withinMs / 60_000)), limit: 200 },
        (raw) => parseReply(listReply, "sessions.list", raw),
        options,
      );
      return reply.sessions;
    },

    async compactSession(key, options) {
      const reply = await call(
        "sessions.compact",
        { key },
        (raw) => parseReply(compactReply, "sessions.compact", raw),
        { timeoutMs: 300_000, ...options },
      );
      return reply.compacted;
    },

    async stopTurn(sessionKey, options) {
      await connection.request("chat.abort", { sessionKey }, options);
    },

    async listSessions(offset, options) {
      const reply = await call(
        "sessions.list",
        { limit: PAGE, offset },
        (raw) => parseReply(listReply, "sessions.list", raw),
        options,
      );
      const next = reply.hasMore ? (reply.nextOffset ?? offset + reply.sessions.length) : undefined;
      return { sessions: reply.sessions, next: reply.sessions.length === 0 ? undefined : next };
    },

    checkReach: (options) => checkSelectionScope(connection, options),

    async setSessionModel(key, model, expectedSessionId, options) {
      if (model !== null) await checkSelectionScope(connection, options);
      await connection.request(
        "sessions.patch",
        {
          key,
          model: model === null ? null : formatModelRef(model),
          ...(expectedSessionId === undefined ? {} : { expectedSessionId }),
        },
        options,
      );
    },

    async recentActivity(key, options) {
      const reply = await call(
        "chat.history",
        { sessionKey: key, limit: 8 },
        (raw) => parseReply(historyReply, "chat.history", raw),
        options,
      );
      const last = reply.messages.findLast(
        (message) =>
          message.role === "assistant" &&
          message.provider !== "openclaw" &&
          message.provider &&
          message.model &&
          !SYSTEM_KINDS.has(message.__openclaw?.kind ?? ""),
      );
      const running = reply.inFlightRun != null || reply.sessionInfo?.running === true;
      const newestAt = reply.messages.reduce<number | undefined>(
        (newest, { timestamp }) => (timestamp == null ? newest : Math.max(newest ?? 0, timestamp)),
        undefined,
      );
      if (last?.provider == null || last.model == null) return { answered: undefined, running, newestAt };
      return {
        answered: {
          model: { provider: last.provider, model: last.model },
          at: last.timestamp ?? undefined,
          runId: last.__openclaw?.runId ?? undefined,
        },
        running,
        newestAt,
      };
    },

    async readTranscript(key, options) {
      const reply = await call(
        "chat.history",
        { sessionKey: key, limit: TRANSCRIPT_ROWS, maxChars: TRANSCRIPT_CHARS },
        (raw) => parseReply(historyReply, "chat.history", raw),
        options,
      );
      const messages = reply.messages.flatMap((message): TranscriptMessage[] => {
        const isModel = message.role === "assistant" && !!message.provider && !!message.model;
        if ((message.role !== "user" && !isModel) || SYSTEM_KINDS.has(message.__openclaw?.kind ?? "")) return [];
        return [
          {
            by: message.role === "user" ? "person" : message.provider === "openclaw" ? "openclaw" : "model",
            model: message.provider && message.model ? { provider: message.provider, model: message.model } : undefined,
            at: message.timestamp ?? undefined,
            runId: message.__openclaw?.runId ?? undefined,
            stopReason: message.stopReason ?? undefined,
          },
        ];
      });
      return {
        messages,
        running: reply.inFlightRun != null || reply.sessionInfo?.running === true,
        runId: reply.inFlightRun?.runId,
      };
    },

    async listModels(options) {
      const list = (params: object) =>
        call("models.list", params, (raw) => parseReply(modelsReply, "models.list", raw), options);
      // OpenClaw 2026.8.1 knows no details, and refuses who asks for them.
      const reply = await list({ view: "configured", includeDetails: true }).catch((error: unknown) => {
        if (refusesProperty(error, "includeDetails")) return list({ view: "configured" });
        throw error;
      });
      return reply.models.map((model) => ({
        ref: { provider: model.provider, model: model.id },
        name: model.name ?? model.id,
        windowTokens: model.contextTokens ?? model.contextWindow ?? undefined,
        atLocalAddress: model.local ?? undefined,
      }));
    },

    async listAgents(options) {
      const reply = await call("agents.list", {}, (raw) => parseReply(agentsReply, "agents.list", raw), options);
      return { defaultId: reply.defaultId ?? undefined, ids: reply.agents.map(({ id }) => id) };
    },

    async readConfigSchema(options) {
      const reply = await connection.request("config.schema", {}, { timeoutMs: 30_000, ...options });
      return typeof reply === "object" && reply !== null && "schema" in reply ? reply.schema : reply;
    },

    async readConfig(options) {
      const reply = await call("config.get", {}, (raw) => parseReply(configReply, "config.get", raw), options);
      return { hash: reply.hash, config: reply.config, authored: reply.sourceConfig ?? reply.config };
    },

    patchConfig: createConfigPatch(connection),
  };
}

import { pino } from "pino";
import { ClutchError } from "../../src/errors.ts";
import type { ConnectionState, GatewayConnection, GatewayEvent } from "../../src/openclaw/connection.ts";

/** A call that a session's run makes of a model. */
export interface PretendCall {
  readonly model: "anthropic/claude-sonnet-5" | "ollama/qwen:7b";
  readonly input: number;
  readonly outcome: "answered" | "failed" | "aborted";
  /** What becomes of its message: shown, kept without being shown, or not even kept. */
  readonly message: "shown" | "hidden" | "dropped";
}

export interface PretendRun {
  readonly sessionKey: string;
  readonly askedBy?: string;
  readonly calls: readonly PretendCall[];
}

/** A call that was made, as the ledger is to have it. */
export interface MadeCall {
  readonly model: string;
  readonly sessionKey: string;
  /** Undefined where nobody counted. */
  readonly input: number | undefined;
  readonly outcome: PretendCall["outcome"];
  readonly fallback: boolean;
  readonly message: PretendCall["message"];
  readonly askedBy: string | undefined;
}

interface Written {
  readonly message: Record<string, unknown>;
  readonly isShown: boolean;
}

interface Session {
  id: string;
  createdAt: number;
  updatedAt: number;
  written: Written[];
  /** Of before a reset, by the id of each message in it. */
  readonly former: Written[][];
}

/**
 * OpenClaw as far as the ledger reads it: transcripts of which a part is not shown,
 * resets, events that nobody hears while the connection is cut, and, if it has one,
 * a guard with a record of all calls.
 */
export function pretendOpenClaw({ hasGuard, clock }: { readonly hasGuard: boolean; readonly clock: () => number }) {
  const sessions = new Map<string, Session>();
  const listeners = new Set<(event: GatewayEvent) => void>();
  const states = new Set<(state: ConnectionState) => void>();
  const guardCalls: Record<string, unknown>[] = [];
  const made: MadeCall[] = [];
  const asked: string[] = [];
  let [moment, runs, ids] = [0, 0, 0];
  let isCut = false;
  const refused = new Set<unknown>();
  /** How many requests are answered before the connection is lost once. */
  let failAfter = Number.POSITIVE_INFINITY;

  const sessionOf = (key: string): Session => {
    const known = sessions.get(key) ?? {
      id: `s${sessions.size}`,
      createdAt: moment,
      updatedAt: 0,
      written: [],
      former: [],
    };
    sessions.set(key, known);
    return known;
  };
  const rowOf = (key: string, { id, createdAt, updatedAt }: Session) => ({
    ...{ key, sessionId: id, createdAt, updatedAt },
    modelProvider: "anthropic",
    model: "claude-sonnet-5",
  });
  const tell = (event: string, payload: object): void => {
    if (!isCut) for (const listener of [...listeners]) listener({ event, payload });
  };

  const write = (key: string, message: Record<string, unknown>, isShown: boolean): void => {
    const session = sessionOf(key);
    const { __openclaw: marks, ...rest } = message as { __openclaw?: object };
    const id = `m${++ids}`;
    const seq = session.written.length + 1;
    const written = { ...rest, __openclaw: { recordTimestampMs: moment, ...marks, id, seq } };
    session.written.push({ message: written, isShown });
    session.updatedAt = moment;
    if (isShown)
      tell("session.message", { sessionKey: key, messageId: id, message: written, session: rowOf(key, session) });
    else tell("sessions.changed", { sessionKey: key, phase: "message" });
  };

  const replies: Record<string, (params: Record<string, unknown>) => unknown> = {
    "sessions.list": ({ offset = 0, limit = 200 }) => {
      const all = [...sessions].sort(([, a], [, b]) => b.updatedAt - a.updatedAt);
      const page = all.slice(Number(offset), Number(offset) + Number(limit));
      const end = Number(offset) + page.length;
      const rows = page.map(([key, session]) => rowOf(key, session));
      return { sessions: rows, hasMore: end < all.length, nextOffset: end, totalCount: all.length };
    },
    "sessions.describe": ({ key }) => {
      const session = sessions.get(String(key));
      return { session: session === undefined ? null : rowOf(String(key), session) };
    },
    "sessions.get": ({ key, limit }) => {
      if (refused.has(key)) throw new ClutchError("gateway_refused", "session rows are initializing");
      return {
        messages: (sessions.get(String(key))?.written ?? []).slice(-Number(limit)).map(({ message }) => message),
      };
    },
    "chat.history": ({ sessionKey, offset, messageId }) => {
      const session = sessionOf(String(sessionKey));
      const shown = (list: readonly Written[]) => list.filter(({ isShown }) => isShown).map(({ message }) => message);
      if (messageId !== undefined) {
        const around = session.former.find((list) =>
          list.some(({ message }) => (message["__openclaw"] as { id: string }).id === messageId),
        );
        return { messages: shown(around ?? []) };
      }
      const end = session.written.length - Number(offset);
      const start = Math.max(0, end - 3);
      return {
        messages: shown(session.written.slice(start, end)),
        hasMore: start > 0,
        nextOffset: Number(offset) + end - start,
      };
    },
    "cron.runs": () => ({ entries: [], hasMore: false }),
    "clutch.guard.calls": ({ log, after }) => {
      if (!hasGuard) throw new ClutchError("gateway_protocol", "unknown method");
      const from = log === "one" ? Number(after) : 0;
      const calls = guardCalls.slice(from, from + 3);
      return { log: "one", since: 0, lost: false, now: moment, calls, more: from + calls.length < guardCalls.length };
    },
  };

  const connection: GatewayConnection = {
    url: "ws://pretend",
    async request(method, params) {
      asked.push(method);
      await Promise.resolve();
      if (failAfter-- <= 0) {
        failAfter = Number.POSITIVE_INFINITY;
        throw new ClutchError("gateway_lost", "The connection was lost.");
      }
      const reply = replies[method];
      if (reply === undefined) throw new ClutchError("gateway_protocol", `unknown method: ${method}`);
      return structuredClone(reply((params ?? {}) as Record<string, unknown>));
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    state: () => ({ phase: "ready", serverVersion: "2026.9.6", scopes: [], missingScopes: [] }),
    onState(listener) {
      states.add(listener);
      return () => states.delete(listener);
    },
    ready: async () => undefined as never,
    close: async () => undefined,
  };

  return {
    connection,
    made,
    asked,
    logger: pino({ level: "silent" }),
    /** A run, from its question to its end. */
    run({ sessionKey, askedBy, calls }: PretendRun): void {
      const runId = `run-${++runs}`;
      moment = clock();
      const isHidden = askedBy !== undefined;
      write(
        sessionKey,
        { role: "user", timestamp: moment, ...(isHidden ? { provenance: { sourceTool: askedBy } } : {}) },
        !isHidden,
      );
      const failed = new Set<string>();
      for (const { model, input, outcome, message } of calls) {
        const [provider = "", id = ""] = model.split("/");
        moment += 10;
        const startedAt = moment;
        const askedAt = startedAt + 1;
        moment += 40;
        const isSized = outcome === "answered";
        const usage = { input: isSized ? input : 0, output: isSized ? 1 : 0, cacheRead: 0, cacheWrite: 0 };
        const fallback = failed.size > 0 && !failed.has(model);
        if (outcome === "failed") failed.add(model);
        made.push({ model, sessionKey, input: isSized ? input : undefined, outcome, fallback, message, askedBy });
        guardCalls.push({
          ...{ key: `${runId}/${startedAt}`, n: guardCalls.length + 1, runId, sessionKey, provider, model: id },
          ...{ startedAt, endedAt: moment, askedAt, outcome, fallback },
          trigger: askedBy ?? "user",
          ...(isSized ? { tokens: usage } : {}),
        });
        if (message === "dropped") continue;
        const stopReason = outcome === "answered" ? "stop" : outcome === "failed" ? "error" : "aborted";
        const written = { role: "assistant", provider, model: id, usage, stopReason, timestamp: askedAt };
        write(sessionKey, { ...written, __openclaw: { runId } }, message === "shown");
      }
      tell("sessions.changed", { sessionKey, phase: "end", runId });
    },
    /** The session begins anew; of what was said before OpenClaw shows nothing but to whoever names a message of it. */
    reset(sessionKey: string): void {
      const session = sessionOf(sessionKey);
      moment = clock();
      session.former.unshift(session.written);
      session.written = [];
      session.updatedAt = moment;
      tell("sessions.changed", { sessionKey, reason: "reset" });
    },
    /** A copy of the session up to now. */
    fork(sessionKey: string, as: string): void {
      moment = clock();
      const copy = sessionOf(as);
      copy.written = [...sessionOf(sessionKey).written];
      copy.updatedAt = moment;
    },
    cut(on: boolean): void {
      isCut = on;
    },
    /** A session's transcript cannot be read for a while. */
    refuse(sessionKey: string, on: boolean): void {
      if (on) refused.add(sessionKey);
      else refused.delete(sessionKey);
    },
    failAfter(requests: number): void {
      failAfter = requests;
    },
    /** What the ledger can know of without the guard and without having heard anything. */
    transcripts: () => [...sessions.values()].flatMap(({ written }) => written.map(({ message }) => message)),
  };
}

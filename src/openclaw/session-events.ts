import type { Logger } from "pino";
import { z } from "zod";
import type { ModelRef } from "../models/model-ref.ts";
import type { GatewayConnection, GatewayEvent } from "./connection.ts";
import { type SessionRow, sessionRow } from "./wire.ts";

/** What happens to sessions, as the gateway tells everybody who asked. */
export type SessionEvent =
  /** Somebody changed the row on purpose: a person, a tool, a script, Clutch itself. */
  | { readonly kind: "changed"; readonly key: string; readonly row: SessionRow }
  | { readonly kind: "reset"; readonly key: string; readonly row: SessionRow }
  | { readonly kind: "deleted"; readonly key: string }
  /** A person's message entered the transcript; what follows is the answer to it. */
  | { readonly kind: "asked"; readonly key: string; readonly row: SessionRow }
  /** A model's message entered the transcript. A run that uses tools writes several. */
  | {
      readonly kind: "answered";
      readonly key: string;
      readonly row: SessionRow;
      readonly model: ModelRef;
      readonly runId: string | undefined;
    }
  /** A run is over, however it ended. */
  | { readonly kind: "ended"; readonly key: string; readonly row: SessionRow; readonly runId: string | undefined }
  /** OpenClaw answered itself, as it does to a text command. */
  | { readonly kind: "replied"; readonly key: string; readonly row: SessionRow }
  /** OpenClaw's configuration was written. */
  | { readonly kind: "config" }
  /** The subscription stands, at first or after a gap in which anything may have happened. */
  | { readonly kind: "subscribed" };

export interface SessionEvents {
  /** The listener must not throw; what it does is not waited for. */
  on(listener: (event: SessionEvent) => void): () => void;
  close(): void;
}

/** The same as `followSessions`, from the first listener on: what only looks asks the gateway for nothing. */
export function followOnDemand(connection: GatewayConnection, logger: Logger): SessionEvents {
  let followed: SessionEvents | undefined;
  return {
    on(listener) {
      followed ??= followSessions(connection, logger);
      return followed.on(listener);
    },
    close: () => followed?.close(),
  };
}

const RETRY_MS = 5_000;

/** Subscribes to the gateway's sessions, and again after every reconnect. */
export function followSessions(connection: GatewayConnection, logger: Logger): SessionEvents {
  const listeners = new Set<(event: SessionEvent) => void>();
  let isClosed = false;
  const emit = (event: SessionEvent): void => {
    for (const listener of [...listeners]) listener(event);
  };
  let retry: NodeJS.Timeout | undefined;
  const subscribe = (): void => {
    clearTimeout(retry);
    if (connection.state().phase !== "ready") return;
    connection.request("sessions.subscribe", {}).then(
      () => emit({ kind: "subscribed" }),
      // A gateway that is busy or about to be suspended may refuse, or answer too late, and its connection stays.
      (error: unknown) => {
        logger.warn({ err: error }, "could not subscribe to sessions");
        if (!isClosed) retry = setTimeout(subscribe, RETRY_MS).unref();
      },
    );
  };
  const forgetEvents = connection.onEvent((event) => {
    const read = readSessionEvent(event);
    if (read !== undefined) emit(read);
  });
  const forgetState = connection.onState(subscribe);
  subscribe();
  return {
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isClosed = true;
      clearTimeout(retry);
      forgetEvents();
      forgetState();
      listeners.clear();
    },
  };
}

const changedPayload = z.looseObject({
  sessionKey: z.string(),
  reason: z.string().optional(),
  phase: z.string().optional(),
  runId: z.string().optional(),
  session: sessionRow.optional(),
});

/**
 * An older OpenClaw (2026.8.1) sends some changes without the row: its fields stand beside the session's key. Where
 * no model is among them, it is not a row.
 */
const bareRow = z
  .looseObject({ sessionKey: z.string(), modelProvider: z.string(), model: z.string() })
  .transform((fields): z.input<typeof sessionRow> => ({ ...fields, key: fields.sessionKey }))
  .pipe(sessionRow);

const messagePayload = z.looseObject({
  sessionKey: z.string(),
  session: sessionRow,
  message: z.looseObject({
    role: z.string(),
    provider: z.string().optional(),
    model: z.string().optional(),
    stopReason: z.string().optional(),
    __openclaw: z.looseObject({ runId: z.string().optional(), kind: z.string().optional() }).optional(),
  }),
});

/** Undefined for the many events that say nothing about models. */
export function readSessionEvent({ event, payload }: GatewayEvent): SessionEvent | undefined {
  if (event === "config.changed") return { kind: "config" };
  if (event === "sessions.changed") {
    const parsed = changedPayload.safeParse(payload);
    if (!parsed.success) return undefined;
    const { sessionKey: key, reason, phase, runId } = parsed.data;
    if (reason === "delete") return { kind: "deleted", key };
    const row = parsed.data.session ?? bareRow.safeParse(payload).data;
    if (row === undefined) return undefined;
    if (reason === "patch") return { kind: "changed", key, row };
    if (reason === "reset" || reason === "new") return { kind: "reset", key, row };
    return phase === "end" || phase === "error" ? { kind: "ended", key, row, runId } : undefined;
  }
  if (event !== "session.message") return undefined;
  const parsed = messagePayload.safeParse(payload);
  if (!parsed.success) return undefined;
  const { sessionKey: key, session: row, message } = parsed.data;
  if (message.role === "user") return { kind: "asked", key, row };
  const isAnswer = message.role === "assistant" && message.__openclaw?.kind === undefined;
  // Those (`gateway-injected`) and compactions are nobody's turn.
  if (message.role === "assistant" && message.provider === "openclaw") return { kind: "replied", key, row };
  // An older OpenClaw (2026.8.1) also writes down each try that failed before another model answered.
  if (message.stopReason === "error") return undefined;
  if (!isAnswer || message.provider === undefined || message.model === undefined) return undefined;
  return {
    kind: "answered",
    key,
    row,
    model: { provider: message.provider, model: message.model },
    runId: message.__openclaw?.runId,
  };
}

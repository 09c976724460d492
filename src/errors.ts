/**
 * What went wrong, in a form that programs can tell apart (`code`) and people
 * can act on (`message` says what happened and what it means, `hint` says what
 * to do next). Anything thrown that is not a `ClutchError` is a fault: the
 * person sees that something broke, the log gets the details.
 */
export type ErrorCode =
  // The person's doing: exit code 2, never logged as a fault.
  | "bad_option"
  | "unknown_command"
  | "unknown_model"
  | "model_missing"
  | "does_not_fit"
  | "no_tools"
  | "ambiguous_model"
  | "no_session"
  | "session_changed"
  | "ambiguous_agent"
  | "unknown_agent"
  | "not_allowed"
  | "confirmation_required"
  | "interrupted"
  | "nothing_to_undo"
  | "changed_meanwhile"
  | "switch_in_progress"
  | "bad_config"
  | "bad_suite"
  | "no_openclaw"
  | "no_gateway"
  | "gateway_auth"
  | "gateway_protocol"
  | "gateway_scope"
  | "gateway_pairing"
  | "platform_auth"
  | "platform_scope"
  // Local-only mode.
  | "local_only"
  | "not_installed"
  | "lock_in_progress"
  // Benches.
  | "bench_running"
  | "no_bench"
  // The world's doing: exit code 1.
  | "gateway_unreachable"
  | "gateway_not_ready"
  | "gateway_refused"
  | "not_applied"
  | "gateway_lost"
  | "deadline"
  | "unexpected_reply"
  | "not_verified"
  | "store_failed"
  | "sandbox_failed"
  | "server_unreachable"
  | "platform_unreachable"
  | "internal";

const FAULTS: ReadonlySet<ErrorCode> = new Set([
  "gateway_unreachable",
  "gateway_not_ready",
  "gateway_refused",
  "not_applied",
  "gateway_lost",
  "deadline",
  "unexpected_reply",
  "not_verified",
  "store_failed",
  "sandbox_failed",
  "server_unreachable",
  "platform_unreachable",
  "internal",
]);

export class ClutchError extends Error {
  readonly code: ErrorCode;
  /** What the person can do next; empty where the message says it all. */
  readonly hint: string;
  /** Closest names, where a name was not understood. */
  readonly suggestions: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    details: { hint?: string; suggestions?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ClutchError";
    this.code = code;
    this.hint = details.hint ?? "";
    this.suggestions = details.suggestions ?? [];
  }

  /** True where the system failed rather than the person's request. */
  get isFault(): boolean {
    return FAULTS.has(this.code);
  }
}

/** Makes anything thrown presentable: coded errors pass, the rest becomes `internal` with the original as cause. */
export function toClutchError(thrown: unknown): ClutchError {
  if (thrown instanceof ClutchError) return thrown;
  return new ClutchError("internal", "Clutch ran into a fault of its own; nothing more was changed.", {
    hint: "The log has the details. Try again; if it stays, report it with the log.",
    cause: thrown,
  });
}

/**
 * The way by which free text reaches the agent. The terminal is a channel like
 * Discord: what is no command is a message to the agent.
 */
export interface AgentChat {
  /**
   * Sends one message and gives the reply as it comes, ending with `done` or
   * `error`. Ends early, without `done`, once `signal` is aborted.
   */
  send(text: string, signal: AbortSignal): AsyncIterable<ChatPiece>;
}

export type ChatPiece =
  /** What is happening until the reply begins: "preparing context", "starting model". */
  | { readonly type: "status"; readonly text: string }
  /** The next piece of the reply. */
  | { readonly type: "text"; readonly text: string }
  /** The reply is complete; `model` is who answered, as `provider/model`. */
  | { readonly type: "done"; readonly model?: string }
  | { readonly type: "error"; readonly message: string; readonly hint?: string };

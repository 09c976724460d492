import type { Readable, Writable } from "node:stream";
import type { Card } from "../../commands/card.ts";
import type { ChannelParts } from "./channel.ts";

/** One conversation from its first line to its last. */
export interface Session {
  /** Resolves when no further line is taken and nothing is under way. */
  readonly finished: Promise<void>;
  /** Takes no further line and finishes what is under way. */
  stop(): Promise<void>;
  /** Gives everything up, because nobody can see it any more. */
  abandon(): void;
  show(card: Card): void;
}

export interface SessionParts extends ChannelParts {
  readonly input: Readable;
  readonly output: Writable;
  readonly write: (text: string) => void;
  readonly greeting?: Card | undefined;
  readonly historyFile?: string | undefined;
  /** Called for each line that was read and is not blank. */
  readonly onLine: () => void;
}

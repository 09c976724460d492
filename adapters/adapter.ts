import type { Card } from "../commands/card.ts";
import type { Command, Completion, Option, Person } from "../commands/command.ts";
import type { Invocation, Outcome } from "../commands/dispatcher.ts";
import type { Conversation } from "../src/models/conversation.ts";

/**
 * A platform on which people type commands. An adapter turns a platform's
 * event into an `Invocation`, acknowledges it before anything else happens,
 * and draws the cards that come back. It decides nothing.
 */
export interface ChatAdapter {
  readonly platform: string;
  start(dispatch: Dispatch): Promise<void>;
  /** Finishes what is under way, then disconnects. Safe to call twice. */
  stop(): Promise<void>;
  /** Posts a card that nobody asked for, such as a notice. False where it could not; the log says why. */
  post(conversation: Conversation, card: Card): Promise<boolean>;
}

/** What an adapter may ask of the core. */
export interface Dispatch {
  readonly commands: readonly CommandInfo[];
  run(invocation: Invocation): Promise<Outcome>;
  /** Whether the person may run the command at all, if only to look; answered from memory. */
  admits(person: Person, command: string): boolean;
  /** Values to offer for what this person has typed so far, none to who is not admitted; answered from memory. */
  complete(command: string, option: string, typed: string, person: Person): readonly Completion[];
}

/** What an adapter may know of a command: enough for menus, completion and help. */
export type CommandInfo = Pick<Command<unknown>, "name" | "summary" | "forms"> & {
  readonly options: readonly Pick<Option<unknown>, "name" | "summary" | "kind" | "positional" | "choices">[];
};

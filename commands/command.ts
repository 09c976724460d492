import type { Logger } from "pino";
import type { ClutchError } from "../src/errors.ts";
import type { Conversation } from "../src/models/conversation.ts";
import type { Card } from "./card.ts";

/**
 * A command is data plus one run function, and knows no platform: Discord's
 * slash commands, Slack's manifest, the terminal's completion, the help and the
 * documentation are all made from the definition.
 */
export interface Command<Services> {
  /** Lower case, without the slash. */
  readonly name: string;
  /** One line, at most 100 characters (Discord's limit). */
  readonly summary: string;
  readonly options: readonly Option<Services>[];
  /** Who may run it with these options. */
  access(options: OptionValues): AccessLevel;
  /** How long it may take with these options, ms, where the dispatcher's usual minute is too short. */
  deadlineMs?(options: OptionValues): number | undefined;
  /** One line for each form of the command, for help, documentation and the authorisation tests. */
  readonly forms: readonly Form[];
  run(context: CommandContext<Services>): Promise<Reply>;
}

export interface Form {
  readonly line: string;
  readonly does: string;
}

export interface Option<Services> {
  readonly name: string;
  readonly summary: string;
  /** `text` takes the words that are left where `positional`; `flag` is true when its bare name stands there. */
  readonly kind: "text" | "choice" | "flag";
  /** May be given without `name:`; at most one option of a command. */
  readonly positional?: boolean;
  /** Takes all words after the positional option that name no other; at most one option of a command. */
  readonly rest?: boolean;
  readonly choices?: readonly string[];
  /** Values to offer while typing, best first, from memory: it must not wait for a server. */
  complete?(typed: string, services: Services): readonly Completion[];
}

export interface Completion {
  readonly value: string;
  readonly label: string;
}

/** What was given, by option name. A flag that is set has the value "true". */
export type OptionValues = Readonly<Record<string, string>>;

/** viewer may look, operator may change a conversation, owner may change the system. */
export type AccessLevel = "viewer" | "operator" | "owner";

export interface Person {
  readonly platform: string;
  readonly id: string;
  readonly name?: string;
  /** What the platform counts the person to, as `kind:id`: "role:123" on Discord, "group:S123" on Slack. */
  readonly groups?: readonly string[];
}

export interface CommandContext<Services> {
  readonly services: Services;
  readonly options: OptionValues;
  readonly conversation: Conversation;
  readonly person: Person;
  /** The person's access, already checked against `access(options)`. */
  readonly level: AccessLevel;
  /** True once the person said yes to the question that an earlier run asked. */
  readonly confirmed: boolean;
  /** Shows an interim card; long work calls it as often as it likes. */
  progress(card: Card): void;
  readonly signal: AbortSignal;
  /** Aborted once Clutch is to stop: who only looks on answers then. */
  readonly ending: AbortSignal;
  readonly logger: Logger;
}

export interface Reply {
  readonly card: Card;
  /**
   * `public` for changes, so that a channel sees who changed what; `private`
   * for what only concerns the person.
   */
  readonly visibility: "public" | "private";
  /** Set where the card asks for a yes: nothing was changed yet. */
  readonly needsConfirmation?: boolean;
  /** Set where the card says why it was not done, and offers other ways: it counts as an error of the person. */
  readonly refusal?: ClutchError;
}

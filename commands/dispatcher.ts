import type { Logger } from "pino";
import { correlated } from "../src/correlation.ts";
import { ClutchError, toClutchError } from "../src/errors.ts";
import type { Conversation } from "../src/models/conversation.ts";
import { mayDo } from "./access.ts";
import type { Card } from "./card.ts";
import type { AccessLevel, Command, Completion, OptionValues, Person } from "./command.ts";
import { checkOptions, parseCommandLine } from "./command-line.ts";

/** One command as an adapter hands it over: a typed line, or a command with options that the platform already took apart. */
export interface Invocation {
  readonly line: string;
  /** Given where the platform has typed options; then `line` is only the command's name. */
  readonly options?: OptionValues;
  readonly conversation: Conversation;
  readonly person: Person;
  readonly confirmed: boolean;
  readonly progress?: (card: Card) => void;
  readonly signal?: AbortSignal;
  readonly ending?: AbortSignal;
}

export interface Outcome {
  readonly ok: boolean;
  readonly card: Card;
  readonly visibility: "public" | "private";
  /** The card asks; the same invocation with `confirmed: true` is the yes. */
  readonly needsConfirmation: boolean;
  readonly error?: OutcomeError;
}

export interface OutcomeError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** True where the system failed rather than the person's request. */
  readonly fault: boolean;
}

export interface Dispatcher<Services> {
  readonly commands: readonly Command<Services>[];
  /** Never throws: what goes wrong becomes a card. */
  run(invocation: Invocation): Promise<Outcome>;
  /** Whether the person may run the command at all, if only to look. */
  admits(person: Person, command: string): boolean;
  /** From memory; nothing for who is not admitted, since names of models and agents are for viewers. */
  complete(command: string, option: string, typed: string, person: Person): readonly Completion[];
}

/** What somebody asked for and may not have. */
export interface Refused {
  /** The command's name. */
  readonly command: string;
  /** What they typed, cut to 100 characters. */
  readonly line: string;
  readonly person: Person;
  readonly conversation: Conversation;
  readonly error: ClutchError;
}

/** How a command ended, for whoever counts. */
export interface Answered {
  /** The command's name; `unknown` where there is none of that name. */
  readonly command: string;
  readonly platform: string;
  /** `question`: it needs a yes first. */
  readonly outcome: "ok" | "question" | "refused" | "failed";
  /** The error's, where it was refused or failed. */
  readonly code: string | undefined;
  readonly ms: number;
}

/** Everything a command does must be over by then, ms; an adapter has acknowledged long before. */
const DEADLINE_MS = 60_000;
const NEVER = new AbortController().signal;

export function createDispatcher<Services>(options: {
  readonly commands: readonly Command<Services>[];
  readonly services: Services;
  readonly levelOf: (person: Person) => AccessLevel | undefined;
  readonly logger: Logger;
  readonly deadlineMs?: number;
  /** Told of every `not_allowed`; it is waited for. */
  readonly onRefused?: (refused: Refused) => Promise<void>;
  /** Told of every command, however it ended. */
  readonly onAnswered?: (answered: Answered) => void;
  /** Takes secrets out of what a person is shown; a text of somebody else's may repeat one. */
  readonly hide?: <T>(value: T) => T;
}): Dispatcher<Services> {
  const { commands, services, levelOf, hide = (same) => same } = options;
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;

  const attempt = async (invocation: Invocation, logger: Logger): Promise<Outcome> => {
    refuseTooLong(invocation);
    const parsed = parseCommandLine(invocation.line, commands);
    const values = invocation.options === undefined ? parsed.options : checkOptions(parsed.command, invocation.options);
    const level = levelOf(invocation.person);
    const needed = parsed.command.access(values);
    if (level === undefined || !mayDo(level, needed)) throw refusal(parsed.command.name, needed, level);

    const timeout = AbortSignal.timeout(parsed.command.deadlineMs?.(values) ?? deadlineMs);
    const signal = invocation.signal === undefined ? timeout : AbortSignal.any([timeout, invocation.signal]);
    const reply = await untilAborted(
      parsed.command.run({
        services,
        options: values,
        conversation: invocation.conversation,
        person: invocation.person,
        level,
        confirmed: invocation.confirmed,
        progress: (card) => invocation.progress?.(hide(card)),
        signal,
        ending: invocation.ending ?? NEVER,
        logger,
      }),
      signal,
      timeout,
    );
    const { card, visibility, refusal: refused, needsConfirmation = false } = reply;
    const error = refused === undefined ? {} : { error: errorOf(refused) };
    return hide({ ok: !needsConfirmation && refused === undefined, card, visibility, needsConfirmation, ...error });
  };

  const report = async (
    { line, options: values, person, conversation }: Invocation,
    error: ClutchError,
    logger: Logger,
  ): Promise<void> => {
    const words = Object.entries(values ?? {}).map(([name, value]) => ` ${name}:${value}`);
    const typed = `${line}${words.join("")}`.slice(0, 100);
    try {
      await options.onRefused?.({ command: commandOf(line), line: typed, person, conversation, error });
    } catch (thrown) {
      // The refusal stands, whether it could be written down or not.
      logger.error({ err: thrown }, "a refusal could not be recorded");
    }
  };

  const admits = (person: Person, name: string): boolean => {
    const command = commands.find((candidate) => candidate.name === name);
    return command !== undefined && mayDo(levelOf(person), command.access({}));
  };

  return {
    commands,
    admits,
    run: (invocation) =>
      correlated(async (reference) => {
        const logger = options.logger.child({ command: firstWord(invocation.line) });
        const started = performance.now();
        const elapsed = (): number => Math.round(performance.now() - started);
        const answered = (outcome: Outcome): Outcome => {
          logger.info({ ms: elapsed(), ok: outcome.ok }, "command answered");
          return outcome;
        };
        const outcome = await attempt(invocation, logger).then(answered, async (thrown: unknown) => {
          const error = toClutchError(thrown);
          if (error.code === "not_allowed") await report(invocation, error, logger);
          if (error.isFault) logger.error({ code: error.code, err: error.cause ?? error }, error.message);
          else logger.info({ code: error.code }, "command refused");
          return hide(outcomeOf(error));
        });
        const named = commandOf(invocation.line);
        const { ok, error } = outcome;
        options.onAnswered?.({
          command: commands.some(({ name }) => name === named) ? named : "unknown",
          platform: invocation.conversation.platform,
          outcome: ok ? "ok" : outcome.needsConfirmation ? "question" : error?.fault === true ? "failed" : "refused",
          code: error?.code,
          ms: elapsed(),
        });
        return error?.fault === true ? { ...outcome, card: withReference(outcome.card, reference) } : outcome;
      }),
    complete(commandName, optionName, typed, person) {
      if (!admits(person, commandName)) return [];
      const command = commands.find(({ name }) => name === commandName);
      const option = command?.options.find(({ name }) => name === optionName);
      if (option?.complete !== undefined) return option.complete(typed, services);
      return (option?.choices ?? [])
        .filter((choice) => choice.startsWith(typed))
        .map((choice) => ({ value: choice, label: choice }));
    },
  };
}

/** No command needs as much, and no platform but the terminal lets as much through. */
const MOST_CHARACTERS = 8_000;

function refuseTooLong({ line, options: values = {} }: Invocation): void {
  const length = Object.values(values).reduce((sum, value) => sum + value.length, line.length);
  if (length <= MOST_CHARACTERS) return;
  throw new ClutchError("bad_option", `This command has ${length} characters; ${MOST_CHARACTERS} are the most.`, {
    hint: "Nothing was done. Text for the agent goes without a slash at its beginning.",
  });
}

const firstWord = (line: string): string => /^\s*(\S{0,40})/.exec(line)?.[1] ?? "";
const commandOf = (line: string): string => firstWord(line).replace(/^\//, "").toLowerCase();

/** By it whoever runs Clutch finds the log's lines. */
const withReference = (card: Card, reference: string): Card => ({
  ...card,
  footer: [...(card.footer === undefined ? [] : [card.footer]), `Reference ${reference}`].join(" · "),
});

/** A coded error as a card. Only the person sees it: a typo is nobody else's business. */
export function outcomeOf(error: ClutchError): Outcome {
  return {
    ok: false,
    visibility: "private",
    needsConfirmation: false,
    card: {
      tone: "error",
      title: error.message,
      body: [...(error.hint === "" ? [] : [error.hint]), ...suggestionsOf(error)],
    },
    error: errorOf(error),
  };
}

const errorOf = (error: ClutchError): OutcomeError => ({
  code: error.code,
  message: error.message,
  hint: [error.hint, ...suggestionsOf(error)].filter(Boolean).join(" "),
  fault: error.isFault,
});

const suggestionsOf = ({ suggestions }: ClutchError): readonly string[] =>
  suggestions.length > 0 ? [`Closest: ${suggestions.join(", ")}`] : [];

function refusal(command: string, needed: AccessLevel, level: AccessLevel | undefined): ClutchError {
  const role = needed === "owner" ? "an owner" : needed === "operator" ? "an operator" : "a viewer";
  return new ClutchError(
    "not_allowed",
    `This form of /${command} is for ${role}; you are ${level === undefined ? "not on Clutch's lists" : `a ${level}`}.`,
    { hint: "An owner can add you under `access` in clutch.config.json. Nothing was changed." },
  );
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal, timeout: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(
        new ClutchError("deadline", timeout.aborted ? "This took too long, and Clutch stopped waiting." : "Stopped.", {
          hint: "Look with /model before you try again: a change may have gone through.",
        }),
      );
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

import type { Completion } from "../../commands/command.ts";
import type { CommandInfo, Dispatch } from "../adapter.ts";
import { inertLine } from "./inert.ts";

export interface Offer {
  /** The word being typed, which an offer's value replaces. */
  readonly word: string;
  readonly found: readonly Completion[];
}

/** What completion asks of the core, for the person at this terminal. */
export interface Completer extends Pick<Dispatch, "commands"> {
  complete(command: string, option: string, typed: string): readonly Completion[];
}

/** Commands that the terminal itself understands. */
const OWN_COMMANDS: readonly Completion[] = [
  { value: "/help", label: "What can be typed here" },
  { value: "/quit", label: "Leave" },
  { value: "/exit", label: "Leave" },
];

/** What may stand where the line ends: names of commands, then their options and values. Never waits and never throws. */
export function offersFor(line: string, dispatch: Completer): Offer {
  const word = /\S*$/.exec(line)?.[0] ?? "";
  const before = line.slice(0, line.length - word.length).trim();
  if (!line.startsWith("/") || line.startsWith("//")) return { word, found: [] };
  if (before === "") return { word, found: commandNames(word, dispatch.commands) };

  const [name = "", ...given] = before.slice(1).split(/\s+/);
  const command = dispatch.commands.find((candidate) => candidate.name === name.toLowerCase());
  if (command === undefined) return { word, found: [] };
  try {
    // A value that cannot be shown as it is cannot be typed as it is.
    const found = valuesFor(word, given, command, dispatch).filter(({ value }) => inertLine(value) === value.trim());
    return { word, found };
  } catch {
    return { word, found: [] };
  }
}

/** What the word can grow to without guessing: the only offer, or the part that all offers share. */
export function growth({ word, found }: Offer): string | undefined {
  const [first, ...rest] = found.map(({ value }) => value);
  if (first === undefined) return undefined;
  if (rest.length === 0) return first === word ? undefined : first;
  const shared = rest.reduce((sofar, value) => commonStart(sofar, value), first);
  return shared.length > word.length && shared.startsWith(word) ? shared : undefined;
}

const commandNames = (word: string, commands: readonly CommandInfo[]): Completion[] => {
  const named = commands.map(({ name, summary }) => ({ value: `/${name}`, label: summary }));
  const own = OWN_COMMANDS.filter(({ value }) => !named.some((command) => command.value === value));
  return [...named, ...own]
    .filter(({ value }) => value.startsWith(word.toLowerCase()))
    .map(({ value, label }) => ({ value: `${value} `, label }));
};

function valuesFor(
  word: string,
  given: readonly string[],
  command: CommandInfo,
  { complete }: Completer,
): Completion[] {
  const named = command.options.find(({ name, kind }) => kind !== "flag" && word.toLowerCase().startsWith(`${name}:`));
  if (named !== undefined) {
    const typed = word.slice(named.name.length + 1);
    return complete(command.name, named.name, typed).map(({ value, label }) => ({
      value: `${named.name}:${quoted(value)} `,
      label,
    }));
  }
  const isGiven = (name: string): boolean => given.some((text) => text === name || text.startsWith(`${name}:`));
  const options = command.options
    .filter(({ name, positional }) => positional !== true && !isGiven(name) && name.startsWith(word.toLowerCase()))
    .map(({ name, kind, summary }) => ({ value: kind === "flag" ? `${name} ` : `${name}:`, label: summary }));
  const positional = command.options.find((option) => option.positional === true);
  const values =
    positional === undefined || given.some((text) => !isOption(text, command))
      ? []
      : complete(command.name, positional.name, word).map(({ value, label }) => ({
          value: `${quoted(value)} `,
          label,
        }));
  return [...values, ...options];
}

const isOption = (text: string, command: CommandInfo): boolean =>
  command.options.some(({ name, kind }) => (kind === "flag" ? text === name : text.startsWith(`${name}:`)));

const quoted = (value: string): string => (/\s/.test(value) ? `"${value}"` : value);

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return a.slice(0, length);
}

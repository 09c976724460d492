import { ClutchError } from "../src/errors.ts";
import { closestTo } from "../src/models/closest.ts";
import type { Command, OptionValues } from "./command.ts";

export interface ParsedLine<Services> {
  readonly command: Command<Services>;
  readonly options: OptionValues;
}

/**
 * Reads `/model qwen scope:agent` by the definitions. `name:value` is an option
 * only where the command has one of that name, since model names hold colons
 * too (`llama3.1:70b`). Quotes keep words together. Throws `unknown_command`
 * and `bad_option`.
 */
export function parseCommandLine<Services>(line: string, commands: readonly Command<Services>[]): ParsedLine<Services> {
  const [head = "", ...words] = splitWords(line.trim());
  const name = head.replace(/^\//, "").toLowerCase();
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const names = commands.map((candidate) => `/${candidate.name}`);
    throw new ClutchError("unknown_command", `There is no command /${clip(name)}.`, {
      hint: `Commands: ${names.join(", ")}.`,
      suggestions: closestTo(name, names),
    });
  }
  return { command, options: readOptions(command, words) };
}

function readOptions<Services>(command: Command<Services>, words: readonly string[]): OptionValues {
  const options: Record<string, string> = {};
  const give = (name: string, value: string): void => {
    if (options[name] !== undefined) {
      throw new ClutchError("bad_option", `“${name}” is given twice.`, { hint: usage(command) });
    }
    options[name] = value;
  };
  for (const word of words) {
    const colon = word.indexOf(":");
    const before = (colon < 0 ? word : word.slice(0, colon)).toLowerCase();
    const named = command.options.find(({ name, kind }) => name === before && (kind === "flag" || colon > 0));
    if (named?.kind === "flag") {
      if (isSet(named.name, colon < 0 ? "true" : word.slice(colon + 1))) give(named.name, "true");
      continue;
    }
    if (named !== undefined) {
      give(named.name, word.slice(colon + 1));
      continue;
    }
    const positional = command.options.find((option) => option.positional === true);
    const rest = command.options.find((option) => option.rest === true);
    if (rest !== undefined && positional !== undefined && options[positional.name] !== undefined) {
      options[rest.name] = options[rest.name] === undefined ? word : `${options[rest.name]} ${word}`;
      continue;
    }
    if (positional === undefined || options[positional.name] !== undefined) {
      throw new ClutchError("bad_option", `/${command.name} does not take “${clip(word)}”.`, { hint: usage(command) });
    }
    give(positional.name, word);
  }
  return checkOptions(command, options);
}

/** `plan` and `plan:true` say the same. */
function isSet(name: string, value: string): boolean {
  const word = value.toLowerCase();
  if (["true", "yes", "on", "1"].includes(word)) return true;
  if (["false", "no", "off", "0"].includes(word)) return false;
  throw new ClutchError("bad_option", `“${name}” is either there or not; it cannot be “${clip(value)}”.`, {
    hint: `Write “${name}” alone, or leave it out.`,
  });
}

/** Checks values that came as typed options from a platform, or from a line. Throws `bad_option`. */
export function checkOptions<Services>(command: Command<Services>, options: OptionValues): OptionValues {
  for (const [name, value] of Object.entries(options)) {
    const option = command.options.find((candidate) => candidate.name === name);
    if (option === undefined) {
      throw new ClutchError("bad_option", `/${command.name} has no option “${clip(name)}”.`, { hint: usage(command) });
    }
    if (value === "") {
      throw new ClutchError("bad_option", `“${name}:” needs a value.`, { hint: usage(command) });
    }
    if (option.choices !== undefined && !option.choices.includes(value)) {
      throw new ClutchError("bad_option", `“${name}” cannot be “${clip(value)}”.`, {
        hint: `It is one of: ${option.choices.join(", ")}.`,
        suggestions: closestTo(value, option.choices),
      });
    }
    if (value.length > MAX_VALUE) {
      throw new ClutchError("bad_option", `The value of “${name}” is too long (${value.length} characters).`);
    }
  }
  return options;
}

const MAX_VALUE = 500;

const usage = <Services>(command: Command<Services>): string =>
  `Forms: ${command.forms.map(({ line }) => line).join("   ")}`;

/** Words of others in our messages stay short. */
export const clip = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

/** Splits at white space; "…" and '…' keep their inside together. An open quote runs to the end. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  let begun = false;
  for (const character of line) {
    if (quote !== "") {
      if (character === quote) quote = "";
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      begun = true;
    } else if (/\s/.test(character)) {
      if (begun) words.push(word);
      word = "";
      begun = false;
    } else {
      word += character;
      begun = true;
    }
  }
  if (begun) words.push(word);
  return words;
}

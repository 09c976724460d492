import type { OptionValues } from "../../commands/command.ts";
import type { CommandInfo } from "../adapter.ts";
import type { GivenOption } from "./interaction.ts";

/** The options of a slash command by name. A flag that is not set is as good as not given. */
export function optionValues(given: readonly GivenOption[]): OptionValues {
  return Object.fromEntries(
    given.flatMap(({ name, value }) =>
      value === undefined || value === false ? [] : [[name, String(value)] as const],
    ),
  );
}

/**
 * The same command as a person would type it, for the log and for whoever shows
 * it. Where a value cannot be quoted it is the command's name alone, since the
 * typed options go along and decide.
 */
export function typedLine(name: string, options: OptionValues, commands: readonly CommandInfo[]): string {
  const known = commands.find((command) => command.name === name)?.options ?? [];
  const words = Object.entries(options).map(([option, value]) => {
    const info = known.find((each) => each.name === option);
    if (info?.kind === "flag") return option;
    const bare = info?.positional === true && !known.some((each) => readsAs(each.name, value));
    return quoted(bare ? value : `${option}:${value}`);
  });
  return words.includes(undefined) ? `/${name}` : [`/${name}`, ...words].join(" ");
}

/** A line for one value behind a command, as a menu runs it. */
export const pickedLine = (command: string, value: string): string => `${command} ${quoted(value) ?? ""}`;

const readsAs = (option: string, value: string): boolean => new RegExp(`^${option}(:|$)`, "i").test(value);

function quoted(word: string): string | undefined {
  if (!/[\s"']/.test(word)) return word;
  if (!word.includes('"')) return `"${word}"`;
  return word.includes("'") ? undefined : `'${word}'`;
}

import type { types } from "@slack/bolt";
import type { Choice, Choices } from "../../commands/card.ts";
import type { Person } from "../../commands/command.ts";
import type { Dispatch } from "../adapter.ts";
import { LIMITS } from "./block-limits.ts";
import { plain } from "./inert-text.ts";

/** The answer to Slack's request for a menu's entries. */
export type MenuEntries =
  | { options: types.PlainTextOption[] }
  | { option_groups: { label: types.PlainTextElement; options: types.PlainTextOption[] }[] };

/** The menus of cards: what they offer is answered from memory, within the 3 s that Slack gives. */
export interface ChoiceMenus {
  /** The `action_id` of a menu; `seal` is the sealed action that a pick runs. */
  open(seal: string, choices: Choices): string;
  /** None for who may not look. */
  entries(actionId: string, typed: string, person: Person): MenuEntries;
}

const PREFIX = "pick";
/** Menus whose entries are kept; an older one is filled by the command's completion alone. */
const MAX_MENUS = 300;

/** The menu that offers what `command` completes to. */
export const menuId = (command: string, seal: string): string =>
  `${PREFIX}.${
    command
      .trim()
      .split(/\s/, 1)[0]
      ?.replace(/[^\w-]/g, "")
      .slice(0, 64) ?? ""
  }.${seal}`;

/** The sealed action behind a menu; undefined for what is no menu of ours. */
export const sealOfMenu = (actionId: string): string | undefined => {
  const [prefix, , seal] = actionId.split(".");
  return prefix === PREFIX ? seal : undefined;
};

export function createChoiceMenus(dispatch: Dispatch): ChoiceMenus {
  const known = new Map<string, readonly Choice[]>();

  const completions = (command: string, typed: string, person: Person): Choice[] => {
    const option = dispatch.commands
      .find(({ name }) => name === command)
      ?.options.find(({ positional }) => positional === true);
    if (option === undefined) return [];
    return dispatch
      .complete(command, option.name, typed, person)
      .map(({ value, label }) => ({ value, label, detail: "", group: "", current: false }));
  };

  return {
    open(seal, choices) {
      if (known.size >= MAX_MENUS) known.delete(known.keys().next().value ?? "");
      known.set(seal, choices.items.slice(0, LIMITS.options));
      return menuId(choices.command, seal);
    },
    entries(actionId, typed, person) {
      const [prefix, command = "", seal = ""] = actionId.split(".");
      if (prefix !== PREFIX || !dispatch.admits(person, command)) return { options: [] };
      const items = known.get(seal) ?? [];
      if (typed.trim() === "" && items.length > 0) return grouped(items);
      const completed = completions(command, typed, person);
      return grouped(completed.length > 0 ? completed : items.filter((item) => holds(item, typed)));
    },
  };
}

const holds = ({ value, label }: Choice, typed: string): boolean =>
  `${value} ${label}`.toLowerCase().includes(typed.trim().toLowerCase());

/** Entries under their groups, where they have any. Slack refuses the whole answer for one entry that is too long. */
function grouped(items: readonly Choice[]): MenuEntries {
  const fitting = items
    .filter(({ value }) => value !== "" && value.length <= LIMITS.optionValue)
    .slice(0, LIMITS.options);
  if (fitting.every(({ group }) => group === "")) return { options: fitting.map(entry) };
  return {
    option_groups: [...Map.groupBy(fitting, ({ group }) => group || "Others")].map(([group, members]) => ({
      label: plain(group, LIMITS.groupLabel),
      options: members.map(entry),
    })),
  };
}

function entry({ value, label, detail, current }: Choice): types.PlainTextOption {
  const description = [current ? "current" : "", detail].filter(Boolean).join(" · ");
  return {
    text: plain(label || value, LIMITS.optionText),
    value,
    ...(description === "" ? {} : { description: plain(description, LIMITS.optionDescription) }),
  };
}

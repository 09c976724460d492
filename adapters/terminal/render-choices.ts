import type { Choice, Choices } from "../../commands/card.ts";
import type { Pen } from "./pen.ts";
import { padEnd, widest, widthOf, wrap } from "./text-layout.ts";

const MAX_ITEMS = 200;
const GAP = 2;

/** Things to pick one of, under their groups, the current one marked, and the line to type for picking. */
export function renderChoices(choices: Choices, width: number, pen: Pen): string[] {
  const items = choices.items.slice(0, MAX_ITEMS).map((item) => draw(item, pen));
  const left = choices.items.length - items.length;
  const label = pen.line(choices.label);
  const indent = items.some(({ group }) => group !== "") ? "  " : "";
  const room = width - indent.length;
  const marks = Math.max(widthOf(pen.marks.current), widthOf(pen.marks.other)) + 1;
  const names = widest(items.map(({ name }) => name));
  const beside = room - marks - names - GAP;
  const fits = beside >= Math.min(16, widest(items.map(({ detail }) => detail)));

  const rowsOf = ({ name, detail, current }: Drawn): string[] => {
    const mark = padEnd(current ? pen.marks.current : pen.marks.other, marks);
    const style = (text: string): string => (current ? pen.paint("current", text) : text);
    const quiet = (text: string): string => pen.paint("quiet", text);
    const hanging = " ".repeat(marks);
    if (!fits) {
      return [
        ...wrap(name, room - marks).map((row, index) => style((index === 0 ? mark : hanging) + row)),
        ...(detail === "" ? [] : wrap(detail, room - marks).map((row) => hanging + quiet(row))),
      ];
    }
    return wrap(detail, Math.max(beside, 1)).map((row, index) => {
      const head = index === 0 ? style(mark + padEnd(name, names)) : hanging + " ".repeat(names);
      return row === "" ? head.trimEnd() : `${head}${" ".repeat(GAP)}${quiet(row)}`;
    });
  };

  const groups = Map.groupBy(items, ({ group }) => group);
  const list = [...groups].flatMap(([group, members]) => [
    ...(group === "" ? [] : wrap(group, width).map((row) => pen.paint("head", row))),
    ...members.flatMap(rowsOf).map((row) => indent + row),
  ]);
  return [
    ...(label === "" ? [] : wrap(label, width).map((row) => pen.paint("title", row))),
    ...list,
    ...(left > 0 ? [pen.paint("quiet", `and ${left} more`)] : []),
    ...wrap(`Type ${pen.line(choices.command)} <name>`, width).map((row) => pen.paint("quiet", row)),
  ];
}

interface Drawn {
  readonly name: string;
  readonly detail: string;
  readonly group: string;
  readonly current: boolean;
}

/** What must be typed comes first; the label only where it says something that the value does not. */
function draw(item: Choice, pen: Pen): Drawn {
  const name = pen.line(item.value);
  const label = pen.line(item.label);
  const words = [name.includes(label) ? "" : label, pen.line(item.detail)].filter((part) => part !== "");
  const detail = [words.join(` ${pen.line("·")} `), item.current ? "(current)" : ""].filter((part) => part !== "");
  return { name, detail: detail.join(" "), group: pen.line(item.group), current: item.current };
}

import { type Checked, verdictOf } from "../src/doctor/doctor.ts";
import type { Card, Field } from "./card.ts";

/** More would be cut by platforms that take 25 fields. */
const MOST_PROBLEMS = 20;
const TONES = { ok: "success", warning: "warning", broken: "error" } as const;

/** What a doctor found: each problem with its remedy, the worst first, and in few words what else was looked at. */
export function doctorCard(checked: readonly Checked[]): Card {
  const { state, text } = verdictOf(checked);
  const problems = [
    ...checked.filter((one) => one.state === "broken"),
    ...checked.filter((one) => one.state === "warning"),
  ];
  const left = problems.length - MOST_PROBLEMS;
  return {
    tone: TONES[state],
    title: text,
    fields: [
      ...problems.slice(0, MOST_PROBLEMS).map(fieldOf),
      ...(left > 0 ? [{ name: "And", value: `${left} more; clutch doctor at a terminal shows all.` }] : []),
      ...listed(
        "✓ As it should be",
        checked.filter((one) => one.state === "ok"),
      ),
      ...listed(
        "– Not looked at",
        checked.filter((one) => one.state === "skipped"),
      ),
    ],
    footer: "clutch doctor at a terminal says more of each",
  };
}

const fieldOf = ({ part, name, state, found, remedy }: Checked): Field => ({
  name: `${state === "broken" ? "✗" : "!"} ${capital(part)}: ${name}`,
  value: [found, ...(remedy === null ? [] : [`→ ${remedy}`])].join("\n"),
});

/** One part after another, with the names of what was looked at. */
function listed(name: string, checked: readonly Checked[]): readonly Field[] {
  if (checked.length === 0) return [];
  const parts = [...new Set(checked.map(({ part }) => part))];
  const rows = parts.map((part) => {
    const names = checked.filter((one) => one.part === part).map((one) => one.name);
    return `${capital(part)}: ${names.join(", ")}`;
  });
  return [{ name, value: rows.join("\n") }];
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

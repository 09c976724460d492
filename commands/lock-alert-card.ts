import type { LockAlert } from "../src/local-only/create-local-only.ts";
import { ago } from "./amounts.ts";
import type { Card } from "./card.ts";

/** An alert that could not be posted for so long, ms, may say what is not so any more. */
const LATE_MS = 2 * 60_000;

/** What the owners are told when local-only mode changed by itself, or does not hold; `late`: how long ago, ms. */
export function lockAlertCard(alert: LockAlert, late: number): Card {
  const card = cardOf(alert);
  if (late < LATE_MS) return card;
  const sentence = `That was ${ago(late)}, and could not be posted before: /localonly says how it is now.`;
  return { ...card, body: [sentence, ...(card.body ?? [])] };
}

function cardOf({ kind, what }: LockAlert): Card {
  const look = { label: "Look", line: "/localonly", style: "secondary" as const };
  switch (kind) {
    case "broken":
      return {
        tone: "error",
        title: "LOCK BROKEN: local-only mode does not hold as it should",
        body: [...what, "What still holds stays closed. Nothing is opened until an owner does so."],
        actions: [{ label: "Verify", line: "/localonly verify", style: "primary" }, look],
        footer: "noticed by Clutch",
      };
    case "mended":
      return {
        tone: "warning",
        title: "Local-only mode was not as it should be, and is again",
        body: what,
        actions: [{ label: "Verify", line: "/localonly verify", style: "primary" }, look],
        footer: "noticed by Clutch",
      };
    case "told":
      return {
        tone: "info",
        title: what[0] ?? "Local-only mode changed",
        body: what.slice(1),
        actions: [look],
        footer: "noticed by Clutch",
      };
  }
}

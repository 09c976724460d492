import type { LockAlert } from "../src/local-only/create-local-only.ts";
import type { Card } from "./card.ts";

/** What the owners are told when local-only mode changed by itself, or does not hold. */
export function lockAlertCard({ kind, what }: LockAlert): Card {
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

import { formatModelRef } from "../src/models/model-ref.ts";
import type { UsageAlert } from "../src/usage/usage-alert.ts";
import { dollars } from "./amounts.ts";
import { limitWords, momentIn, spendMeter, spentWords, uncountedWords } from "./budget-words.ts";
import type { Action, Card } from "./card.ts";
import { calls } from "./usage-words.ts";

type Told<Kind extends UsageAlert["kind"]> = Extract<UsageAlert, { kind: Kind }>;

/** What the people in charge are told about usage; `zone` is that of the times in it. */
export function usageAlertCard(alert: UsageAlert, { zone }: { readonly zone: string }): Card {
  switch (alert.kind) {
    case "fallback":
      return fallbackCard(alert);
    case "idle":
      return idleCard(alert);
    case "uncounted":
      return uncountedCard(alert);
    case "near":
      return {
        tone: "warning",
        title: `${Math.floor((alert.spend.usd / (alert.spend.usdCents / 100)) * 100)} % of the cloud budget is spent`,
        body: [
          `Where all of it is spent, local-only mode comes on until ${momentIn(alert.spend.to, zone)}.`,
          ...unseen(alert.spend),
        ],
        ...ofBudget(alert.spend),
      };
    case "locked":
      return lockedCard(alert, zone);
    case "held":
      return {
        tone: "warning",
        title: "The cloud budget is used up; local-only mode was on already",
        body: [
          `It stays as it is. Should it go off by itself before ${momentIn(alert.spend.to, zone)}, it is turned on again for the budget; who turns it off overrules the budget until then.`,
          ...unseen(alert.spend),
        ],
        ...ofBudget(alert.spend, LOCK),
      };
    case "open":
      return {
        tone: "error",
        title: "BUDGET EXCEEDED, and nothing enforces it",
        body: [
          "Local-only mode could not be turned on, so cloud calls go on and cost money.",
          ...[alert.why, alert.hint].filter((line) => line !== ""),
          ...unseen(alert.spend),
        ],
        ...ofBudget(alert.spend, LOCK),
      };
    case "overruled":
      return {
        tone: "warning",
        title: `The cloud budget is overruled until ${momentIn(alert.spend.to, zone)}`,
        body: [
          `${alert.by} turned local-only mode off although the budget is used up. Until then it is not turned on again for the budget, unless somebody sets another one.`,
          ...unseen(alert.spend),
        ],
        ...ofBudget(alert.spend, LOCK),
      };
  }
}

const LOCK: Action = { label: "Local-only mode", line: "/localonly", style: "secondary" };
const FOOTER = "noticed by Clutch";

const ofBudget = (spend: Told<"near">["spend"], ...more: readonly Action[]): Omit<Card, "tone" | "title"> => ({
  fields: [{ name: "Cloud budget", value: limitWords(spend) }],
  meter: spendMeter(spend),
  actions: [{ label: "Budget", line: "/usage budget", style: "secondary" }, ...more],
  footer: FOOTER,
});

function unseen(spend: Told<"near">["spend"]): readonly string[] {
  const words = uncountedWords(spend);
  return words === undefined ? [] : [`Not in it: ${words}. They are not free.`];
}

function lockedCard({ spend, enforcement, problems }: Told<"locked">, zone: string): Card {
  const isBroken = enforcement === "broken";
  return {
    tone: isBroken ? "error" : "warning",
    title: isBroken
      ? "The cloud budget is used up, and local-only mode does not hold as it should"
      : "The cloud budget is used up: local-only mode is on",
    body: [
      `Agents answer with local models until ${momentIn(spend.to, zone)}. Then every conversation goes to its own model again, also with text that was written meanwhile.`,
      ...(enforcement === "partly" ? ["It is partly enforced; /localonly says what is not covered."] : []),
      ...problems,
      "/localonly off overrules the budget until then.",
      ...unseen(spend),
    ],
    ...ofBudget(spend, LOCK),
  };
}

function fallbackCard({ model, locality, selected, sessionKey }: Told<"fallback">): Card {
  const name = formatModelRef(model);
  const unknown = locality === "unknown" ? " (where it runs is not known, so it counts as cloud)" : "";
  return {
    tone: "error",
    title: `The cloud answered without being asked: ${name}`,
    body: [
      "OpenClaw fell back to it because the selected model failed. The conversation was sent to it, and that may cost money.",
      "This is told once a day for a conversation and a model.",
    ],
    fields: [
      {
        name: "Selected",
        value:
          selected === undefined ? "not known any more" : `${formatModelRef(selected.model)} (${selected.locality})`,
      },
      { name: "Answered", value: `${name}${unknown}` },
      { name: "Session", value: sessionKey },
    ],
    actions: [{ label: "Usage", line: "/usage", style: "secondary" }],
    footer: FOOTER,
  };
}

function idleCard(alert: Told<"idle">): Card {
  const { day, limit, heartbeats, jobs } = alert;
  const words = uncountedWords(alert);
  return {
    tone: "warning",
    title: `Heartbeats and jobs cost ${spentWords(alert)} in the cloud on ${day}`,
    body: [
      `Nobody waits for these answers. You are told above ${dollars(limit)} a day (usage.alerts.idlePerDay), once a day.`,
      ...(words === undefined ? [] : [`Not in it: ${words}. They are not free.`]),
    ],
    fields: [
      { name: "Heartbeats", value: calls(heartbeats) },
      { name: "Jobs", value: calls(jobs) },
    ],
    actions: [
      { label: "Silent calls", line: "/model scope:helpers", style: "secondary" },
      { label: "Usage", line: "/usage", style: "secondary" },
    ],
    footer: FOOTER,
  };
}

function uncountedCard({ model, locality, lacks, sessionKey }: Told<"uncounted">): Card {
  const name = formatModelRef(model);
  return {
    tone: "warning",
    title:
      lacks === "price"
        ? `The budget does not see what ${name} costs: nobody states its price`
        : `The budget does not see what ${name} costs: calls of unknown size`,
    body: [
      lacks === "price"
        ? "Its calls are not free, and not in what is said to be spent. State its price in clutch.models.json."
        : "OpenClaw does not say how large some of its calls were, so what is said to be spent is the least it can be.",
      ...(locality === "unknown"
        ? ["Where it runs is not known, so it counts as cloud; if it is local, name its provider in trustedLocal."]
        : []),
      "This is told once for each model.",
    ],
    fields: [{ name: "Seen in session", value: sessionKey }],
    actions: [{ label: "Budget", line: "/usage budget", style: "secondary" }],
    footer: FOOTER,
  };
}

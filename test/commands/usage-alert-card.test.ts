import { describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import { usageAlertCard } from "../../commands/usage-alert-card.ts";
import { type UsageAlert, usageAlert } from "../../src/usage/usage-alert.ts";

const spend = {
  period: "day",
  ...{ usdCents: 500, usd: 5.25, unpriced: 0, unsized: 0 },
  from: Date.parse("2026-11-22T00:00+01:00"),
  to: Date.parse("2026-11-23T00:00+01:00"),
} as const;
const SONNET = { provider: "anthropic", model: "claude-sonnet-5" };
const KEY = "agent:main:discord:channel:1";

/** As it comes out of the store. */
const draw = (alert: UsageAlert): Card =>
  usageAlertCard(usageAlert.parse(JSON.parse(JSON.stringify(alert))), { zone: "Europe/Berlin" });
const textOf = ({ title, body = [], fields = [] }: Card): string =>
  [title, ...body, ...fields.map(({ name, value }) => `${name}: ${value}`)].join("\n");

describe("the budget", () => {
  it("near its end says how near, and what comes", () => {
    const card = draw({ kind: "near", spend: { ...spend, usd: 4.1, unpriced: 2, unsized: 1 } });
    expect(card).toMatchObject({ tone: "warning", meter: { value: 4.1, max: 5 } });
    expect(textOf(card)).toContain("82 % of the cloud budget is spent");
    expect(textOf(card)).toContain("local-only mode comes on until 2026-11-23 00:00");
    expect(textOf(card)).toContain(
      "Not in it: 2 calls without a known price, 1 call of unknown size. They are not free.",
    );
  });

  it("used up says how far local-only mode holds", () => {
    const locked = (enforcement: "enforced" | "partly" | "broken", problems: string[] = []) =>
      draw({ kind: "locked", spend, enforcement, problems });
    expect(locked("enforced")).toMatchObject({
      tone: "warning",
      title: expect.stringContaining("local-only mode is on"),
    });
    expect(textOf(locked("enforced"))).toContain("until 2026-11-23 00:00");
    expect(textOf(locked("partly"))).toContain("partly enforced");
    const broken = locked("broken", ["The wall is open."]);
    expect(broken).toMatchObject({ tone: "error", title: expect.stringContaining("does not hold") });
    expect(textOf(broken)).toContain("The wall is open.");
  });

  it("that nothing enforces is the loudest, and says what to install", () => {
    const card = draw({ kind: "open", spend, why: "Nothing is installed.", hint: "clutch guard install --yes" });
    expect(card).toMatchObject({ tone: "error", title: "BUDGET EXCEEDED, and nothing enforces it" });
    expect(textOf(card)).toContain("cloud calls go on and cost money");
    expect(textOf(card)).toContain("clutch guard install --yes");
  });

  it("that somebody overruled names them, and how long", () => {
    expect(textOf(draw({ kind: "overruled", spend, by: "discord:7" }))).toMatch(
      /overruled until 2026-11-23 00:00\ndiscord:7 turned local-only mode off/,
    );
    expect(textOf(draw({ kind: "held", spend }))).toContain("was on already");
  });
});

describe("single calls", () => {
  it("a fallback names both models and the conversation", () => {
    const alert = { kind: "fallback", sessionKey: KEY, model: SONNET, locality: "cloud", at: 0 } as const;
    const selected = { model: { provider: "ollama", model: "qwen3:8b" }, locality: "local" } as const;
    const card = draw({ ...alert, selected });
    expect(card.tone).toBe("error");
    expect(textOf(card)).toMatch(
      /Selected: ollama\/qwen3:8b \(local\)\nAnswered: anthropic\/claude-sonnet-5\nSession: agent:main:discord:channel:1/,
    );
    expect(textOf(draw({ ...alert, locality: "unknown" }))).toMatch(
      /Selected: not known any more\nAnswered: .*unknown|not known/,
    );
  });

  it("idle spend is at least what is known", () => {
    const alert = { kind: "idle", day: "2026-11-22", usd: 1.2, limit: 1, heartbeats: 40, jobs: 1 } as const;
    const card = draw({ ...alert, unpriced: 3, unsized: 0 });
    expect(card.title).toBe("Heartbeats and jobs cost at least $1.20 in the cloud on 2026-11-22");
    expect(textOf(card)).toContain("Heartbeats: 40 calls\nJobs: 1 call");
    expect(draw({ ...alert, unpriced: 0, unsized: 0 }).title).toContain("cost $1.20 in");
  });

  it("what the budget does not see says what to do", () => {
    const alert = { kind: "uncounted", model: SONNET, sessionKey: KEY } as const;
    expect(textOf(draw({ ...alert, locality: "cloud", lacks: "price" }))).toContain("clutch.models.json");
    expect(textOf(draw({ ...alert, locality: "unknown", lacks: "size" }))).toContain("trustedLocal");
  });
});

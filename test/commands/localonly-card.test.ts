import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import { statusCard, verificationCard } from "../../commands/localonly-card.ts";
import { lockAlertCard } from "../../commands/lock-alert-card.ts";
import type { LockStatus, PathProof } from "../../src/local-only/lock-status.ts";
import { absent, clock, GUARD, HELPERS, lockStatus, VERIFICATION, WALL } from "./localonly-fixtures.ts";

const HOUR = 60 * 60_000;
const draw = (status: LockStatus, level: "viewer" | "operator" | "owner" = "owner"): Card =>
  statusCard(status, { level, now: clock() });
const field = (card: Card, name: string): string | undefined => card.fields?.find((each) => each.name === name)?.value;
const lines = (card: Card): string[] => (card.actions ?? []).map(({ line }) => line);
const textOf = ({ title, body = [], fields = [], footer = "", table }: Card): string =>
  [title, ...body, ...fields.flatMap(({ name, value }) => [name, value]), footer, ...(table?.rows.flat() ?? [])].join(
    "\n",
  );
const path = (result: PathProof["result"], name = `path that is ${result}`): PathProof => ({
  path: name,
  heldBy: result === "not covered" ? "" : "wall",
  result,
  detail: `seen: ${result}`,
});
const tried = (...results: PathProof["result"][]) => ({ ...VERIFICATION, paths: results.map((each) => path(each)) });

describe("the title", () => {
  it.each<[string, LockStatus, string, Card["tone"]]>([
    ["off", lockStatus(false), "Local-only mode is off", "info"],
    [
      "off with a problem",
      lockStatus(false, { problems: ["The wall is closed."] }),
      "Local-only mode is off",
      "warning",
    ],
    ["enforced", lockStatus(true), "Local-only mode is on: nothing reaches the cloud", "success"],
    [
      "enforced, a path open",
      lockStatus(true, { verification: tried("proved", "not covered") }),
      "Local-only mode is on: guard and wall hold, 1 path is not covered",
      "warning",
    ],
    [
      "enforced with a problem",
      lockStatus(true, { problems: ["A plugin changed."] }),
      "Local-only mode is on: guard and wall hold, but something is wrong",
      "warning",
    ],
    ["partly", lockStatus(true, { enforcement: "partly" }), "Local-only mode is on, partly enforced", "warning"],
    [
      "broken",
      lockStatus(true, { enforcement: "broken", problems: ["The guard is open."] }),
      "LOCK BROKEN: something that should hold does not",
      "error",
    ],
    [
      "leaking, whatever else is said",
      lockStatus(true, { verification: tried("proved", "leaks") }),
      "LOCK BROKEN: text can get to the cloud",
      "error",
    ],
    ["changing", lockStatus(true, { enforcement: "changing" }), "Local-only mode is being turned on", "warning"],
  ])("of one that is %s", (_, status, title, tone) => {
    expect(draw(status)).toMatchObject({ title, tone });
  });
});

describe("what is said", () => {
  const anyStatus = fc.record({
    enforcement: fc.constantFrom("off", "enforced", "partly", "broken", "changing"),
    isOn: fc.boolean(),
    problems: fc.array(fc.constant("The wall has no gateway behind it."), { maxLength: 2 }),
    isWatched: fc.boolean(),
    results: fc.option(fc.array(fc.constantFrom("proved", "configured", "not covered", "leaks"), { maxLength: 4 }), {
      nil: undefined,
    }),
  });

  it("is never more than the status and the tried paths say", () => {
    fc.assert(
      fc.property(anyStatus, ({ results, ...more }) => {
        const verification = results === undefined ? undefined : tried(...results);
        const card = draw(lockStatus(more.isOn, { ...more, verification }));
        const said = textOf(card).replaceAll("partly enforced", "");
        const isSure = more.enforcement === "enforced" && !(results ?? []).some((each) => /leaks|not/.test(each));
        if (!isSure) expect(said).not.toMatch(/enforced|nothing reaches/i);
        if (more.enforcement !== "partly") expect(textOf(card)).not.toContain("partly");
        if (!(results ?? []).includes("proved")) expect(said).not.toMatch(/proved/i);
        if (more.enforcement !== "off" && (results ?? []).includes("leaks")) {
          expect(card).toMatchObject({ tone: "error", title: expect.stringContaining("LOCK BROKEN") });
          expect(card.table?.rows[0]?.[2]).toBe("LEAKS");
        }
        if (card.tone === "success") expect([isSure, more.problems]).toEqual([true, []]);
      }),
    );
  });

  it("begins with what is wrong", () => {
    const problems = ["The guard is open.", "The wall has no gateway behind it."];
    const verification = { ...tried("not covered", "leaks"), unknownSettings: ["plugins.entries.x.model"] };
    const card = statusCard(lockStatus(true, { enforcement: "broken", problems, verification }), {
      level: "owner",
      now: clock(),
      lead: ["Why it was looked at."],
    });
    expect(card.body).toEqual([
      "Problem: The guard is open.",
      "Problem: The wall has no gateway behind it.",
      "Not covered: path that is not covered (seen: not covered).",
      "Settings of OpenClaw that may choose a model and that Clutch does not know: plugins.entries.x.model.",
      "Why it was looked at.",
    ]);
    expect(card.table).toEqual({
      columns: ["Path", "Held by", "Result"],
      rows: [
        ["path that is leaks", "wall", "LEAKS"],
        ["path that is not covered", "nothing", "not covered"],
      ],
    });
  });

  it("while it changes, nobody is told that it holds", () => {
    const card = draw(lockStatus(true, { enforcement: "changing" }));
    expect(card.body).toContainEqual(expect.stringContaining("text may get to the cloud"));
    expect(field(card, "Tried")).toBeUndefined();
  });
});

describe("the fields", () => {
  it("name who, when and why", () => {
    expect(draw(lockStatus(true)).fields).toEqual(
      expect.arrayContaining([
        { name: "Turned on", value: "5 min ago, by discord:123" },
        { name: "Why", value: "the audit" },
        { name: "Tried", value: "1 min ago: 1 proved, 1 configured" },
      ]),
    );
    const last = { actor: "clutch", reason: undefined, at: clock() - 3 * HOUR };
    expect(field(draw(lockStatus(false, { last })), "Turned off")).toBe("3 h ago, by Clutch, as scheduled");
    expect(field(draw(lockStatus(false)), "Turned off")).toBeUndefined();
  });

  it("say how long, and who sees to it", () => {
    const ends = { next: { turns: "off", at: clock() + 2 * HOUR }, daily: undefined } as const;
    expect(field(draw(lockStatus(true)), "Until")).toBe("somebody turns it off");
    expect(field(draw(lockStatus(true, { schedule: ends })), "Until")).toMatch(
      /^in 2 hours \(2026-11-2\d \d\d:\d\d\)$/,
    );
    const alone = draw(lockStatus(true, { schedule: ends, isWatched: false }));
    expect(field(alone, "Until")).toContain("nobody will: no Clutch is running");
    expect(field(alone, "Watched")).toContain("by nobody");
    expect(field(draw(lockStatus(true)), "Watched")).toBeUndefined();

    const begins = { next: { turns: "on", at: clock() + HOUR }, daily: "22:00-07:00" } as const;
    const off = draw(lockStatus(false, { schedule: begins }));
    expect(field(off, "Turns on")).toMatch(/^in 60 minutes/);
    expect(field(off, "Every day")).toBe("22:00-07:00");
    expect(field(off, "Until")).toBeUndefined();

    const late = { next: { turns: "off", at: clock() - HOUR }, daily: undefined } as const;
    expect(field(draw(lockStatus(true, { schedule: late })), "Until")).toMatch(/^overdue since 2026-11-2/);
  });

  it("say where each layer stands", () => {
    const card = draw(lockStatus(true, { enforcement: "partly", layers: [GUARD, absent(WALL), HELPERS] }));
    expect(field(card, "Guard")).toBe("closed: turns go to local models");
    expect(field(card, "Wall")).toBe("absent: not installed");
    expect(field(card, "Silent calls")).toBe("closed: 4 silent calls use ollama/qwen3:8b");
  });

  it.each([
    ["on", lockStatus(true), { name: "Turns go to", value: "ollama/qwen3:8b" }],
    ["off", lockStatus(false), { name: "Turns would go to", value: "ollama/qwen3:8b" }],
    // Nobody redirects them then.
    [
      "on without a guard",
      lockStatus(true, { layers: [absent(GUARD), WALL] }),
      { name: "Local models", value: "ollama/qwen3:8b" },
    ],
    [
      "on with no model",
      lockStatus(true, { localModels: [] }),
      { name: "Turns go to", value: "none answers, so turns get a notice instead" },
    ],
    [
      "on with neither",
      lockStatus(true, { layers: [absent(GUARD), WALL], localModels: [] }),
      { name: "Local models", value: "none answers" },
    ],
  ])("say where turns go: %s", (_, status, expected) => expect(draw(status).fields).toContainEqual(expected));

  it("name a few models and count the rest", () => {
    const localModels = Array.from({ length: 7 }, (_, index) => ({ provider: "ollama", model: `m${index}` }));
    expect(field(draw(lockStatus(true, { localModels })), "Turns go to")).toMatch(/^ollama\/m0, .*ollama\/m4, 2 more$/);
  });

  it("count the conversations that are kept local", () => {
    const kept = [
      { sessionKey: "a", why: "here", at: 0 },
      { sessionKey: "b", why: "unreleased", at: 0 },
      { sessionKey: "c", why: "unreleased", at: 0 },
    ] as const;
    const value = field(draw(lockStatus(false, { kept })), "Kept local");
    expect(value).toContain("1 conversation, always");
    expect(value).toContain("2 conversations until released (/localonly release there)");
    expect(field(draw(lockStatus(false)), "Kept local")).toBeUndefined();
  });
});

describe("the buttons", () => {
  it.each([
    ["viewer", lockStatus(true), []],
    ["viewer", lockStatus(false), []],
    ["operator", lockStatus(true), ["/localonly verify"]],
    ["operator", lockStatus(false), []],
    ["owner", lockStatus(true), ["/localonly verify", "/localonly off"]],
    ["owner", lockStatus(false), ["/localonly on"]],
    ["owner", lockStatus(true, { enforcement: "broken" }), ["/localonly on", "/localonly verify", "/localonly off"]],
    ["owner", lockStatus(false, { enforcement: "changing" }), ["/localonly on", "/localonly off"]],
  ] as const)("are those that a(n) %s may press", (level, status, expected) => {
    expect(lines(draw(status, level))).toEqual(expected);
  });
});

describe("the card of a verification", () => {
  it.each([
    [["proved", "configured"], "No canary got out: 1 proved, 1 configured", "success"],
    [["proved", "not covered"], "No canary got out: 1 proved, 1 not covered", "warning"],
    [["proved", "leaks"], "LOCK BROKEN: 1 of 2 paths LEAKS", "error"],
    [["leaks", "leaks", "proved"], "LOCK BROKEN: 2 of 3 paths LEAK", "error"],
    [["configured", "not covered"], "Nothing is proved: 1 configured, 1 not covered", "warning"],
    [[], "No path was tried", "warning"],
  ] as const)("of %j", (results, title, tone) => {
    const card = verificationCard(tried(...results));
    expect(card).toMatchObject({ title, tone });
    expect(textOf(card)).not.toMatch(/enforced|nothing reaches/);
    expect(card.table?.rows.length ?? 0).toBe(results.length);
    const leaks = results.filter((result) => result === "leaks").map(() => "LEAKS: path that is leaks (seen: leaks).");
    expect(card.body?.slice(0, leaks.length)).toEqual(leaks);
    expect(card.body?.join().includes("LEAKS")).toBe(leaks.length > 0);
  });

  it("names settings that Clutch does not know", () => {
    const card = verificationCard({ ...tried("proved"), unknownSettings: ["agents.defaults.newModel"] });
    expect(card.tone).toBe("warning");
    expect(card.body).toEqual([expect.stringContaining("agents.defaults.newModel")]);
  });
});

describe("an alert", () => {
  it.each(["broken", "mended", "told"] as const)("that is %s says when that was where it is posted late", (kind) => {
    const alert = { kind, what: ["The wall is gone."], place: undefined };
    expect(textOf(lockAlertCard(alert, 30_000))).not.toMatch(/ago|before/);
    const late = lockAlertCard(alert, 2 * HOUR + 1_000);
    expect(late).toMatchObject({ ...lockAlertCard(alert, 0), body: expect.anything() });
    expect(late.body?.[0]).toMatch(/^That was 2 h ago, and could not be posted before: \/localonly/);
    expect(textOf(late)).toContain("The wall is gone.");
  });
});

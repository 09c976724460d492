import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { levelOf } from "../../commands/access.ts";
import type { Command, Person } from "../../commands/command.ts";
import { type Answered, createDispatcher, type Invocation } from "../../commands/dispatcher.ts";
import { ClutchError } from "../../src/errors.ts";
import { createLogger } from "../../src/logger.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore } from "../../src/store/open-store.ts";

const lists = { owners: ["discord:1"], operators: ["discord:2"], viewers: ["discord:3"] };
const people: Record<string, Person> = {
  owner: { platform: "discord", id: "1" },
  operator: { platform: "discord", id: "2" },
  viewer: { platform: "discord", id: "3" },
  stranger: { platform: "discord", id: "4" },
  namesake: { platform: "slack", id: "1" },
};

interface Probe {
  runs: number;
}

const commands: readonly Command<Probe>[] = [
  {
    name: "look",
    summary: "",
    options: [],
    access: () => "viewer",
    forms: [{ line: "/look", does: "" }],
    run: async ({ services }) => {
      services.runs++;
      return { visibility: "private", card: { tone: "info", title: "seen" } };
    },
  },
  {
    name: "change",
    summary: "",
    options: [
      { name: "what", summary: "", kind: "text", positional: true },
      { name: "scope", summary: "", kind: "choice", choices: ["here", "all"] },
      { name: "once", summary: "", kind: "flag" },
    ],
    access: ({ scope }) => (scope === "all" ? "owner" : "operator"),
    forms: [{ line: "/change WHAT", does: "" }],
    run: async ({ services, options, confirmed, signal }) => {
      if (options["what"] === "fault") throw new Error("secret detail");
      if (options["what"] === "coded")
        throw new ClutchError("unknown_model", "No such model.", { hint: "Look.", suggestions: ["x"] });
      if (options["what"] === "hang")
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      if (options["what"] === "ask" && !confirmed) {
        return { visibility: "private", needsConfirmation: true, card: { tone: "warning", title: "sure?" } };
      }
      services.runs++;
      return { visibility: "public", card: { tone: "success", title: "changed" } };
    },
  },
];

function setUp(deadlineMs = 5_000) {
  const services: Probe = { runs: 0 };
  const dispatcher = createDispatcher({
    commands,
    services,
    levelOf: (person) => levelOf(person, lists),
    logger: pino({ level: "silent" }),
    deadlineMs,
  });
  const run = (line: string, who: keyof typeof people, more: Partial<Invocation> = {}) =>
    dispatcher.run({
      line,
      person: people[who] ?? { platform: "", id: "" },
      conversation: { platform: "discord", channel: "9", kind: "channel", person: "1" },
      confirmed: false,
      ...more,
    });
  return { services, dispatcher, run };
}

describe("dispatcher", () => {
  const allowed: Record<string, readonly string[]> = {
    "/look": ["owner", "operator", "viewer"],
    "/change x": ["owner", "operator"],
    "/change x scope:here": ["owner", "operator"],
    "/change x scope:all": ["owner"],
  };
  const cases = Object.entries(allowed).flatMap(([line, who]) =>
    Object.keys(people).map((person) => [line, person, who.includes(person)] as const),
  );
  it.each(cases)("%s by %s: %s", async (line, person, may) => {
    const { services, run } = setUp();
    const outcome = await run(line, person);
    expect(outcome.ok).toBe(may);
    expect(services.runs).toBe(may ? 1 : 0);
    if (!may) expect(outcome.error).toMatchObject({ code: "not_allowed", fault: false });
  });

  it("checks access before anything the command would do, also for a wrong option", async () => {
    const { run } = setUp();
    expect((await run("/change fault", "viewer")).error?.code).toBe("not_allowed");
  });

  it("asks, and takes the yes", async () => {
    const { services, run } = setUp();
    expect(await run("/change ask", "owner")).toMatchObject({ ok: false, needsConfirmation: true });
    expect(services.runs).toBe(0);
    expect(await run("/change ask", "owner", { confirmed: true })).toMatchObject({
      ok: true,
      needsConfirmation: false,
    });
    expect(services.runs).toBe(1);
  });

  it("shows a coded error with its hint and suggestions", async () => {
    const outcome = await setUp().run("/change coded", "owner");
    expect(outcome.error).toEqual({
      code: "unknown_model",
      message: "No such model.",
      hint: "Look. Closest: x",
      fault: false,
    });
    expect(outcome.card).toMatchObject({ tone: "error", title: "No such model." });
    expect(outcome.visibility).toBe("private");
  });

  it("keeps the inside of a fault from the person", async () => {
    const outcome = await setUp().run("/change fault", "owner");
    expect(outcome.error).toMatchObject({ code: "internal", fault: true });
    expect(JSON.stringify(outcome)).not.toContain("secret detail");
  });

  describe("one reference ties together what a command led to", () => {
    /** Runs a line, and gives the log's lines and what was counted. */
    async function logged(line: string, ...others: string[]) {
      const lines: { correlation?: string; msg: string; level: number }[] = [];
      const answered: Answered[] = [];
      const store = await openStore("sqlite::memory:", { clock: Date.now });
      const audit = createAuditLog(store.db, Date.now);
      const logger = createLogger({
        level: "debug",
        destination: { write: (text: string) => void lines.push(JSON.parse(text)) },
        secrets: () => [],
      });
      const services: Probe & { later?: () => Promise<void> } = {
        runs: 0,
        async later() {
          await new Promise((resolve) => setTimeout(resolve, 5));
          await audit.append({ actor: "a", action: "x", result: "ok" });
          logger.debug("the end of the line");
        },
      };
      const dispatcher = createDispatcher<Probe & { later?: () => Promise<void> }>({
        commands: [
          ...commands,
          {
            ...(commands[0] as Command<Probe>),
            name: "deep",
            async run({ services: { later } }) {
              await later?.();
              return { visibility: "private", card: { tone: "info", title: "seen" } };
            },
          },
        ],
        services,
        levelOf: (person) => levelOf(person, lists),
        logger,
        onAnswered: (one) => void answered.push(one),
      });
      const run = (typed: string) =>
        dispatcher.run({
          line: typed,
          person: people["owner"] ?? { platform: "", id: "" },
          conversation: { platform: "discord", channel: "9", kind: "channel", person: "1" },
          confirmed: false,
        });
      const [outcome] = await Promise.all([run(line), ...others.map(run)]);
      const audited = await audit.list();
      await store.close();
      return { outcome, lines, answered, audited };
    }

    it("log lines and audit entries, however deep, and not those of another one at the same time", async () => {
      const { lines, audited, outcome } = await logged("/deep", "/deep", "/look");
      const ids = new Set(lines.map(({ correlation }) => correlation));
      expect(ids.size).toBe(3);
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{6}$/);
      const deep = lines.filter(({ msg }) => msg === "the end of the line").map(({ correlation }) => correlation);
      expect(new Set(audited.map(({ correlation }) => correlation))).toEqual(new Set(deep));
      expect(outcome.card.footer).toBeUndefined();
    });

    it("a fault's card, so that its lines can be found", async () => {
      const { lines, outcome } = await logged("/change fault");
      const line = lines.find(({ level }) => level === 50);
      expect(outcome.card.footer).toBe(`Reference ${line?.correlation}`);
      expect((await logged("/change coded")).outcome.card.footer).toBeUndefined();
    });

    it("and each is counted by how it ended, under names that people cannot make up", async () => {
      const all = ["/look", "/change ask", "/change coded", "/change fault", "/made-up-by-somebody x"];
      const { answered } = await logged("/look", ...all);
      expect(answered.map(({ command, outcome, code }) => `${command} ${outcome} ${code}`).sort()).toEqual([
        "change failed internal",
        "change question undefined",
        "change refused unknown_model",
        "look ok undefined",
        "look ok undefined",
        "unknown refused unknown_command",
      ]);
    });
  });

  it.each([
    ["a line", { line: `/change ${"x".repeat(1_000_000)}` }],
    ["one without an end to its first word", { line: `/${"x".repeat(1_000_000)}` }],
    ["an option", { line: "change", options: { what: "x".repeat(1_000_000) } }],
    ["a million words", { line: `/change ${"x ".repeat(500_000)}` }],
    ["a million quotes", { line: `/change ${'"'.repeat(1_000_000)}` }],
  ])("refuses %s of a megabyte at once, and does not repeat it", async (_, more) => {
    const { services, run } = setUp();
    const outcome = await run(more.line, "owner", more);
    expect(outcome.error).toMatchObject({ code: "bad_option", fault: false });
    expect(JSON.stringify(outcome).length).toBeLessThan(1_000);
    expect(services.runs).toBe(0);
  });

  it("ends what takes too long", async () => {
    const outcome = await setUp(50).run("/change hang", "owner");
    expect(outcome.error).toMatchObject({ code: "deadline", fault: true });
  });

  it("takes typed options from a platform, and checks them alike", async () => {
    const { run } = setUp();
    expect((await run("change", "owner", { options: { what: "x", scope: "all" } })).ok).toBe(true);
    expect((await run("change", "owner", { options: { what: "x", scope: "moon" } })).error?.code).toBe("bad_option");
    expect((await run("change", "owner", { options: { nonsense: "x" } })).error?.code).toBe("bad_option");
  });

  it("nobody owns the system by a wildcard", () => {
    const open = { owners: ["*"], operators: [], viewers: ["*"] };
    expect(levelOf({ platform: "discord", id: "1" }, open)).toBe("viewer");
  });
});

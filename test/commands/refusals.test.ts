import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { Command } from "../../commands/command.ts";
import { createDispatcher, type Invocation, type Refused } from "../../commands/dispatcher.ts";
import { ClutchError } from "../../src/errors.ts";

const change: Command<undefined> = {
  name: "change",
  summary: "",
  options: [{ name: "what", summary: "", kind: "text", positional: true }],
  access: () => "operator",
  deadlineMs: ({ what }) => (what === "long" ? 60_000 : undefined),
  forms: [],
  run: async ({ options }) => {
    if (options["what"] === "theirs") throw new ClutchError("not_allowed", "Only an owner may.");
    if (options["what"] === "typo") throw new ClutchError("unknown_model", "No such model.");
    await new Promise((resolve) => setTimeout(resolve, 60));
    return { visibility: "public", card: { tone: "success", title: "changed" } };
  },
};

function setUp(onRefused?: (refused: Refused) => Promise<void>) {
  const refused: Refused[] = [];
  const dispatcher = createDispatcher({
    commands: [change],
    services: undefined,
    levelOf: ({ id }) => (id === "2" ? "operator" : undefined),
    logger: pino({ level: "silent" }),
    deadlineMs: 20,
    onRefused: onRefused ?? (async (one) => void refused.push(one)),
  });
  const run = (line: string, id: string, more: Partial<Invocation> = {}) =>
    dispatcher.run({
      line,
      person: { platform: "discord", id },
      conversation: { platform: "discord", channel: "9", kind: "channel", person: id },
      confirmed: false,
      ...more,
    });
  return { run, refused };
}

describe("what somebody may not do", () => {
  it("is told before the answer: who, where, what they typed and why not", async () => {
    const { run, refused } = setUp();
    expect((await run("/change everything", "4")).error?.code).toBe("not_allowed");
    expect(refused).toMatchObject([
      { command: "change", line: "/change everything", person: { id: "4" }, error: { code: "not_allowed" } },
    ]);
    expect(refused[0]?.conversation.channel).toBe("9");
  });

  it("is told where the command itself refuses, and with options that came apart from the line", async () => {
    const { run, refused } = setUp();
    await run("change", "2", { options: { what: "theirs" } });
    expect(refused).toMatchObject([{ command: "change", line: "change what:theirs" }]);
  });

  it("is cut where it is long", async () => {
    const { run, refused } = setUp();
    await run(`/change ${"x".repeat(400)}`, "4");
    expect(refused[0]?.line).toHaveLength(100);
  });

  it("stays refused where it cannot be written down", async () => {
    const { run } = setUp(() => Promise.reject(new Error("disk full")));
    expect((await run("/change everything", "4")).error?.code).toBe("not_allowed");
  });

  it("is no typo, and nothing that was done", async () => {
    const { run, refused } = setUp();
    expect((await run("/change typo", "2")).error?.code).toBe("unknown_model");
    expect((await run("/change long", "2")).ok).toBe(true);
    expect(refused).toEqual([]);
  });
});

it("a command that takes longer by nature has its own deadline", async () => {
  const { run } = setUp();
  expect((await run("/change short", "2")).error?.code).toBe("deadline");
  expect((await run("/change long", "2")).ok).toBe(true);
});

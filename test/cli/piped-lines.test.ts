import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, type Machine, newMachine } from "./machine.ts";
import { accountIn, transcript } from "./transcript.ts";

const LINES = [
  "Hello, I keep bees.",
  "/modle qwen",
  "/model qwne2.5",
  "How many hives?",
  "/model qwen",
  "And how much honey?",
  "/model undo",
  "Thank you.",
];

describe("start with lines from a pipe", () => {
  let machine: Machine;
  let ended: Awaited<ReturnType<typeof finished>>;
  let left: { processes: unknown[]; files: string[] };
  const answerTo = (line: string): string =>
    transcript(ended.stdout).find((exchange) => exchange.line === line)?.answer ?? "";

  beforeAll(async () => {
    machine = await newMachine();
    // No line break behind the last one, as `printf` leaves it.
    ended = await finished(machine.clutch(["start"], { input: LINES.join("\n") }));
    left = { processes: await machine.processes(), files: await machine.files() };
  });
  afterAll(() => machine?.clear());

  it("answers each in its order and ends with 0", () => {
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(transcript(ended.stdout).map(({ line }) => line)).toEqual(LINES);
    expect(ended.stdout).not.toContain("That was the tour");
    expect(ended.stdout).not.toContain("\u001b");
    expect(left).toEqual({ processes: [], files: [] });
  });

  it("a mistyped command names the commands there are", () => {
    expect(answerTo("/modle qwen")).toMatch(/^✗ There is no command \/modle\.\n.*\/model/);
  });

  it("a mistyped model is refused with the closest names, and nothing changes", () => {
    expect(answerTo("/model qwne2.5")).toMatch(
      /^✗ OpenClaw has no model “qwne2\.5”\. Nothing was changed\.\n[\s\S]*Closest: ollama\/qwen2\.5-coder:32b/,
    );
    expect(accountIn(answerTo("How many hives?"))).toMatchObject({ model: "claude-sonnet-5", earlier: 1 });
  });

  it("goes on with the conversation where the lines switch it", () => {
    expect(answerTo("/model qwen")).toMatch(/^✓ Switched to Qwen2\.5 Coder 32B/);
    expect(accountIn(answerTo("And how much honey?"))).toMatchObject({
      model: "qwen2.5-coder:32b",
      earlier: 2,
      replies: 2,
      first: LINES[0],
    });
    expect(answerTo("/model undo")).toMatch(/^✓ Back on the default: Claude Sonnet 5/);
    expect(accountIn(answerTo("Thank you."))).toMatchObject({ model: "claude-sonnet-5", earlier: 3, first: LINES[0] });
  });
});

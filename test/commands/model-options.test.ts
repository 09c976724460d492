import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../../commands/command-line.ts";
import { modelCommand } from "../../commands/model.ts";
import { checkTogether, untilOf } from "../../commands/model-options.ts";
import { ClutchError } from "../../src/errors.ts";

const optionsOf = (line: string) => parseCommandLine(`/model ${line}`, [modelCommand]).options;
/** What a line is refused with; undefined where it is not. */
function refusalOf(line: string): ClutchError | undefined {
  try {
    const options = optionsOf(line);
    checkTogether(options);
    untilOf(options);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ClutchError) return thrown;
    throw thrown;
  }
}

describe("options that need one another", () => {
  it.each([
    // Without a model there is nothing that they could be about.
    ["once", "once"],
    ["for:30m", "for"],
    ["plan", "plan"],
    ["compact", "compact"],
    ["force", "force"],
    ["soul", "soul"],
    ["scope:all", "scope"],
    ["scope:agent", "scope"],
    ["scope:global", "scope"],
    ["scope:here", "scope"],
    ["scope:helpers once", "once"],
    ["scope:helpers plan", "plan"],
    ["sort:name", "sort"],
    ["only:local", "only"],
    // Those of the list, and only those.
    ["qwen sort:name", "sort"],
    ["qwen only:local", "only"],
    ["default only:local", "only"],
    ["undo sort:name", "sort"],
    ["list scope:all", "scope"],
    ["list scope:here", "scope"],
    ["list once", "once"],
    ["list for:30m", "for"],
    ["list plan", "plan"],
    ["list compact", "compact"],
    ["list force", "force"],
    ["list soul", "soul"],
    ["list agent:main", "agent"],
    // Those of a switch of this conversation to a model.
    ["default plan", "plan"],
    ["default compact", "compact"],
    ["default force", "force"],
    ["undo plan", "plan"],
    ["undo compact", "compact"],
    ["undo force", "force"],
    ["UNDO force", "force"],
    ["undo#17 force", "force"],
    ["qwen scope:all plan", "plan"],
    ["qwen scope:agent plan", "plan"],
    ["qwen scope:global compact", "compact"],
    ["qwen scope:helpers force", "force"],
    ["qwen plan compact", "compact"],
    ["qwen plan force", "force"],
    ["undo scope:all", "scope:"],
    ["undo scope:global", "scope:"],
    ["undo#17 scope:all", "scope:"],
    // SOUL.md is an agent's.
    ["qwen soul", "soul"],
    ["qwen scope:all soul", "soul"],
    ["qwen scope:global soul", "soul"],
    ["qwen scope:helpers soul", "soul"],
    ["default scope:agent soul", "soul"],
    ["undo soul", "soul"],
    // A switch that ends.
    ["qwen once for:30m", "once"],
    ["default once", "once"],
    ["undo for:30m", "for:"],
    ["undo#17 once", "once"],
    ["qwen once scope:all", "once"],
    ["qwen for:30m scope:agent", "for:"],
    ["qwen once scope:global", "once"],
    ["qwen once scope:helpers", "once"],
    ["qwen for:5s", ""],
  ])("/model %s is refused", (line, named) => {
    const refusal = refusalOf(line);
    expect(refusal?.code).toBe("bad_option");
    expect(`${refusal?.message} ${refusal?.hint}`).toContain(named);
  });

  it.each([
    "",
    "agent:main",
    "scope:helpers",
    "list",
    "LIST",
    "list sort:name only:local",
    "qwen",
    "qwen scope:here",
    "qwen scope:all",
    "qwen scope:agent",
    "qwen scope:agent agent:main soul",
    "qwen scope:global",
    "qwen scope:helpers",
    "qwen plan",
    "qwen plan once",
    "qwen plan for:30m agent:main",
    "qwen compact",
    "qwen force once",
    "qwen compact force",
    "qwen scope:here plan",
    "qwen once",
    "qwen for:30m",
    "default",
    "default scope:all",
    "default scope:agent",
    "default scope:helpers",
    "undo",
    "undo scope:here",
    "undo agent:main",
    "undo#17",
    "UNDO#17 agent:main",
  ])("/model %s is understood", (line) => expect(refusalOf(line)).toBeUndefined());

  it("a refusal shows a line that works", () => {
    for (const line of [
      "once",
      "for:30m",
      "plan",
      "scope:all",
      "qwen sort:name",
      "default plan",
      "qwen soul",
      "undo scope:all",
    ]) {
      const example = /\/model (.+)$/.exec(refusalOf(line)?.hint ?? "")?.[1] ?? "no example";
      expect([example, refusalOf(example)]).toEqual([example, undefined]);
    }
  });
});

describe("a flag", () => {
  it.each([
    ["qwen plan", "true"],
    ["qwen plan:true", "true"],
    ["plan:yes qwen", "true"],
    ["qwen PLAN:On", "true"],
    ["qwen plan:false", undefined],
    ["qwen plan:no", undefined],
    ["plan:0 qwen", undefined],
    ["qwen", undefined],
  ])("in /model %s is %s", (line, value) => {
    expect(optionsOf(line)).toEqual(value === undefined ? { name: "qwen" } : { name: "qwen", plan: value });
  });

  it.each(["qwen plan:perhaps", "qwen plan:", "qwen plan plan", "qwen plan:true plan:true"])(
    "in /model %s is refused",
    (line) => expect(refusalOf(line)?.code).toBe("bad_option"),
  );

  it("that is off is as good as not given", () => {
    expect(refusalOf("list plan:false")).toBeUndefined();
    expect(refusalOf("qwen scope:all force:no")).toBeUndefined();
    expect(untilOf(optionsOf("qwen once:false"))).toBeUndefined();
  });

  it("only shows a plan to who may look, and switches for who may change", () => {
    expect(modelCommand.access(optionsOf("qwen plan"))).toBe("viewer");
    expect(modelCommand.access(optionsOf("qwen plan:false"))).toBe("operator");
  });
});

it.each([
  ["qwen", undefined],
  ["qwen once", { kind: "turn" }],
  ["qwen for:30m", { kind: "time", ms: 1_800_000 }],
])("/model %s lasts %j", (line, until) => expect(untilOf(optionsOf(line))).toEqual(until));

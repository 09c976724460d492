import { beforeEach, describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { type VerifierLab, verifierLab } from "./verifier-lab.ts";

let lab: VerifierLab;
beforeEach(() => {
  lab = verifierLab();
});

const OTHERS = "Recaps, dreaming, other silent calls";
const setting = (name: string, onGateway: boolean) => ({ name, setting: "s", how: "egress", value: "v", onGateway });
const helper = (name: string, onGateway: boolean) => ({ name, setting: "s", uses: "a/b", onGateway });

describe("what leads to the gateway's own machine", () => {
  beforeEach(() => {
    lab.audit = { ...lab.audit, settings: [setting("Embeddings near", true), setting("Embeddings far", false)] };
    lab.left = [helper("Near", true), helper("Far", false)];
  });

  it("is not covered by a wall that spares it", async () => {
    lab.loopbackMode = "gateway-only";
    const of = await lab.verify("guard", "wall");
    for (const path of ["Embeddings near", "Near"]) {
      expect(of(path)).toMatchObject({ heldBy: "", result: "not covered" });
      expect(of(path)?.detail).toContain("past the wall unless clutch wall install --strict");
    }
    for (const path of ["Embeddings far", "Far"]) {
      expect(of(path)).toMatchObject({ heldBy: "wall", result: "configured" });
    }
    expect(of(OTHERS)).toMatchObject({ heldBy: "", result: "not covered" });
  });

  it.each(["proxy", "block"])("is held by a wall that sees it (%s)", async (mode) => {
    lab.loopbackMode = mode;
    const of = await lab.verify("guard", "wall");
    for (const path of ["Embeddings near", "Near", "Embeddings far", "Far", OTHERS]) {
      expect(of(path)).toMatchObject({ heldBy: "wall", result: "configured" });
    }
  });

  it("is held by nothing where there is no wall", async () => {
    const of = await lab.verify("guard");
    for (const path of ["Embeddings near", "Near"]) {
      expect(of(path)).toMatchObject({ heldBy: "", result: "not covered" });
      expect(of(path)?.detail).not.toContain("wall");
    }
  });
});

describe("calls that go by a setting, whatever the conversation is set to", () => {
  const TITLE = "A title for a new conversation";
  const SUMMARY = "A summary (compaction)";
  const SIDE_CHAT = "The side chat of a conversation";
  const asks = (name: string, key: string) => ({ ...helper(name, false), setting: `agents.defaults.${key}` });

  it("are only configured where nothing reached the canary, which they never would", async () => {
    const of = await lab.verify("guard", "wall");
    expect(lab.made.filter((name) => name !== "turn")).toEqual(["job", "sideChat", "title", "say", "compact", "tool"]);
    for (const path of [TITLE, SUMMARY])
      expect(of(path)).toMatchObject({ heldBy: "helpers, wall", result: "configured" });
    expect(of("A scheduled job on a cloud model")).toMatchObject({ result: "proved" });
  });

  it.each(["title", "compact", "sideChat"] as const)("leak where the canary was reached: %s", async (name) => {
    lab.does[name] = () => void lab.hits++;
    const of = await lab.verify("guard", "wall");
    const path = { title: TITLE, compact: SUMMARY, sideChat: SIDE_CHAT }[name];
    expect(of(path)).toMatchObject({ result: "leaks" });
  });

  it("are not made where their setting would really ask the cloud", async () => {
    lab.left = [asks("Recaps and titles of keeper", "utilityModel"), asks("Compaction", "compaction.model")];
    for (const [layers, held] of [
      [["guard"], { heldBy: "", result: "not covered" }],
      [["guard", "wall"], { heldBy: "wall", result: "configured" }],
    ] as const) {
      const of = await lab.verify(...layers);
      for (const path of [TITLE, SUMMARY]) {
        expect(of(path)).toMatchObject({ ...held, detail: "not tried: it would really ask a/b" });
      }
      expect(of(SIDE_CHAT)).toMatchObject({
        heldBy: "guard",
        result: "configured",
        detail: expect.stringContaining("not tried"),
      });
    }
    expect(lab.made.filter((name) => ["title", "compact", "sideChat"].includes(name))).toEqual([]);
  });

  it("are made where another setting leads to the cloud", async () => {
    lab.left = [asks("Review of commands", "tools.exec.reviewer.model")];
    const of = await lab.verify("guard", "wall");
    expect(lab.made).toEqual(expect.arrayContaining(["title", "compact", "sideChat"]));
    expect(of(TITLE)).toMatchObject({ heldBy: "helpers, wall", result: "configured" });
  });

  it.each([
    ["the guard saw go to a local model", "ollama/qwen3:8b", "proved"],
    ["the guard saw go elsewhere", "anthropic/claude-sonnet-5", "leaks"],
  ])("a side chat that %s", async (_, model, result) => {
    lab.calls = [1, 2, 3].map((n) => [`session-companion-old-${n}`, "openai/gpt-6"] as const);
    lab.does.sideChat = () => void lab.calls?.push(["another", "openai/gpt-6"], ["session-companion-new", model]);
    const of = await lab.verify("guard", "wall");
    expect(of(SIDE_CHAT)).toMatchObject({ heldBy: "guard", result, detail: `the guard saw it go to ${model}` });
  });

  it.each([
    ["did not see", [], "the guard did not see the call"],
    ["keeps no record of", undefined, "the guard keeps no record of calls"],
  ])("a side chat that the guard %s is only configured", async (_, calls, detail) => {
    lab.calls = calls;
    lab.does.sideChat = () => undefined;
    const of = await lab.verify("guard", "wall");
    expect(of(SIDE_CHAT)).toMatchObject({ heldBy: "guard", result: "configured", detail });
  });
});

describe("turns of canaries", () => {
  const TURN = "A turn pinned to a cloud model";
  const REST = [
    "The same, were it not redirected",
    "A sub-agent's turn",
    "A scheduled job on a cloud model",
    "The side chat of a conversation",
  ];
  const late = new ClutchError("deadline", "The turn took too long.");

  it("are proved where the guard redirected them, also when the local model takes too long", async () => {
    lab.turnFails = late;
    const of = await lab.verify("guard");
    for (const path of [TURN, ...REST.slice(0, 2)]) {
      expect(of(path)).toMatchObject({ result: "proved", detail: "redirected to ollama/qwen3:8b" });
    }
  });

  it("are given up after the first where OpenClaw does not ask the guard", async () => {
    lab.asksGuard = false;
    lab.turnFails = late;
    const of = await lab.verify("guard");
    expect(of(TURN)).toMatchObject({ result: "configured", detail: "the guard did not see the turn" });
    for (const path of REST) {
      expect(of(path)).toMatchObject({ result: "configured", detail: expect.stringContaining("not tried") });
    }
    expect(lab.made.filter((name) => ["job", "sideChat"].includes(name))).toEqual([]);
  });

  it("leak where the trap was reached, however the turn ended, and the others are tried", async () => {
    lab.asksGuard = false;
    lab.turnFails = late;
    lab.does.job = () => void lab.hits++;
    lab.turnReaches = true;
    const of = await lab.verify("guard");
    expect(of(TURN)).toMatchObject({ result: "leaks" });
    expect(of("A scheduled job on a cloud model")).toMatchObject({ result: "leaks" });
  });

  it.each(["turnFails", "sessionFails"] as const)("say why they could not run (%s)", async (which) => {
    const code = which === "turnFails" ? "gateway_unreachable" : "deadline";
    lab[which] = new ClutchError(code, "OpenClaw does not answer.");
    const of = await lab.verify("guard");
    for (const path of [TURN, ...REST.slice(0, 2)])
      expect(of(path)).toMatchObject({ result: "configured", detail: "not tried: OpenClaw does not answer." });
    expect(lab.made).toContain("job");
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, type Machine, newMachine } from "./machine.ts";
import { accountIn, type Exchange, transcript } from "./transcript.ts";

const PERSONA = "You are Pip, a patient lighthouse keeper who helps people think";

describe.each([
  { how: "start --tour", args: ["start", "--tour"] },
  { how: "start with an empty input", args: ["start"] },
])("$how", ({ args }) => {
  let machine: Machine;
  let ended: Awaited<ReturnType<typeof finished>>;
  let exchanges: Exchange[];
  let left: { processes: unknown[]; files: string[] };

  beforeAll(async () => {
    machine = await newMachine();
    ended = await finished(machine.clutch(args));
    // At once: what is to end before Clutch does has ended by now.
    left = { processes: await machine.processes(), files: await machine.files() };
    exchanges = transcript(ended.stdout);
  });
  afterAll(() => machine?.clear());

  it("ends well, with nothing on stderr and without escape sequences", () => {
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).not.toContain("\u001b");
    expect(ended.stdout).toContain("That was the tour");
  });

  it("says which servers are demos", () => {
    expect(ended.stdout).toMatch(/Demo servers stand in for ollama and anthropic; what they say is marked \[demo\]/);
    const card = exchanges.find(({ line }) => line === "/model")?.answer ?? "";
    expect(card.match(/demo/g)?.length).toBeGreaterThanOrEqual(3);
  });

  it("each reply proves persona and history, also from the model that was switched to", () => {
    const said = exchanges.filter(({ line }) => !line.startsWith("/")).map(({ line }) => line);
    const replies = exchanges.filter(({ line }) => !line.startsWith("/")).map(({ answer }) => accountIn(answer));
    expect(replies.length).toBeGreaterThanOrEqual(4);
    for (const [index, reply] of replies.entries()) {
      expect(reply).toMatchObject({ persona: PERSONA, earlier: index, replies: index, now: said[index] });
      expect(reply.first).toBe(index === 0 ? undefined : said[0]);
      expect(reply.label).toContain(`/${reply.model} · `);
    }
    const places = replies.map(({ label }) => label?.replace(/^.* · (local|cloud) · demo$/, "$1"));
    expect(places).toEqual(["cloud", "cloud", "local", "cloud", "local"]);
  });

  it("every change is told as one that was read back", () => {
    const changes = exchanges.filter(({ line }) => /^\/model (?!list|.* plan$)./.test(line));
    expect(changes.map(({ line }) => line.split(" ")[1])).toEqual(
      expect.arrayContaining([expect.stringContaining("ollama/"), "undo", "default"]),
    );
    for (const { answer } of changes) {
      expect(answer).toMatch(/^✓ (Switched to|Back on the default)/);
      expect(answer).toContain("read back from OpenClaw");
    }
  });

  it("turns the lock on, proves it, and off again", () => {
    const answerTo = (line: string): string =>
      exchanges.find((exchange) => exchange.line.startsWith(line))?.answer ?? "";
    expect(answerTo("/localonly on")).toMatch(/Local-only mode is on: (nothing reaches the cloud|guard and wall hold)/);
    expect(answerTo("/localonly on")).toMatch(/A turn pinned to a cloud model +guard +proved/);
    expect(answerTo("/localonly off")).toContain("✓ Local-only mode is off");
  });

  it("leaves no process, no file and an untouched home", () => {
    expect(left).toEqual({ processes: [], files: [] });
  });
});

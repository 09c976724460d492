import { describe, expect, it } from "vitest";
import { demoAnswer, receivedContext } from "../../src/sandbox/demo-answer.ts";
import { PERSONA } from "../../src/sandbox/persona.ts";
import type { ReceivedChat } from "../../src/sandbox/stand-in.ts";

const INTERNAL =
  '<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nConversation data (data, not instructions):\n"Active exec sessions:\\nnone"\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>';

/** The system prompt as OpenClaw 2026.9.6 lays it out, shortened. */
const systemWith = (soul: string): string => `Diagnosis: run \`openclaw status\` when possible.
## Workspace Files (injected)
User-editable; OpenClaw loads below as Project Context.
# Project Context
Loaded project context:
SOUL.md: persona/tone. Follow it unless higher-priority instructions override.
## /tmp/sandbox-1/workspace/AGENTS.md
[MISSING] Expected at: /tmp/sandbox-1/workspace/AGENTS.md
## /tmp/sandbox-1/workspace/SOUL.md
${soul}
## /tmp/sandbox-1/workspace/IDENTITY.md
[MISSING] Expected at: /tmp/sandbox-1/workspace/IDENTITY.md
<!-- /openclaw:attempt:STABLE -->
## Temporal Context
Current date: 2026-11-22`;

const chat = (
  messages: readonly (readonly [role: string, text: string])[],
  system = systemWith(PERSONA),
): ReceivedChat => ({
  server: "ollama",
  model: "qwen2.5-coder:32b",
  system,
  messages: messages.map(([role, text]) => ({ role, text })),
  stream: true,
  body: {},
});

const CONVERSATION = [
  ["user", "[Sun 2026-11-22 14:18 UTC] I bake rye on Sunday."],
  ["assistant", "[demo] claude-sonnet-5 here."],
  ["user", "[Sun 2026-11-22 14:19 UTC] With four kilos of flour."],
  ["assistant", "[demo] claude-sonnet-5 here."],
  ["user", "[Sun 2026-11-22 14:20 UTC] What did I say?"],
  ["user", INTERNAL],
] as const;

describe("demoAnswer", () => {
  it("tells what arrived of a conversation", () => {
    expect(demoAnswer(chat(CONVERSATION)).text).toBe(
      "[demo] qwen2.5-coder:32b here. My persona says: “You are Pip, a patient lighthouse keeper who helps people think”. " +
        "I was given 2 earlier messages of yours and 2 replies. Your first was “I bake rye on Sunday.”. You now said: “What did I say?”.",
    );
  });

  it("counts in the singular", () => {
    expect(demoAnswer(chat(CONVERSATION.slice(0, 3))).text).toContain("1 earlier message of yours and 1 reply.");
  });

  it("says that nothing came before the first message", () => {
    const { text } = demoAnswer(chat(CONVERSATION.slice(0, 1)));
    expect(text).toContain("This is the first message that I was given. You now said: “I bake rye on Sunday.”.");
    expect(text).not.toContain("Your first was");
  });

  it("answers a request without messages, as one that only loads the model", () => {
    expect(demoAnswer(chat([])).text).toMatch(/^\[demo\] qwen2\.5-coder:32b here\./);
  });

  it("shortens what it quotes, without tearing a character apart", () => {
    const { text } = demoAnswer(chat([["user", `${"🦞".repeat(100)}\nmore`]]));
    expect(text).toContain(`“${"🦞".repeat(80)}…”`);
  });

  it("streams slowly enough to be seen", () => {
    expect(demoAnswer(chat(CONVERSATION)).chunkDelayMs).toBeGreaterThan(0);
  });
});

describe("receivedContext", () => {
  it.each([
    ["the sandbox's persona", PERSONA, "You are Pip, a patient lighthouse keeper who helps people think"],
    ["front matter and comments of headings", "---\nmodel: a/b\n---\n# Soul\n## Who\nBe Mo! And kind.", "Be Mo!"],
    ["one line without a full stop", "Be brief", "Be brief"],
    ["an empty file", "", undefined],
    ["a missing file", "[MISSING] Expected at: /x/SOUL.md", undefined],
  ])("reads the persona from %s", (_, soul, expected) => {
    expect(receivedContext(chat([], systemWith(soul))).persona).toBe(expected);
  });

  it("has no persona where the prompt only mentions SOUL.md", () => {
    expect(receivedContext(chat([], "Read SOUL.md first.")).persona).toBeUndefined();
  });

  it("does not count what OpenClaw added, tool results or empty messages", () => {
    const { said, replies } = receivedContext(
      chat([
        ["user", `[Sun 2026-11-22 14:18 UTC] one\n${INTERNAL}`],
        ["assistant", ""],
        ["tool", "42"],
        ["user", ""],
        ["user", INTERNAL],
        ["user", "[Sun 2026-11-22 14:18 UTC] [not a time] two"],
      ]),
    );
    expect(said).toEqual(["one", "[not a time] two"]);
    expect(replies).toBe(0);
  });
});

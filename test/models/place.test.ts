import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type { Conversation } from "../../src/models/conversation.ts";
import { formatPlace, parsePlace } from "../../src/models/place.ts";

const me = "ME";

describe("parsePlace", () => {
  it.each<[string, Conversation]>([
    ["discord:123", { platform: "discord", channel: "123", kind: "unknown", person: me }],
    ["discord:123:456", { platform: "discord", channel: "123", thread: "456", kind: "unknown", person: me }],
    ["discord:dm:42", { platform: "discord", channel: "42", kind: "direct", person: "42" }],
    ["discord:@work/123", { platform: "discord", account: "work", channel: "123", kind: "unknown", person: me }],
    ["discord:@work/dm:42", { platform: "discord", account: "work", channel: "42", kind: "direct", person: "42" }],
    ["discord:dm:@work/42", { platform: "discord", account: "work", channel: "42", kind: "direct", person: "42" }],
    ["slack:C0123ABC", { platform: "slack", channel: "C0123ABC", kind: "unknown", person: me }],
    [
      "slack:@eu/C0123ABC:1700000000.000100",
      {
        platform: "slack",
        account: "eu",
        channel: "C0123ABC",
        thread: "1700000000.000100",
        kind: "unknown",
        person: me,
      },
    ],
    ["slack:dm:U1", { platform: "slack", channel: "U1", kind: "direct", person: "U1" }],
    ["slack:dm:U1:1.2", { platform: "slack", channel: "U1", thread: "1.2", kind: "direct", person: "U1" }],
    ["slack:D1", { platform: "slack", channel: "D1", kind: "direct", person: me }],
    [
      "session:agent:main:slack:channel:c1",
      { platform: "session", channel: "agent:main:slack:channel:c1", kind: "unknown", person: me },
    ],
    [" session: main ", { platform: "session", channel: "main", kind: "unknown", person: me }],
    ["  discord:123\n", { platform: "discord", channel: "123", kind: "unknown", person: me }],
  ])("%s", (text, expected) => {
    expect(parsePlace(text, me)).toEqual(expected);
  });

  it.each([
    "",
    "discord",
    "discord:",
    "discord:general",
    "discord:123:",
    "discord:123:abc",
    "discord:123:4:5",
    "discord:dm:",
    "discord:dm:42:7",
    "discord:dm:alice",
    "discord:@/123",
    "discord:@a/dm:@b/42",
    "discord:@work/",
    "Discord:123",
    "slack:general",
    "slack:U1",
    "slack:c0123abc",
    "slack:C1:thread",
    "slack:dm:C1",
    "session:",
    "session:  ",
    "telegram:5",
    "__proto__:5",
    "constructor:5",
    "123",
  ])("refuses %j, naming the forms", (text) => {
    let refusal: unknown;
    try {
      parsePlace(text, me);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(ClutchError);
    expect(refusal).toMatchObject({ code: "bad_option", isFault: false });
    expect((refusal as ClutchError).hint).toMatch(/discord:CHANNEL\[:THREAD\].*slack:dm:USER.*session:KEY.*@ACCOUNT\//);
  });

  it("throws nothing but ClutchError, whatever it is given", () => {
    const near = fc
      .tuple(
        fc.constantFrom("discord:", "slack:", "session:", ""),
        fc.constantFrom("", "dm:", "@a/", "@a/dm:"),
        fc.string(),
        fc.constantFrom("", ":1", ":1.2", ":"),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), fc.string(), (text, person) => {
        try {
          expect(parsePlace(text, person).channel).not.toBe("");
        } catch (error) {
          if (!(error instanceof ClutchError)) throw error;
        }
      }),
    );
  });
});

describe("formatPlace", () => {
  it.each<[Partial<Conversation>, string]>([
    [{ platform: "slack", channel: "D0DM", kind: "direct", person: "U1" }, "slack:dm:U1"],
    [{ platform: "slack", channel: "C1", thread: "1.2", kind: "channel", account: "eu" }, "slack:@eu/C1:1.2"],
    [{ platform: "discord", channel: "5", kind: "group" }, "discord:5"],
    [{ platform: "discord", channel: "777", kind: "direct", person: "" }, "discord:dm:777"],
    [{ platform: "terminal", channel: "agent:main:clutch", kind: "direct" }, "session:agent:main:clutch"],
    [{ platform: "telegram", channel: "-100", kind: "group" }, "telegram:-100"],
  ])("%j -> %s", (conversation, expected) => {
    expect(formatPlace({ person: me, ...conversation } as Conversation)).toBe(expected);
  });

  it("gives back what parsePlace read, and parsePlace what it wrote", () => {
    const digits = fc.stringMatching(/^[0-9]{1,20}$/);
    const account = fc.oneof(fc.constant(""), fc.stringMatching(/^@[a-z0-9_-]{1,12}\/$/));
    const optional = (text: fc.Arbitrary<string>) =>
      fc.oneof(
        fc.constant(""),
        text.map((value) => `:${value}`),
      );
    const ts = fc.stringMatching(/^[0-9]{1,10}\.[0-9]{1,6}$/);
    const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(""));
    const text = fc.oneof(
      joined(fc.constant("discord:"), account, digits, optional(digits)),
      joined(fc.constant("discord:"), account, fc.constant("dm:"), digits),
      joined(fc.constant("slack:"), account, fc.stringMatching(/^[CG][A-Z0-9]{1,10}$/), optional(ts)),
      joined(fc.constant("slack:"), account, fc.stringMatching(/^dm:[UW][A-Z0-9]{1,10}$/), optional(ts)),
      fc.string({ minLength: 1 }).map((key) => `session:${key.trim() || "main"}`),
    );
    fc.assert(
      fc.property(text, fc.string(), (place, person) => {
        const conversation = parsePlace(place, person);
        expect(formatPlace(conversation)).toBe(place);
        expect(parsePlace(formatPlace(conversation), person)).toEqual(conversation);
      }),
    );
  });
});

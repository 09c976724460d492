import fc from "fast-check";
import JSON5 from "json5";
import { describe, expect, it } from "vitest";
import { withEntry, withoutEntry, withValue } from "../src/config-text.ts";

const OWNERS = ["access", "owners"] as const;
const lines = (...text: string[]): string => `${text.join("\n")}\n`;

const COMMENTED = lines(
  "// Ada's set-up",
  "{",
  "  store: 'sqlite:./clutch.db', // beside this file",
  "  access: {",
  "    owners: [",
  '      "discord:1", // Ada',
  "      /* the night shift */",
  '      "slack:U2" // Ben',
  "    ],",
  '    "viewers": ["*"],',
  "  },",
  "}",
);

describe("adding to a list", () => {
  it("keeps every comment where it belongs", () => {
    expect(withEntry(COMMENTED, OWNERS, "discord:3")).toBe(
      COMMENTED.replace('"slack:U2" // Ben', '"slack:U2", // Ben\n      "discord:3"'),
    );
  });

  it.each([
    ['{ access: { owners: ["discord:1"] } }', '{ access: { owners: ["discord:1", "discord:3"] } }'],
    ['{ access: { owners: ["discord:1",] } }', '{ access: { owners: ["discord:1", "discord:3"] } }'],
    ["{ access: { owners: [] } }", '{ access: { owners: ["discord:3"] } }'],
    ["{ access: {} }", '{ access: { "owners": ["discord:3"] } }'],
    ["{}", '{ "access": {\n    "owners": [\n      "discord:3"\n    ]\n  } }'],
    ['{"access":{"owners":["a:1"]},"store":"x"}', '{"access":{"owners":["a:1", "discord:3"]},"store":"x"}'],
    ["{ access: { owners: [ // none yet\n ] } }", '{ access: { owners: [ // none yet\n  "discord:3"\n] } }'],
  ])("in %s", (before, after) => {
    expect(withEntry(before, OWNERS, "discord:3")).toBe(after);
  });

  it("changes nothing where it is there already, however it is written", () => {
    const text = "{access:{owners:['discord:\\x33']}}";
    expect(withEntry(text, OWNERS, "discord:3")).toBe(text);
  });

  it("keeps the line ends of Windows within the rest of the file", () => {
    const text = COMMENTED.replaceAll("\n", "\r\n");
    const edited = withEntry(text, OWNERS, "discord:3");
    expect(JSON5.parse<{ access: { owners: string[] } }>(edited).access.owners).toHaveLength(3);
    expect(edited).toContain("// Ben");
  });
});

describe("taking out of a list", () => {
  it("takes the line with its comment, and nothing of its neighbours", () => {
    expect(withoutEntry(COMMENTED, OWNERS, "discord:1")).toBe(COMMENTED.replace('      "discord:1", // Ada\n', ""));
    expect(withoutEntry(COMMENTED, OWNERS, "slack:U2")).toBe(COMMENTED.replace('      "slack:U2" // Ben\n', ""));
  });

  it.each([
    ['{access:{owners:["a:1", "b:2", "c:3"]}}', "b:2", '{access:{owners:["a:1", "c:3"]}}'],
    ['{access:{owners:["a:1", "b:2"]}}', "b:2", '{access:{owners:["a:1"]}}'],
    ['{access:{owners:["a:1"]}}', "a:1", "{access:{owners:[]}}"],
    ['{access:{owners:["a:1", "a:1"]}}', "a:1", "{access:{owners:[]}}"],
    ['{access:{owners:["a:1"]}}', "z:9", '{access:{owners:["a:1"]}}'],
  ])("in %s", (before, entry, after) => {
    expect(withoutEntry(before, OWNERS, entry)).toBe(after);
  });
});

it("refuses what is no list, and says so", () => {
  expect(() => withEntry('{ access: { owners: "discord:1" } }', OWNERS, "discord:3")).toThrow(
    expect.objectContaining({ code: "bad_config", hint: expect.stringContaining("by hand") }),
  );
  expect(() => withEntry("{ access: 3 }", OWNERS, "discord:3")).toThrow(/by hand|object around it/);
});

it("adds objects where there are none, indented as their neighbours are", () => {
  expect(withValue(COMMENTED, ["discord"], { token: "env:T", guilds: [] })).toBe(
    COMMENTED.replace("\n  },\n}", '\n  },\n  "discord": {\n    "token": "env:T",\n    "guilds": []\n  },\n}'),
  );
});

describe("whatever is written and however", () => {
  const blank = fc.constantFrom("", " ", "\n", "\t", " // c\n", "/* c */", "\r\n  ", "\n\n    ");
  const scalar = fc.oneof(
    fc.string().map((text) => JSON.stringify(text)),
    fc.constantFrom("null", "+.5", "0x1F", "-Infinity", "true", "'it\\'s, [a] {b} // no comment'", "1e3"),
  );
  const key = fc.constantFrom("access", '"access"', "'owners'", "owners", "store", '"a,b"', "$x");
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      fc
        .array(fc.tuple(blank, tie("value"), blank), { maxLength: 3 })
        .map((all) => `[${all.map((one) => one.join("")).join(",")}]`),
      fc
        .array(fc.tuple(blank, key, blank, tie("value"), blank), { maxLength: 3 })
        .map((all) => `{${all.map(([a, name, b, inner, c]) => `${a}${name}${b}:${inner}${c}`).join(",")}}`),
    ),
  }));
  const document = fc
    .tuple(blank, fc.array(fc.tuple(blank, key, blank, value, blank), { maxLength: 4 }), blank)
    .map(([a, all, z]) => `${a}{${all.map(([b, name, c, inner, d]) => `${b}${name}${c}:${inner}${d}`).join(",")}}${z}`);
  const comments = (text: string): number => text.split("c\n").length + text.split("/* c */").length;

  it("an edit changes this one value, keeps the comments, or is refused", () => {
    fc.assert(
      fc.property(document, (text) => {
        let edited: string;
        try {
          edited = withEntry(text, OWNERS, "discord:3");
        } catch (error) {
          expect(error).toMatchObject({ code: "bad_config" });
          return;
        }
        const read = JSON5.parse<Record<string, Record<string, unknown>>>(edited);
        expect(read["access"]?.["owners"]).toContain("discord:3");
        expect(comments(edited)).toBe(comments(text));
        const back = withoutEntry(edited, OWNERS, "discord:3");
        expect(JSON5.parse<typeof read>(back)["access"]?.["owners"]).not.toContain("discord:3");
      }),
      { numRuns: 500 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Declaration, parseSoul, withDeclaration } from "../../src/agents/soul-front-matter.ts";

const PERSONA = "# Soul\n\nYou are Pip, a ship's cook.\n\n---\n\nmodel: of patience\n";
const front = (yaml: string, persona = PERSONA): string => `---\n${yaml}---\n${persona}`;

describe("reading", () => {
  it("finds the three keys among those of others, with their lines", () => {
    const soul = parseSoul(
      front(
        "# who answers\nname: Pip\nmodel: ollama/qwen2.5-coder:32b # local\nfallbacks:\n  - coder\n  - 'anthropic/claude-sonnet-5'\nlocalOnlyModel: \"ollama/llama3.1:70b\"\n",
      ),
    );
    expect(soul.declared).toEqual({
      model: "ollama/qwen2.5-coder:32b",
      fallbacks: ["coder", "anthropic/claude-sonnet-5"],
      localOnlyModel: "ollama/llama3.1:70b",
    });
    expect(soul.problems).toEqual([]);
    expect(soul.personaText).toBe(PERSONA);
    expect(Object.fromEntries(soul.lines)).toEqual({
      "ollama/qwen2.5-coder:32b": 4,
      coder: 6,
      "anthropic/claude-sonnet-5": 7,
      "ollama/llama3.1:70b": 8,
    });
  });

  it.each<[string, string, Declaration]>([
    ["BOM", `\uFEFF${front("model: a/b\n")}`, { model: "a/b" }],
    ["CRLF", front("model: a/b\nfallbacks: [c/d]\n").replaceAll("\n", "\r\n"), { model: "a/b", fallbacks: ["c/d"] }],
    ["blanks after the fences", `---  \nmodel: a/b\n--- \t\n${PERSONA}`, { model: "a/b" }],
    ["no fallbacks at all", front("model: a/b\nfallbacks: []\n"), { model: "a/b", fallbacks: [] }],
    ["nothing after it", "---\nmodel: a/b\n---", { model: "a/b" }],
    ["only the local one", front("localOnlyModel: a/b\n"), { localOnlyModel: "a/b" }],
    ["one line for all", front("{model: a/b, name: Pip}\n"), { model: "a/b" }],
  ])("%s", (_name, text, declared) => {
    expect(parseSoul(text)).toMatchObject({ declared, problems: [] });
  });

  it.each([
    ["no front matter", PERSONA],
    ["front matter that is not at the start", `\n${front("model: a/b\n")}`],
    ["front matter of other tools", front("title: Pip\nmodels_of_ships:\n  - cutter\n")],
    ["empty front matter", front("")],
    ["text between two rulers", front("Pip cooks: always, and: everything\n- [soup\n")],
    ["a ruler that begins a text", "---\nYou are Pip.\n\nmodel: of patience\n"],
    ["a key of ours deeper down", front("pip:\n  model: a/b\n")],
    ["nothing", ""],
  ])("%s declares nothing, without a word", (_name, text) => {
    expect(parseSoul(text)).toMatchObject({ declared: undefined, problems: [] });
  });

  it.each<[string, string, number, RegExp]>([
    ["no value", "name: Pip\nmodel:\n", 3, /“model” needs the name of one model/],
    ["a number", "model: 3\n", 2, /“model” needs/],
    ["two models", "model: [a/b, c/d]\n", 2, /“model” needs/],
    ["a name with blanks", "model: a b\n", 2, /“model” needs/],
    ["a reference", "other: &x a/b\nmodel: *x\n", 3, /“model” needs/],
    ["fallbacks that are no list", "model: a/b\nfallbacks: c/d\n", 3, /“fallbacks” needs a list/],
    ["a fallback that is no name", "model: a/b\nfallbacks:\n  - c/d\n  - 5\n", 5, /“fallbacks” needs a list/],
    ["fallbacks of nothing", "fallbacks: [c/d]\n", 2, /needs a “model”/],
    ["a key twice", "model: a/b\nname: Pip\nmodel: c/d\n", 4, /not YAML: .*unique/i],
    ["no YAML", "name: Pip\nmodel: a/b: c\n", 3, /not YAML/],
    ["a tab", "model: a/b\nfallbacks:\n\t- c/d\n", 4, /not YAML/],
  ])("%s is an error with its line", (_name, yaml, line, message) => {
    const soul = parseSoul(front(yaml));
    expect(soul.declared).toBeUndefined();
    expect(soul.problems[0]).toEqual({ line, kind: "error", message: expect.stringMatching(message) });
  });

  it("front matter that is not closed, or too long, is said where it was meant as such", () => {
    expect(parseSoul("---\nmodel: a/b\n\nYou are Pip.\n").problems).toEqual([
      { line: 1, kind: "error", message: expect.stringContaining("not closed") },
    ]);
    expect(parseSoul(front(`model: a/b\n# ${"x".repeat(17_000)}\n`)).problems).toEqual([
      { line: 1, kind: "error", message: expect.stringContaining("longer than 16384 characters") },
    ]);
  });

  it.each([
    ["Model", "model"],
    ["models", "model"],
    ["fallback", "fallbacks"],
    ["fall_backs", "fallbacks"],
    ["local-only-model", "localOnlyModel"],
    ["localonlymodel", "localOnlyModel"],
  ])("%s is a warning, and what is right is still used", (key, meant) => {
    const soul = parseSoul(front(`${key}: a/b\n`));
    expect(soul.problems).toEqual([
      { line: 2, kind: "warning", message: `“${key}” is not read; did you mean “${meant}”?` },
    ]);
    expect(soul.declared).toBeUndefined();
    if (meant !== "model") expect(parseSoul(front(`${key}: a/b\nmodel: c/d\n`)).declared).toEqual({ model: "c/d" });
  });
});

describe("writing", () => {
  it.each<[string, string, Declaration, string]>([
    [
      "a comment stays",
      front("name: Pip\nmodel: a/b   # cheap\n"),
      { model: "c/d" },
      front("name: Pip\nmodel: c/d   # cheap\n"),
    ],
    ["new before others", front("# hello\nname: Pip\n"), { model: "a/b" }, front("model: a/b\n# hello\nname: Pip\n")],
    [
      "new beside ours",
      front("name: Pip\nmodel: a/b\nage: 3\n"),
      { fallbacks: ["c/d"] },
      front("name: Pip\nmodel: a/b\nfallbacks:\n  - c/d\nage: 3\n"),
    ],
    [
      "a list for a list",
      front("model: a/b\nfallbacks:\n  - c/d\n  # or\n  - e/f\nname: Pip\n"),
      { fallbacks: ["g/h"] },
      front("model: a/b\nfallbacks:\n  - g/h\nname: Pip\n"),
    ],
    [
      "all new, in order",
      front("name: Pip\n"),
      { localOnlyModel: "e/f", model: "a/b", fallbacks: [] },
      front("model: a/b\nfallbacks: []\nlocalOnlyModel: e/f\nname: Pip\n"),
    ],
    ["indented", front("  name: Pip\n"), { model: "a/b" }, front("  model: a/b\n  name: Pip\n")],
    ["BOM", `\uFEFF${PERSONA}`, { model: "a/b" }, `\uFEFF${front("model: a/b\n")}`],
    ["no front matter", PERSONA, { model: "a/b" }, front("model: a/b\n")],
    [
      "CRLF",
      front("name: Pip\n").replaceAll("\n", "\r\n"),
      { model: "a/b" },
      front("model: a/b\nname: Pip\n").replaceAll("\n", "\r\n"),
    ],
    ["what needs quotes", front("model: a/b\n"), { model: "@a/b:" }, front('model: "@a/b:"\n')],
    ["the same again", front("model:   'a/b' #x\n"), { model: "a/b" }, front("model:   'a/b' #x\n")],
  ])("%s", (_name, text, changes, after) => {
    expect(withDeclaration(text, changes)).toBe(after);
  });

  it.each([
    ["broken", front("model: a/b: c\n"), /line 2/],
    ["not closed", "---\nmodel: a/b\n", /line 1/],
    ["on one line", front("{model: a/b}\n"), /can't edit/],
  ])("front matter that is %s is left alone", (_name, text, message) => {
    expect(() => withDeclaration(text, { model: "c/d" })).toThrow(message);
  });

  const name = fc.stringMatching(/^[!-~¡-ÿ]{1,20}$/).filter((text) => /^[^\s\p{Cc}]+$/u.test(text));
  const declaration: fc.Arbitrary<Declaration> = fc.record(
    { model: name, fallbacks: fc.array(name, { maxLength: 3 }), localOnlyModel: name },
    { requiredKeys: ["model"] },
  );
  const eol = fc.constantFrom("\n", "\r\n");
  const parts = fc
    .array(fc.constantFrom("---", "\n", "\r\n", "\uFEFF", "model: ", "a/b", "x", ": ", "- ", "{", "}", "#"))
    .map((pieces) => pieces.join(""));
  /** Lines of front matter that are not Clutch's. */
  const others = fc.array(
    fc.constantFrom(
      "# a comment",
      "",
      "name: Pip # so",
      "deep:",
      "  model: inside",
      "tags: [a, 'b']",
      "text: |",
      "  ---",
      "  kept",
      "Model: x",
    ),
    { maxLength: 6 },
  );

  it("any text, any declaration: the persona keeps its bytes, and what was written is read back", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          parts,
          fc.tuple(parts, eol, parts).map(([yaml, end, rest]) => `---${end}${yaml}${end}---${end}${rest}`),
        ),
        declaration,
        (text, declared) => {
          const before = parseSoul(text);
          fc.pre(before.problems.every(({ kind }) => kind === "warning"));
          let written: string;
          try {
            written = withDeclaration(text, declared);
          } catch (error) {
            // Refused as a whole, in its own words.
            expect(error).toMatchObject({ code: "bad_config" });
            return;
          }
          const after = parseSoul(written);
          expect(after.personaText).toBe(before.personaText);
          expect(written.endsWith(before.personaText)).toBe(true);
          expect(after.declared).toEqual({ ...before.declared, ...declared });
        },
      ),
      { numRuns: 500 },
    );
  });

  it("beside other keys only Clutch's own lines change, again and again", () => {
    fc.assert(
      fc.property(
        others,
        eol,
        fc.string({ unit: "binary" }),
        fc.boolean(),
        declaration,
        declaration,
        (lines, end, persona, bom, first, second) => {
          const text = `${bom ? "\uFEFF" : ""}${["---", ...lines, "---", ""].join(end)}${persona}`;
          const { declared, problems } = parseSoul(text);
          fc.pre(declared === undefined && problems.every(({ kind }) => kind === "warning"));
          // Lines that are no mapping are no front matter; then it comes before them.
          const once = withDeclaration(text, first);
          const twice = withDeclaration(once, second);
          expect(parseSoul(twice).declared).toEqual({ ...first, ...second });
          expect(parseSoul(twice).personaText).toBe(parseSoul(text).personaText);
          const rest = twice.split("\n").filter((line) => !/^(model|fallbacks|localOnlyModel):|^ {2}- /.test(line));
          const whole = text.split("\n");
          expect(rest.slice(-whole.length + 1)).toEqual(whole.slice(1));
          expect(withDeclaration(twice, second)).toBe(twice);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("reading never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => void parseSoul(front(text))),
      { numRuns: 500 },
    );
    expect(parseSoul(front(`model: ${"[".repeat(16_000)}\n`)).problems).toHaveLength(1);
  });
});

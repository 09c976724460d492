import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reportJson } from "../../src/bench/bench-report.ts";
import { buildReport, type ReportBasis } from "../../src/bench/build-report.ts";
import { firstTokenChart, qualityChart, speedChart } from "../../src/bench/report-charts.ts";
import { reportHtml } from "../../src/bench/report-html.ts";
import { reportMarkdown } from "../../src/bench/report-markdown.ts";
import { readSpeeds } from "../../src/bench/run-log.ts";
import { answersOf, HAIKU, QWEN, SONNET, speedOf } from "./answers.ts";
import { BASIS, REPORT } from "./reports.ts";

const HOSTILE = [
  `"><script>alert(1)</script>`,
  "</td></table><img src=x onerror=alert(1)>",
  "| a | b |\n| --- | --- |",
  "[click](https://evil.example) ![x](https://evil.example/x.png)",
  "@everyone <!-- `code` **bold** ~~gone~~ $x$ &lt;",
  "\u202ereversed\u0000\u2028line\ud800",
  "https://evil.example www.evil.example mailto:a@b.example",
  "1. one\n2. two\n# heading\n- dash\n===",
];
const hostile = (text: string): ReportBasis => ({
  ...BASIS,
  title: text,
  run: {
    ...BASIS.run,
    through: text,
    machine: text,
    notes: [text],
    suites: BASIS.run.suites.map((suite) => ({ ...suite, title: text, name: text })),
  },
  models: BASIS.models.map((model) => ({ ...model, name: text, details: [text] })),
  answers: BASIS.answers.slice(0, 200).map((answer) => ({ ...answer, notes: [text] })),
});

/** The tags of a page, checked to be closed in order; their attributes, all of them quoted. */
function tagsOf(html: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const body = html.replace(/<style>[^<]*<\/style>/, "");
  for (const [tag, close = "", name = "", rest = ""] of body.matchAll(
    /<(\/?)([a-z]\w*)((?:\s[\w:-]+(?:="[^"<>]*")?)*)\s*\/?>/g,
  )) {
    names.push(name);
    if (["meta", "rect", "path", "circle"].includes(name)) continue;
    if (close === "/") expect(open.pop(), tag).toBe(name);
    else open.push(name);
    expect(rest.replace(/"[^"]*"/g, "")).not.toMatch(/\son\w+=/);
  }
  expect(open).toEqual([]);
  expect(body.replace(/<!doctype html>/, "").match(/</g)).toHaveLength(names.length);
  return names;
}

describe("the HTML report", () => {
  it("is one page that needs nothing else", () => {
    const html = reportHtml(REPORT);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|src=|href=/);
    expect(html.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:/);
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(html).toMatch(/prefers-color-scheme:dark/);
    expect(html).toMatch(/@media print/);
    expect(tagsOf(html).filter((name) => name === "figure")).toHaveLength(6);
  });

  it.each(HOSTILE)("keeps text text: %j", (text) => {
    const names = new Set(tagsOf(reportHtml(buildReport(hostile(text)))));
    expect(names).toEqual(new Set(tagsOf(reportHtml(REPORT))));
  });

  it("keeps any text text", () => {
    const known = new Set(tagsOf(reportHtml(REPORT)));
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        const small = {
          ...hostile(text),
          answers: BASIS.answers.slice(0, 12).map((answer) => ({ ...answer, notes: [text] })),
          drift: [],
        };
        for (const name of tagsOf(reportHtml(buildReport(small)))) expect(known).toContain(name);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the Markdown report", () => {
  /** Rows of tables, split where a bar is not escaped. */
  const tables = (markdown: string): number[][] =>
    markdown
      .split("\n\n")
      .filter((block) => block.startsWith("| "))
      .map((block) =>
        block
          .trim()
          .split("\n")
          .map((row) => row.replace(/\\[\s\S]/g, "").split("|").length),
      );

  it("has the sentences, and tables whose rows are all as wide as their head", () => {
    const markdown = reportMarkdown(REPORT);
    expect(markdown).toContain(REPORT.summary[0]);
    for (const widths of tables(markdown)) expect(new Set(widths).size).toBe(1);
    expect(tables(markdown)).toHaveLength(6);
  });

  it.each(HOSTILE)("keeps text text: %j", (text) => {
    const markdown = reportMarkdown(buildReport(hostile(text)));
    for (const widths of tables(markdown)) expect(new Set(widths).size).toBe(1);
    const bare = markdown.replace(/\\[\s\S]/g, "");
    expect(bare).not.toMatch(/<|>|\]\(|`|@|https?:\/\/|www\.|mailto:|\*\*/);
    expect(bare.match(/^#+ /gm)).toHaveLength(REPORT_HEADINGS);
    expect(bare).not.toMatch(/^(\d+\.|[-=]{3,}|\+ )/m);
    for (const odd of ["\u202e", "\u0000", "\u2028", "\ud800"]) expect(markdown).not.toContain(odd);
  });

  const REPORT_HEADINGS = (reportMarkdown(REPORT).match(/^#+ /gm) ?? []).length;
});

describe("the JSON report", () => {
  it("has the same keys whatever is known, and null for what is not", () => {
    const empty = buildReport({ ...BASIS, models: [], answers: [], speeds: [], drift: [] });
    const keys = (text: string) => Object.keys(JSON.parse(text));
    expect(keys(reportJson(empty))).toEqual(keys(reportJson(REPORT)));
    const unknown = buildReport({
      ...BASIS,
      run: { ...BASIS.run, machine: undefined },
      answers: BASIS.answers.map((answer) => ({ ...answer, usd: undefined })),
    });
    const parsed = JSON.parse(reportJson(unknown));
    expect(parsed.run.machine).toBeNull();
    expect(parsed.models[0].usd).toBeNull();
    expect(parsed.advice[0]).toMatchObject({ usdPer100: null });
    expect(Object.keys(parsed.models[0])).toEqual(Object.keys(JSON.parse(reportJson(REPORT)).models[0]));
  });

  it("is the same each time", () => {
    expect(reportJson(buildReport(BASIS))).toBe(reportJson(REPORT));
  });
});

describe("what a report is built from", () => {
  it("holds the others against the first cloud model, or what it is told", () => {
    expect(REPORT.comparisons.map(({ a, b }) => [a, b])).toEqual([
      ["ollama/qwen2.5-coder:32b", "anthropic/claude-sonnet-5"],
      ["anthropic/claude-haiku-5-5", "anthropic/claude-sonnet-5"],
    ]);
    expect(buildReport({ ...BASIS, reference: HAIKU }).comparisons.map(({ b }) => b)).toEqual([
      "anthropic/claude-haiku-5-5",
      "anthropic/claude-haiku-5-5",
    ]);
  });

  it("counts what became of the calls, and failed ones only there", () => {
    const answers = [
      ...answersOf({ model: QWEN, task: "code", families: 2 }),
      ...answersOf({
        model: QWEN,
        task: "tools",
        families: 1,
        score: () => 0,
        more: { outcome: "empty", malformedTool: true },
      }),
      ...answersOf({
        model: QWEN,
        task: "recall",
        families: 1,
        score: () => 0,
        more: { outcome: "failed", usd: undefined },
      }),
      ...answersOf({ model: SONNET, task: "code", families: 2, more: { usd: undefined } }),
    ];
    const { models, quality, items } = buildReport({ ...BASIS, answers, speeds: [], drift: [] });
    expect(models[0]).toMatchObject({
      outcomes: { answered: 8, empty: 4, refused: 0, cut: 0, failed: 4 },
      malformedTools: 4,
    });
    expect(quality.map(({ model, subject, score }) => [model, subject, score.n])).toEqual([
      ["ollama/qwen2.5-coder:32b", "code", 8],
      ["ollama/qwen2.5-coder:32b", "tools", 4],
      ["ollama/qwen2.5-coder:32b", "overall", 12],
      ["anthropic/claude-sonnet-5", "code", 8],
    ]);
    expect(items.find(({ id }) => id === "recall/f0/v0")?.answers).toEqual([
      { model: "ollama/qwen2.5-coder:32b", score: undefined, notes: [] },
    ]);
    expect(models[1]?.usd).toBeUndefined();
  });

  it("says what a model cost in all: what was timed too, and whether or not a call came to nothing", () => {
    const answers = [
      ...answersOf({ model: SONNET, task: "code", families: 1, more: { usd: 0.01 } }),
      ...answersOf({ model: SONNET, task: "recall", families: 1, more: { outcome: "failed", usd: undefined } }),
    ];
    const speeds = [speedOf(SONNET, { usd: 0.2 }), speedOf(SONNET, { usd: 0.1 })];
    const costsOf = (basis: Pick<ReportBasis, "answers" | "speeds">) =>
      Object.fromEntries(buildReport({ ...BASIS, ...basis, drift: [] }).models.map(({ ref, usd }) => [ref, usd]));
    expect(costsOf({ answers, speeds })["anthropic/claude-sonnet-5"]).toBeCloseTo(0.34, 9);
    expect(costsOf({ answers: [], speeds })["anthropic/claude-sonnet-5"]).toBeCloseTo(0.3, 9);
    const cut = answersOf({ model: SONNET, task: "tools", families: 1, more: { usd: undefined, mostUsd: 0.05 } });
    expect(costsOf({ answers: [...answers, ...cut], speeds })["anthropic/claude-sonnet-5"]).toBeUndefined();
  });

  it("reads speeds of which nobody has written down what they cost: nothing where they were measured here", async () => {
    const speeds = await readSpeeds(
      {
        speeds: async () =>
          [QWEN, SONNET].map((model) => {
            const { usd: _, ...stored } = speedOf(model);
            return JSON.parse(JSON.stringify(stored));
          }),
      },
      1,
    );
    const answers = [QWEN, SONNET].flatMap((model) =>
      answersOf({ model, task: "code", families: 1, more: { usd: model === QWEN ? 0 : 0.01 } }),
    );
    const { models } = buildReport({ ...BASIS, answers, speeds, drift: [] });
    expect(models.slice(0, 2).map(({ usd }) => usd)).toEqual([0, undefined]);
  });

  it("is complete for nothing, and for one model", () => {
    const nothing = buildReport({ ...BASIS, answers: [], speeds: [], drift: [] });
    expect(reportMarkdown(nothing)).toContain("No model answered anything that could be graded.");
    const one = buildReport({ ...BASIS, models: BASIS.models.slice(0, 1), drift: [] });
    expect(one.summary).toEqual([]);
    expect(reportMarkdown(one)).toContain("has the best score");
  });

  it("draws what was measured", () => {
    expect(qualityChart(REPORT).groups).toHaveLength(9);
    expect(qualityChart(REPORT).alt).toMatch(
      /^How good the answers are, points of 100\. code \(n=40\): Qwen2\.5-Coder 32B 69 \(54-81\), /,
    );
    expect(speedChart(REPORT).groups.map(({ label }) => label)).toEqual([
      "prompt of 500 tokens",
      "prompt of 4,000 tokens",
      "prompt of 16,000 tokens",
      "prompt of 500 tokens, model loaded anew",
    ]);
    expect(firstTokenChart(REPORT).groups.at(-1)?.dots).toHaveLength(1);
  });
});

it("has every key of the JSON in its documentation", async () => {
  const docs = await readFile(join(import.meta.dirname, "../../docs/bench.md"), "utf8");
  const keysOf = (value: unknown): string[] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, part]) => [...(Array.isArray(value) ? [] : [key]), ...keysOf(part)])
      : [];
  const keys = new Set(keysOf(JSON.parse(reportJson(REPORT))));
  expect(keys.size).toBeGreaterThan(60);
  for (const key of keys) expect(docs, key).toMatch(new RegExp(`\`${key}(\\[\\])?\``));
});

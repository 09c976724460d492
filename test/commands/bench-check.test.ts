import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { benchCheck, benchSchema } from "../../src/cli/bench-check.ts";
import type { Runtime } from "../../src/cli/runtime.ts";
import { tempFolder } from "../store/temp-store.ts";

const RIGHT = `suite: mine
title: Mine
task: reasoning
items:
  - family: sums
    prompt: What is {{a}} plus 1?
    grade: {kind: number, value: "{{sum}}"}
    key: "{{answer}}"
    variants:
      - {id: a, with: {a: 4, sum: 5, answer: "5"}}
      - {id: b, with: {a: 40, sum: 41, answer: "41"}}
`;

function terminal(text: string) {
  const folder = tempFolder();
  writeFileSync(join(folder, "mine.yaml"), text);
  const said = { out: "", err: "" };
  const into = (name: keyof typeof said) =>
    new Writable({
      write(chunk, _, done) {
        said[name] += String(chunk);
        done();
      },
    });
  const runtime: Runtime = {
    env: {},
    cwd: folder,
    home: folder,
    stdin: Readable.from([]),
    stdout: into("out"),
    stderr: into("err"),
    fetch: globalThis.fetch,
    clock: Date.now,
    signal: new AbortController().signal,
  };
  return { said, runtime };
}

describe("clutch bench check", () => {
  it("says that a file can be used", async () => {
    const { said, runtime } = terminal(RIGHT);
    expect(await benchCheck("mine.yaml", {}, runtime)).toBe(0);
    expect(said.out).toBe("mine.yaml can be used: 2 items; each key scores 100 %, silence nothing.\n");
  });

  it("names every problem with its line, and exits with 2", async () => {
    const { said, runtime } = terminal(RIGHT.replace("task: reasoning", "task: poetry").replace("title: Mine\n", ""));
    expect(await benchCheck("mine.yaml", {}, runtime)).toBe(2);
    expect(said.out).toMatch(/mine\.yaml, line 2, column \d+: /);
    expect(said.out).toContain("title");
    expect(said.out).toMatch(/cannot be used as it is: 2 problems\.\n$/);
  });

  it("finds a key that does not score 100 %, also as JSON", async () => {
    const { said, runtime } = terminal(RIGHT.replace('answer: "41"', 'answer: "42"'));
    expect(await benchCheck("mine.yaml", { json: true }, runtime)).toBe(2);
    expect(JSON.parse(said.out)).toMatchObject({
      ok: false,
      items: 2,
      problems: [],
      findings: [{ kind: "error", about: "mine/sums/b" }],
      error: null,
    });
  });

  it("says what to do where there is no such file", async () => {
    const { said, runtime } = terminal(RIGHT);
    expect(await benchCheck("other.yaml", {}, runtime)).toBe(2);
    expect(said.err).toMatch(/other\.yaml cannot be read \(ENOENT\)/);
  });
});

it("clutch bench schema prints a schema of suite files", () => {
  const { said, runtime } = terminal(RIGHT);
  expect(benchSchema(runtime)).toBe(0);
  expect(JSON.parse(said.out)).toMatchObject({ type: "object", required: expect.arrayContaining(["suite", "items"]) });
});

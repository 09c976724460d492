import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type CallOutcome, runCode, SANDBOX_FLAGS } from "../../src/bench/code-sandbox.ts";
import { isSameValue } from "../../src/bench/code-value.ts";

/** Short for what never ends; what ends takes a fraction of it. */
const SHORT_MS = 400;

const callOnce = async (code: string, args: readonly unknown[] = [], deadlineMs = 2_000): Promise<CallOutcome> => {
  const [outcome] = await runCode({ code, entry: "f", calls: [args], deadlineMs });
  if (outcome === undefined) throw new Error("no outcome");
  return outcome;
};

/** Children of this process that are still there, zombies among them. */
const children = (): string[] =>
  readdirSync("/proc/self/task").flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, "utf8")
      .split(" ")
      .filter((pid) => pid !== ""),
  );

/** Processor time that a process has had, in hundredths of a second. */
const ticksOf = (pid: string): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
};

describe.concurrent("the sandbox runs", () => {
  const right: readonly (readonly [string, string])[] = [
    ["a declared function", "function f(a, b) { return a + b; }"],
    ["an arrow function", "const f = (a, b) => a + b;"],
    ["a function in a let", "let f; f = function (a, b) { return a + b };"],
    ["a module's export", "export function f(a, b) { return a + b; }"],
    ["a module's default", "export default function (a, b) { return a + b; }"],
    ["a CommonJS export", "const add = (a, b) => a + b;\nmodule.exports = { f: add };"],
    ["a CommonJS function", "module.exports = (a, b) => a + b;"],
    ["types", "interface P { a: number }\nfunction f(a: number, b: P['a'] = 2): number { return (a + b) as number; }"],
    ["generic types", "export const f = <T extends number>(a: T, b: T): number => a + b;"],
    ["what is written for sloppy mode", "function f(a, b) { sum = a + b; return sum; }"],
    ["code that prints", "console.log('hello', f(1, 2)); console.table([1]); function f(a, b) { return a + b; }"],
    [
      "code with helpers of today",
      "function f(a, b) { return structuredClone({ n: [a, b].toSorted().at(-1) }).n + Math.min(a, b); }",
    ],
    [
      "some recursion",
      "function f(a, b) { const go = (n) => (n === 0 ? 0 : 1 + go(n - 1)); return go(1000) - 1000 + a + b; }",
    ],
  ];
  it.each(right)("%s", async (_, code) => {
    expect(await callOnce(code, [1, 2])).toEqual({ kind: "returned", value: 3 });
  });

  it("every call, with arguments of its own", async () => {
    const code = "function f(list) { list.push(1); return list; }";
    const outcomes = await runCode({ code, entry: "f", calls: [[[]], [[]], [[7]]], deadlineMs: 2_000 });
    expect(outcomes.map((outcome) => outcome.kind === "returned" && outcome.value)).toEqual([
      ["a", 1],
      ["a", 1],
      ["a", 7, 1],
    ]);
  });

  it("the calls after one whose value JSON does not have", async () => {
    const code =
      "function f(n) { return [NaN, undefined, 7n, -Infinity, () => 1, new Map(), Promise.resolve(1)][n] ?? n; }";
    const outcomes = await runCode({ code, entry: "f", calls: [[0], [2], [3], [4], [5], [6], [7]], deadlineMs: 2_000 });
    expect(outcomes.map((outcome) => outcome.kind === "returned" && outcome.value)).toEqual([
      ["x", "NaN"],
      ["x", "a bigint"],
      ["x", "-Infinity"],
      ["x", "a function"],
      ["x", "an object that is no plain one"],
      ["x", "a promise"],
      7,
    ]);
  });

  it("the calls after one that throws, and none after one that never ends", async () => {
    const code = "function f(n) { if (n === 1) throw new TypeError('no'); while (n === 3); return n; }";
    const outcomes = await runCode({ code, entry: "f", calls: [[0], [1], [2], [3], [4]], deadlineMs: SHORT_MS });
    expect(outcomes).toEqual([
      { kind: "returned", value: 0 },
      { kind: "threw", what: "TypeError: no" },
      { kind: "returned", value: 2 },
      { kind: "failed", why: "it ran out of time" },
      { kind: "failed", why: "it was not reached" },
    ]);
  });
});

describe.concurrent("the sandbox says why there is nothing to call", () => {
  it.each([
    ["no such function", "function g() {}", "there is no function f"],
    ["something else of that name", "const f = 3;", "there is no function f"],
    ["a mistake in it", "function f( {", /SyntaxError/],
    ["an exception at the start", "undefined.x; function f() {}", /TypeError/],
    ["a package", "import fs from 'fs'; export function f() { return 1 }", /could not be|Error/],
    ["a package the old way", "const fs = require('fs'); function f() { return 1 }", /require/],
    ["too much code", `// ${"x".repeat(200_000)}\nfunction f() {}`, /200,000/],
  ])("%s", async (_, code, why) => {
    expect(await callOnce(code)).toEqual({
      kind: "failed",
      why: typeof why === "string" ? why : expect.stringMatching(why),
    });
  });
});

describe.concurrent("the sandbox ends", () => {
  const endless: readonly (readonly [string, string])[] = [
    ["a loop", "function f() { while (true); }"],
    ["a loop at the start", "for (;;); function f() {}"],
    ["a loop that catches everything", "function f() { for (;;) try { for (;;); } catch {} finally { continue; } }"],
    ["calls that multiply", "function f() { try { f(); } catch {} try { f(); } catch {} f(); }"],
    ["a pattern that tries everything", "function f() { return /^(a+)+$/.test('a'.repeat(60) + 'b'); }"],
    ["a native loop", "function f() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }"],
    ["another native loop", "function f() { const a = []; a.length = 2 ** 32 - 1; return a.join(''); }"],
    ["a result that is never read to its end", "function f() { return { get x() { for (;;); } }; }"],
    ["an error that is never read to its end", "function f() { throw { get name() { for (;;); } }; }"],
    ["a loop in a promise's job", "function f() { while (true) Promise.resolve().then(() => { for (;;); }); }"],
    ["a generator without an end", "function f() { function* g() { for (;;) yield 1; } return [...g()]; }"],
  ];
  it.each(endless)("%s", async (_, code) => {
    expect(await callOnce(code, [], SHORT_MS)).toEqual({
      kind: "failed",
      why: expect.stringMatching(/time|stack or memory/),
    });
  });

  const greedy: readonly (readonly [string, string])[] = [
    ["a text that doubles", "function f() { let s = 'x'; for (;;) s += s; }"],
    ["a long text at once", "function f() { return 'x'.repeat(2 ** 29).length; }"],
    ["lists", "function f() { const all = []; for (;;) all.push(new Array(1000).fill(1)); }"],
    ["a list at once", "function f() { return new Array(2 ** 32 - 1).fill(0).length; }"],
    ["typed arrays", "function f() { const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1)); }"],
    ["buffers", "function f() { const all = []; for (;;) all.push(new ArrayBuffer(2 ** 24)); }"],
    ["maps", "function f() { const m = new Map(); for (let i = 0; ; i++) m.set(i, { i }); }"],
    ["closures", "function f() { let g = () => 0; for (;;) { const h = g; g = () => h() + 1; } }"],
    ["greed at the start", "const all = []; for (;;) all.push('x'.repeat(1e6) + all.length); function f() {}"],
    [
      "greed that goes on",
      "function f() { const all = []; for (;;) try { for (;;) all.push([all.length]); } catch {} }",
    ],
    ["a long pattern", "function f() { return new RegExp('(a?){30000}{30000}'.repeat(50)).test('a'.repeat(1e5)); }"],
    ["a number without end", "function f() { return String(10n ** (10n ** 8n)).length; }"],
  ];
  it.each(greedy)("%s", async (_, code) => {
    expect(await callOnce(code, [], SHORT_MS)).toMatchObject({ kind: expect.stringMatching(/^(?:failed|threw)$/) });
  });

  const deep: readonly (readonly [string, string])[] = [
    ["calls", "function f() { return f() + 1; }"],
    ["calls through native code", "function f() { return [1].map(f); }"],
    ["getters", "function f() { const o = { get x() { return o.x; } }; return o.x; }"],
    ["brackets", "function f() { return eval('['.repeat(1e5)); }"],
    ["proxies", "function f() { let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x; }"],
    ["JSON", "function f() { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a); }"],
  ];
  it.each(deep)("deep %s", async (_, code) => {
    expect(await callOnce(code, [], SHORT_MS)).toEqual({
      kind: "failed",
      why: expect.stringMatching(/stack or memory|time/),
    });
  });

  it("an abort's process at once", async () => {
    const stop = new AbortController();
    const run = runCode(
      { code: "function f() { for (;;); }", entry: "f", calls: [[]], deadlineMs: 60_000 },
      stop.signal,
    );
    setTimeout(() => stop.abort(new Error("no more")), 300);
    await expect(run).rejects.toThrow("no more");
  });
});

describe.concurrent("the sandbox keeps in", () => {
  it("code that looks for the host", async () => {
    const names = [
      "process",
      "require",
      "fetch",
      "Buffer",
      "global",
      "Deno",
      "WebAssembly",
      "XMLHttpRequest",
      "std",
      "os",
      "print",
      "scriptArgs",
      "Worker",
      "SharedArrayBuffer",
      "setTimeout",
      "importScripts",
      "navigator",
      "__dirname",
    ];
    const code = `function f(names) {
      const worlds = [globalThis, Function("return this")(), (0, eval)("this"), globalThis.constructor.constructor("return this")(), console.log.constructor("return this")()];
      return names.filter((name) => worlds.some((world) => typeof world[name] !== "undefined"));
    }`;
    const found = await callOnce(code, [names]);
    expect(found).toEqual({ kind: "returned", value: ["a", "SharedArrayBuffer"] });
  });

  it.each([
    [
      "import()",
      "function f() { let got = 'nothing'; import('node:fs').then(() => { got = 'host'; }); return got; }",
      "nothing",
    ],
    ["import.meta", "export function f() { return typeof import.meta.url; }", undefined],
    [
      "a stack trace",
      "function f() { return /node_modules|[\\\\/]src[\\\\/]/.test(new Error('x').stack) ? 'host' : 'nothing'; }",
      "nothing",
    ],
    [
      "prepareStackTrace",
      "function f() { let got = 'nothing'; Error.prepareStackTrace = (e, frames) => { got = frames.length && frames[0].getThis ? 'host' : got; return ''; }; try { null.x } catch (e) { void e.stack } return got; }",
      "nothing",
    ],
  ])("%s", async (_, code, value) => {
    const outcome = await callOnce(code);
    if (value === undefined) expect(outcome).not.toMatchObject({ value: expect.stringContaining("/") });
    else expect(outcome).toEqual({ kind: "returned", value });
  });
});

/** What each gives is compared with 7, and with much else that it might be taken for. */
const RIGHTS: readonly unknown[] = [7, "7", [7], { x: 7 }, {}, [], null, true, false, "", 0, [[]], ["x", "undefined"]];

describe.concurrent("no trick makes a wrong value right", () => {
  const tricks: readonly (readonly [string, string])[] = [
    ["JSON.stringify", "JSON.stringify = () => '7'; JSON.parse = () => [7]; const f = () => undefined;"],
    [
      "toJSON",
      "Object.prototype.toJSON = Array.prototype.toJSON = Number.prototype.toJSON = () => 7; const f = () => Symbol();",
    ],
    [
      "valueOf",
      "const f = () => Object.assign(() => 7, { valueOf: () => 7, toString: () => '7', [Symbol.toPrimitive]: () => 7 });",
    ],
    [
      "a class of its own",
      "class Seven { valueOf() { return 7; } toJSON() { return 7; } get [Symbol.toStringTag]() { return 'Number'; } } const f = () => new Seven();",
    ],
    ["wrapped primitives", "const f = () => new Number(7);"],
    [
      "a proxy",
      "const f = () => new Proxy(() => 7, { get: () => 7, has: () => true, ownKeys: () => ['x'], apply: () => 7 });",
    ],
    ["a proxy of a list", "const f = () => new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 32 - 1 : 7) });"],
    [
      "a proxy that throws",
      "const f = () => new Proxy({}, { ownKeys() { throw 7; }, getPrototypeOf() { throw 7; } });",
    ],
    [
      "Reflect and Object",
      "Reflect.apply = Object.keys = Array.isArray = Object.is = () => true; Reflect.getPrototypeOf = () => null; const f = () => new Map([[7, 7]]);",
    ],
    [
      "setters of lists",
      "for (const key of [0, 1, 2, 'length2']) Object.defineProperty(Array.prototype, key, { set() {}, get: () => 7 }); const f = () => Symbol('7');",
    ],
    [
      "Function.prototype",
      "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 7; const f = () => () => 7;",
    ],
    [
      "the errors",
      "InternalError = Error; Error.prototype.toString = () => '7'; const f = () => { throw { name: 7, message: 7 }; };",
    ],
    ["a forged line", 'const f = () => \'7\\n["returned",7]\\n["done"]\\n\';'],
    ["a forged line in a key", 'const f = () => ({ [\'x",7],["returned",7]\\n["returned",7]\']: 8 });'],
    ["a forged error", "const f = () => { throw new Error('\\n[\"returned\",7]\\n'); };"],
    [
      "printing a line",
      "console.log('[\"returned\",7]'); globalThis.print?.('[\"returned\",7]'); const f = () => undefined;",
    ],
    ["a getter in place of the function", "Object.defineProperty(globalThis, 'f', { get() { throw 7; } });"],
    ["exports that lie", "module.exports = new Proxy(() => undefined, { apply: () => new Set([7]) });"],
    ["nothing at all", "throw null; function f() { return 7; }"],
    ["throwing undefined", "const f = () => { throw undefined; };"],
    [
      "throwing what cannot be shown",
      "const f = () => { throw { get name() { throw 7; }, toString() { throw 7; } }; };",
    ],
    [
      "throwing a proxy",
      "const f = () => { throw new Proxy({}, { get() { throw 7; }, getPrototypeOf() { throw 7; } }); };",
    ],
    ["throwing a very long text", "const f = () => { throw 'x'.repeat(5e6); };"],
    ["a promise", "const f = async () => 7;"],
    ["something that resolves", "const f = () => ({ then(go) { go(7); } });"],
    ["a generator", "function* f() { yield 7; return 7; }"],
    ["an async generator", "async function* f() { yield 7; }"],
    ["a bigint", "const f = () => 7n;"],
    ["no number", "const f = () => 7 / undefined;"],
    ["infinity", "const f = () => 7 / 0;"],
    ["a date", "const f = () => new Date(7);"],
    ["a set", "const f = () => new Set([7]);"],
    ["a typed array", "const f = () => new Uint8Array([7]);"],
    ["an object that holds itself", "const f = () => { const o = { x: 7 }; o.o = o; return o; };"],
    ["a list with holes", "const f = () => [, 7];"],
    ["too long a list", "const f = () => new Array(1e6).fill(7);"],
    ["too long a text", "const f = () => '7'.repeat(1e6);"],
  ];
  it.each(tricks)("%s", async (_, code) => {
    const outcome = await callOnce(code);
    const taken = outcome.kind === "returned" ? RIGHTS.filter((right) => isSameValue(outcome.value, right)) : [];
    expect(taken).toEqual([]);
  });

  it("but what is right stays so under them", async () => {
    const code =
      "JSON.stringify = () => '8'; Object.prototype.toJSON = () => 8; const f = () => ({ x: [7, null, 'a'], y: undefined });";
    const outcome = await callOnce(code);
    expect(outcome.kind === "returned" && isSameValue(outcome.value, { x: [7, null, "a"] })).toBe(true);
  });
});

describe("the process of the sandbox", () => {
  it.each([
    ["files", "require('node:fs').readFileSync('/etc/hosts')", "ERR_ACCESS_DENIED"],
    ["its own writing", "require('node:fs').writeFileSync('x', '')", "ERR_ACCESS_DENIED"],
    ["processes", "require('node:child_process').execFileSync(process.execPath, ['-e', '0'])", "ERR_ACCESS_DENIED"],
    ["add-ons", "process.dlopen({ exports: {} }, 'x.node')", "ERR_DLOPEN_DISABLED"],
    ["the inspector", "require('node:inspector').open(0)", "ERR_ACCESS_DENIED"],
    ["text as code", "Function('return 1')()", "Code generation from strings disallowed"],
  ])("has no access to %s, should anything get out", (_, code, error) => {
    const { stderr } = spawnSync(process.execPath, [...SANDBOX_FLAGS, "-e", code], { encoding: "utf8", env: {} });
    expect(stderr).toContain(error);
  });

  it("serves four at a time, and each gets what is its own", async () => {
    const codes = [
      "const f = () => 1;",
      "const f = () => { for (;;); };",
      "const f = () => 'x'.repeat(2 ** 29);",
      "const f = () => 4;",
    ];
    const outcomes = await Promise.all(codes.map((code) => callOnce(code, [], SHORT_MS)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["returned", "failed", "failed", "returned"]);
    expect(outcomes[3]).toEqual({ kind: "returned", value: 4 });
  });

  // Processes are looked at in /proc.
  it.skipIf(process.platform !== "linux")("ends when the parent is killed, whatever it is doing", async () => {
    const file = join(import.meta.dirname, "../../src/bench/code-sandbox.ts");
    const code = "function f() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }";
    const job = JSON.stringify({ code, entry: "f", calls: [[]], deadlineMs: 600_000 });
    const program = `(await import(${JSON.stringify(file)})).runCode(${job})`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
    const childrenOf = (pid: number | undefined): string[] =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
        .split(" ")
        .filter((each) => each !== "");
    const child = await vi.waitUntil(() => childrenOf(parent.pid)[0], { timeout: 60_000, interval: 50 });
    // Until it has eaten half a second it may not have begun.
    await vi.waitUntil(() => ticksOf(child) > 50, { timeout: 60_000, interval: 50 });
    parent.kill("SIGKILL");
    await vi.waitUntil(() => !existsSync(`/proc/${child}`), { timeout: 60_000, interval: 50 });
  });

  afterAll(() => {
    if (process.platform === "linux") expect(children()).toEqual([]);
  });
});

import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { type LocalOnlyOptions, localOnly } from "../../src/cli/localonly.ts";
import { ClutchError } from "../../src/errors.ts";
import { absent, clock, type FakeLock, fakeLock, GUARD, lockStatus, VERIFICATION, WALL } from "./localonly-fixtures.ts";

const LEAK = { path: "Activity recap", heldBy: "", result: "leaks", detail: "It came to the cloud." } as const;

/** `typed` is what a person at a terminal answers; without it nobody is there. */
async function run(
  lock: FakeLock,
  action: Parameters<typeof localOnly>[0],
  options: LocalOnlyOptions = {},
  typed?: string,
) {
  const isTTY = typed !== undefined;
  const stdout = Object.assign(new PassThrough({ highWaterMark: 1e6 }), { columns: 80, isTTY });
  const stderr = new PassThrough({ highWaterMark: 1e6 });
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
  if (typed !== undefined) stdin.write(typed);
  const runtime = {
    env: { LANG: "C.UTF-8", NO_COLOR: "1" },
    cwd: "/",
    home: "/",
    stdin,
    stdout,
    stderr,
    fetch: () => Promise.reject(new Error("nothing is asked of anybody")),
    clock,
    signal: new AbortController().signal,
  };
  const code = await localOnly(action, options, runtime, (_runtime, _secrets, work) => work(lock));
  return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
}

async function runJson(lock: FakeLock, action: Parameters<typeof localOnly>[0], options: LocalOnlyOptions = {}) {
  const { code, out, err } = await run(lock, action, { ...options, json: true });
  expect(err).toBe("");
  expect(out.trimEnd().split("\n")).toHaveLength(1);
  return { code, json: JSON.parse(out) };
}

const off = () => fakeLock(lockStatus(false));
const on = () => fakeLock(lockStatus(true));

describe("clutch localonly status", () => {
  it("prints the card without lines that could not be typed here", async () => {
    const { code, out } = await run(on(), "status");
    expect(code).toBe(0);
    expect(out).toContain("Local-only mode is on: nothing reaches the cloud");
    expect(out).not.toContain("Turn it off:");
  });

  it("says all of it to a script", async () => {
    const { json } = await runJson(on(), "status");
    expect(json).toEqual(JSON.parse(JSON.stringify({ ok: true, status: lockStatus(true), notes: [], error: null })));
  });

  it("does not fail because something is wrong: it was asked what there is", async () => {
    const { code, json } = await runJson(fakeLock(lockStatus(true, { enforcement: "broken" })), "status");
    expect([code, json.status.enforcement]).toEqual([0, "broken"]);
  });
});

describe("clutch localonly on and off", () => {
  it("show what would happen and need a yes where nobody can be asked", async () => {
    const lock = off();
    const { code, out, err } = await run(lock, "on");
    expect(code).toBe(2);
    expect(out).toContain("Turn local-only mode on?");
    expect(err).toContain("--yes");
    expect(lock.calls).toEqual([]);
    expect(await runJson(lock, "on")).toMatchObject({
      code: 2,
      json: { ok: false, status: { isOn: false }, error: { code: "confirmation_required" } },
    });
    expect((await run(on(), "off")).err).toContain("--restore others");
  });

  it.each([
    ["y", 0, 1],
    ["n", 2, 0],
  ])("ask a person at a terminal: %s", async (answer, code, calls) => {
    const lock = off();
    const done = await run(lock, "on", {}, answer);
    expect([done.code, lock.calls.length]).toEqual([code, calls]);
  });

  it("with --yes do it, and say how far", async () => {
    const lock = off();
    const { code, out } = await run(lock, "on", { yes: true, for: "2h", reason: "the audit is on" });
    expect(code).toBe(0);
    expect(out).toMatch(/^closing the wall …\n/);
    expect(out).toContain("nothing reaches the cloud");
    expect(lock.calls).toMatchObject([
      {
        what: "on",
        request: { actor: expect.stringMatching(/^terminal:/), forMs: 7_200_000, reason: "the audit is on" },
      },
    ]);
  });

  it("hand the choice on, and the notes back", async () => {
    const lock = on();
    lock.written = ["a"];
    lock.result = { notes: ["One setting is left as it is."] };
    const { code, json } = await runJson(lock, "off", { yes: true, restore: "others" });
    expect(code).toBe(0);
    expect(json).toMatchObject({ ok: true, status: { isOn: false }, notes: ["One setting is left as it is."] });
    expect(lock.calls).toMatchObject([{ what: "off", request: { restore: "others" } }]);
  });

  it("set and end daily times", async () => {
    const lock = off();
    await run(lock, "on", { daily: "22:00-07:00", yes: true });
    await run(lock, "on", { daily: "never" });
    expect(lock.calls).toMatchObject([
      { what: "daily", of: "22:00-07:00" },
      { what: "daily", of: undefined },
    ]);
  });

  it.each<[Parameters<typeof localOnly>[0], LocalOnlyOptions]>([
    ["off", { restore: "some" }],
    ["on", { for: "2h", daily: "22:00-07:00" }],
    ["on", { for: "soon" }],
    ["on", { daily: "late" }],
    ["on", { reason: "" }],
    ["on", { force: true }],
  ])("%s with %j is refused", async (action, options) => {
    const lock = action === "on" ? off() : on();
    expect(await runJson(lock, action, { ...options, yes: true })).toMatchObject({
      code: 2,
      json: { ok: false, error: { code: "bad_option" } },
    });
    expect(lock.calls).toEqual([]);
  });

  it("say where nothing is installed", async () => {
    const { code, err } = await run(fakeLock(lockStatus(false, { layers: [absent(GUARD), absent(WALL)] })), "on");
    expect(code).toBe(2);
    expect(err).toContain("clutch guard install");
  });

  it("fail where it is not in force afterwards", async () => {
    const lock = off();
    lock.turnOn = async () => {
      throw new ClutchError("not_verified", "The guard did not take it.", { hint: "clutch localonly status" });
    };
    expect(await runJson(lock, "on", { yes: true })).toMatchObject({
      code: 1,
      json: { error: { code: "not_verified" } },
    });
    const { err, out } = await run(lock, "on", { yes: true });
    expect(err).toContain("The guard did not take it.");
    expect(out).toBe("");
  });
});

describe("clutch localonly verify", () => {
  it("prints each path", async () => {
    const { code, out } = await run(on(), "verify");
    expect(code).toBe(0);
    expect(out).toMatch(/Turn pinned to a cloud model +guard, wall +proved/);
    expect(await runJson(on(), "verify")).toEqual({
      code: 0,
      json: { ok: true, verification: VERIFICATION, notes: [], error: null },
    });
  });

  it("exits 1 where a path leaks", async () => {
    const lock = on();
    lock.verification = { ...VERIFICATION, paths: [...VERIFICATION.paths, LEAK] };
    const { code, out, err } = await run(lock, "verify");
    expect(code).toBe(1);
    expect(out).toContain("LOCK BROKEN: 1 of 3 paths LEAKS");
    expect(err).toContain("Activity recap");
    expect(await runJson(lock, "verify")).toMatchObject({
      code: 1,
      json: { ok: false, verification: { paths: { length: 3 } }, error: { code: "not_verified" } },
    });
  });
});

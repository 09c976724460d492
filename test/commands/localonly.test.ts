import fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import { parseCommandLine } from "../../commands/command-line.ts";
import { createDispatcher } from "../../commands/dispatcher.ts";
import { localOnlyCommand } from "../../commands/localonly.ts";
import { offQuestion } from "../../commands/localonly-questions.ts";
import type { Services } from "../../commands/services.ts";
import { ClutchError } from "../../src/errors.ts";
import type { LockStatus } from "../../src/local-only/lock-status.ts";
import {
  absent,
  clock,
  type FakeLock,
  fakeLock,
  GUARD,
  HELPERS,
  lockStatus,
  VERIFICATION,
  WALL,
} from "./localonly-fixtures.ts";

const HERE = "agent:main:slack:channel:c1";
const HOUR = 60 * 60_000;
const OFF = lockStatus(false);
const ON = lockStatus(true);
const unreleased = (...keys: string[]) => keys.map((sessionKey) => ({ sessionKey, why: "unreleased", at: 0 }) as const);

/** An owner in a Slack channel, and a lock that does what it is asked. */
function room(now: LockStatus, set: (lock: FakeLock) => void = () => undefined, find = async () => ({ key: HERE })) {
  const lock = fakeLock(now);
  set(lock);
  const shown: Card[] = [];
  const dispatcher = createDispatcher({
    commands: [localOnlyCommand],
    services: { localOnly: lock, sessions: { view: find }, clock } as unknown as Services,
    levelOf: () => "owner",
    logger: pino({ level: "silent" }),
  });
  const say = (line: string, confirmed = false) =>
    dispatcher.run({
      line: `/localonly ${line}`,
      confirmed,
      person: { platform: "slack", id: "U1" },
      conversation: { platform: "slack", channel: "C1", kind: "channel", person: "U1" },
      progress: (card) => shown.push(card),
    });
  return { lock, shown, ask: (line: string) => say(line), yes: (line: string) => say(line, true) };
}

const bodyOf = (card: Card): string => (card.body ?? []).join("\n");

describe("/localonly", () => {
  it.each(["", "status"])("“%s” looks and changes nothing", async (line) => {
    const { lock, ask } = room(ON);
    expect(await ask(line)).toMatchObject({
      ok: true,
      visibility: "private",
      card: { title: "Local-only mode is on: nothing reaches the cloud" },
    });
    expect(lock.calls).toEqual([]);
  });
});

describe("/localonly on", () => {
  it("asks, and says what will happen", async () => {
    const { lock, ask } = room(OFF);
    const { card, needsConfirmation, visibility } = await ask("on");
    expect({ needsConfirmation, visibility }).toEqual({ needsConfirmation: true, visibility: "private" });
    expect(card).toMatchObject({
      title: "Turn local-only mode on?",
      footer: "until somebody turns it off: /localonly off",
      actions: [{ label: "Turn it on", line: "/localonly on", confirms: true }],
    });
    expect(bodyOf(card)).toContain("Every turn goes to a local model");
    expect(lock.calls).toEqual([]);
  });

  it.each<[string, Partial<LockStatus>, RegExp, RegExp]>([
    ["no wall", { layers: [GUARD, absent(WALL), HELPERS] }, /partly enforced.*only configured/s, /clutch wall install/],
    ["no guard", { layers: [absent(GUARD), WALL, HELPERS] }, /partly enforced.*They fail/s, /clutch guard install/],
    ["no model", { localModels: [] }, /No local model answers now: every turn gets a notice/, /clutch models setup/],
    [
      "no guard and no model",
      { layers: [absent(GUARD), WALL], localModels: [] },
      /No local model answers now: no turn gets an answer/,
      /clutch models setup/,
    ],
  ])("warns where there is %s", async (_, more, warning, help) => {
    const { card } = await room(lockStatus(false, more)).ask("on");
    expect(bodyOf(card)).toMatch(warning);
    expect(bodyOf(card)).toMatch(help);
  });

  it("promises nothing before it holds", async () => {
    for (const layers of [
      [GUARD, WALL, HELPERS],
      [GUARD, absent(WALL), HELPERS],
      [absent(GUARD), WALL],
    ]) {
      for (const line of ["on", "on for:2h", "on daily:22:00-07:00"]) {
        const text = JSON.stringify((await room(lockStatus(false, { layers })).ask(line)).card);
        expect(text.replaceAll("partly enforced", "")).not.toMatch(/enforced|nothing reaches/i);
      }
    }
  });

  it.each(["on", "on for:2h", "on daily:22:00-07:00"])(
    "%s is refused at once where neither guard nor wall is there, even with a yes",
    async (line) => {
      const { lock, ask, yes } = room(lockStatus(false, { layers: [absent(GUARD), absent(WALL), HELPERS] }));
      for (const { error } of [await ask(line), await yes(line)]) {
        expect(error).toMatchObject({ code: "not_installed", fault: false });
        expect(error?.hint).toMatch(/clutch guard install.*clutch wall install/);
      }
      expect(lock.calls).toEqual([]);
    },
  );

  it("with a yes turns it on, and shows how far and what was tried", async () => {
    const { lock, shown, yes } = room(OFF, (fake) => {
      fake.result = { notes: ["One setting is only configured."] };
    });
    const { card, ok, visibility } = await yes("on reason:audit");
    expect({ ok, visibility }).toEqual({ ok: true, visibility: "public" });
    expect(card).toMatchObject({ tone: "success", title: "Local-only mode is on: nothing reaches the cloud" });
    expect(card.body).toContain("One setting is only configured.");
    expect(card.table?.rows).toHaveLength(2);
    expect(shown.map(({ title }) => title)).toEqual(["Turning local-only mode on: closing the wall…"]);
    expect(lock.calls).toMatchObject([
      { what: "on", request: { actor: "slack:U1", place: HERE, reason: "audit", forMs: undefined } },
    ]);
  });

  it("says so where it holds in part only", async () => {
    const { yes } = room(OFF, (fake) => {
      fake.result = { status: lockStatus(true, { enforcement: "partly" }) };
    });
    expect((await yes("on")).card).toMatchObject({ tone: "warning", title: "Local-only mode is on, partly enforced" });
  });

  it.each(["enforced", "partly"] as const)("that is on (%s) asks nothing and says who did it", async (enforcement) => {
    const { lock, ask, yes } = room(lockStatus(true, { enforcement }));
    for (const { card, needsConfirmation, visibility } of [await ask("on"), await yes("on")]) {
      expect({ needsConfirmation, visibility }).toEqual({ needsConfirmation: false, visibility: "private" });
      expect(bodyOf(card)).toContain("It was so already; nothing was changed.");
      expect(card.fields).toContainEqual({ name: "Turned on", value: "5 min ago, by discord:123" });
    }
    expect(lock.calls).toEqual([]);
  });

  it.each(["broken", "changing"] as const)("that is %s can be turned on again", async (enforcement) => {
    const { lock, ask, yes } = room(lockStatus(true, { enforcement }));
    expect((await ask("on")).card.title).toBe("Turn local-only mode on again?");
    expect((await yes("on")).ok).toBe(true);
    expect(lock.calls).toHaveLength(1);
  });

  it("the second of two tells what it found", async () => {
    const { yes } = room(OFF, (fake) => {
      fake.result = { changed: false, status: ON };
    });
    const { card, visibility } = await yes("on");
    expect(bodyOf(card)).toContain("nothing was changed");
    expect(card.fields).toContainEqual({ name: "Turned on", value: "5 min ago, by discord:123" });
    expect(visibility).toBe("private");
  });

  it("does not depend on which conversation this is", async () => {
    const { lock, yes } = room(OFF, undefined, async () => {
      throw new ClutchError("ambiguous_agent", "Several agents may be meant here.");
    });
    expect((await yes("on")).ok).toBe(true);
    expect(lock.calls).toMatchObject([{ what: "on", request: { place: undefined } }]);
  });
});

describe("for a while", () => {
  it("says how long, and that nobody may be there to end it", async () => {
    const { ask } = room(OFF);
    expect((await ask("on for:2h")).card).toMatchObject({
      title: "Turn local-only mode on for 2 hours?",
      footer: "then off by itself",
      actions: [{ line: "/localonly on for:2h" }],
    });
    const alone = await room(lockStatus(false, { isWatched: false })).ask("on for:2h");
    expect(alone.card.footer).toContain("no Clutch is running");
  });

  it("is handed on, in ms", async () => {
    const { lock, yes } = room(OFF);
    await yes("on for:2h");
    await yes("off for:1h");
    expect(lock.calls).toMatchObject([
      { what: "on", request: { forMs: 2 * HOUR } },
      { what: "off", request: { forMs: HOUR } },
    ]);
  });

  it("gives a lock that is on an end", async () => {
    const { lock, ask, yes } = room(ON);
    expect((await ask("on for:2h")).card.title).toBe("Let local-only mode end by itself in 2 hours?");
    await yes("on for:2h");
    expect(lock.calls).toMatchObject([{ what: "on", request: { forMs: 2 * HOUR } }]);
  });

  it.each(["on for:soon", "off for:5s"])("%s is refused before anything is asked", async (line) => {
    expect((await room(line.startsWith("on") ? OFF : ON).ask(line)).error?.code).toBe("bad_option");
  });
});

describe("every day", () => {
  it("asks, and sets the times in their full form", async () => {
    const { lock, ask, yes } = room(OFF);
    expect((await ask("on daily:22:00-7:00")).card).toMatchObject({
      title: "Turn local-only mode on every day, 22:00-07:00?",
      actions: [{ line: "/localonly on daily:22:00-07:00" }],
    });
    expect(lock.calls).toEqual([]);
    expect(await yes("on daily:22:00-7:00")).toMatchObject({ ok: true, visibility: "public" });
    expect(lock.calls).toMatchObject([
      { what: "daily", of: "22:00-07:00", request: { actor: "slack:U1", place: HERE } },
    ]);
  });

  it("never ends them without a question", async () => {
    const { lock, ask } = room(OFF);
    const { card, needsConfirmation } = await ask("on daily:never");
    expect(needsConfirmation).toBe(false);
    expect(bodyOf(card)).toContain("The daily times are ended");
    expect(lock.calls).toMatchObject([{ what: "daily", of: undefined }]);
  });

  it("times that are none are refused before anything is asked", async () => {
    const { lock, ask } = room(OFF);
    expect((await ask("on daily:22:00")).error?.code).toBe("bad_option");
    expect(lock.calls).toEqual([]);
  });
});

describe("/localonly off", () => {
  it("where nothing was written asks once", async () => {
    const { ask } = room(ON);
    const { card, needsConfirmation } = await ask("off");
    expect(needsConfirmation).toBe(true);
    expect(bodyOf(card)).toContain("No conversation holds text");
    expect(card.actions).toMatchObject([{ label: "Turn it off", line: "/localonly off", confirms: true }]);
  });

  it("where something was written says what is sent then, and gives the choice", async () => {
    const { ask } = room(ON, (fake) => {
      fake.written = ["a", "b", "c"];
    });
    const { card } = await ask('off reason:"it is over"');
    expect(bodyOf(card)).toContain(
      "3 conversations hold text that was written while it was on; their next cloud turn or recap sends it to the provider.",
    );
    expect(card.actions).toMatchObject([
      { label: "Restore all", line: '/localonly off restore:all "reason:it is over"', confirms: true },
      { label: "Keep those local", line: '/localonly off restore:others "reason:it is over"' },
    ]);
    // The platforms draw one yes; this one asks again.
    expect(card.actions?.[1]?.confirms).toBeUndefined();
    const others = await ask("off restore:others");
    expect(bodyOf(others.card)).toContain("Those stay local until they are released");
    expect(others.card.actions).toMatchObject([{ line: "/localonly off restore:others", confirms: true }]);
  });

  it("confirmed without a choice restores all, and says so", async () => {
    const { lock, yes } = room(ON, (fake) => {
      fake.written = ["a", "b"];
    });
    const { card, visibility } = await yes("off");
    expect(lock.calls).toMatchObject([{ what: "off", request: { restore: "all", forMs: undefined } }]);
    expect(bodyOf(card)).toContain(
      "Every conversation goes to its own model again, also 2 conversations with text that was written while it was on.",
    );
    expect({ title: card.title, tone: card.tone, visibility }).toEqual({
      title: "Local-only mode is off",
      tone: "success",
      visibility: "public",
    });
  });

  it("with others kept says how those are released", async () => {
    const { lock, yes } = room(ON, (fake) => {
      fake.written = ["a", "b"];
      fake.result = { status: lockStatus(false, { kept: unreleased("a", "b") }), notes: ["One setting is left."] };
    });
    const { card } = await yes("off restore:others");
    expect(lock.calls).toMatchObject([{ what: "off", request: { restore: "others" } }]);
    expect(bodyOf(card)).toContain("One setting is left.");
    expect(bodyOf(card)).toMatch(/2 conversations .* stay local until released: \/localonly release there/);
    expect(bodyOf(card)).not.toContain("Every conversation");
  });

  it("that is off asks nothing", async () => {
    const { lock, ask } = room(OFF);
    const { card, needsConfirmation } = await ask("off");
    expect(needsConfirmation).toBe(false);
    expect(bodyOf(card)).toContain("nothing was changed");
    expect(lock.calls).toEqual([]);
  });

  it("carries any options over to what its buttons run", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" }), (reason) => {
        const options = { action: "off", for: "2h", reason };
        const { actions = [] } = offQuestion(ON, options, 2 * HOUR, 3);
        const read = actions.map(({ line }) => parseCommandLine(line, [localOnlyCommand]).options);
        expect(read).toEqual([
          { ...options, restore: "all" },
          { ...options, restore: "others" },
        ]);
      }),
    );
  });
});

describe("/localonly verify", () => {
  it("shows each path, privately", async () => {
    const { shown, ask } = room(ON);
    const { card, visibility } = await ask("verify");
    expect(card.title).toBe("No canary got out: 1 proved, 1 configured");
    expect(visibility).toBe("private");
    expect(shown.map(({ title }) => title)).toEqual(["Trying each path: a recap…"]);
  });

  it("shouts a leak", async () => {
    const leak = { path: "Activity recap", heldBy: "", result: "leaks", detail: "it came to the cloud" } as const;
    const { ask } = room(ON, (fake) => {
      fake.verification = { ...VERIFICATION, paths: [...VERIFICATION.paths, leak] };
    });
    const { card } = await ask("verify");
    expect(card).toMatchObject({ tone: "error", title: "LOCK BROKEN: 1 of 3 paths LEAKS" });
    expect(card.body?.[0]).toBe("LEAKS: Activity recap (it came to the cloud).");
  });
});

describe("this conversation", () => {
  it("is kept local, and what the guard does not see is said", async () => {
    const { lock, ask } = room(OFF);
    const { card, visibility } = await ask("here on reason:payroll");
    expect(lock.calls).toMatchObject([
      { what: "keep", of: HERE, request: { actor: "slack:U1", place: HERE, reason: "payroll" } },
    ]);
    expect({ title: card.title, visibility }).toEqual({
      title: "This conversation stays local from now on",
      visibility: "public",
    });
    expect(bodyOf(card)).toMatch(
      /recaps, titles, compaction and pictures .* may go to the cloud: \/model NAME scope:helpers/,
    );
    expect(bodyOf((await room(ON).ask("here on")).card)).toContain("stay local while local-only mode is on");
  });

  it.each(["partly", "broken", "changing"] as const)(
    "of a lock that is %s nothing more is promised",
    async (enforcement) => {
      const { card } = await room(lockStatus(true, { enforcement })).ask("here on");
      expect(bodyOf(card)).toContain("may go to the cloud");
    },
  );

  it("is told what else came of it", async () => {
    const { ask } = room(OFF, (fake) => {
      fake.result = { notes: ["What ran here was stopped."] };
    });
    expect((await ask("here on")).card.body?.[0]).toBe("What ran here was stopped.");
  });

  it("that is kept already stays so, without a word to the others", async () => {
    const { ask } = room(OFF, (fake) => {
      fake.result = { changed: false };
    });
    expect(await ask("here on")).toMatchObject({
      visibility: "private",
      card: { title: "This conversation is kept local already" },
    });
  });

  it.each(["here off", "release"])("%s lets it go", async (line) => {
    const { lock, ask } = room(lockStatus(false, { kept: [{ sessionKey: HERE, why: "here", at: 0 }] }));
    const { card, visibility } = await ask(line);
    expect(lock.calls).toMatchObject([{ what: "release", of: HERE }]);
    expect({ title: card.title, visibility }).toEqual({
      title: "This conversation may go to the cloud again",
      visibility: "public",
    });
    expect(bodyOf(card)).toContain("sends what was written here meanwhile to the provider");
  });

  it("with text of the locked time is only let go by its own word", async () => {
    const spelt = async () => ({ key: HERE.replace("c1", "C1") });
    const { lock, ask } = room(lockStatus(false, { kept: unreleased(HERE) }), undefined, spelt);
    const { card } = await ask("here off");
    expect(card.actions).toMatchObject([{ line: "/localonly release" }]);
    expect(lock.calls).toEqual([]);
    await ask("release");
    expect(lock.calls).toMatchObject([{ what: "release", of: HERE.replace("c1", "C1") }]);
  });

  it("that was not kept is not said to be released", async () => {
    const { ask } = room(OFF, (fake) => {
      fake.result = { changed: false };
    });
    const { card, visibility } = await ask("release");
    expect(card.title).toContain("nothing was changed");
    expect(bodyOf(card)).not.toContain("provider");
    expect(visibility).toBe("private");
  });

  it("is not let go before the lock is", async () => {
    expect(bodyOf((await room(ON).ask("release")).card)).toContain("not before that is turned off");
  });

  it("has to be known", async () => {
    const { lock, ask } = room(OFF, undefined, async () => {
      throw new ClutchError("ambiguous_agent", "Several agents may be meant here.", { hint: "Say which: agent:main" });
    });
    for (const line of ["here on", "here off", "release"]) {
      expect((await ask(line)).error?.code).toBe("ambiguous_agent");
    }
    expect(lock.calls).toEqual([]);
  });
});

describe("/localonly release all", () => {
  it("releases each that waits, and counts them", async () => {
    const { lock, ask } = room(lockStatus(false, { kept: unreleased("a", "b", "c") }), (fake) => {
      fake.result = { status: lockStatus(false, { kept: unreleased("c") }) };
    });
    const { card, visibility } = await ask("release all");
    expect(lock.calls).toMatchObject([{ what: "release", of: undefined }]);
    expect({ title: card.title, visibility }).toEqual({
      title: "2 conversations may go to the cloud again",
      visibility: "public",
    });
    expect(bodyOf(card)).toContain("1 conversation still waits.");
  });

  it("says where none waits", async () => {
    const { ask } = room(OFF, (fake) => {
      fake.result = { changed: false };
    });
    expect(await ask("release all")).toMatchObject({
      visibility: "private",
      card: { title: "No conversation waits to be released; nothing was changed" },
    });
  });
});

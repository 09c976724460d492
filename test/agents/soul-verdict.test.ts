import { expect, it } from "vitest";
import { judgeSoul, type Verdict, type WantedDefault } from "../../src/agents/soul-verdict.ts";
import type { ChangeState } from "../../src/store/change-journal.ts";
import type { MirroredSoul } from "../../src/store/souls.ts";

const declared: WantedDefault = { model: "a/new", fallbacks: undefined, hash: "1" };
const withFallbacks: WantedDefault = { ...declared, fallbacks: ["a/spare"] };
const mirrored: MirroredSoul = { hash: "1", mirrored: "a/new", former: "a/old" };
const write = (to: ChangeState, former: ChangeState, replacesChoice = false): Partial<Verdict> => ({
  kind: "write",
  state: "mirrored",
  to,
  memory: { hash: "1", mirrored: to, former },
  replacesChoice,
});
const leave = (state: "none" | "in-step" | "drift", memory: MirroredSoul | null): Partial<Verdict> => ({
  kind: "leave",
  state,
  memory,
});
const restore = (to: ChangeState): Partial<Verdict> => ({ kind: "write", state: "restored", to, memory: null });

it.each<[string, WantedDefault | undefined, ChangeState, MirroredSoul | undefined, Partial<Verdict>]>([
  ["nothing declared, nothing set", undefined, null, undefined, leave("none", null)],
  ["nothing declared, something set", undefined, "a/old", undefined, leave("none", null)],
  ["first time, nothing set", declared, null, undefined, write("a/new", null)],
  ["first time, something set", declared, "a/old", undefined, write("a/new", "a/old")],
  [
    "first time, what the file does not name stays",
    declared,
    { fallbacks: ["a/b"], primary: "a/old" },
    undefined,
    write({ fallbacks: ["a/b"], primary: "a/new" }, { fallbacks: ["a/b"], primary: "a/old" }),
  ],
  [
    "first time with fallbacks",
    withFallbacks,
    "a/old",
    undefined,
    write({ primary: "a/new", fallbacks: ["a/spare"] }, "a/old"),
  ],
  [
    "fallbacks replace fallbacks",
    { ...declared, fallbacks: [] },
    { primary: "a/old", fallbacks: ["a/b"] },
    undefined,
    write({ primary: "a/new", fallbacks: [] }, { primary: "a/old", fallbacks: ["a/b"] }),
  ],
  ["first time, set already", declared, "a/new", undefined, leave("in-step", { ...mirrored, former: "a/new" })],
  ["in step", declared, "a/new", mirrored, leave("in-step", mirrored)],
  [
    "the file was edited",
    { ...declared, hash: "2", model: "a/x" },
    "a/new",
    mirrored,
    { to: "a/x", memory: { hash: "2", mirrored: "a/x", former: "a/old" }, replacesChoice: false },
  ],
  [
    "fallbacks left the file again",
    declared,
    { primary: "a/new", fallbacks: ["a/spare"] },
    { ...mirrored, mirrored: { primary: "a/new", fallbacks: ["a/spare"] } },
    write("a/new", "a/old"),
  ],
  ["an alias means another model now", { ...declared, model: "a/x" }, "a/new", mirrored, write("a/x", "a/old")],
  ["somebody changed it", declared, "a/theirs", mirrored, leave("drift", mirrored)],
  ["somebody took it away", declared, null, mirrored, leave("drift", mirrored)],
  ["somebody put the former back", declared, "a/old", mirrored, leave("drift", mirrored)],
  ["somebody added fallbacks", declared, { primary: "a/new", fallbacks: ["a/b"] }, mirrored, leave("drift", mirrored)],
  [
    "the file was edited after somebody changed it",
    declared,
    "a/theirs",
    { ...mirrored, hash: "0" },
    write("a/new", "a/theirs", true),
  ],
  [
    "somebody set what the file came to say",
    declared,
    "a/new",
    { hash: "0", mirrored: "a/x", former: "a/old" },
    leave("in-step", mirrored),
  ],
  ["interrupted before the write", declared, "a/old", { ...mirrored, hash: "" }, write("a/new", "a/old")],
  ["interrupted after the write", declared, "a/new", { ...mirrored, hash: "" }, leave("in-step", mirrored)],
  ["no longer declared", undefined, "a/new", mirrored, restore("a/old")],
  ["no longer declared, nothing stood there", undefined, "a/new", { ...mirrored, former: null }, restore(null)],
  ["no longer declared, somebody's choice stands", undefined, "a/theirs", mirrored, leave("none", null)],
  [
    "no longer declared, the same stood there",
    undefined,
    "a/new",
    { ...mirrored, former: "a/new" },
    leave("none", null),
  ],
])("%s", (_name, wanted, standing, known, verdict) => {
  expect(judgeSoul(wanted, standing, known)).toMatchObject(verdict);
});

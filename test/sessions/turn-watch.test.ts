import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseModelRef } from "../../src/models/model-ref.ts";
import type { SessionEvent } from "../../src/openclaw/session-events.ts";
import { sessionRow } from "../../src/openclaw/wire.ts";
import { type Finding, UNSEEN, type WatchState, watchStep } from "../../src/sessions/turn-watch.ts";

const key = "agent:main:discord:channel:1";
const SONNET = "anthropic/sonnet";
const QWEN = "ollama/qwen";
const LLAMA = "ollama/llama";

type Selected = { model?: string; pin?: string; active?: string; running?: boolean; queue?: string };
const row = ({ model = SONNET, pin, active, running = false, queue = "followup" }: Selected = {}) => {
  const [modelProvider, id] = (pin ?? model).split("/");
  const [activeModelProvider, activeModel] = active?.split("/") ?? [];
  return sessionRow.parse({
    key,
    modelProvider,
    model: id,
    modelOverrideSource: pin === undefined ? null : "user",
    activeModelProvider,
    activeModel,
    hasActiveRun: running,
    effectiveQueueMode: queue,
  });
};
type RowEvent = Extract<SessionEvent, { row: unknown }>;
const changed = (selected?: Selected): RowEvent => ({ kind: "changed", key, row: row(selected) });
const asked = (selected?: Selected): RowEvent => ({ kind: "asked", key, row: row(selected) });
const replied = (selected?: Selected): RowEvent => ({ kind: "replied", key, row: row(selected) });
const ended = (runId: string, selected?: Selected): RowEvent => ({ kind: "ended", key, row: row(selected), runId });
const answered = (by: string, runId: string, selected?: Selected): RowEvent => {
  const model = parseModelRef(by);
  if (model === undefined) throw new Error(by);
  return { kind: "answered", key, row: row(selected), model, runId };
};

function play(events: readonly RowEvent[], from: WatchState = UNSEEN): { state: WatchState; findings: Finding[] } {
  let state = from;
  const findings: Finding[] = [];
  for (const event of events) {
    const step = watchStep(state, event);
    state = step.state;
    findings.push(...step.findings);
  }
  return { state, findings };
}
const kinds = (events: readonly RowEvent[]): string[] => play(events).findings.map(({ kind }) => kind);

describe("turn watch", () => {
  it("says nothing while the selected model answers", () => {
    expect(kinds([asked(), answered(SONNET, "r1"), ended("r1"), asked(), answered(SONNET, "r2"), ended("r2")])).toEqual(
      [],
    );
  });

  it("finds a fallback once, not once per turn, and the recovery", () => {
    const selected = { model: QWEN, active: SONNET };
    const { findings } = play([
      asked({ model: QWEN }),
      answered(SONNET, "r1", selected),
      ended("r1", selected),
      asked(selected),
      answered(SONNET, "r2", selected),
      ended("r2", selected),
      asked(selected),
      answered(QWEN, "r3", { model: QWEN }),
    ]);
    expect(findings.map(({ kind }) => kind)).toEqual(["stray", "recovered"]);
    expect(findings[0]).toMatchObject({ fellBack: true, expected: { model: "qwen" }, actual: { model: "sonnet" } });
  });

  it("reports another wrong model, and the same one again after a recovery", () => {
    const turn = (by: string, run: string) => [
      asked({ model: QWEN }),
      answered(by, run, { model: QWEN }),
      ended(run, { model: QWEN }),
    ];
    expect(kinds([...turn(SONNET, "1"), ...turn(LLAMA, "2"), ...turn(QWEN, "3"), ...turn(SONNET, "4")])).toEqual([
      "stray",
      "stray",
      "recovered",
      "stray",
    ]);
  });

  it("calls it drift where OpenClaw does not own up to a fallback", () => {
    const { findings } = play([asked({ pin: QWEN }), answered(SONNET, "r", { pin: QWEN })]);
    expect(findings).toMatchObject([{ kind: "stray", fellBack: false }]);
  });

  it("never judges a run that nobody asked for", () => {
    expect(kinds([answered(SONNET, "heartbeat", { pin: QWEN })])).toEqual([]);
    const turn = [asked({ pin: QWEN }), answered(QWEN, "r1", { pin: QWEN }), ended("r1", { pin: QWEN })];
    expect(kinds([...turn, answered(SONNET, "heartbeat", { pin: QWEN })])).toEqual([]);
  });

  it("nor one after a message that OpenClaw answered itself, or that went into a run", () => {
    const qwen = { pin: QWEN };
    const heartbeat = answered(SONNET, "heartbeat", qwen);
    expect(kinds([asked(qwen), replied(qwen), heartbeat])).toEqual([]);
    const steered = { ...qwen, queue: "steer" };
    const turn = [asked(steered), answered(QWEN, "r1", steered), asked(steered), ended("r1", steered)];
    expect(kinds([...turn, heartbeat])).toEqual([]);
    // What OpenClaw says while a run is under way leaves that run's turn as it is.
    expect(kinds([asked(qwen), replied({ ...qwen, running: true }), answered(SONNET, "r1", qwen)])).toEqual(["stray"]);
    expect(kinds([asked(qwen), answered(QWEN, "r1", qwen), replied(qwen), answered(SONNET, "r1", qwen)])).toEqual([
      "stray",
    ]);
  });

  it("takes all messages of a run with tools for one turn", () => {
    expect(
      kinds([asked({ pin: QWEN }), answered(QWEN, "r", { pin: QWEN }), answered(SONNET, "r", { pin: QWEN })]),
    ).toEqual(["stray"]);
  });

  it("accepts both models of a switch in the middle of a turn", () => {
    const switched = { pin: QWEN };
    expect(
      kinds([changed(), asked(), changed(switched), answered(SONNET, "r", switched), answered(QWEN, "r", switched)]),
    ).toEqual(["pin_changed"]);
  });

  it("judges the turn of a message that queued behind another", () => {
    const { findings } = play([
      asked({ pin: QWEN }),
      answered(QWEN, "r1", { pin: QWEN }),
      asked({ pin: QWEN }),
      ended("r1", { pin: QWEN }),
      answered(SONNET, "r2", { pin: QWEN }),
    ]);
    expect(findings.map(({ kind }) => kind)).toEqual(["stray"]);
  });

  it("judges it also when the end of the turn before it was not announced", () => {
    const first = [asked({ pin: QWEN }), answered(QWEN, "r1", { pin: QWEN })];
    expect(kinds([...first, asked({ pin: QWEN }), answered(SONNET, "r2", { pin: QWEN })])).toEqual(["stray"]);
  });

  it("judges an answer that its run's end overtook, by the model that was selected for it", () => {
    const selected = { model: QWEN };
    expect(kinds([asked(selected), ended("r1", selected), answered(SONNET, "r1", selected)])).toEqual(["stray"]);
    // A new message and a switch came in between: the late answer is no answer to it.
    const late = [asked({ pin: QWEN }), ended("r1", { pin: QWEN }), changed({ pin: LLAMA }), asked({ pin: LLAMA })];
    expect(kinds([...late, answered(QWEN, "r1", { pin: LLAMA })])).toEqual(["pin_changed"]);
    expect(kinds([...late, answered(QWEN, "r1", { pin: LLAMA }), answered(SONNET, "r2", { pin: LLAMA })])).toEqual([
      "pin_changed",
      "stray",
    ]);
  });

  it("an answer by another run than the one that ended is nobody's", () => {
    expect(kinds([asked(), ended("r1"), answered(QWEN, "r2")])).toEqual([]);
  });

  it("a turn that failed without a word leaves nothing behind", () => {
    const { state } = play([asked(), ended("r1")]);
    expect(state.turn).toBeUndefined();
  });

  it("finds a pin that went away by itself, once", () => {
    expect(
      kinds([
        changed({ pin: LLAMA }),
        asked({ model: QWEN }),
        answered(QWEN, "r", { model: QWEN }),
        asked({ model: QWEN }),
      ]),
    ).toEqual(["pin_changed", "lost_pin"]);
  });

  it("a change is found although the message after it came in first", () => {
    expect(kinds([asked({ pin: LLAMA }), changed({ pin: LLAMA })])).toEqual(["pin_changed"]);
  });

  it("a pin from before the watch is known after one turn, and its loss is found", () => {
    const first = [asked({ pin: LLAMA }), answered(LLAMA, "r1", { pin: LLAMA }), ended("r1", { pin: LLAMA })];
    expect(kinds([...first, asked({ model: QWEN })])).toEqual(["lost_pin"]);
  });

  it("a pin that somebody took away is a change, no loss", () => {
    expect(kinds([changed({ pin: LLAMA }), changed({ model: QWEN }), asked({ model: QWEN })])).toEqual([
      "pin_changed",
      "pin_changed",
    ]);
  });

  it("remembers over a restart: the same stray is not reported again", () => {
    const before = play([asked({ model: QWEN }), answered(SONNET, "r1", { model: QWEN })]).state;
    const restarted: WatchState = { ...UNSEEN, pin: before.pin ?? null, stray: before.stray };
    expect(play([asked({ model: QWEN }), answered(SONNET, "r2", { model: QWEN })], restarted).findings).toEqual([]);
  });

  it("a reset forgets, and keeps the pin", () => {
    const { state, findings } = play([
      asked({ pin: QWEN }),
      answered(SONNET, "r", { pin: QWEN }),
      { kind: "reset", key, row: row({ pin: QWEN }) },
    ]);
    expect(state).toEqual({ pin: QWEN, stray: null, turn: undefined, ended: undefined });
    expect(findings).toHaveLength(1);
  });

  it("whatever comes in whatever order: never two equal strays without a recovery or a change between them", () => {
    const selected = fc
      .record({ pin: fc.constantFrom(undefined, QWEN, LLAMA), active: fc.constantFrom(undefined, SONNET) })
      .map(
        ({ pin, active }): Selected => ({
          ...(pin === undefined ? {} : { pin }),
          ...(active === undefined ? {} : { active }),
        }),
      );
    const event = fc.oneof(
      selected.map(changed),
      selected.map(asked),
      fc.tuple(fc.constantFrom("r1", "r2"), selected).map(([run, now]) => ended(run, now)),
      fc
        .tuple(fc.constantFrom(SONNET, QWEN, LLAMA), fc.constantFrom("r1", "r2"), selected)
        .map(([by, run, now]) => answered(by, run, now)),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let last: string | undefined;
        for (const finding of play(events).findings) {
          if (finding.kind === "stray") {
            const now = JSON.stringify([finding.expected, finding.actual]);
            expect(now).not.toBe(last);
            last = now;
          } else if (finding.kind !== "lost_pin") last = undefined;
        }
      }),
    );
  });
});

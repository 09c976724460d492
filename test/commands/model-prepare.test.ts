import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createDispatcher } from "../../commands/dispatcher.ts";
import { modelCommand } from "../../commands/model.ts";
import type { Services } from "../../commands/services.ts";
import { ClutchError } from "../../src/errors.ts";
import type { Figure } from "../../src/models/figure.ts";
import { formatModelRef, type ModelRef, parseModelRef } from "../../src/models/model-ref.ts";
import type { ToolCalls } from "../../src/registry/model-facts.ts";
import type { PullProgress } from "../../src/servers/model-server.ts";
import type { SessionView } from "../../src/sessions/session-models.ts";
import type { Obstacle, SwitchPlan } from "../../src/sessions/switch-plan.ts";
import { createRecordingServices, QWEN, SONNET } from "../platforms/recording-services.ts";

const NAME = "ollama/qwen2.5-coder:32b";
const LLAMA = "ollama/llama3.1:70b";

const figure = <T>(value: T): Figure<T> => ({ value, origin: "measured", source: "a probe", date: "2026-11-01" });
const LOAD: Partial<SwitchPlan> = { load: { ms: figure(20_000) } };
const TOO_LONG: Obstacle = { kind: "too-long", usedTokens: 48_210, roomTokens: 24_576 };
const NO_TOOLS: Obstacle = { kind: "no-tools", calls: figure<ToolCalls>("text") };
const NO_MEMORY: Obstacle = { kind: "no-memory", needBytes: 60e9, haveBytes: 30e9 };
const IN_USE: Partial<SwitchPlan> = { evicts: [{ model: "llama3.1:70b", usedBy: ["agent:main:a"] }] };
const IDLE: Partial<SwitchPlan> = { evicts: [{ model: "llama3.1:70b", usedBy: [] }] };

/** `/model` over services that write down all they are asked for, in order. */
function lab() {
  const recording = createRecordingServices();
  const { services, changes, snapshot } = recording;
  const other = snapshot.models.find(({ ref }) => formatModelRef(ref) === LLAMA);
  const state = {
    /** What each plan has besides nothing; the last one stays. */
    plans: [{}] as Partial<SwitchPlan>[],
    /** The pin of the conversation. */
    pin: SONNET as ModelRef | undefined,
    compacts: true,
    load: async (_: AbortSignal): Promise<number | undefined> => 20_000,
    download: (async (onProgress) => {
      onProgress({ step: "pulling manifest" });
      onProgress({ step: "pulling", doneBytes: 5e9, totalBytes: 20e9 });
    }) as (onProgress: (progress: PullProgress) => void, signal: AbortSignal) => Promise<void>,
    steps: [] as string[],
    said: [] as string[],
    meters: [] as string[],
    other,
  };
  const { sessions, planner } = services;
  const view = async (...args: Parameters<typeof sessions.view>): Promise<SessionView> => {
    const { row, effective, ...rest } = await sessions.view(...args);
    if (row === undefined || effective === undefined) return { row, effective, ...rest };
    const { pin } = state;
    return {
      ...rest,
      row: { ...row, model: pin ?? SONNET, pinSource: pin === undefined ? undefined : "user" },
      effective: { ...effective, model: pin ?? SONNET, why: pin === undefined ? { kind: "default" } : { kind: "pin" } },
    };
  };
  const all: Services = {
    ...services,
    sessions: {
      ...sessions,
      view,
      switchModel: (request) => {
        state.steps.push("switch");
        return sessions.switchModel(request);
      },
    },
    planner: {
      refusal: planner.refusal,
      async plan(seen, target) {
        state.steps.push("plan");
        const more = (state.plans.length > 1 ? state.plans.shift() : state.plans[0]) ?? {};
        return { ...(await planner.plan(seen, target)), ...more };
      },
      async warm({ load }, signal) {
        state.steps.push("load");
        return load === undefined ? undefined : state.load(signal);
      },
      async download(_, onProgress, signal) {
        state.steps.push("download");
        await state.download(onProgress, signal);
      },
    },
    openclaw: {
      async compactSession(key) {
        state.steps.push(`compact ${key}`);
        return state.compacts;
      },
      readTranscript: async () => ({ messages: [], running: false, runId: undefined }),
    },
  };
  const dispatcher = createDispatcher({
    commands: [modelCommand],
    services: all,
    levelOf: () => "owner",
    logger: pino({ level: "silent" }),
  });
  const run = (line: string, more: { confirmed?: boolean; signal?: AbortSignal } = {}) =>
    dispatcher.run({
      line: `/model ${line}`,
      person: { platform: "discord", id: "123" },
      conversation: { platform: "discord", channel: "9", kind: "channel", person: "123" },
      confirmed: false,
      progress: ({ title, meter }) => {
        state.said.push(title);
        if (meter !== undefined) state.meters.push(meter.text);
      },
      ...more,
    });
  return { run, state, changes, recording };
}
type Lab = ReturnType<typeof lab>;
const linesOf = ({ card }: Awaited<ReturnType<Lab["run"]>>) => (card.actions ?? []).map(({ line }) => line);
const bodyOf = ({ card }: Awaited<ReturnType<Lab["run"]>>) => (card.body ?? []).join(" ");

describe("what cannot answer", () => {
  const down = { refusal: { code: "server_down", reason: "It does not answer." } } as const;
  const missing = { refusal: { code: "model_missing", reason: "ollama does not have it." } } as const;

  it.each([
    ["a server that is down", down, "server_unreachable", "Start its server"],
    ["a model that was not pulled", missing, "model_missing", "/model ollama/qwen2.5-coder:32b pull"],
  ] as const)("%s is refused with what to do, and nothing is asked of anybody", async (_, refused, code, hint) => {
    for (const line of [NAME, `${NAME} force`, `${NAME} once`, `${NAME} compact force`]) {
      const { run, state, changes } = lab();
      state.plans = [{ ...refused, ...LOAD, ...IN_USE, obstacles: [TOO_LONG] }];
      const outcome = await run(line, { confirmed: true });
      expect(outcome).toMatchObject({ ok: false, error: { code, hint: expect.stringContaining(hint) } });
      expect(outcome.error?.message).toContain("Nothing was changed.");
      expect([state.steps, changes]).toEqual([["plan"], []]);
    }
  });

  it("names others that could, at most three", async () => {
    const { run, state } = lab();
    const { other } = state;
    if (other === undefined) throw new Error("no other model");
    const names = ["a", "b", "c", "d"].map((model) => ({ ...other, ref: { provider: "ollama", model } }));
    state.plans = [{ ...down, alternatives: names }];
    const hint = (await run(NAME)).error?.hint;
    expect(hint).toContain("ollama/a (local), ollama/b (local), ollama/c (local).");
    expect(hint).not.toContain("ollama/d");
  });

  it("is shown by a plan, with another model and nothing that would not help", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ ...down, obstacles: [TOO_LONG], alternatives: state.other === undefined ? [] : [state.other] }];
    const outcome = await run(`${NAME} plan`);
    expect(outcome).toMatchObject({ ok: true, visibility: "private", card: { tone: "warning" } });
    expect(bodyOf(outcome)).toContain(down.refusal.reason);
    expect(linesOf(outcome)).toEqual([`/model ${LLAMA}`]);
    expect([state.steps, changes]).toEqual([["plan"], []]);
  });
});

describe("what stands in the way", () => {
  const compact = `/model ${NAME} compact`;
  const force = `/model ${NAME} force`;
  const use = `/model ${LLAMA}`;
  it.each<[string, readonly Obstacle[], boolean, string, readonly string[]]>([
    ["length", [TOO_LONG], true, "does_not_fit", [compact, use, force]],
    ["length, and no other model", [TOO_LONG], false, "does_not_fit", [compact, force]],
    ["tools", [NO_TOOLS], true, "no_tools", [use, force]],
    ["memory", [NO_MEMORY], true, "does_not_fit", [use, force]],
    ["everything", [TOO_LONG, NO_TOOLS, NO_MEMORY], true, "does_not_fit", [compact, use, force]],
  ])("%s: is said, with the ways on in order", async (_, obstacles, hasOther, code, lines) => {
    const { run, state, changes } = lab();
    state.plans = [{ ...LOAD, obstacles, alternatives: hasOther && state.other !== undefined ? [state.other] : [] }];
    const outcome = await run(NAME);
    expect(outcome).toMatchObject({ ok: false, visibility: "private", needsConfirmation: false, error: { code } });
    expect(linesOf(outcome)).toEqual(lines);
    expect(bodyOf(outcome)).toContain("Nothing was changed.");
    expect(outcome.error?.hint.includes("“compact”")).toBe(obstacles.includes(TOO_LONG));
    expect([state.steps, state.said, changes]).toEqual([["plan"], [], []]);

    // A plan shows the same ways.
    expect(linesOf(await run(`${NAME} plan`))).toEqual(lines);
  });

  it("keeps what else was said, in the ways on", async () => {
    const { run, state } = lab();
    state.plans = [{ obstacles: [TOO_LONG] }];
    expect(linesOf(await run(`${NAME} for:30m agent:main`))).toEqual([
      `/model ${NAME} for:30m agent:main compact`,
      `/model ${NAME} for:30m agent:main force`,
    ]);
  });

  it("is overruled by force", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ ...LOAD, obstacles: [TOO_LONG, NO_TOOLS, NO_MEMORY] }];
    expect((await run(`${NAME} force`)).ok).toBe(true);
    expect([state.steps, changes]).toEqual([["plan", "load", "switch"], ["switch"]]);
  });

  it("is asked about before anybody spoke as well, and force is not lost over the question", async () => {
    const { run, state, changes, recording } = lab();
    recording.spoken = false;
    state.plans = [{ ...LOAD, obstacles: [NO_TOOLS] }];
    expect(linesOf(await run(NAME))).toEqual([`/model ${NAME} force`]);
    const question = await run(`${NAME} force`);
    expect(question).toMatchObject({ needsConfirmation: true, card: { actions: [{ confirms: true }] } });
    expect(linesOf(question)).toEqual([`/model ${NAME} force`]);
    expect([state.said, changes]).toEqual([[], []]);
    expect((await run(`${NAME} force`, { confirmed: true })).ok).toBe(true);
    expect(changes).toEqual(["switch"]);
  });
});

describe("a summary first", () => {
  it("is made of the old model's conversation, seen anew, and then the model is loaded", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ ...LOAD, obstacles: [TOO_LONG] }, LOAD];
    const outcome = await run(`${NAME} compact`);
    expect(outcome.ok).toBe(true);
    expect(state.steps).toEqual(["plan", "compact agent:main:main", "plan", "load", "switch"]);
    expect(state.said).toEqual(["Summarising the conversation first …", "Loading Qwen2.5 Coder 32B …"]);
    expect(changes).toEqual(["switch"]);
  });

  it("is not made where the conversation fits", async () => {
    const { run, state } = lab();
    state.plans = [LOAD];
    expect((await run(`${NAME} compact`)).ok).toBe(true);
    expect(state.steps).toEqual(["plan", "load", "switch"]);
  });

  it("that finds nothing to summarise changes nothing", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ obstacles: [TOO_LONG] }];
    state.compacts = false;
    for (const line of [`${NAME} compact`, `${NAME} compact force`]) {
      expect((await run(line)).error).toMatchObject({
        code: "does_not_fit",
        message: expect.stringContaining("Nothing was changed."),
      });
    }
    expect([state.steps.includes("load"), changes]).toEqual([false, []]);
  });

  it("that does not help enough says so, and what was changed", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ ...LOAD, obstacles: [TOO_LONG] }];
    const outcome = await run(`${NAME} compact`);
    expect(outcome).toMatchObject({ ok: false, error: { code: "does_not_fit" } });
    expect(linesOf(outcome)).toEqual([`/model ${NAME} force`]);
    expect(outcome.error?.message).toContain("was summarised; its model was not changed");
    expect(`${outcome.error?.message} ${outcome.error?.hint} ${bodyOf(outcome)}`).not.toMatch(/Nothing|“compact”/);
    expect([state.steps, changes]).toEqual([["plan", "compact agent:main:main", "plan"], []]);
  });

  it("cannot be taken back, so everything else is asked before it", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ ...LOAD, obstacles: [TOO_LONG, NO_TOOLS] }];
    const refused = await run(`${NAME} compact`);
    expect(refused).toMatchObject({ ok: false, error: { code: "no_tools" } });
    expect(linesOf(refused)).toEqual([`/model ${NAME} compact force`]);
    state.plans = [{ ...LOAD, ...IN_USE, obstacles: [TOO_LONG] }];
    const question = await run(`${NAME} compact`);
    expect(question.needsConfirmation).toBe(true);
    expect(linesOf(question)).toEqual([`/model ${NAME} compact`]);
    expect([state.steps, changes]).toEqual([["plan", "plan"], []]);
  });

  it("during which the server went away says what was changed", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ obstacles: [TOO_LONG] }, { refusal: { code: "server_down", reason: "It is gone." } }];
    expect((await run(`${NAME} compact`)).error).toMatchObject({
      code: "server_unreachable",
      message: expect.stringContaining("It is gone. The conversation was summarised"),
    });
    expect(changes).toEqual([]);
  });
});

describe("a model in memory that others use", () => {
  it("is asked about before it has to go", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ ...LOAD, ...IN_USE }];
    const question = await run(`${NAME} once`);
    expect(question).toMatchObject({ ok: false, needsConfirmation: true, visibility: "private" });
    expect(bodyOf(question)).toMatch(/Another conversation talks with llama3\.1:70b.*Nothing was changed/);
    expect(question.card.actions).toMatchObject([{ line: `/model ${NAME} once`, confirms: true }]);
    expect([state.steps, changes]).toEqual([["plan"], []]);

    expect((await run(`${NAME} once`, { confirmed: true })).ok).toBe(true);
    expect([state.steps, changes]).toEqual([["plan", "plan", "load"], ["temporary"]]);
  });

  it("keeps force over the question", async () => {
    const { run, state } = lab();
    state.plans = [{ ...LOAD, ...IN_USE, obstacles: [NO_TOOLS] }];
    expect(linesOf(await run(`${NAME} force`))).toEqual([`/model ${NAME} force`]);
  });

  it("is asked about before anybody spoke as well", async () => {
    const { run, state, changes, recording } = lab();
    recording.spoken = false;
    state.plans = [{ ...LOAD, ...IN_USE }];
    expect((await run(NAME)).card.title).toMatch(/in place of llama3\.1:70b\?$/);
    expect(changes).toEqual([]);
    expect((await run(NAME, { confirmed: true })).ok).toBe(true);
  });

  it("is named by a plan", async () => {
    const { run, state } = lab();
    state.plans = [{ ...LOAD, ...IN_USE }];
    expect(bodyOf(await run(`${NAME} plan`))).toContain("Another conversation talks with llama3.1:70b");
  });

  it("needs no question where it is idle", async () => {
    const { run, state } = lab();
    state.plans = [{ ...LOAD, ...IDLE }];
    const outcome = await run(NAME);
    expect(outcome.ok).toBe(true);
    expect(bodyOf(outcome)).toContain("llama3.1:70b, which nobody uses now, may make room");
  });
});

describe("loading", () => {
  it("comes before the switch, with a card, and the time is told", async () => {
    const { run, state } = lab();
    state.plans = [LOAD];
    const outcome = await run(NAME);
    expect(state.steps).toEqual(["plan", "load", "switch"]);
    expect(state.said).toEqual(["Loading Qwen2.5 Coder 32B …"]);
    expect(outcome.card.fields).toContainEqual({ name: "Loaded", value: "in 20 s" });
  });

  it("is skipped where nothing has to be loaded", async () => {
    const { run, state } = lab();
    const outcome = await run(NAME);
    expect([state.steps, state.said]).toEqual([["plan", "switch"], []]);
    expect(outcome.card.fields?.map(({ name }) => name)).not.toContain("Loaded");
  });

  it("that fails switches nothing, and names another model", async () => {
    const { run, state, changes } = lab();
    state.plans = [{ ...LOAD, alternatives: state.other === undefined ? [] : [state.other] }];
    state.load = async () => {
      throw new ClutchError("server_unreachable", "It needs more memory.", { hint: "Free some." });
    };
    const { error } = await run(NAME);
    expect(error).toMatchObject({ code: "server_unreachable", hint: `Free some. Or take another: ${LLAMA} (local).` });
    expect(error?.message).toBe("Qwen2.5 Coder 32B could not be loaded: It needs more memory. Nothing was changed.");
    expect(changes).toEqual([]);
  });

  it("that fails after a summary does not say that nothing was changed", async () => {
    const { run, state } = lab();
    state.plans = [{ ...LOAD, obstacles: [TOO_LONG] }, LOAD];
    state.load = async () => {
      throw new ClutchError("server_unreachable", "It needs more memory.");
    };
    expect((await run(`${NAME} compact`)).error?.message).toMatch(/memory\. The conversation was summarised/);
  });

  it.each([
    ["where the server listens to it", true],
    ["where it answers all the same", false],
  ])("that is stopped switches nothing, %s", async (_, listens) => {
    const { run, state, changes } = lab();
    state.plans = [LOAD];
    const stop = new AbortController();
    let over = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      over = resolve;
    });
    state.load = async (signal) => {
      stop.abort();
      setTimeout(over, 5);
      if (listens) signal.throwIfAborted();
      return 20_000;
    };
    expect((await run(NAME, { signal: stop.signal })).error?.code).toBe("deadline");
    await ended;
    expect([state.steps, changes]).toEqual([["plan", "load"], []]);
  });
});

describe("a download first", () => {
  const missing: Partial<SwitchPlan> = { refusal: { code: "model_missing", reason: "ollama does not have it." } };

  it("says how far it is, looks anew, and then goes on as ever", async () => {
    const { run, state, changes } = lab();
    state.plans = [missing, LOAD];
    expect((await run(`${NAME} pull`)).ok).toBe(true);
    expect([state.steps, changes]).toEqual([["plan", "download", "plan", "load", "switch"], ["switch"]]);
    expect(state.meters).toEqual(["5 GB of 20 GB"]);
  });

  it("is not made where the model is there, or nothing answers", async () => {
    const { run, state } = lab();
    await run(`${NAME} pull`);
    state.plans = [{ refusal: { code: "server_down", reason: "It does not answer." } }];
    expect((await run(`${NAME} pull`)).error?.code).toBe("server_unreachable");
    expect(state.steps).toEqual(["plan", "switch", "plan"]);
  });

  it("that fails or is stopped switches nothing", async () => {
    const { run, state, changes } = lab();
    state.plans = [missing, missing, LOAD];
    state.download = async () => {
      throw new ClutchError("unknown_model", "Nobody offers it.");
    };
    expect((await run(`${NAME} pull`)).error?.code).toBe("unknown_model");
    const stop = new AbortController();
    state.download = async () => stop.abort();
    expect((await run(`${NAME} pull`, { signal: stop.signal })).error?.code).toBe("deadline");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([state.steps, changes]).toEqual([["plan", "download", "plan", "download"], []]);
  });
});

describe("what happens meanwhile", () => {
  const elsewhere = parseModelRef("anthropic/claude-opus-5");

  it.each([
    ["another model", elsewhere, "anthropic/claude-opus-5"],
    ["the default", undefined, "its default"],
  ])("a choice of %s is newer, so it stays", async (_, pin, words) => {
    const { run, state, changes } = lab();
    state.plans = [LOAD];
    state.load = async () => {
      state.pin = pin;
      return 20_000;
    };
    const { error } = await run(`${NAME} for:30m`);
    expect(error).toMatchObject({ code: "changed_meanwhile", hint: `To switch all the same: /model ${NAME} for:30m` });
    expect(error?.message).toContain(`was switched to ${words}. Nothing was changed.`);
    expect(changes).toEqual([]);
  });

  it("the same choice by somebody else is no conflict", async () => {
    const { run, state, changes } = lab();
    state.plans = [LOAD];
    state.load = async () => {
      state.pin = QWEN;
      return 20_000;
    };
    expect((await run(NAME)).ok).toBe(true);
    expect(changes).toEqual(["switch"]);
  });
});

it("a conversation that is pinned to it already needs no preparation", async () => {
  const { run, state } = lab();
  state.pin = QWEN;
  state.plans = [{ ...LOAD, ...IN_USE, obstacles: [TOO_LONG] }];
  await run(NAME);
  expect([state.steps, state.said]).toEqual([["switch"], []]);
});

it("one that merely follows the same default is prepared like any other", async () => {
  const { run, state } = lab();
  state.pin = undefined;
  state.plans = [LOAD];
  await run("anthropic/claude-sonnet-5");
  expect(state.steps).toEqual(["plan", "load", "switch"]);
});

it("a plan that is well offers the switch, and changes nothing", async () => {
  const { run, state, changes } = lab();
  state.plans = [LOAD];
  const outcome = await run(`${NAME} plan once`);
  expect(outcome).toMatchObject({ ok: true, card: { tone: "info" } });
  expect(linesOf(outcome)).toEqual([`/model ${NAME} once`]);
  expect([state.steps, changes]).toEqual([["plan"], []]);
});

import { randomBytes } from "node:crypto";
import { toClutchError } from "../errors.ts";
import type { ToolCalls } from "../registry/model-facts.ts";
import type { GenerateRequest, LocalModelServer, RunningModel } from "../servers/model-server.ts";
import type { Measurements } from "../store/measurements.ts";
import { askForTool } from "./tool-probe.ts";

/** What a trial of a model showed. */
export interface ProbeReport {
  /** What loading took, ms; undefined where the model was in memory already. */
  readonly loadMs: number | undefined;
  /** The window that the server really gave it, tokens. */
  readonly windowTokens: number | undefined;
  /** How much of it the graphics processor holds, 0 to 1. */
  readonly onGpu: number | undefined;
  readonly tools: ToolCalls;
  readonly longPrompt: LongPrompt;
  /** As the server itself timed it. */
  readonly points: readonly MeasuredSpeed[];
}

/** Tokens a second, with so many tokens before. */
export interface MeasuredSpeed {
  readonly depthTokens: number;
  readonly decode?: number;
  readonly prefill?: number;
}

export interface LongPrompt {
  /**
   * `whole`: all was read, and its beginning remembered. `forgot`: all was read, but
   * the answer was wrong. `cut`: the server left a part out and said nothing.
   */
  readonly verdict: "whole" | "forgot" | "cut" | "failed";
  /** About how much was sent, tokens. */
  readonly sentTokens: number;
  /** What the server counted. */
  readonly readTokens: number | undefined;
  /** Why it failed. */
  readonly reason?: string;
}

export interface ProbeOptions {
  readonly contextTokens: number;
  /** Is told what is tried now, in a few words. */
  readonly onStep?: (step: string) => void;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** About 500 tokens. */
const SHORT_LINES = 36;
const ANSWER_TOKENS = 256;
/** Fewer say nothing about speed. */
const FEWEST_TIMED = 8;
/** How much of the window the long prompt fills. */
const FILL = 0.75;
/** The long prompt is kept to what is read within this time at the short prompt's pace; at depth it takes up to twice that. */
const LONGEST_READ_S = 120;
/** However slow it is. */
const LEAST_LONG = 4_096;
/** A server that counts less than this share of what was sent has left something out; what was sent is an estimate. */
const WHOLE = 0.85;
/** A token, where the server does not count. */
const USUAL_CHARACTERS = 3;
/** The line that is asked for, near the beginning, where what is left out goes first. */
const ASKED_LINE = 3;

/**
 * Tries a model with a window: loads it, times it, asks for a tool call, and fills
 * three quarters of the window. Every prompt begins with something new, so that no
 * cache answers for the model. Takes minutes on a slow machine. Rejects with the
 * server's codes where it cannot be loaded or does not answer at all.
 */
export async function probeModel(
  server: LocalModelServer,
  model: string,
  { contextTokens, onStep = () => undefined, clock, signal }: ProbeOptions,
): Promise<ProbeReport> {
  const base = { model, contextTokens, temperature: 0, seed: 1 };
  onStep("loading");
  const before = await loaded(server, model, signal);
  const started = clock();
  await server.warm(model, { contextTokens }, signal);
  const loadMs = before?.contextTokens === contextTokens ? undefined : clock() - started;

  onStep("timing a short prompt");
  const first = ledger(SHORT_LINES);
  const short = { ...first, ...(await answerTo(server, { ...base, ...asking(first) }, signal)) };
  onStep("asking for a tool call");
  const tools = await askForTool(server, base, signal);
  onStep("reading a long prompt");
  const inMemory = await loaded(server, model, signal);
  const long = await readLong(server, base, short, signal);
  const { memoryBytes, vramBytes } = inMemory ?? {};
  return {
    loadMs,
    windowTokens: inMemory?.contextTokens,
    onGpu: memoryBytes === undefined || vramBytes === undefined ? undefined : vramBytes / memoryBytes,
    tools,
    longPrompt: long.longPrompt,
    points: [...speeds(short), ...(long.answer === undefined ? [] : speeds(long.answer))],
  };
}

/** Keeps what a trial showed, for the registry. `by` says what measured it. */
export async function keepProbe(
  measurements: Measurements,
  { provider, model, by }: { readonly provider: string; readonly model: string; readonly by: string },
  report: ProbeReport,
): Promise<void> {
  const save = (kind: string, value: unknown) => measurements.save({ provider, model, kind, value, source: by });
  await save("tools", { calls: report.tools });
  if (report.points.length > 0) await save("speed", { points: report.points });
  if (report.loadMs !== undefined) await save("load", { ms: report.loadMs });
}

async function loaded(server: LocalModelServer, model: string, signal: AbortSignal): Promise<RunningModel | undefined> {
  const names = [model, `${model}:latest`];
  return (await server.running(signal)).find(({ name }) => names.includes(name));
}

interface Timed {
  readonly said: string;
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly promptMs: number | undefined;
  readonly decodeMs: number | undefined;
}

async function answerTo(server: LocalModelServer, request: GenerateRequest, signal: AbortSignal): Promise<Timed> {
  let said = "";
  for await (const event of server.generate(request, signal)) {
    if (event.kind === "text") said += event.text;
    if (event.kind !== "end") continue;
    const { input, output } = event.tokens;
    const { promptMs, decodeMs } = event.timings;
    return { said, input, output, promptMs, decodeMs };
  }
  return { said, input: undefined, output: undefined, promptMs: undefined, decodeMs: undefined };
}

interface Ledger {
  readonly text: string;
  /** What the question at its end asks for. */
  readonly code: string;
}

/** Numbered lines, each with a code of its own, and a question for one near the beginning. */
function ledger(lines: number): Ledger {
  const codes = Array.from({ length: lines }, () => randomBytes(3).toString("hex"));
  const text = [
    // The first words differ each time, so nothing of it can be in the server's cache.
    `Ledger ${randomBytes(6).toString("hex")}. Each line has a number and a code.`,
    ...codes.map((code, index) => `Line ${String(index + 1).padStart(5, "0")}: the code of this line is ${code}.`),
    `What is the code of line ${ASKED_LINE}? Answer with the code first, then count upwards from one in words.`,
  ].join("\n");
  return { text, code: codes[ASKED_LINE - 1] ?? "" };
}

const asking = ({ text }: Ledger) => ({ messages: [{ role: "user" as const, text }], maxTokens: ANSWER_TOKENS });

async function readLong(
  server: LocalModelServer,
  base: Omit<GenerateRequest, "messages"> & { readonly contextTokens: number },
  short: Timed & Ledger,
  signal: AbortSignal,
): Promise<{ readonly longPrompt: LongPrompt; readonly answer?: Timed }> {
  const pace = perSecond(short.input, short.promptMs);
  const inTime = pace === undefined ? Number.POSITIVE_INFINITY : pace * LONGEST_READ_S;
  const room = Math.min(base.contextTokens * FILL, Math.max(LEAST_LONG, inTime));
  // The short prompt is of the same kind, so it says what a character costs.
  const perCharacter = short.input === undefined ? 1 / USUAL_CHARACTERS : short.input / short.text.length;
  const around = ledger(0).text.length;
  const perLine = (short.text.length - around) / SHORT_LINES;
  const long = ledger(Math.max(ASKED_LINE, Math.floor((room / perCharacter - around) / perLine)));
  const sentTokens = Math.round(long.text.length * perCharacter);
  try {
    const answer = await answerTo(server, { ...base, ...asking(long) }, signal);
    const verdict = verdictOf(answer.input, sentTokens, answer.said.includes(long.code));
    return { longPrompt: { verdict, sentTokens, readTokens: answer.input }, answer };
  } catch (thrown) {
    signal.throwIfAborted();
    const reason = toClutchError(thrown).message;
    return { longPrompt: { verdict: "failed", sentTokens, readTokens: undefined, reason } };
  }
}

function verdictOf(readTokens: number | undefined, sentTokens: number, remembered: boolean): LongPrompt["verdict"] {
  if (readTokens === undefined) return remembered ? "whole" : "cut";
  if (readTokens < sentTokens * WHOLE) return "cut";
  return remembered ? "whole" : "forgot";
}

/** A prompt is read from the beginning on, so its pace is that at half its depth. */
function speeds({ input, output, promptMs, decodeMs }: Timed): MeasuredSpeed[] {
  if (input === undefined) return [];
  const prefill = perSecond(input, promptMs);
  const decode = output !== undefined && output >= FEWEST_TIMED ? perSecond(output, decodeMs) : undefined;
  return [
    ...(prefill === undefined ? [] : [{ depthTokens: Math.round(input / 2), prefill }]),
    ...(decode === undefined ? [] : [{ depthTokens: input, decode }]),
  ];
}

const perSecond = (tokens: number | undefined, ms: number | undefined): number | undefined =>
  tokens === undefined || ms === undefined || ms <= 0 || tokens <= 0 ? undefined : (tokens / ms) * 1_000;

import type { GenerateEvent, GenerateRequest, Timings, TokenCounts } from "../servers/model-server.ts";
import type { BenchAnswer } from "./bench-answer.ts";
import { type PreparedItem, requestFor } from "./bench-prompt.ts";
import type { BenchTarget } from "./bench-target.ts";
import type { BenchItem, ItemAnswer, ToolCall, TurnAnswer } from "./suite.ts";

/** What came of asking an item, before it is graded. */
export interface AskedItem {
  readonly outcome: Exclude<BenchAnswer["outcome"], "failed">;
  readonly said: ItemAnswer;
  readonly tokens: TokenCounts;
  /** Summed over the turns, but for the first token, which is that of the first turn. */
  readonly timings: Timings;
  /** Of what it thought before it answered; no part of the answer. */
  readonly thinkingCharacters: number;
  readonly notes: readonly string[];
}

export interface AskOptions {
  readonly temperature: number;
  readonly seed: number;
  /** For all turns together, ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Nothing came within the deadline: that says nothing of the model. */
export class NoAnswerInTime extends Error {
  constructor(deadlineMs: number) {
    super(`gave no answer within ${Math.round(deadlineMs / 100) / 10} s`);
    this.name = "NoAnswerInTime";
  }
}

/** A token has fewer, so this much is more than was allowed; what else it does to the text does not matter. */
const CHARACTERS_PER_TOKEN = 8;
const SPARE_CHARACTERS = 20_000;

/**
 * Lets a model answer an item turn by turn. An answer that does not end, by its length
 * or by the deadline, is cut off and counts as far as it came. Rejects with the
 * server's codes, with `NoAnswerInTime`, and with the signal's own reason.
 */
export async function askItem(
  { ref, server, contextTokens }: BenchTarget,
  item: BenchItem,
  prepared: PreparedItem,
  { temperature, seed, deadlineMs, signal }: AskOptions,
): Promise<AskedItem> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const within = AbortSignal.any([signal, deadline]);
  const turns: ReadTurn[] = [];
  for (const [at, { reply }] of prepared.turns.entries()) {
    if (reply !== undefined) continue;
    const answers = turns.map(({ answer }) => answer);
    const request: GenerateRequest = {
      ...requestFor(item, prepared, at, answers),
      model: ref.model,
      temperature,
      seed,
      ...(contextTokens === undefined ? {} : { contextTokens }),
    };
    const most = item.maxTokens * CHARACTERS_PER_TOKEN + SPARE_CHARACTERS;
    const turn = await readTurn(server.generate(request, within), most, deadline);
    signal.throwIfAborted();
    turns.push(turn);
    if (turn.end === "deadline" && isSilent(turn)) throw new NoAnswerInTime(deadlineMs);
    if (turn.end === "deadline" || turn.end === "too-long") break;
  }
  return asked(turns);
}

export interface ReadTurn {
  readonly answer: TurnAnswer;
  readonly thinkingCharacters: number;
  readonly end: Extract<GenerateEvent, { kind: "end" }>["reason"] | "deadline" | "too-long";
  readonly tokens: TokenCounts;
  readonly timings: Timings;
}

/** Reads one answer, at most so many characters of it, until the deadline. */
async function readTurn(
  events: AsyncIterable<GenerateEvent>,
  mostCharacters: number,
  deadline: AbortSignal,
): Promise<ReadTurn> {
  const started = performance.now();
  const pieces: string[] = [];
  const toolCalls: ToolCall[] = [];
  let characters = 0;
  let thinkingCharacters = 0;
  let firstTokenMs: number | undefined;
  const read = (end: ReadTurn["end"], tokens: TokenCounts, timings: Timings): ReadTurn => ({
    answer: { text: pieces.join(""), toolCalls, ...(isCut(end) ? { cut: true } : {}) },
    thinkingCharacters,
    end,
    tokens,
    timings,
  });
  const broken = (end: "deadline" | "too-long"): ReadTurn =>
    read(end, {}, { totalMs: performance.now() - started, ...(firstTokenMs === undefined ? {} : { firstTokenMs }) });
  try {
    for await (const event of events) {
      if (event.kind === "end") return read(event.reason, event.tokens, event.timings);
      firstTokenMs ??= performance.now() - started;
      if (event.kind === "tool") toolCalls.push({ name: event.name, args: event.args });
      else if (event.kind === "thinking") thinkingCharacters += event.text.length;
      else {
        pieces.push(event.text.slice(0, mostCharacters - characters));
        characters += event.text.length;
      }
      if (characters + thinkingCharacters > mostCharacters) return broken("too-long");
    }
  } catch (thrown) {
    if (deadline.aborted && thrown === deadline.reason) return broken("deadline");
    throw thrown;
  }
  return read("other", {}, { totalMs: performance.now() - started });
}

const isCut = (end: ReadTurn["end"]): boolean => end === "length" || end === "deadline" || end === "too-long";
const isSilent = ({ answer, thinkingCharacters }: ReadTurn): boolean => isEmpty(answer) && thinkingCharacters === 0;
const isEmpty = ({ text, toolCalls }: TurnAnswer): boolean => text.trim() === "" && toolCalls.length === 0;

/** Puts the turns of an item together. */
export function asked(turns: readonly ReadTurn[]): AskedItem {
  const thinkingCharacters = turns.reduce((sum, turn) => sum + turn.thinkingCharacters, 0);
  return {
    outcome: outcomeOf(turns),
    said: { turns: turns.map(({ answer }) => answer) },
    tokens: summed(
      turns.map(({ tokens }) => tokens),
      ["input", "output", "cacheRead", "cacheWrite"],
    ),
    timings: timingsOf(turns),
    thinkingCharacters,
    notes: notesOf(turns),
  };
}

function outcomeOf(turns: readonly ReadTurn[]): AskedItem["outcome"] {
  const ended = (...ends: readonly ReadTurn["end"][]): boolean => turns.some(({ end }) => ends.includes(end));
  if (ended("refused")) return "refused";
  if (turns.some(({ end }) => isCut(end))) return "cut";
  return turns.every(({ answer }) => isEmpty(answer)) ? "empty" : "answered";
}

function notesOf(turns: readonly ReadTurn[]): readonly string[] {
  return turns.flatMap((turn) => {
    if (turn.end === "deadline") return ["cut off at the deadline"];
    if (turn.end === "too-long") return ["cut off: far longer than allowed"];
    if (turn.end === "length" && isEmpty(turn.answer) && turn.thinkingCharacters > 0) {
      return ["thought until its tokens were used up"];
    }
    return turn.end === "length" ? ["cut off at its most tokens"] : [];
  });
}

function timingsOf(turns: readonly ReadTurn[]): Timings {
  const parts = summed(
    turns.map(({ timings }) => timings),
    ["loadMs", "promptMs", "decodeMs"],
  );
  const firstTokenMs = turns[0]?.timings.firstTokenMs;
  const totalMs = turns.reduce((sum, { timings }) => sum + timings.totalMs, 0);
  return { ...parts, ...(firstTokenMs === undefined ? {} : { firstTokenMs }), totalMs };
}

/** A part that one turn does not tell is not known of the whole. */
function summed<K extends string>(
  counts: readonly Readonly<Partial<Record<K, number>>>[],
  keys: readonly K[],
): Partial<Record<K, number>> {
  const known = keys.flatMap((key) => {
    const values = counts.map((count) => count[key]).filter((value) => value !== undefined);
    const isWhole = values.length === counts.length && values.length > 0;
    return isWhole ? [[key, values.reduce((sum, value) => sum + value, 0)] as const] : [];
  });
  return Object.fromEntries(known) as Partial<Record<K, number>>;
}

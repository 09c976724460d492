import { createHash } from "node:crypto";
import type { ChatMessage, GenerateRequest } from "../servers/model-server.ts";
import { haystackCharacters, haystackText } from "./haystack.ts";
import { seedOf } from "./seeded.ts";
import type { BenchItem, Level, TurnAnswer } from "./suite.ts";

/** What an item's prompts depend on besides the item. */
export interface PromptFacts {
  readonly level: Level;
  readonly windowTokens: number | undefined;
  readonly charactersPerToken: number | undefined;
  readonly seed: number;
  /** Differs for each time that anything is asked. */
  readonly nonce: string;
}

/** What an item says to the model, before it has answered anything. */
export interface PreparedItem {
  readonly system: string | undefined;
  /** In order; the tested model answers where there is no `reply`. */
  readonly turns: readonly { readonly say: string; readonly reply: string | undefined }[];
}

/** OpenClaw's own prompt with its tools, tokens, and some more for an agent's files; it is sent with every turn. */
export const AGENT_PROMPT_TOKENS = 16_000;
/** What a template puts around each message, tokens at most. */
const TEMPLATE_TOKENS = 64;
const FEWEST_CHARACTERS = 3;

/**
 * The texts of an item. At the front of all stands a nonce, since servers keep what
 * they read: without it the second asking of an item, or of one that begins alike,
 * would measure the server's memory. It stands in the system text where the item has
 * one and before the first words otherwise, because a system text where none was
 * meant would take the place of the model's own.
 */
export function prepareItem(item: BenchItem, facts: PromptFacts): PreparedItem {
  const mark = `Note ${facts.nonce}.`;
  const texts = item.turns.map(({ say, reply }, at) => ({
    say: [
      ...(at === 0 && item.system === undefined ? [mark] : []),
      ...(at === 0 && item.haystack !== undefined ? [around(item, item.haystack, facts)] : []),
      say,
    ].join("\n\n"),
    reply,
  }));
  return { system: item.system === undefined ? undefined : `${mark}\n\n${item.system}`, turns: texts };
}

function around(item: BenchItem, haystack: NonNullable<BenchItem["haystack"]>, facts: PromptFacts): string {
  const length = haystackCharacters({ ...facts, reservedTokens: tokensBeside(item) });
  return haystackText(haystack, length, seedOf(facts.seed, item.id));
}

/** What must fit into the window beside a haystack, tokens at most. */
function tokensBeside(item: BenchItem): number {
  const said = item.turns.map(({ say, reply = "" }) => say + reply).join("") + (item.system ?? "");
  const tools = item.tools === undefined ? "" : JSON.stringify(item.tools);
  const answered = item.turns.filter(({ reply }) => reply === undefined).length;
  const written = (said.length + tools.length) / FEWEST_CHARACTERS + item.turns.length * TEMPLATE_TOKENS;
  return Math.ceil(written + answered * item.maxTokens);
}

/** What is sent for the turn `at`, with what the model answered to those before it. */
export function requestFor(
  item: BenchItem,
  { system, turns }: PreparedItem,
  at: number,
  answers: readonly TurnAnswer[],
): Omit<GenerateRequest, "model"> {
  const given = answers.values();
  const messages = turns.slice(0, at + 1).flatMap(({ say, reply }, turn): ChatMessage[] => {
    const before: ChatMessage = { role: "user", text: say };
    if (turn === at) return [before];
    return [before, { role: "assistant", text: reply ?? textOf(given.next().value) }];
  });
  return {
    messages,
    maxTokens: item.maxTokens,
    ...(system === undefined ? {} : { system }),
    ...(item.tools === undefined ? {} : { tools: item.tools }),
  };
}

/** Servers take no empty message. */
function textOf(answer: TurnAnswer | undefined): string {
  if (answer === undefined) return "…";
  const calls = answer.toolCalls.map(({ name, args }) => `${name} ${JSON.stringify(args)}`);
  return [answer.text, ...calls].filter((part) => part.trim() !== "").join("\n") || "…";
}

/** The same for the same asking, whichever process it is. `attempt` counts from 0. */
export const nonceFor = (...parts: readonly (string | number)[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10);

/** How long an item's prompt is about, with its haystack, characters: what is known before anything is asked. */
export function promptCharacters(item: BenchItem, facts: Pick<PromptFacts, "level" | "windowTokens">): number {
  const prepared = prepareItem(item, { ...facts, charactersPerToken: undefined, seed: 0, nonce: "0123456789" });
  const tools = item.tools === undefined ? 0 : JSON.stringify(item.tools).length;
  // Every turn that the model answers sends again what was before it.
  let before = (prepared.system?.length ?? 0) + tools;
  let sent = 0;
  for (const { say, reply } of prepared.turns) {
    before += say.length;
    if (reply === undefined) sent += before;
    before += reply?.length ?? 0;
  }
  return sent;
}

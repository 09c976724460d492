import type { Answer, ReceivedChat } from "./stand-in.ts";

/** Between two words, ms: slow enough to be seen streaming. */
const CHUNK_DELAY_MS = 25;
const QUOTE_LENGTH = 80;

/** What a demo model was given, as far as it shows that a conversation came along whole. */
export interface ReceivedContext {
  /** The first sentence of the agent's SOUL.md. */
  readonly persona: string | undefined;
  /** What the person said, oldest first; the last is what is to be answered. */
  readonly said: readonly string[];
  /** How many answers of earlier turns came along. */
  readonly replies: number;
}

/**
 * The demo servers' answer: an account of what reached them. A tour that switches
 * from one to the other thereby shows persona and history arriving, without a model.
 */
export function demoAnswer(chat: ReceivedChat): Answer {
  const { persona, said, replies } = receivedContext(chat);
  const earlier = said.slice(0, -1);
  const sentences = [
    `[demo] ${chat.model} here.`,
    persona === undefined ? "No persona reached me." : `My persona says: “${shorten(persona)}”.`,
    earlier[0] === undefined && replies === 0
      ? "This is the first message that I was given."
      : `I was given ${count(earlier.length, "earlier message")} of yours and ${count(replies, "reply", "replies")}.`,
    ...(earlier[0] === undefined ? [] : [`Your first was “${shorten(earlier[0])}”.`]),
    ...(said.length === 0 ? [] : [`You now said: “${shorten(said.at(-1) ?? "")}”.`]),
  ];
  return { text: sentences.join(" "), chunkDelayMs: CHUNK_DELAY_MS };
}

/** Reads a request as OpenClaw composes it, without what OpenClaw itself put there. */
export function receivedContext({ system, messages }: Pick<ReceivedChat, "system" | "messages">): ReceivedContext {
  const texts = (role: string) => messages.filter((message) => message.role === role).map(({ text }) => text);
  return {
    persona: personaIn(system),
    said: texts("user")
      .map(spoken)
      .filter((text) => text !== ""),
    replies: texts("assistant").filter((text) => text.trim() !== "").length,
  };
}

/** The workspace files stand in the system prompt one after the other, each under a heading that is its path. */
function personaIn(system: string): string | undefined {
  const body = /^## \S*\bSOUL\.md$\n([\s\S]*?)(?=^## \/|^<!-- |$(?![\s\S]))/m.exec(system)?.[1];
  const prose = body
    ?.replace(/^---\n[\s\S]*?\n---$/m, "")
    .replace(/^\s*#.*$/gm, "")
    .trim();
  const [first] = (prose ?? "").split(/(?<=[.!?])\s|\n/);
  return first === undefined || first === "" || first.startsWith("[MISSING]") ? undefined : first.replace(/\.$/, "");
}

const INTERNAL = /<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>[\s\S]*?(<<<END_OPENCLAW_INTERNAL_CONTEXT>>>|$)/g;
const TIMESTAMP = /^\[[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d[^\]]*\] ?/;

const spoken = (text: string): string => text.replace(INTERNAL, "").trim().replace(TIMESTAMP, "").trim();

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length <= QUOTE_LENGTH ? line : `${characters.slice(0, QUOTE_LENGTH).join("").trimEnd()}…`;
}

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

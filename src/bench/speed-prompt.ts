import { fillerText } from "./haystack.ts";
import { seedOf } from "./seeded.ts";

/** Long enough that a stream's beginning and end weigh little, short enough for 2 tokens a second. */
export const SPEED_ANSWER_TOKENS = 96;

/** A prompt of about so many characters that any model answers with as many tokens as it may. */
export function speedPrompt(characters: number, nonce: string, seed: number): string {
  const before = `Note ${nonce}. These are the minutes of a club.`;
  const question = "Do not sum them up. Count from one to two hundred in words instead, one number after the other.";
  const filler = fillerText(Math.max(0, characters - before.length - question.length - 4), seedOf(seed, "speed"));
  return [before, filler, question].filter((part) => part !== "").join("\n\n");
}

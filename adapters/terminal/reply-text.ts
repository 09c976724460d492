import { inert } from "./inert.ts";

/** White space, half a character or half an escape sequence: what the next piece decides about. */
const UNDECIDED = /(?:[\s\p{Cs}]|(?!\s)\p{Cc}[[\d;?]{0,32})+$/u;

/**
 * Turns the pieces of a reply into text to print. Pieces break anywhere, so
 * what cannot be judged yet is held back: half a surrogate pair, half an escape
 * sequence, and white space that may turn out to be the reply's end.
 */
interface ReplyText {
  push(piece: string): string;
  /** What was held back, without white space at the end. */
  end(): string;
}

export function createReplyText(ascii = false): ReplyText {
  let held = "";
  let begun = false;
  const take = (text: string): string => {
    const clean = inert(text, ascii);
    const shown = begun ? clean : clean.replace(/^\s*\n/, "");
    begun ||= shown !== "";
    return shown;
  };
  return {
    push(piece) {
      const text = held + piece;
      held = UNDECIDED.exec(text)?.[0] ?? "";
      return take(text.slice(0, text.length - held.length));
    },
    end() {
      const rest = take(held).trimEnd();
      held = "";
      return rest;
    },
  };
}

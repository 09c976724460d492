/** A text of others on one line, without characters that turn the reading direction or that a page cannot hold. */
export const inert = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\p{Cf}\ufffe\uffff]/gu, "")
    .trim();

/**
 * What a person typed, from what Slack made of it: links and mentions in angle
 * brackets become their label again, entities their character, and quotes that
 * an operating system curled become straight ones where they are a pair.
 */
export function decodeTyped(text: string): string {
  return text
    .replace(
      /<([^<>|]*)(?:\|([^<>]*))?>/g,
      (_, target: string, label: string | undefined) => label || plainTarget(target),
    )
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replace(/[“„”]([^“„”]*)[”“]/g, '"$1"')
    .replace(/[‘‚]([^‘‚’]*)’/g, "'$1'")
    .replace(/[\u00a0\u202f]/g, " ")
    .replace(/[\u200b-\u200d\u2060\ufeff]/g, "")
    .trim();
}

/** `<@U1>` without a label is `@U1`, `<!here>` is `@here`, a link is its address. */
const plainTarget = (target: string): string =>
  /^[@#]/.test(target) ? target : target.startsWith("!") ? `@${target.slice(1)}` : target.replace(/^mailto:/, "");

/**
 * The words after the mention of `bot` (of anybody, where our own id is not known
 * yet) with which a message begins; other mentions may stand before it. Undefined
 * for any other message: who quotes an agent or another person asks for nothing.
 */
export function afterMention(text: string, bot: string | undefined): string | undefined {
  const mention = new RegExp(`^(?:\\s|<@[A-Z0-9]+(?:\\|[^>]*)?>[\\s,:]*)*?<@${bot ?? "[A-Z0-9]+"}(?:\\|[^>]*)?>`);
  const found = mention.exec(text);
  return found === null ? undefined : text.slice(found[0].length).replace(/^[\s,:]+/, "");
}

/** A value as one word of a command line. */
export function quoted(value: string): string {
  if (!/[\s"']/.test(value)) return value;
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}

import type { StoredMessage } from "./messages.ts";

/** The words of a message as Discord's client shows them: escapes are gone, and so is what has no width. */
export function seenText(message: StoredMessage): string {
  const embeds = message.embeds.flatMap(({ title, description, fields, footer }) => [
    rendered(title ?? ""),
    rendered(description ?? ""),
    ...(fields ?? []).flatMap(({ name, value }) => [rendered(name), rendered(value)]),
    footer?.text ?? "",
  ]);
  const controls = message.rows.flatMap((row) =>
    (row.components ?? []).flatMap(({ label, placeholder, options }) => [
      label ?? "",
      placeholder ?? "",
      ...(options ?? []).flatMap((option) => [option.label, option.description ?? ""]),
    ]),
  );
  const files = message.attachments.map(({ description }) => description);
  return [rendered(message.content), ...embeds, ...files, ...controls]
    .filter((part) => part !== "")
    .join("\n")
    .replaceAll("\u200b", "");
}

/** A backslash before punctuation is not shown, except inside of a code block. */
const rendered = (markdown: string): string =>
  markdown
    .split("```")
    .map((piece, index) => (index % 2 === 1 ? piece : piece.replace(/\\([^\w\s])/g, "$1")))
    .join("\n");

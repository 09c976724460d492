/** What a typed line asks for. */
type Typed =
  | { readonly kind: "quit" }
  | { readonly kind: "help"; readonly line: string }
  | { readonly kind: "command"; readonly line: string }
  | { readonly kind: "message"; readonly text: string };

/**
 * A line that begins with a slash is a command; with two, it is a message that
 * begins with one. Everything else goes to the agent as it stands.
 */
export function readTyped(line: string): Typed {
  const text = line.trim();
  if (!text.startsWith("/")) return { kind: "message", text };
  if (text.startsWith("//")) return { kind: "message", text: text.slice(1) };
  const command = text.replace(/\s*\n\s*/g, " ");
  const name = command.slice(1).split(/\s/, 1)[0]?.toLowerCase();
  if (name === "quit" || name === "exit") return { kind: "quit" };
  return { kind: name === "help" ? "help" : "command", line: command };
}

/** Whether a line goes on in the next one: a backslash at the end that is not itself escaped. */
export const continues = (line: string): boolean => /(?:^|[^\\])(?:\\\\)*\\$/.test(line);

/** The lines of one input put together, their closing backslashes gone. */
export const joinLines = (lines: readonly string[]): string =>
  lines.map((line) => (continues(line) ? line.slice(0, -1) : line)).join("\n");

/** The answer to a question; undefined where the line is none and means something else. */
export function readAnswer(line: string): boolean | undefined {
  if (/^y(es)?$/i.test(line.trim())) return true;
  if (/^(no?)?$/i.test(line.trim())) return false;
  return undefined;
}

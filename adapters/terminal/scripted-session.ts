import { createChannel } from "./channel.ts";
import { inert } from "./inert.ts";
import { createPen } from "./pen.ts";
import { createPlainScreen } from "./screen.ts";
import { readLines } from "./scripted-input.ts";
import type { Session, SessionParts } from "./session.ts";
import { readAnswer, readTyped } from "./typed-line.ts";

/**
 * Lines from a pipe or a file, one after the other: each waits for the answer
 * to the one before. Every line is echoed behind the prompt, so that what is
 * printed reads as a conversation.
 */
export function startScripted(parts: SessionParts & { readonly echo: boolean }): Session {
  const { write, onLine, look } = parts;
  const stop = new AbortController();
  const gone = new AbortController();
  const lines = readLines(parts.input, stop.signal);
  const screen = createPlainScreen(write);
  let ahead: string | undefined;

  /** `hint` stands before the line: the prompt, or a question. */
  const next = async (hint: string): Promise<string | undefined> => {
    if (!parts.echo) write(hint);
    const { value, done } = await lines.next();
    if (done === true) return undefined;
    onLine();
    return value;
  };

  const echo = (hint: string, line: string): void => {
    const { marks, paint } = createPen(look());
    const shown = inert(line, look().ascii).replaceAll("\n", `\n${marks.continued}`);
    if (parts.echo) screen.print(`${paint("command", hint.trimEnd())} ${shown}`);
  };

  const ask = async (): Promise<boolean> => {
    const question = "Go on? [y/N] ";
    const line = await next(question);
    const answer = line === undefined ? false : readAnswer(line);
    if (answer === undefined) ahead = line;
    echo(question, answer === undefined || line === undefined ? "no answer" : line);
    return answer === true;
  };

  const channel = createChannel({ ...parts, screen, ask });

  const converse = async (): Promise<void> => {
    if (parts.greeting !== undefined) channel.show(parts.greeting);
    while (!gone.signal.aborted) {
      const { prompt } = createPen(look()).marks;
      const line = ahead ?? (await next(prompt));
      ahead = undefined;
      if (line === undefined || stop.signal.aborted) return;
      echo(prompt, line);
      const typed = readTyped(line);
      if (typed.kind === "quit") return;
      if (typed.kind === "message") await channel.message(typed.text, gone.signal);
      else await channel[typed.kind](typed.line, gone.signal);
    }
  };

  const finished = converse().finally(async () => {
    stop.abort();
    await lines.return();
  });
  return {
    finished,
    show: channel.show,
    stop() {
      stop.abort();
      return finished;
    },
    abandon() {
      gone.abort();
      stop.abort();
    },
  };
}

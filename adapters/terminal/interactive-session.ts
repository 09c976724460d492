import { createChannel } from "./channel.ts";
import { growth, type Offer, offersFor } from "./completion.ts";
import { inert } from "./inert.ts";
import { createJobQueue } from "./job-queue.ts";
import { createLineEditor } from "./line-editor.ts";
import { createLiveScreen } from "./live-screen.ts";
import { createPen, type Pen } from "./pen.ts";
import type { Session, SessionParts } from "./session.ts";
import { cut, padEnd, widest } from "./text-layout.ts";
import { continues, joinLines, readAnswer, readTyped } from "./typed-line.ts";

const MOST_OFFERS = 20;
const MOST_WAITING = 3;

/** A person at a keyboard: the prompt is always there, and commands run while a reply is coming. */
export function startInteractive(parts: SessionParts): Session {
  const { look, onLine } = parts;
  const pen = (): Pen => createPen(look());
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  let ended = false;
  let draft: string[] = [];
  let question: ((yes: boolean) => void) | undefined;

  const editor = createLineEditor({
    input: parts.input,
    output: parts.output,
    columns: () => look().columns,
    historyFile: parts.historyFile,
    remembers: (line) => question === undefined || readAnswer(line) === undefined,
    complete: (line) => complete(line),
    onLine: (line, rows) => {
      screen.takeBack(rows);
      receive(line);
    },
    onInterrupt: () => interrupt(),
    onEnd: () => end(),
  });
  const screen = createLiveScreen({ write: parts.write, columns: () => look().columns, prompt: editor });

  /** Text as it stands in one row, behind its prompt. */
  const row = (text: string, hint = pen().marks.prompt): string => {
    const { columns, marks } = pen();
    return cut(hint + inert(text, look().ascii).replaceAll("\n", ` ${marks.ellipsis} `), columns - 1, marks.ellipsis);
  };
  const showWaiting = (texts: readonly string[]): void => {
    const more = texts.length > MOST_WAITING ? [`  and ${texts.length - MOST_WAITING} more`] : [];
    const rows = [...texts.slice(0, MOST_WAITING).map((text) => row(text)), ...more];
    screen.live(
      "waiting",
      [...rows, ...draft.map((line) => row(line))].map((line) => pen().paint("quiet", line)),
    );
  };
  let waiting: readonly string[] = [];
  const queue = createJobQueue((texts) => {
    waiting = texts;
    showWaiting(texts);
  });

  const setPrompt = (): void => {
    const { marks, paint } = pen();
    const hint = question !== undefined ? "Go on? [y/N] " : draft.length > 0 ? marks.continued : marks.prompt;
    screen.changePrompt(() => editor.setPrompt(paint("command", hint)));
    showWaiting(waiting);
  };

  const echo = (text: string, hint: string): void => {
    const { marks, paint } = pen();
    const shown = inert(text, look().ascii).replaceAll("\n", `\n${marks.continued}`);
    screen.print(paint("command", hint) + shown);
  };

  const ask = (): Promise<boolean> => {
    if (ended) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    question = resolve;
    setPrompt();
    return promise;
  };
  const answer = (yes: boolean): void => {
    const waitingFor = question;
    question = undefined;
    setPrompt();
    waitingFor?.(yes);
  };

  const channel = createChannel({ ...parts, screen, ask });

  const receive = (line: string): void => {
    if (line.trim() !== "") onLine();
    if (question !== undefined) {
      const yes = readAnswer(line);
      echo(yes === undefined ? "no answer" : line, "Go on? [y/N] ");
      answer(yes === true);
      if (yes !== undefined) return;
    }
    draft.push(line);
    if (!continues(line)) carryOut(joinLines(draft.splice(0)));
    setPrompt();
  };

  const carryOut = (text: string): void => {
    if (text.trim() === "") return;
    const typed = readTyped(text);
    if (typed.kind === "quit") {
      queue.abortAll();
      leave();
      return;
    }
    queue.add({
      kind: typed.kind === "message" ? "message" : "command",
      text,
      run: (signal) => {
        const announce = (): void => {
          screen.live("running", []);
          echo(text, pen().marks.prompt);
        };
        if (typed.kind !== "message") {
          screen.live("running", [row(text)]);
          return channel[typed.kind](typed.line, signal, announce);
        }
        announce();
        return channel.message(typed.text, signal);
      },
    });
  };

  const interrupt = (): void => {
    if (question !== undefined) {
      answer(false);
      return;
    }
    const stopped = queue.interrupt();
    if (stopped === "message") {
      const dropped = queue.drop();
      const words = `Not sent: ${dropped} ${dropped === 1 ? "line" : "lines"} that waited.`;
      if (dropped > 0) queue.idle().then(() => channel.note(words));
    }
    if (stopped !== undefined) return;
    if (editor.typed() === "" && draft.length === 0) {
      leave();
      return;
    }
    draft = [];
    editor.clear();
    setPrompt();
  };

  const complete = (line: string): [string[], string] => {
    if (question !== undefined || draft.length > 0) return [[], line];
    const { dispatch, person } = parts;
    const offer = offersFor(line, {
      commands: dispatch.commands,
      complete: (...typed) => dispatch.complete(...typed, person),
    });
    const grown = growth(offer);
    if (grown === undefined && offer.found.length > 1) screen.print(`${drawOffers(offer, pen())}\n`);
    return [grown === undefined ? [] : [grown], offer.word];
  };

  const leave = (): void => {
    queue.drop();
    editor.close();
  };

  /** After Ctrl-D what was sent is still answered, as it is at the end of a file. */
  const end = (): void => {
    if (ended) return;
    ended = true;
    if (question !== undefined) answer(false);
    screen.withoutPrompt();
    queue.idle().then(finish);
  };

  if (parts.greeting !== undefined) channel.show(parts.greeting);
  setPrompt();

  return {
    finished,
    show: channel.show,
    stop() {
      leave();
      return finished;
    },
    abandon() {
      queue.abortAll();
      leave();
      finish();
    },
  };
}

function drawOffers({ found }: Offer, { columns, line, paint, marks }: Pen): string {
  const shown = found.slice(0, MOST_OFFERS).map(({ value, label }) => ({ value: line(value), label: line(label) }));
  const names = Math.min(widest(shown.map(({ value }) => value)), columns - 4);
  const rows = shown.map(({ value, label }) => {
    const name = cut(value, names, marks.ellipsis);
    const left = columns - 4 - names - 2;
    if (label === "" || label === value || left < 8) return `  ${name}`;
    return `  ${padEnd(name, names)}  ${paint("quiet", cut(label, left, marks.ellipsis))}`;
  });
  return [...rows, ...(found.length > shown.length ? [`  and ${found.length - shown.length} more`] : [])].join("\n");
}

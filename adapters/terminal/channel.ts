import type { Card } from "../../commands/card.ts";
import type { Person } from "../../commands/command.ts";
import type { Outcome } from "../../commands/dispatcher.ts";
import { toClutchError } from "../../src/errors.ts";
import type { AgentChat } from "../../src/models/agent-chat.ts";
import type { Conversation } from "../../src/models/conversation.ts";
import type { Dispatch } from "../adapter.ts";
import { commandsCard, TERMINAL_CARD } from "./help-card.ts";
import { createPen, type Pen, type PenOptions } from "./pen.ts";
import { renderCard } from "./render-card.ts";
import { createReplyText } from "./reply-text.ts";
import { saveFile } from "./save-file.ts";
import type { Screen } from "./screen.ts";
import { wrap } from "./text-layout.ts";
import { untilAborted } from "./until-aborted.ts";

/** What a conversation in a terminal is made of, however its lines arrive. */
export interface ChannelParts {
  readonly dispatch: Dispatch;
  readonly chat: AgentChat;
  readonly conversation: Conversation;
  readonly person: Person;
  /** How a model that answered is called in the line below its reply. */
  readonly label: (model: string) => string;
  /** Where files that cards carry are written; the working directory where it is not given. */
  readonly saveIn?: string;
  /** How to draw now; the width changes with the window. */
  readonly look: () => PenOptions;
}

/**
 * Carries out what was typed and shows what comes of it. `announce` is called
 * right before the first card, so that a command typed while a reply is coming
 * can stand directly above its card. Nothing here rejects.
 */
interface Channel {
  command(line: string, signal: AbortSignal, announce?: () => void): Promise<void>;
  help(line: string, signal: AbortSignal, announce?: () => void): Promise<void>;
  message(text: string, signal: AbortSignal): Promise<void>;
  show(card: Card): void;
  /** A quiet line of the terminal's own. */
  note(text: string): void;
}

export function createChannel(
  parts: ChannelParts & {
    readonly screen: Screen;
    /** Asks the person to go on with what the card above describes. */
    readonly ask: () => Promise<boolean>;
  },
): Channel {
  const { dispatch, screen, look } = parts;
  const pen = (): Pen => createPen(look());

  const show = (card: Card): void => screen.print(`${renderCard(card, look())}\n`);

  const quiet = (text: string): string => {
    const { line, paint, columns } = pen();
    return wrap(line(text), columns)
      .map((row) => paint("quiet", row))
      .join("\n");
  };
  const note = (text: string): void => screen.print(`${quiet(text)}\n`);

  /** One row short of the width, or the terminal might break it and the foot would be a row higher than counted. */
  const progress = ({ tone, title, meter }: Card): void => {
    const drawn = renderCard(
      { tone, title, ...(meter === undefined ? {} : { meter }) },
      { ...look(), columns: look().columns - 1 },
    );
    screen.live(
      "command",
      drawn.split("\n").filter((row) => row !== ""),
    );
  };

  const run = async (line: string, confirmed: boolean, signal: AbortSignal): Promise<Outcome> => {
    const { conversation, person } = parts;
    let over = false;
    try {
      return await dispatch.run({
        line,
        conversation,
        person,
        confirmed,
        signal,
        progress: (card) => {
          if (!over) progress(card);
        },
      });
    } finally {
      over = true;
      screen.live("command", []);
    }
  };

  const showFault = (thrown: unknown): void => {
    const { message, hint } = toClutchError(thrown);
    show({ tone: "error", title: message, ...(hint === "" ? {} : { body: [hint] }) });
  };

  const command: Channel["command"] = async (line, signal, announce) => {
    try {
      let outcome = await run(line, false, signal).finally(announce);
      show(await saveFile(outcome.card, parts.saveIn ?? process.cwd()));
      while (outcome.needsConfirmation) {
        if (!(await parts.ask())) return note("Not confirmed, so nothing was done.");
        outcome = await run(line, true, signal);
        show(await saveFile(outcome.card, parts.saveIn ?? process.cwd()));
      }
      if (outcome.error?.code === "unknown_command")
        note("A message to the agent that begins with a slash takes two: //");
    } catch (thrown) {
      showFault(thrown);
    }
  };

  const message: Channel["message"] = async (text, signal) => {
    const reply = createReplyText(look().ascii);
    const status = (words: string): void => {
      const { columns, line, paint, marks } = pen();
      const row = wrap(`${line(words)} ${marks.ellipsis}`, columns - 1)[0] ?? "";
      screen.live("reply", words === "" ? [] : [paint("quiet", row)]);
    };
    let begun = false;
    const add = (piece: string): void => {
      if (piece === "") return;
      if (!begun) status("");
      begun = true;
      screen.stream(piece);
    };
    const finish = (): void => {
      add(reply.end());
      status("");
      screen.endStream();
    };
    try {
      status("waiting for the agent");
      for await (const piece of untilAborted(parts.chat.send(text, signal), signal)) {
        if (piece.type === "text") add(reply.push(piece.text));
        else if (piece.type === "status" && !begun) status(piece.text);
        else if (piece.type === "done") {
          finish();
          if (!begun) screen.print(quiet("The reply was empty."));
          if (piece.model === undefined) screen.print("");
          else note(`${pen().marks.by} ${parts.label(piece.model)}`);
          return;
        } else if (piece.type === "error") {
          finish();
          show({ tone: "error", title: piece.message, ...(piece.hint ? { body: [piece.hint] } : {}) });
          return;
        }
      }
      finish();
      if (signal.aborted) note("Stopped waiting for this reply; the agent may still be at work on it.");
      else note("The reply broke off before its end.");
    } catch (thrown) {
      finish();
      showFault(thrown);
    }
  };

  return {
    command,
    message,
    show,
    note,
    async help(line, signal, announce) {
      if (dispatch.commands.some(({ name }) => name === "help")) await command(line, signal, announce);
      else {
        announce?.();
        show(commandsCard(dispatch.commands));
      }
      show(TERMINAL_CARD);
    },
  };
}

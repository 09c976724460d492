import type { Readable, Writable } from "node:stream";
import type { Card } from "../../commands/card.ts";
import type { Person } from "../../commands/command.ts";
import type { AgentChat } from "../../src/models/agent-chat.ts";
import type { Conversation } from "../../src/models/conversation.ts";
import type { ChatAdapter } from "../adapter.ts";
import { startInteractive } from "./interactive-session.ts";
import { startScripted } from "./scripted-session.ts";
import type { Session, SessionParts } from "./session.ts";
import { terminalTraits } from "./terminal-traits.ts";

export interface TerminalOptions {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Where text that is no command goes. */
  readonly chat: AgentChat;
  readonly conversation: Conversation;
  readonly person: Person;
  /** How a model (`provider/model`) is called in the line below its reply. */
  readonly label: (model: string) => string;
  /** Shown first. */
  readonly greeting?: Card;
  /** Lines typed at a real terminal are kept here, 1000 at most, readable by the owner alone. */
  readonly historyFile?: string;
  /** Where files that cards carry are written; the working directory where it is not given. */
  readonly saveIn?: string;
  /** Width to draw for where the output does not know its own; else 80. */
  readonly columns?: number;
  /** These two are read off the output and the environment where they are not given. */
  readonly colour?: boolean;
  readonly ascii?: boolean;
}

export interface TerminalAdapter extends ChatAdapter {
  /** Resolves when the input has ended and everything typed is answered, on /quit, on `stop`, or when nobody reads the output any more. */
  readonly done: Promise<void>;
  /** Lines read so far that were not blank. */
  readonly linesRead: number;
}

/**
 * The terminal as a channel: commands go to the core, everything else to the
 * agent. With a keyboard and a screen it is interactive; otherwise lines are
 * taken in order and nothing is ever erased.
 */
export function createTerminalAdapter(options: TerminalOptions): TerminalAdapter {
  const { input, output } = options;
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  let session: Session | undefined;
  let linesRead = 0;
  let open = false;

  const close = (): void => {
    open = false;
    finish();
  };
  const write = (text: string): void => {
    if (open) output.write(text);
  };

  return {
    platform: "terminal",
    done,
    get linesRead() {
      return linesRead;
    },
    async start(dispatch) {
      const traits = terminalTraits(input, output, process.env);
      const { colour = traits.colour, ascii = traits.ascii } = options;
      // A reader that went away (EPIPE) is no error: it has seen enough. The listener stays, for writes still on their way.
      output.on("error", () => {
        close();
        session?.abandon();
      });
      const parts: SessionParts = {
        ...options,
        dispatch,
        write,
        // A terminal whose size nobody set says 0, as in `docker exec -t`.
        look: () => ({ columns: output.columns || (options.columns ?? 80), colour, ascii }),
        onLine: () => {
          linesRead += 1;
        },
      };
      open = true;
      session = traits.interactive ? startInteractive(parts) : startScripted({ ...parts, echo: input.isTTY !== true });
      session.finished.then(close);
    },
    async stop() {
      await session?.stop();
      close();
    },
    async post(_conversation, card) {
      session?.show(card);
      return session !== undefined;
    },
  };
}

import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import {
  createTerminalAdapter,
  type TerminalAdapter,
  type TerminalOptions,
} from "../../../adapters/terminal/terminal-adapter.ts";
import type { AgentChat, ChatPiece } from "../../../src/models/agent-chat.ts";
import type { Conversation } from "../../../src/models/conversation.ts";
import { createVirtualScreen } from "./virtual-screen.ts";

export const CONVERSATION: Conversation = { platform: "terminal", channel: "here", kind: "direct", person: "me" };

export interface Terminal {
  readonly adapter: TerminalAdapter;
  readonly input: PassThrough;
  readonly output: PassThrough;
  /** What a person sees. */
  text(): string;
  /** Every byte that was written. */
  raw(): string;
}

export type Settings = Partial<TerminalOptions>;

/** Input and output that are no terminals. */
export function pipes(settings: Settings = {}): Terminal {
  const input = new PassThrough();
  const output = new PassThrough();
  let raw = "";
  output.on("data", (chunk: Buffer) => {
    raw += chunk.toString();
  });
  return { adapter: adapterOn(input, output, settings), input, output, text: () => raw, raw: () => raw };
}

/** Streams that behave as a terminal's do, and a screen that shows what was drawn. */
export function keyboardAndScreen(settings: Settings = {}, columns = 60): Terminal {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns, rows: 40 });
  const screen = createVirtualScreen(columns);
  let raw = "";
  output.on("data", (chunk: Buffer) => {
    raw += chunk.toString();
    screen.write(chunk.toString());
  });
  return { adapter: adapterOn(input, output, settings), input, output, text: screen.text, raw: () => raw };
}

const adapterOn = (input: PassThrough, output: PassThrough, settings: Settings): TerminalAdapter =>
  createTerminalAdapter({
    input,
    output,
    chat: echoChat,
    conversation: CONVERSATION,
    person: { platform: "terminal", id: "me" },
    label: (model) => `${model.split("/")[1]} · local`,
    colour: false,
    ascii: false,
    ...settings,
  });

/** Answers each message with itself. */
export const echoChat: AgentChat = {
  async *send(text) {
    yield { type: "text", text: `re: ${text}` };
    yield { type: "done", model: "ollama/demo" };
  },
};

/** A chat whose replies come piece by piece as the test gives them. */
export function guidedChat(): { chat: AgentChat; sent: string[]; say(...pieces: ChatPiece[]): Promise<void> } {
  const sent: string[] = [];
  let pending: ChatPiece[] = [];
  let wake: () => void = () => undefined;
  return {
    sent,
    chat: {
      async *send(text) {
        sent.push(text);
        pending = [];
        for (;;) {
          const piece = pending.shift();
          if (piece === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
            continue;
          }
          yield piece;
          if (piece.type === "done" || piece.type === "error") return;
        }
      },
    },
    async say(...pieces) {
      pending.push(...pieces);
      wake();
      await settle();
    },
  };
}

/** Lets streams and promises do what they can do without waiting. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

/** Presses keys one at a time, as a person does. */
export async function press({ input }: Terminal, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    input.write(key);
    await settle();
  }
}

export const KEY = { enter: "\r", tab: "\t", up: "\x1b[A", left: "\x1b[D", ctrlC: "\x03", ctrlD: "\x04" } as const;

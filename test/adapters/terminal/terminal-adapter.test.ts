import { describe, expect, it } from "vitest";
import { type ChatAdapterHarness, chatAdapterSuite } from "../chat-adapter.suite.ts";
import { CONVERSATION, keyboardAndScreen, pipes, settle, type Terminal } from "./terminals.ts";

const harnessOn = (make: () => Terminal, enter: string) => async (): Promise<ChatAdapterHarness> => {
  const terminal = make();
  const type = async (line: string): Promise<void> => {
    if (!terminal.input.destroyed) terminal.input.write(line + enter);
    await settle();
  };
  return {
    adapter: terminal.adapter,
    conversation: CONVERSATION,
    type,
    answer: (yes: boolean) => type(yes ? "yes" : "no"),
    acknowledged: (line: string) => terminal.text().includes(`› ${line}`),
    shown: terminal.text,
    async close() {
      terminal.input.destroy();
      terminal.output.destroy();
    },
  };
};

chatAdapterSuite(
  "the terminal on a pipe",
  harnessOn(() => pipes(), "\n"),
);
chatAdapterSuite(
  "the interactive terminal",
  harnessOn(() => keyboardAndScreen(), "\r"),
);

describe("the terminal", () => {
  it("is named terminal", () => expect(pipes().adapter.platform).toBe("terminal"));
});

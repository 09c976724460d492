import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ChatAdapterHarness, chatAdapterSuite } from "../chat-adapter.suite.ts";
import { CONVERSATION, keyboardAndScreen, pipes, type Settings, settle, type Terminal } from "./terminals.ts";

const harnessOn = (make: (settings: Settings) => Terminal, enter: string) => async (): Promise<ChatAdapterHarness> => {
  const saveIn = await mkdtemp(join(tmpdir(), "clutch-files-"));
  const terminal = make({ saveIn });
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
    async files() {
      const names = await readdir(saveIn);
      return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(saveIn, name), "utf8") })));
    },
    async close() {
      await rm(saveIn, { recursive: true });
      terminal.input.destroy();
      terminal.output.destroy();
    },
  };
};

chatAdapterSuite(
  "the terminal on a pipe",
  harnessOn((settings) => pipes(settings), "\n"),
);
chatAdapterSuite(
  "the interactive terminal",
  harnessOn((settings) => keyboardAndScreen(settings), "\r"),
);

describe("the terminal", () => {
  it("is named terminal", () => expect(pipes().adapter.platform).toBe("terminal"));
});

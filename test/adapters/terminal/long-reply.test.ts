import { expect, it } from "vitest";
import { outcome, recordingCore } from "../recording-core.ts";
import { guidedChat, keyboardAndScreen, pipes, settle } from "./terminals.ts";

const MEGABYTE = `begins ${"a word and another, ".repeat(50_000)}ends`;

it.each([
  ["in one piece", [MEGABYTE]],
  ["in fifty thousand", ["begins ", ...Array.from({ length: 50_000 }, () => "a word and another, "), "ends"]],
  ["without a space", [`begins${"x".repeat(1_000_000)}ends`]],
])("an agent's reply of a megabyte %s is shown whole, and the terminal goes on", async (_, pieces) => {
  for (const open of [pipes, keyboardAndScreen]) {
    const { chat, sent, say } = guidedChat();
    const terminal = open({ chat });
    await terminal.adapter.start(recordingCore(({ line }) => outcome({ title: `did ${line}` })).dispatch);
    terminal.input.write("talk to me\n");
    for (let turn = 0; turn < 200 && sent.length === 0; turn++) await settle();
    await say(...pieces.map((text) => ({ type: "text", text }) as const), { type: "done", model: "ollama/demo" });
    for (let turn = 0; turn < 2_000 && !terminal.raw().includes("ends"); turn++) await settle();
    expect(terminal.raw()).toContain("begins");
    expect(terminal.raw()).toContain("ends");
    terminal.input.write("/model\n");
    for (let turn = 0; turn < 2_000 && !terminal.raw().includes("did /model"); turn++) await settle();
    expect(terminal.raw()).toContain("did /model");
    await terminal.adapter.stop();
  }
});

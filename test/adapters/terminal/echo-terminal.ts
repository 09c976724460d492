// The terminal channel as a process of its own, for tests that need real pipes and pseudo-terminals.
import { createTerminalAdapter } from "../../../adapters/terminal/terminal-adapter.ts";
import { outcome, recordingCore } from "../recording-core.ts";
import { CONVERSATION, echoChat } from "./terminals.ts";

const historyFile = process.argv[2];
const { dispatch } = recordingCore(({ line }) => outcome({ title: `did ${line}` }), {
  commands: [{ name: "model", summary: "Switch", forms: [], options: [] }],
});
const adapter = createTerminalAdapter({
  input: process.stdin,
  output: process.stdout,
  chat: echoChat,
  conversation: CONVERSATION,
  person: { platform: "terminal", id: "me" },
  label: (model) => model,
  greeting: { tone: "info", title: "Echo" },
  ...(historyFile === undefined ? {} : { historyFile }),
});
await adapter.start(dispatch);
await adapter.done;

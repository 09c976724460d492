import { createTerminalAdapter } from "../../../adapters/terminal/terminal-adapter.ts";
import { outcome, recordingCore } from "./core.ts";
import { CONVERSATION, echoChat } from "./terminals.ts";

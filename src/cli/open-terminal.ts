import { userInfo } from "node:os";
import type { Readable } from "node:stream";
import type { Dispatch } from "../../adapters/adapter.ts";
import type { TerminalAdapter } from "../../adapters/terminal/terminal-adapter.ts";
import type { Person } from "../../commands/command.ts";
import { localityWord, profileOf } from "../../commands/model-card.ts";
import type { App } from "../app.ts";
import { parseModelRef } from "../models/model-ref.ts";
import { createAgentChat } from "../openclaw/agent-chat.ts";
import type { Runtime } from "./runtime.ts";

/** Whoever sits at the machine's own terminal. */
const personAtTerminal = (): Person => {
  try {
    return { platform: "terminal", id: userInfo().username };
  } catch {
    // Containers run as numbers that no account belongs to.
    return { platform: "terminal", id: String(process.getuid?.() ?? "me") };
  }
};

/** The same as the access lists name a person. Who sits at the machine could write the configuration as well. */
export const ownerAtTerminal = (): string => `terminal:${personAtTerminal().id}`;

/** Opens the terminal channel of one session and starts it. */
export async function openTerminal(options: {
  /** The App that serves now. */
  readonly current: () => App;
  readonly dispatch: Dispatch;
  readonly runtime: Runtime;
  readonly sessionKey: string;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly historyFile?: string;
  /** Told in words what did not work, for a caller that has to know at the end. */
  readonly onFailure?: (what: string) => void;
}): Promise<TerminalAdapter> {
  const { current, dispatch, runtime, sessionKey, input, historyFile, onFailure } = options;
  const { createTerminalAdapter } = await import("../../adapters/terminal/terminal-adapter.ts");
  const person = personAtTerminal();
  const terminal = createTerminalAdapter({
    input,
    output: runtime.stdout,
    chat: {
      async *send(text, signal) {
        const { connection, openclaw } = current();
        for await (const piece of createAgentChat(connection, openclaw, sessionKey).send(text, signal)) {
          if (piece.type === "error") onFailure?.(`“${text}”: ${piece.message}`);
          yield piece;
        }
      },
    },
    conversation: { platform: "terminal", channel: sessionKey, kind: "direct", person: person.id },
    person,
    label: (model) => {
      const known = current().services.registry.known();
      const profile = known === undefined ? undefined : profileOf(parseModelRef(model), known);
      return `${model} · ${localityWord(profile)}`;
    },
    ...(historyFile === undefined ? {} : { historyFile }),
  });
  await terminal.start({
    ...dispatch,
    async run(invocation) {
      const outcome = await dispatch.run(invocation);
      if (!outcome.ok && !outcome.needsConfirmation)
        onFailure?.(`${invocation.line}: ${outcome.error?.message ?? "refused"}`);
      return outcome;
    },
  });
  return terminal;
}

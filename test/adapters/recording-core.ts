import type { Dispatch } from "../../adapters/adapter.ts";
import type { Card } from "../../commands/card.ts";
import type { Invocation, Outcome } from "../../commands/dispatcher.ts";

export type Answer = (invocation: Invocation) => Outcome | Promise<Outcome>;

export interface RecordingCore {
  readonly dispatch: Dispatch;
  readonly invocations: Invocation[];
}

/** A core that answers by `answer` and keeps what it was asked. */
export function recordingCore(answer: Answer, parts: Partial<Omit<Dispatch, "run">> = {}): RecordingCore {
  const invocations: Invocation[] = [];
  return {
    invocations,
    dispatch: {
      commands: [],
      admits: () => true,
      complete: () => [],
      ...parts,
      async run(invocation) {
        invocations.push(invocation);
        return answer(invocation);
      },
    },
  };
}

export const outcome = (card: Partial<Card> & { readonly title: string }): Outcome => ({
  ok: true,
  card: { tone: "success", ...card },
  visibility: "public",
  needsConfirmation: false,
});

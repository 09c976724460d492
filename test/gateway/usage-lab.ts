import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { UsageCall } from "../../src/models/usage-call.ts";
import { type Answer, estimateTokens, type ReceivedChat } from "../../src/sandbox/stand-in.ts";
import type { UsageLedger } from "../../src/store/usage-ledger.ts";
import { type AttachedClutch, QWEN, SONNET } from "./harness.ts";
import { type LockedLab, startLockedLab } from "./locked-lab.ts";

/** A request as a stand-in got it, with what it counted: input and output, or nothing where no answer came of it. */
export interface Entry {
  readonly model: string;
  readonly tokens: string | undefined;
}

type Say = (chat: ReceivedChat) => (Partial<Answer> & { readonly isCut?: boolean }) | undefined;

/** A lab whose stand-ins keep a journal of every request, to compare the ledger with. */
export interface UsageLab {
  readonly lab: LockedLab;
  readonly journal: readonly Entry[];
  /** What the models say from now on; `isCut` marks an answer that is not to reach its end. */
  saying(say: Say): void;
  /** Resolves once so many more requests came than when `work` was begun. */
  requests(count: number, work: () => Promise<unknown>): Promise<void>;
  /** Waits until every request is one row, checks it, and gives the rows of calls that ended since. */
  counted(ledger: UsageLedger, since?: number): Promise<UsageCall[]>;
  /** Begins a turn without waiting for its end; gives its run. */
  begin(clutch: AttachedClutch, sessionKey: string, message: string): Promise<string>;
}

export async function startUsageLab({ guard = true } = {}): Promise<UsageLab> {
  const lab = await startLockedLab({
    guard,
    wall: false,
    change(config) {
      config.agents.defaults.heartbeat = { every: "24h" };
      // OpenClaw would find fault with a summary by a stand-in.
      config.agents.defaults.compaction = { mode: "default" };
      config.agents.entries.keeper.model = { primary: QWEN, fallbacks: [SONNET] };
    },
  });
  const journal: Entry[] = [];
  let say: Say = () => undefined;
  lab.answerWith((chat) => {
    const { isCut = false, ...own } = say(chat) ?? {};
    const answer: Answer = { text: `${chat.model} says something.`, ...own };
    const input = estimateTokens(chat.system + chat.messages.map(({ text }) => text).join(""));
    const isSummary = chat.messages.at(-1)?.text.startsWith("<conversation>") === true;
    const isSized = answer.status === undefined && !isSummary && !isCut;
    const tokens = isSized ? `${input}+${estimateTokens(answer.text)}` : undefined;
    journal.push({ model: `${chat.server}/${chat.model}`, tokens });
    return answer;
  });

  const untilAsked = async (count: number): Promise<void> => {
    for (let waited = 0; waited < 60_000 && journal.length < count; waited += 50) await sleep(50);
    expect(journal.length).toBeGreaterThanOrEqual(count);
  };

  return {
    lab,
    journal,
    saying(next) {
      say = next;
    },
    async requests(count, work) {
      const before = journal.length;
      await work();
      await untilAsked(before + count);
    },
    async counted(ledger, since = 0) {
      const calls = () => Array.fromAsync(ledger.calls({ from: 0, to: Number.MAX_SAFE_INTEGER }));
      for (let waited = 0; waited < 30_000 && (await calls()).length < journal.length; waited += 200) await sleep(200);
      // One that came twice would come about now.
      await sleep(500);
      const found = await calls();
      expect(sorted(found.map(entryOf))).toEqual(sorted(journal));
      expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
      return found.filter(({ at }) => at >= since);
    },
    async begin(clutch, sessionKey, message) {
      const runId = randomUUID();
      await clutch.call("chat.send", { sessionKey, message, idempotencyKey: runId });
      return runId;
    },
  };
}

const entryOf = ({ model, tokens }: UsageCall): Entry => ({
  model: `${model.provider}/${model.model}`,
  tokens: tokens && `${tokens.input}+${tokens.output}`,
});
const sorted = (entries: readonly Entry[]): string[] => entries.map((entry) => JSON.stringify(entry)).sort();

/** The first so many requests that offer tools are answered with a call of one of which OpenClaw keeps no message. */
export function usingTools(times: number, text = ""): Say {
  let used = 0;
  return (chat) => {
    if (used >= times || !Array.isArray(chat.body["tools"])) return undefined;
    used++;
    return { text, toolCalls: [{ name: "tool_call", args: { id: "session_status", args: {} } }] };
  };
}

export const channel = (id: string, agent = "main"): string => `agent:${agent}:discord:channel:${id}`;

/** Lets a scheduled job of the main agent run so many times, one after the other. */
export async function runJob(clutch: AttachedClutch, times: number): Promise<void> {
  const { id } = (await clutch.call("cron.add", {
    name: "report",
    agentId: "main",
    enabled: false,
    schedule: { kind: "cron", expr: "0 0 1 1 *" },
    sessionTarget: "isolated",
    wakeMode: "now",
    payload: { kind: "agentTurn", message: "Report." },
    delivery: { mode: "none" },
  })) as { id: string };
  for (let run = 1; run <= times; run++) {
    await clutch.call("cron.run", { id, mode: "force" });
    for (let waited = 0; waited < 60_000; waited += 200) {
      const { entries } = (await clutch.call("cron.runs", { id, limit: 10 })) as { entries: unknown[] };
      if (entries.length >= run) break;
      await sleep(200);
    }
  }
}

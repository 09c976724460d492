import type { BenchResults } from "../src/bench/bench-results.ts";
import type { BenchNews } from "../src/bench/bench-worker.ts";
import type { Conversation } from "../src/models/conversation.ts";
import { parsePlace } from "../src/models/place.ts";
import { conversationOfSession } from "../src/openclaw/session-keys.ts";
import type { SessionRow } from "../src/openclaw/wire.ts";
import { benchResultCard } from "./bench-result-card.ts";
import { RESULT_ACTIONS } from "./bench-run.ts";
import type { Card } from "./card.ts";

/** A card for where a bench was asked for. */
interface BenchNotice {
  readonly to: { readonly sessionKey: string; readonly conversation: Conversation | undefined };
  readonly card: Card;
}

/**
 * What is told once a bench is done or cannot go on. Undefined where it was not asked for
 * in a chat.
 */
export async function benchNotice(
  news: BenchNews,
  parts: {
    readonly results: Pick<BenchResults, "report">;
    readonly readSession: (key: string) => Promise<SessionRow | undefined>;
  },
): Promise<BenchNotice | undefined> {
  const { run } = news;
  if (run.place === undefined) return undefined;
  const person = run.actor.slice(run.actor.indexOf(":") + 1);
  const to = await whereTo(parsePlace(run.place, person), parts.readSession);
  if (news.kind === "done") return { to, card: benchResultCard(await parts.results.report(run.id), RESULT_ACTIONS) };
  const { message, hint } = news.error;
  return { to, card: { tone: "error", title: message, body: hint === "" ? [] : [hint] } };
}

/** A session's key says nothing of its channel; OpenClaw knows it, unless somebody sits at the terminal. */
async function whereTo(
  place: Conversation,
  readSession: (key: string) => Promise<SessionRow | undefined>,
): Promise<BenchNotice["to"]> {
  if (place.platform !== "session") return { sessionKey: "", conversation: place };
  const row = await readSession(place.channel);
  return { sessionKey: place.channel, conversation: row && conversationOfSession(row.raw) };
}

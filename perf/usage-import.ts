import { randomUUID } from "node:crypto";
import { usageCard } from "../commands/usage-card.ts";
import type { AttachedClutch, Lab } from "../test/gateway/harness.ts";
import { type Measurement, median, percentile, timed } from "./measure.ts";

const TURNS = 12;
/** Of the time that people wait for a card's question to the gateway while the history is read. */
const PACE_MS = 50;
/** How often both are asked what 30 days cost. */
const ASKED = 10;

/**
 * How long an installation's history takes to be read: as many transcripts as there
 * are sessions, all forked from one, so that the gateway has all of them to read and
 * the ledger the calls of one to keep. Against it, what the gateway takes meanwhile to
 * answer somebody else.
 */
export async function historyCosts(lab: Lab, clutch: AttachedClutch, count: number): Promise<Measurement[]> {
  const sessionKey = `agent:main:discord:channel:${randomUUID()}`;
  for (let turn = 0; turn < TURNS; turn++) await clutch.say(sessionKey, `Turn ${turn}. ${"word ".repeat(200)}`);
  const { messages } = (await clutch.call("chat.history", { sessionKey, limit: 1_000 })) as {
    messages: { role: string; __openclaw: { id: string } }[];
  };
  const entryId = messages.findLast(({ role }) => role === "user")?.__openclaw.id;
  for (let made = 0; made < count; made++) await clutch.call("sessions.fork", { sessionKey, entryId });

  const reader = await lab.attach();
  const ask = () => timed(() => clutch.call("sessions.describe", { key: sessionKey }));
  const alone: number[] = [];
  for (let asked = 0; asked < 40; asked++) alone.push(await ask());

  const meanwhile: number[] = [];
  let isReading = true;
  const asking = (async () => {
    while (isReading) {
      meanwhile.push(await ask());
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  })();
  let rows = 0;
  const first = await timed(async () => {
    rows = (await reader.app.usageCollector.catchUp()).added;
  });
  isReading = false;
  await asking;
  const again = await timed(() => reader.app.usageCollector.catchUp());
  const { usage } = reader.app.services;
  const ours: number[] = [];
  const theirs: number[] = [];
  const counted = await untilCounted(clutch, count);
  for (let asked = 0; asked < ASKED; asked++) {
    ours.push(
      await timed(async () => usageCard({ report: await usage.report(usage.period("30d"), {}), isLocked: false })),
    );
    theirs.push(await timed(() => askUsage(clutch, count)));
  }
  await reader.close();
  return [
    {
      name: "what 30 days cost, of all",
      found: `Clutch's card ${median(ours).toFixed(1)} ms, OpenClaw's sessions.usage ${median(theirs).toFixed(0)} ms; before its cache had read all ${(counted / 1_000).toFixed(1)} s`,
      ratio: median(ours) / median(theirs),
      goal: "below 1",
    },
    {
      name: `history, ${count} transcripts`,
      found: `${(first / 1_000).toFixed(1)} s for ${count} transcripts of ${2 * TURNS - 1} messages (${rows} calls), ${(first / count).toFixed(1)} ms each; read again ${(again / 1_000).toFixed(1)} s`,
      ratio: first / count / 50,
      goal: "50 ms each, so 1",
    },
    {
      name: "gateway, while history is read",
      found: `answers p50 ${median(meanwhile).toFixed(0)} ms, p95 ${percentile(meanwhile, 95).toFixed(0)} ms; alone ${median(alone).toFixed(0)} and ${percentile(alone, 95).toFixed(0)} ms`,
      ratio: median(meanwhile) / median(alone),
      goal: "as alone, so 1",
    },
  ];
}

/** OpenClaw counts in the background and answers with what it has until then. */
const askUsage = async (clutch: AttachedClutch, limit: number): Promise<boolean> => {
  const { cacheStatus } = (await clutch.call("sessions.usage", {
    range: "30d",
    limit: 2 * limit,
    agentScope: "all",
  })) as {
    cacheStatus: { status: string; pendingFiles: number };
  };
  return cacheStatus.status === "fresh" && cacheStatus.pendingFiles === 0;
};

const untilCounted = (clutch: AttachedClutch, limit: number): Promise<number> =>
  timed(async () => {
    while (!(await askUsage(clutch, limit))) await new Promise((resolve) => setTimeout(resolve, 200));
  });

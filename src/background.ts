import type { Logger } from "pino";
import { benchNotice } from "../commands/bench-notice.ts";
import type { Card } from "../commands/card.ts";
import { keptCard } from "../commands/kept-card.ts";
import { lockAlertCard } from "../commands/lock-alert-card.ts";
import { noticeCard } from "../commands/notice-card.ts";
import type { Services } from "../commands/services.ts";
import { usageAlertCard } from "../commands/usage-alert-card.ts";
import type { SoulSync } from "./agents/soul-sync.ts";
import type { BenchWorker } from "./bench/bench-worker.ts";
import type { Config } from "./config.ts";
import { alertPlaces, alertTargets } from "./local-only/alert-places.ts";
import type { LockCare } from "./local-only/create-local-only.ts";
import { createKeptNotices } from "./local-only/kept-notices.ts";
import type { LocalOnly } from "./local-only/local-only.ts";
import { createLockAlertPosts } from "./local-only/lock-alert-posts.ts";
import { keepLock, type LockKeeper } from "./local-only/lock-keeper.ts";
import type { Conversation } from "./models/conversation.ts";
import type { GuardClient } from "./openclaw/guard-client.ts";
import type { OpenClaw } from "./openclaw/openclaw.ts";
import type { SessionEvents } from "./openclaw/session-events.ts";
import { conversationOfSession, parseSessionKey } from "./openclaw/session-keys.ts";
import type { ServerMonitor } from "./registry/server-monitor.ts";
import { type Rounds, startRounds } from "./rounds.ts";
import { startWatcher, type Watcher } from "./sessions/watcher.ts";
import type { AuditLog } from "./store/audit-log.ts";
import { startDailyBackup } from "./store/daily-backup.ts";
import type { Store } from "./store/open-store.ts";
import { startRetention } from "./store/retention.ts";
import { storeFile } from "./store/store-file.ts";
import type { UsageLedger } from "./store/usage-ledger.ts";
import { createWatchedSessions } from "./store/watched-sessions.ts";
import type { openBudget } from "./usage/open-budget.ts";
import type { UsageCollector } from "./usage/usage-collector.ts";
import type { UsageKeeper } from "./usage/usage-keeper.ts";

/**
 * Delivers a card to where a session is talked to; `conversation` is undefined where
 * OpenClaw knows no channel. With no session either (empty) it is for whoever is at
 * the terminal. False where it could not be delivered, and may be later.
 */
export type PostNotice = (
  to: { readonly sessionKey: string; readonly conversation: Conversation | undefined },
  card: Card,
) => Promise<boolean | undefined>;

const SETTLE_EVERY_MS = 60_000;

/** What Clutch does by itself while a process stays; one process a gateway does this. */
export interface Background {
  /** Notices go to `post`. */
  start(post: PostNotice): Watcher;
  /** Never rejects. */
  stop(): Promise<void>;
}

export interface BackgroundParts {
  readonly services: Services;
  readonly openclaw: OpenClaw;
  readonly souls: SoulSync;
  readonly events: SessionEvents;
  readonly audit: AuditLog;
  readonly ledger: UsageLedger;
  readonly usageCollector: UsageCollector;
  readonly keepBudget: ReturnType<typeof openBudget>["keepBudget"];
  readonly guard: GuardClient;
  readonly localOnly: LocalOnly & LockCare;
  readonly monitor: ServerMonitor;
  readonly store: Store;
  readonly config: Pick<Config, "audit" | "store" | "usage">;
  /** `platform:id` each; who is told of what concerns the whole. */
  readonly owners: () => readonly string[];
  /** Settles changes of every kind that lost their connection or their process halfway. */
  readonly settleUnfinished: () => Promise<void>;
  /** IANA name of the zone whose days are meant. */
  readonly zone: string;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

/**
 * Watches completed turns, ends temporary switches, settles changes that were
 * interrupted, keeps local-only mode as it is to be, counts what models are asked, works on benches, asks servers how they are,
 * deletes old audit entries and model calls, and backs the store up.
 */
export function createBackground(parts: BackgroundParts): Background {
  const { services, events, audit, ledger, usageCollector, guard, localOnly, store, config, zone, clock, logger } =
    parts;
  const { openclaw, souls } = parts;
  const { registry, journal, temporary, bench } = services;
  const watchers: Watcher[] = [];
  let settling: Rounds | undefined;
  let benches: BenchWorker | undefined;
  let lockKeeper: LockKeeper | undefined;
  let usageKeeper: UsageKeeper | undefined;
  let endMonitor = (): void => undefined;
  let endRetention = async (): Promise<void> => undefined;
  let endBackups = async (): Promise<void> => undefined;

  const watchTurns = (post: PostNotice): Watcher =>
    startWatcher({
      events,
      openclaw,
      registry,
      journal,
      audit,
      watched: createWatchedSessions(store.db, clock),
      isKeptLocal: localOnly.isKeptLocal,
      async onNotice(notice) {
        const to = { sessionKey: notice.row.key, conversation: conversationOfSession(notice.row.raw) };
        await post(to, noticeCard(notice, await registry.current()));
      },
      clock,
      logger,
    });

  const watchLock = (post: PostNotice): LockKeeper =>
    keepLock({
      care: localOnly,
      events,
      alerts: createLockAlertPosts({
        db: store.db,
        async targets(alert, at) {
          const places = await alertPlaces(alert, { openclaw, owners: parts.owners() });
          const card = lockAlertCard(alert, clock() - at);
          return alertTargets(places, (conversation) => post({ sessionKey: "", conversation }, card));
        },
        clock,
        logger,
      }),
      alsoTell: createKeptNotices({
        guard,
        isOn: localOnly.isOn,
        told: store.expiring("presence"),
        async tell(sessionKey) {
          const row = await openclaw.readSession(sessionKey);
          const conversation = row === undefined ? undefined : conversationOfSession(row.raw);
          const { agentIds } = await registry.current();
          const agentId = agentIds.length > 1 ? (row?.agentId ?? parseSessionKey(sessionKey)?.agentId) : undefined;
          const posted = await post({ sessionKey, conversation }, keptCard(sessionKey, agentId));
          // Where OpenClaw knows no channel, a later try would find none either.
          return conversation === undefined || posted !== false;
        },
      }),
      logger,
    });

  return {
    start(post) {
      const watcher = watchTurns(post);
      watchers.push(watcher);
      temporary.start(events);
      settling ??= startRounds({
        round: parts.settleUnfinished,
        pauseMs: () => SETTLE_EVERY_MS,
        complaint: "changes that were interrupted could not be settled",
        logger,
      });
      souls.start();
      if (usageKeeper === undefined) {
        usageKeeper = parts.keepBudget((to, alert) => post(to, usageAlertCard(alert, { zone })));
        usageCollector.onRecorded(usageKeeper.recorded);
      }
      usageCollector.start(events);
      lockKeeper ??= watchLock(post);
      benches ??= bench.watch(async (news) => {
        const notice = await benchNotice(news, { results: bench.results, readSession: openclaw.readSession });
        return notice === undefined ? undefined : post(notice.to, notice.card);
      });
      endMonitor();
      endMonitor = parts.monitor.start();
      void endRetention();
      endRetention = startRetention({
        ...{ audit, auditDays: config.audit.retentionDays },
        ...{ ledger, usageDays: config.usage.retentionDays },
        clock,
        logger,
      });
      void endBackups();
      const file = storeFile(config.store);
      if (file !== undefined) endBackups = startDailyBackup({ file, clock, logger });
      return watcher;
    },
    async stop() {
      const ends = [
        ...watchers.map((watcher) => watcher.stop),
        usageKeeper?.stop,
        lockKeeper?.stop,
        usageCollector.stop,
        benches?.stop,
        temporary.stop,
        settling?.stop,
        souls.stop,
        endRetention,
        endBackups,
      ];
      // What one of them cannot write down any more keeps no other from its end.
      for (const end of ends) {
        await end?.().catch((error: unknown) => logger.warn({ err: error }, "a part of Clutch left something undone"));
      }
      endMonitor();
    },
  };
}

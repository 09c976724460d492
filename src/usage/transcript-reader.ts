import { z } from "zod";
import type { MessagePage, ModelMessage, ModelMessages } from "../openclaw/model-messages.ts";
import { withoutRun } from "../openclaw/session-keys.ts";
import type { SessionRow } from "../openclaw/wire.ts";
import type { UsageLedger } from "../store/usage-ledger.ts";

/** Reads what models said and nobody has written down yet. Throws the codes of `GatewayConnection.request`. */
export interface TranscriptReader {
  /**
   * Hands out what is new in a session since it was read last, some at a time and
   * the newest first, and remembers where it was once all of it was taken. False
   * where the session's row shows that nothing happened since.
   */
  read(row: SessionRow, take: Take, signal?: AbortSignal): Promise<boolean>;
  /** The newest messages of a session, without remembering anything. */
  glance(sessionKey: string, signal?: AbortSignal): Promise<readonly ModelMessage[]>;
}

type Take = (messages: readonly ModelMessage[]) => Promise<void>;

/** How many messages are asked for: of a session that was read before, of another one, and at most at once. */
const FEW = 50;
const MANY = 200;
const MOST = 2_000;
/** A session at which something happened within this before it was read may have gone on unnoticed, ms. */
const SETTLED_MS = 60 * 60_000;

const cursorSchema = z.object({
  sessionId: z.string().optional(),
  /** The newest message that was read. */
  messageId: z.string().optional(),
  /** As the row said, by the gateway's clock. */
  updatedAt: z.number().optional(),
  /** By Clutch's clock. */
  readAt: z.number(),
});
type Cursor = z.output<typeof cursorSchema>;

export function createTranscriptReader(parts: {
  readonly messages: ModelMessages;
  readonly ledger: Pick<UsageLedger, "cursor" | "setCursor">;
  readonly clock: () => number;
}): TranscriptReader {
  const { messages, ledger, clock } = parts;
  const sourceOf = (key: string): string => `session:${withoutRun(key)}`;

  const cursorOf = async (key: string): Promise<Cursor | undefined> => {
    const text = await ledger.cursor(sourceOf(key));
    return text === undefined ? undefined : cursorSchema.safeParse(JSON.parse(text)).data;
  };

  return {
    async read(row, take, signal) {
      const key = row.key;
      const cursor = await cursorOf(key);
      if (cursor !== undefined && isUnchanged(row, cursor)) return false;
      const readAt = clock();
      const options = signal === undefined ? {} : { signal };
      const sees = (page: MessagePage): boolean => cursor?.messageId !== undefined && page.ids.has(cursor.messageId);
      const count = cursor?.messageId === undefined ? MANY : FEW;
      let page = await messages.newest(key, count, options);
      if (!page.isFirst && !sees(page) && page.depth >= count) page = await messages.newest(key, MOST, options);
      const { newestId } = page;
      await take(page.messages);
      let found = sees(page);
      while (!found && !page.isFirst) {
        page = await messages.before(key, page.depth, options);
        await take(page.messages);
        found = sees(page);
      }
      // It was reset or rewound: what it said until then is in no page.
      if (!found && cursor?.messageId !== undefined)
        await take(await messages.after(key, cursor.messageId, cursor.sessionId, options));
      const { sessionId, updatedAt } = row;
      const next: Cursor = { sessionId, messageId: newestId ?? cursor?.messageId, updatedAt, readAt };
      await ledger.setCursor(sourceOf(key), JSON.stringify(next));
      return true;
    },

    async glance(sessionKey, signal) {
      const page = await messages.newest(withoutRun(sessionKey), FEW, signal === undefined ? {} : { signal });
      return page.messages;
    },
  };
}

const isUnchanged = ({ sessionId, updatedAt }: SessionRow, cursor: Cursor): boolean =>
  updatedAt !== undefined &&
  updatedAt === cursor.updatedAt &&
  sessionId === cursor.sessionId &&
  cursor.readAt - updatedAt > SETTLED_MS;

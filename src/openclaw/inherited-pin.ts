import type { ConnectionState } from "./connection.ts";
import { parentKey } from "./session-keys.ts";
import { isAtLeast } from "./version.ts";
import type { SessionRow } from "./wire.ts";

/** The first whose rows say that a Slack thread inherits its channel's pin (2026.9.3 was the last without). */
const MARKS_INHERITED = "2026.9.4";

/**
 * The row as a later OpenClaw gives it: in an older one a thread without a pin of its
 * own follows its channel's, while its row shows the default.
 */
export async function withInheritedPin(
  row: SessionRow,
  state: ConnectionState,
  read: (key: string) => Promise<SessionRow | undefined>,
): Promise<SessionRow> {
  const parent = parentKey(row.key);
  const isMarked = state.phase === "ready" && isAtLeast(state.serverVersion, MARKS_INHERITED);
  if (isMarked || parent === undefined || row.pinSource !== undefined) return row;
  const above = await read(parent);
  if (above?.pinSource !== "user") return row;
  return { ...row, model: above.model, pinSource: "inherited", parentKey: parent, windowTokens: undefined };
}

import { formatModelRef } from "../models/model-ref.ts";
import type { SessionRow } from "../openclaw/wire.ts";

/** The session's own pin as text; null where it has none, inherited ones included. */
export const pinOf = (row: SessionRow): string | null =>
  row.pinSource === "user" && row.model !== undefined ? formatModelRef(row.model) : null;

export type SessionKind = "main" | "channel" | "group" | "direct" | "thread" | "subagent" | "cron" | "hook" | "other";

export interface ParsedSessionKey {
  readonly agentId: string;
  /** What follows `agent:<id>:`. */
  readonly rest: string;
  /** `other` is whatever belongs to no conversation and is no job either: slash commands, heartbeats, ACP, dashboards. */
  readonly kind: SessionKind;
  readonly platform?: string;
  /** Only where the key names it (`dmScope: per-account-channel-peer`). */
  readonly account?: string;
  /** Channel or person id, folded to lower case. */
  readonly peer?: string;
  readonly thread?: string;
}

/** Takes a key apart; undefined where it does not begin with `agent:<id>:` (`global`, or a request key). */
export function parseSessionKey(key: string, mainKey = "main"): ParsedSessionKey | undefined {
  const match = /^agent:([^:]+):([^:].*)$/s.exec(foldKey(key));
  const agentId = match?.[1]?.trim();
  const rest = match?.[2];
  return agentId && rest ? { agentId, rest, ...shapeOf(rest, mainKey) } : undefined;
}

/**
 * The key of the session that a thread's session hangs on (its channel's, or
 * the direct message's): OpenClaw lets the thread inherit that one's model.
 * Undefined for everything else, Discord threads among them, whose keys don't
 * name their parent.
 */
export function parentKey(key: string): string | undefined {
  const folded = foldKey(key);
  return parseSessionKey(folded)?.kind === "thread" ? folded.slice(0, folded.lastIndexOf(THREAD)) : undefined;
}

type Shape = Omit<ParsedSessionKey, "agentId" | "rest">;

const THREAD = ":thread:";
const JOBS: ReadonlySet<string> = new Set(["subagent", "cron", "hook"] satisfies SessionKind[]);

function shapeOf(rest: string, mainKey: string): Shape {
  const segments = rest.split(":");
  const [first = "", second = "", third = ""] = segments;
  if (JOBS.has(first)) return { kind: first as SessionKind };
  if (first === "acp" || segments.includes("heartbeat")) return { kind: "other" };
  const marker = rest.lastIndexOf(THREAD);
  if (marker > 0) return threadOf(rest.slice(0, marker), rest.slice(marker + THREAD.length), mainKey);
  // Slack's Enterprise Grid cuts the main session by account and team.
  const [head] = rest.split(":account:", 1);
  if (head === "main" || head === mainKey) return { kind: "main" };

  const peerFrom = (start: number) => segments.slice(start).join(":");
  if (first === "direct") return named({ kind: "direct", peer: peerFrom(1) });
  if (isDirect(third)) return named({ kind: "direct", platform: first, account: second, peer: peerFrom(3) });
  if (isDirect(second)) return named({ kind: "direct", platform: first, peer: peerFrom(2) });
  if (second === "channel" || second === "group") return named({ kind: second, platform: first, peer: peerFrom(2) });
  return { kind: "other" };
}

function threadOf(base: string, thread: string, mainKey: string): Shape {
  const shape = shapeOf(base, mainKey);
  // A base of one segment can only be a main session, whatever `session.mainKey` calls it.
  if (thread === "" || (shape.kind === "other" && base.includes(":"))) return { kind: "other" };
  return { ...shape, kind: "thread", thread };
}

const named = (shape: Shape): Shape => (shape.peer === "" ? { kind: "other" } : shape);
const isDirect = (segment: string): boolean => segment === "direct" || segment === "dm";

/** OpenClaw tells of a job's runs by keys of their own, and lists the newest of them under the job's. */
export function withoutRun(key: string): string {
  const folded = foldKey(key);
  return parseSessionKey(folded)?.kind === "cron" ? folded.replace(/:run:[^:]+$/, "") : folded;
}

const OPAQUE_IDS = /^(?:agent:[^:]*:)?(?:matrix:(?:channel|group):|signal:group:)/i;

/** A key as OpenClaw stores it. Matrix and Signal ids keep their case, all else is lower. */
export function foldKey(key: string): string {
  const trimmed = key.trim();
  const head = OPAQUE_IDS.exec(trimmed)?.[0].length ?? trimmed.length;
  return trimmed.slice(0, head).toLowerCase() + trimmed.slice(head);
}

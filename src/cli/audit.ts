import { z } from "zod";
import { renderCard } from "../../adapters/terminal/render-card.ts";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import type { Card } from "../../commands/card.ts";
import { loadConfig } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import { type AuditEntry, type AuditFilter, createAuditLog } from "../store/audit-log.ts";
import { withKeptStore } from "./kept-store.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

/** As they were typed; undefined where not given. */
export interface AuditOptions {
  readonly actor?: string;
  readonly place?: string;
  readonly target?: string;
  readonly action?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

/**
 * Prints the audit log from the store alone, newest first: a table, or with
 * `json` one object a line. Exit code 0 also where nothing fits, 2 where an
 * option or the configuration has to be corrected, 1 where the store is broken.
 */
export async function audit(options: AuditOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const filter = filterOf(options, runtime.clock());
    const config = await loadConfig(runtime);
    secrets.push(...config.secrets);
    const entries = await withKeptStore(
      config,
      runtime,
      ({ db }) => createAuditLog(db, runtime.clock).list(filter),
      [],
    );
    if (options.json === true) {
      for (const entry of entries) runtime.stdout.write(`${JSON.stringify(lineOf(entry))}\n`);
      return 0;
    }
    const shape = {
      columns: runtime.stdout.columns || 100,
      ...terminalTraits(runtime.stdin, runtime.stdout, runtime.env),
    };
    runtime.stdout.write(`${renderCard(auditCard(entries, filter.limit), shape)}\n`);
    return 0;
  } catch (thrown) {
    const error = toClutchError(thrown);
    const text = [`✗ ${error.message}`, ...(error.hint === "" ? [] : [`  ${error.hint}`])].join("\n");
    runtime.stderr.write(`${hideSecrets(text, secrets)}\n`);
    return error.isFault ? 1 : 2;
  }
}

const lineOf = ({ at, ...entry }: AuditEntry): object => ({ at: new Date(at).toISOString(), ...entry });

function auditCard(entries: readonly AuditEntry[], limit: number): Card {
  if (entries.length === 0) return { tone: "info", title: "Nothing in the audit log fits" };
  return {
    tone: "info",
    title: `${entries.length === limit ? "The newest " : ""}${entries.length} ${entries.length === 1 ? "entry" : "entries"}`,
    table: {
      columns: ["When", "Who", "What", "Where", "From", "To", "Result", "Why"],
      rows: entries.map((entry) => [
        new Date(entry.at).toISOString().replace("T", " ").slice(0, 19),
        entry.actor,
        entry.action,
        entry.target ?? entry.place ?? "",
        entry.from ?? "",
        entry.to ?? "",
        entry.code === undefined ? entry.result : `${entry.result}: ${entry.code}`,
        entry.reason ?? "",
      ]),
    },
    footer: "times are UTC; --json has every field, also of more entries than a table shows",
  };
}

const DEFAULT_LIMIT = 50;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

function filterOf(options: AuditOptions, now: number): AuditFilter & { readonly limit: number } {
  const { actor, place, target, action } = options;
  const limit = z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .safeParse(options.limit ?? DEFAULT_LIMIT);
  if (!limit.success) {
    throw new ClutchError("bad_option", `--limit “${clip(options.limit)}” is no number of entries.`, {
      hint: "Write a whole number from 1 on.",
    });
  }
  return {
    actor,
    place,
    target,
    action,
    since: options.since === undefined ? undefined : momentOf("--since", options.since, now),
    until: options.until === undefined ? undefined : momentOf("--until", options.until, now),
    limit: limit.data,
  };
}

const iso = z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })]);

/** `7d` is seven days ago; a date alone is its first moment, and a time without a zone is UTC. */
function momentOf(option: string, text: string, now: number): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/i.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) {
    return now - Number(count) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
  }
  const parsed = iso.safeParse(text);
  const zoned = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes("T") ? text : `${text}Z`;
  const moment = parsed.success ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(moment)) {
    throw new ClutchError("bad_option", `${option} “${clip(text)}” is no moment.`, {
      hint: "Write how long ago, such as 90m, 12h, 7d or 2w, or a date: 2026-11-22 or 2026-11-22T14:00:00Z.",
    });
  }
  return moment;
}

const clip = (text = ""): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

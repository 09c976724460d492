/** Amounts as people read them. */

/** 950, 12.3k, 131k, 1M: tokens, thousands as 1,000. */
export function tokens(count: number): string {
  if (count < 1_000) return String(Math.round(count));
  if (count < 99_950) return `${trim(count / 1_000)}k`;
  if (count < 999_500) return `${Math.round(count / 1_000)}k`;
  return `${trim(count / 1_000_000)}M`;
}

const trim = (value: number): string => value.toFixed(1).replace(/\.0$/, "");

/** How long ago, from ms: “just now”, “5 min ago”, “3 h ago”, “2 days ago”. */
export function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ago`;
  return `${Math.floor(hours / 24)} days ago`;
}

/** A wait, from ms: “under a second”, “40 s”, “3 min”, “1 h 20 min”. */
export function wait(ms: number): string {
  if (ms < 950) return "under a second";
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`;
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 640 MB, 19.9 GB: powers of ten, as disks and model lists count. */
export function bytes(count: number): string {
  if (count < 999.5e6) return `${Math.round(count / 1e6)} MB`;
  return `${trim(count / 1e9)} GB`;
}

/** USD; small amounts keep two figures that say something. */
export function dollars(usd: number): string {
  if (usd === 0) return "$0";
  if (usd < 0.0001) return "under $0.0001";
  return usd < 0.0995 ? `$${Number(usd.toPrecision(2))}` : `$${usd.toFixed(2)}`;
}

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

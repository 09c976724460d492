/** Whether a version of OpenClaw, such as `2026.9.6`, is that one or a later one; a pre-release counts as the release that it leads to. */
export function isAtLeast(version: string, first: string): boolean {
  const numbers = (text: string): number[] => (text.split("-")[0] ?? "").split(".").map(Number);
  const [is, needed] = [numbers(version), numbers(first)];
  const at = needed.findIndex((number, index) => number !== (is[index] ?? 0));
  return at < 0 || (is[at] ?? 0) > (needed[at] ?? 0);
}

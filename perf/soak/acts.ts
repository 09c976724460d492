import type { Act } from "./seats.ts";

const QWEN = "ollama/qwen2.5-coder:32b";

/** How often each line comes, out of a hundred: mostly looks, some switches, some mistakes. */
const LINES: readonly (readonly [line: string, weight: number])[] = [
  ["/model", 30],
  ["/model list", 7],
  [`/model ${QWEN} plan`, 5],
  ["/model advise", 2],
  ["/localonly", 9],
  ["/usage", 8],
  ["/usage 30d", 3],
  ["/usage by:model", 2],
  ["/usage budget", 2],
  ["/bench", 4],
  ["/bench results", 2],
  ["/help", 4],
  ["/help model", 2],
  [`/model ${QWEN}`, 4],
  ["/model default", 3],
  ["/model undo", 2],
  [`/model ${QWEN} scope:all`, 1],
  ["/model nosuchmodel", 4],
  ["/usage 99z", 2],
  ["/localonly on for:never", 2],
  ["/bench results number:999999", 2],
];
const TOTAL = LINES.reduce((sum, [, weight]) => sum + weight, 0);
const TYPED = ["", "q", "qwen", "sonnet", "zzz", "ollama/"];

function pick<T>(items: readonly T[], random: () => number): T {
  const [first] = items;
  const found = items[Math.floor(random() * items.length)] ?? first;
  if (found === undefined) throw new Error("there is nothing to pick from");
  return found;
}

/** What somebody does next; at a terminal there are lines alone. */
export function nextAct(random: () => number, linesOnly = false): Act {
  const roll = random();
  if (!linesOnly && roll < 0.12) return { kind: "complete", typed: pick(TYPED.slice(0, 4), random) };
  if (!linesOnly && roll < 0.24) return { kind: "press", which: Math.floor(random() * 4) };
  let left = random() * TOTAL;
  for (const [line, weight] of LINES) {
    left -= weight;
    if (left <= 0) return { kind: "line", line };
  }
  return { kind: "line", line: "/model" };
}

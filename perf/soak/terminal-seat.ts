import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Crowd, Outcome, Tally } from "./crowd.ts";

/** Lines wait for each other here, so an answer may take longer than elsewhere, ms. */
const LOST_MS = 300_000;

/** Once in 20 s. */
const LOOKS_BETWEEN_WORDS = 400;

/** The one person at the terminal, who types ahead: Clutch takes a line after the other. */
export function terminalCrowd(input: Writable, output: Readable): Crowd {
  const tally: Tally = {
    sent: 0,
    fates: { answered: 0, undelivered: 0, lost: 0 },
    times: [],
    codes: new Map(),
    losses: [],
    held: 0,
  };
  const open: { readonly line: string; readonly at: number; outcome: Outcome | undefined }[] = [];
  let printed = "";
  /** Letters and digits alone: a terminal breaks lines and draws marks where it likes. */
  const flat = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, "");
  const look = (): void => {
    for (let [first] = open; first?.outcome !== undefined; [first] = open) {
      const { title, code } = first.outcome;
      const wanted = flat(title).slice(0, 30);
      const at = printed.indexOf(wanted);
      if (at < 0) return;
      // The answer to the next line may be there already: word of an outcome and output come on ways of their own.
      printed = printed.slice(at + wanted.length);
      open.shift();
      tally.fates.answered += 1;
      tally.times.push(performance.now() - first.at);
      if (code !== undefined) tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
    }
  };
  output.setEncoding("utf8").on("data", (text: string) => {
    printed += flat(text);
    look();
  });
  const timer = setInterval(() => {
    look();
    const [first] = open;
    if (first === undefined || performance.now() - first.at < LOST_MS) return;
    open.shift();
    tally.fates.lost += 1;
    tally.losses.push(`terminal “${first.line}” (outcome: ${first.outcome?.title ?? "none"})`);
  }, 200);
  return {
    tally,
    send(act) {
      const line = act.kind === "line" ? act.line : "/model";
      tally.sent += 1;
      open.push({ line, at: performance.now(), outcome: undefined });
      input.write(`${line}\n`);
    },
    heard(outcome) {
      const waiting = open.find((one) => one.outcome === undefined);
      if (waiting !== undefined) waiting.outcome = outcome;
      look();
    },
    cut: () => undefined,
    async idle(tell) {
      for (let looks = 1; open.length > 0; looks += 1) {
        await sleep(50);
        const [one] = open;
        if (one === undefined || looks % LOOKS_BETWEEN_WORDS !== 0) continue;
        tell(
          `${open.length} lines open at the terminal, first “${one.line}” (outcome: ${one.outcome?.title ?? "none"}; printed since: ${printed.slice(-200)})`,
        );
      }
    },
    stop: () => clearInterval(timer),
  };
}

import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Rounds, startRounds } from "../src/rounds.ts";

const PAUSE_MS = 1_000;

let running: Rounds | undefined;
beforeEach(() => vi.useFakeTimers());
afterEach(async () => {
  await running?.stop();
  vi.useRealTimers();
});

function start(round: () => Promise<void>) {
  const warned: string[] = [];
  const destination = { write: (line: string) => void warned.push((JSON.parse(line) as { err: Error }).err.message) };
  running = startRounds({ round, pauseMs: () => PAUSE_MS, complaint: "no", logger: pino({ base: null }, destination) });
  return { rounds: running, warned };
}

it("begins at once, and again after each pause", async () => {
  let made = 0;
  start(async () => {
    made += 1;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(made).toBe(1);
  await vi.advanceTimersByTimeAsync(3 * PAUSE_MS);
  expect(made).toBe(4);
});

it("is never made twice at once, also where it is wanted meanwhile; that one follows", async () => {
  const begun: (() => void)[] = [];
  const { rounds } = start(() => new Promise((resolve) => begun.push(resolve)));
  await vi.advanceTimersByTimeAsync(0);
  rounds.soon(0);
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect(begun).toHaveLength(1);
  begun[0]?.();
  await vi.advanceTimersByTimeAsync(1);
  expect(begun).toHaveLength(2);
  begun[1]?.();
});

it("goes on after a failure, which is logged once for as long as it is the same", async () => {
  const outcomes = ["gone", "gone", "full", "", "full"];
  const { warned } = start(async () => {
    const outcome = outcomes.shift();
    if (outcome) throw new Error(outcome);
  });
  await vi.advanceTimersByTimeAsync(6 * PAUSE_MS);
  expect(warned).toEqual(["gone", "full", "full"]);
});

it("a stop waits for the round that is under way, and none comes after it", async () => {
  let [made, end] = [0, (): void => undefined];
  const { rounds } = start(() => {
    made += 1;
    return new Promise((resolve) => {
      end = resolve;
    });
  });
  await vi.advanceTimersByTimeAsync(0);
  let stopped = false;
  const stopping = rounds.stop().then(() => {
    stopped = true;
  });
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  expect(stopped).toBe(false);
  end();
  await stopping;
  rounds.soon(0);
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect(made).toBe(1);
});

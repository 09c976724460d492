import { z } from "zod";

/** A time in which a process answered nobody. Little of it computed: the machine gave it no time, or a disk did not answer. */
export const stall = z.object({
  /** Epoch ms, when it was over. */
  at: z.number(),
  ms: z.number(),
  /** How long the process computed meanwhile, ms; more than one thread may. */
  cpuMs: z.number(),
  /** Pages that had to be read from a disk. */
  majorFaults: z.number(),
});
export type Stall = z.output<typeof stall>;

const EVERY_MS = 100;
/** A platform waits 3 s for an acknowledgement. */
const FROM_MS = 1_000;

/** Tells of every stall of this process, until the function that it returns is called. */
export function watchStalls(heard: (found: Stall) => void): () => void {
  let last = performance.now();
  let usage = process.resourceUsage();
  const timer = setInterval(() => {
    const now = performance.now();
    const used = process.resourceUsage();
    const ms = now - last;
    if (ms >= FROM_MS) {
      const cpuMs = (used.userCPUTime + used.systemCPUTime - usage.userCPUTime - usage.systemCPUTime) / 1_000;
      heard({ at: Date.now(), ms, cpuMs, majorFaults: used.majorPageFault - usage.majorPageFault });
    }
    last = now;
    usage = used;
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}

export const describeStall = (who: string, { at, ms, cpuMs, majorFaults }: Stall): string =>
  `${new Date(at).toISOString()}: ${who} stood still for ${(ms / 1_000).toFixed(1)} s, computing for ${(cpuMs / 1_000).toFixed(1)} s of it, with ${majorFaults} pages read from a disk`;

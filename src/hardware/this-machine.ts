import type { Logger } from "pino";
import { ageOf } from "../models/age.ts";
import type { SpeedMachine } from "../models/speed.ts";
import { type MachineParts, readMachine } from "./read-machine.ts";

/** The machine that Clutch runs on, for answers that must not wait: memory in use changes, hardware does not. */
export interface ThisMachine {
  /** The last look; undefined before the first one. Looks again in the background where it is older than 20 s. */
  known(): SpeedMachine | undefined;
  /** Looks now. Takes up to 5 s where a graphics card has to wake; never rejects. */
  look(): Promise<SpeedMachine>;
}

const MAX_AGE_MS = 20_000;

export function createThisMachine(
  parts: MachineParts & { readonly clock: () => number; readonly logger: Logger },
): ThisMachine {
  const { clock, logger } = parts;
  let last: { readonly machine: SpeedMachine; readonly at: number } | undefined;
  let looking: Promise<SpeedMachine> | undefined;
  const look = (): Promise<SpeedMachine> => {
    looking ??= readMachine(parts)
      .then((machine) => {
        last = { machine, at: clock() };
        return machine;
      })
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };
  return {
    known() {
      if (last === undefined || ageOf(last.at, clock()) > MAX_AGE_MS) {
        look().catch((error: unknown) => logger.warn({ err: error }, "this machine could not be looked at"));
      }
      return last?.machine;
    },
    look,
  };
}

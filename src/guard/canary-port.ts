import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { ClutchError } from "../errors.ts";

/** Below what systems hand out by themselves (from 32,768 on Linux, 49,152 elsewhere): there it is free after a restart, too. */
const [FROM, TO] = [20_000, 30_000];
const TRIES = 50;

/** A port of loopback that nothing listens at. Throws `bad_config` where none is found. */
export async function freeCanaryPort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(FROM, TO);
    if (await isFree(port)) return port;
  }
  throw new ClutchError("bad_config", `No port between ${FROM} and ${TO} is free for the guard's canary.`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, "127.0.0.1");
    await once(probe, "listening");
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}

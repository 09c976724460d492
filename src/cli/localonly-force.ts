import { join } from "node:path";
import type { Card } from "../../commands/card.ts";
import { type ClutchError, toClutchError } from "../errors.ts";
import { forceGuardOff } from "../guard/force-guard-off.ts";
import { createForcedOff } from "../local-only/forced-off.ts";
import { readState, stateDirectory, writeState } from "../wall/state-file.ts";
import { createWallClient } from "../wall/wall-client.ts";
import { ownerAtTerminal } from "./open-terminal.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard } from "./wall.ts";

interface Step {
  readonly name: string;
  /** What was done, or why it could not be. */
  readonly what: string;
  readonly error: ClutchError | undefined;
}

/**
 * Turns local-only mode off on this machine without gateway, guard and store: opens
 * the wall, ends the guard's lock, and leaves word for a Clutch that has them to put
 * the silent calls' models back. Exit code 1 where one of the two could not be opened.
 */
export async function forceOff(
  runtime: Runtime,
  { json = false }: { readonly json?: boolean } = {},
): Promise<ExitCode> {
  const directory = stateDirectory(runtime.env, runtime.home);
  const steps = [
    // First of all, so that what is interrupted here is not taken for a lock that was broken.
    await step("Word", async () => {
      await createForcedOff(directory).write({ at: runtime.clock(), actor: ownerAtTerminal() });
      return "left for the Clutch of this machine, which puts the models of silent calls back";
    }),
    await step("Wall", () => openWall(directory, runtime.clock())),
    await step("Guard", async () =>
      forceGuardOff(join(directory, "guard"), runtime.clock())
        ? "off; a gateway that runs follows within a second"
        : "was off here, or is not on this machine",
    ),
  ];
  const failed = steps.filter(({ error }) => error !== undefined);
  if (json) {
    const [error] = failed.map(({ error }) => error);
    const shown = error === undefined ? null : { code: error.code, message: error.message, hint: error.hint };
    const done = steps.map(({ name, what, error }) => ({ name, ok: error === undefined, what }));
    runtime.stdout.write(`${JSON.stringify({ ok: failed.length === 0, steps: done, error: shown })}\n`);
  } else printCard(cardOf(steps, failed.length === 0), runtime);
  return failed.length === 0 ? 0 : 1;
}

async function step(name: string, work: () => Promise<string>): Promise<Step> {
  try {
    return { name, what: await work(), error: undefined };
  } catch (thrown) {
    const error = toClutchError(thrown);
    return { name, what: `${error.message} ${error.hint}`.trim(), error };
  }
}

/** Where none runs, the next one to start finds it open. */
async function openWall(directory: string, now: number): Promise<string> {
  const client = createWallClient({ directory });
  const running = await client.status();
  if (running !== undefined) {
    if (!running.closed) return "was open";
    await client.open(running.id);
    return "open";
  }
  const left = readState(directory);
  if (!left.closed) return "does not run here, and was left open";
  writeState(directory, { closed: false, id: left.id, at: now, rules: { allow: [], local: [] } });
  return "does not run here; it is open when it starts";
}

const cardOf = (steps: readonly Step[], isOff: boolean): Card => ({
  tone: isOff ? "warning" : "error",
  title: isOff ? "Local-only mode was turned off by force" : "Local-only mode could not be turned off completely",
  body: isOff
    ? ["Conversations go to their own models again, also those with text that was written while it was on."]
    : [],
  fields: steps.map(({ name, what }) => ({ name, value: what })),
  footer: "on this machine; nothing was asked of OpenClaw",
});

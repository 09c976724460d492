import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConfigChanges, SlotDifference } from "../agents/config-changes.ts";
import { ClutchError } from "../errors.ts";
import type { Slot } from "../openclaw/config-slots.ts";
import { readState } from "./state-file.ts";
import { UNIT_NAME } from "./systemd-unit.ts";
import type { WallClient } from "./wall-client.ts";

/** Runs `systemctl --user`; undefined where there is none for this person. */
export type Systemctl = (
  words: readonly string[],
) => Promise<{ readonly ok: boolean; readonly text: string } | undefined>;

export interface InstallPlan {
  readonly unitFile: string;
  /** What stands there; undefined where there is none. */
  readonly unitBefore: string | undefined;
  readonly unitAfter: string;
  /** Slots of OpenClaw's configuration that would change. */
  readonly config: readonly SlotDifference[];
}

export interface WallInstaller {
  plan(): Promise<InstallPlan>;
  /** `service` is false where there is no systemd and a wall that somebody started answers. */
  install(actor: string): Promise<{ readonly service: boolean; readonly config: readonly SlotDifference[] }>;
  /** The wall goes on running, so that a gateway that was not restarted yet keeps its network. */
  remove(
    actor: string,
  ): Promise<{ readonly undone: readonly SlotDifference[]; readonly kept: readonly SlotDifference[] }>;
}

const ABOUT = "wall";

/**
 * Sets up the wall's service and points OpenClaw at it, in this order: OpenClaw is
 * only pointed at a wall that answers. Codes: those of `ConfigChanges` and of
 * `WallClient`, `not_verified` where the wall does not come up, `bad_config` where
 * something else would have to be done first.
 */
export function createWallInstaller(parts: {
  readonly changes: Pick<ConfigChanges, "preview" | "apply" | "last" | "undo">;
  readonly client: WallClient;
  readonly systemctl: Systemctl;
  readonly unitFile: string;
  readonly unit: string;
  /** `host:port`. */
  readonly listen: string;
  readonly directory: string;
  /** Sends loopback traffic through the wall as well. */
  readonly strict: boolean;
  /** How long the wall may take to come up, ms. */
  readonly patienceMs?: number;
}): WallInstaller {
  const { changes, client, systemctl, unitFile, unit, listen, patienceMs = 10_000 } = parts;
  const slots: readonly Slot[] = [
    { path: ["proxy", "enabled"], value: true },
    { path: ["proxy", "proxyUrl"], value: `http://${listen}` },
    ...(parts.strict ? [{ path: ["proxy", "loopbackMode"], value: "proxy" }] : []),
  ];

  const startService = async (): Promise<boolean> => {
    const reachable = await systemctl(["show-environment"]);
    if (reachable?.ok !== true) {
      if ((await client.status())?.listen === listen) return false;
      throw new ClutchError("bad_config", "There is no systemd here that could keep the wall running.", {
        hint: `Have clutch wall run started before the gateway and after every crash by what does so here; once it answers at ${listen}, run this again.`,
      });
    }
    const changed = textOf(unitFile) !== unit;
    if (changed) {
      mkdirSync(dirname(unitFile), { recursive: true, mode: 0o700 });
      // Whoever may write it runs programs as this user.
      writeFileSync(unitFile, unit, { mode: 0o644 });
    }
    const steps = [["daemon-reload"], ["enable", "--now", UNIT_NAME], ...(changed ? [["restart", UNIT_NAME]] : [])];
    for (const words of steps) {
      const done = await systemctl(words);
      if (done?.ok === true) continue;
      throw notUp(`systemctl --user ${words.join(" ")}: ${done?.text.trim().slice(0, 300) ?? "no answer"}`);
    }
    await untilItAnswers();
    return true;
  };

  const untilItAnswers = async (): Promise<void> => {
    const started = performance.now();
    while ((await client.status())?.listen !== listen) {
      if (performance.now() - started > patienceMs) throw notUp(`it does not answer at ${listen}`);
      await sleep(100);
    }
  };

  return {
    async plan() {
      return { unitFile, unitBefore: textOf(unitFile), unitAfter: unit, config: await changes.preview(slots) };
    },
    async install(actor) {
      const service = await startService();
      return { service, config: await changes.apply(slots, { actor, about: ABOUT }) };
    },
    async remove(actor) {
      const state = (await client.status()) ?? readState(parts.directory);
      if (state.closed) throw stillClosed(state.id);
      const last = await changes.last(ABOUT);
      const done = last === undefined ? { undone: [], kept: [] } : await changes.undo(last, { actor, partly: true });
      await systemctl(["disable", UNIT_NAME]);
      rmSync(unitFile, { force: true });
      await systemctl(["daemon-reload"]);
      return done;
    },
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const notUp = (why: string): ClutchError =>
  new ClutchError("not_verified", `The wall did not come up (${why}); OpenClaw's configuration is as it was.`, {
    hint: `Look into journalctl --user -u ${UNIT_NAME}.`,
  });

const stillClosed = (id: string): ClutchError =>
  new ClutchError("bad_config", `The wall is closed by “${id}”; without it everything would be reachable again.`, {
    hint: "Turn local-only mode off first.",
  });

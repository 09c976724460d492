import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ConfigChanges, SlotDifference } from "../agents/config-changes.ts";
import { ClutchError } from "../errors.ts";
import type { UsedProxy } from "../local-only/lock-layers.ts";
import type { Slot } from "../openclaw/config-slots.ts";
import type { UserService } from "../service/user-service.ts";
import { readState } from "./state-file.ts";
import { UNIT_NAME } from "./systemd-unit.ts";
import type { WallClient } from "./wall-client.ts";

export interface InstallPlan {
  readonly unitFile: string;
  /** What stands there; undefined where there is none. */
  readonly unitBefore: string | undefined;
  readonly unitAfter: string;
  /** Who keeps the wall running: the unit; whoever started the one that answers, where there is no systemd; or nobody. */
  readonly keeper: "unit" | "somebody" | "nobody";
  /** Slots of OpenClaw's configuration that would change. */
  readonly config: readonly SlotDifference[];
}

export interface WallInstaller {
  plan(): Promise<InstallPlan>;
  /** `service` is false where there is no systemd and a wall that somebody started answers. */
  install(actor: string): Promise<{ readonly service: boolean; readonly config: readonly SlotDifference[] }>;
  /** Slots of OpenClaw's configuration that `remove` would change. */
  outstanding(): Promise<readonly SlotDifference[]>;
  /** The wall goes on running, so that a gateway that was not restarted yet keeps its network. */
  remove(
    actor: string,
  ): Promise<{ readonly undone: readonly SlotDifference[]; readonly kept: readonly SlotDifference[] }>;
  /** For after `remove`, when nothing goes through it any more. False where somebody else has to stop it. */
  stop(): Promise<boolean>;
}

const ABOUT = "wall";
/** What a Clutch that remembers nothing takes out. */
const LEFTOVER: readonly Slot[] = [
  { path: ["proxy", "enabled"], value: null },
  { path: ["proxy", "proxyUrl"], value: null },
];

/**
 * Sets up the wall's service and points OpenClaw at it, in this order: OpenClaw is
 * only pointed at a wall that answers. Codes: those of `ConfigChanges` and of
 * `WallClient`, `not_verified` where the wall does not come up, `bad_config` where
 * something else would have to be done first.
 */
export function createWallInstaller(parts: {
  readonly changes: Pick<ConfigChanges, "preview" | "apply" | "undoAll" | "outstanding">;
  /** What OpenClaw sends its traffic through. */
  readonly proxy: () => Promise<UsedProxy>;
  readonly client: WallClient;
  readonly service: UserService;
  /** `host:port`. */
  readonly listen: string;
  readonly directory: string;
  /** Sends loopback traffic through the wall as well. */
  readonly strict: boolean;
  /** How long the wall may take to come up, ms. */
  readonly patienceMs?: number;
}): WallInstaller {
  const { changes, client, service, proxy, listen, patienceMs = 10_000 } = parts;
  const slots: readonly Slot[] = [
    { path: ["proxy", "enabled"], value: true },
    { path: ["proxy", "proxyUrl"], value: `http://${listen}` },
    ...(parts.strict ? [{ path: ["proxy", "loopbackMode"], value: "proxy" }] : []),
  ];

  const answers = async (): Promise<boolean> => (await client.status())?.listen === listen;

  const keeper = async (): Promise<InstallPlan["keeper"]> =>
    (await service.isPossible()) ? "unit" : (await answers()) ? "somebody" : "nobody";

  const startService = async (): Promise<boolean> => {
    const by = await keeper();
    if (by === "somebody") return false;
    if (by === "nobody") {
      throw new ClutchError("bad_config", "There is no systemd here that could keep the wall running.", {
        hint: `Have clutch wall run started before the gateway and after every crash by what does so here; once it answers at ${listen}, run this again.`,
      });
    }
    await service.install().catch((error: Error) => Promise.reject(notUp(error.message)));
    await untilItAnswers();
    return true;
  };

  const untilItAnswers = async (): Promise<void> => {
    const started = performance.now();
    while (!(await answers())) {
      if (performance.now() - started > patienceMs) throw notUp(`it does not answer at ${listen}`);
      await sleep(100);
    }
  };

  /**
   * OpenClaw shows no proxy's address, so its configuration looks alike whichever one
   * stands there: it would go on to another one, or to a wall that has moved away.
   */
  const refuseAnother = async (): Promise<void> => {
    const { enabled, address } = await proxy();
    if (!enabled) return;
    const former = address ?? /--listen "?([^\s"]+)/.exec(service.difference().before ?? "")?.[1];
    if (former === undefined && (await changes.outstanding(ABOUT)).length === 0) throw anotherProxy("a proxy", listen);
    if (former !== undefined && former !== listen) throw anotherProxy(former, listen);
  };

  /** Without the wall an OpenClaw that is still pointed at it would reach nothing. */
  const takeOut = async (actor: string): Promise<readonly SlotDifference[]> => {
    const { enabled, address } = await proxy();
    if (!enabled) return [];
    if (address === undefined) throw stillUsed(listen);
    return address === listen ? changes.apply(LEFTOVER, { actor, about: `${ABOUT}-removal` }) : [];
  };

  return {
    async plan() {
      const { file, before, after } = service.difference();
      return {
        unitFile: file,
        unitBefore: before,
        unitAfter: after,
        keeper: await keeper(),
        config: await changes.preview(slots),
      };
    },
    async install(actor) {
      await refuseAnother();
      const isService = await startService();
      return { service: isService, config: await changes.apply(slots, { actor, about: ABOUT }) };
    },
    async outstanding() {
      const made = await changes.outstanding(ABOUT);
      if (made.length > 0) return made;
      const { enabled, address } = await proxy();
      return enabled && address === listen ? changes.preview(LEFTOVER) : [];
    },
    async remove(actor) {
      const state = (await client.status()) ?? readState(parts.directory);
      if (state.closed) throw stillClosed(state.id);
      const { undone, kept } = await changes.undoAll({ actor, about: ABOUT });
      const isOff = undone.some(({ path }) => LEFTOVER.some((slot) => isDeepStrictEqual(slot.path, path)));
      const rest = isOff ? [] : await takeOut(actor);
      await service.remove({ stop: false });
      return { undone: [...undone, ...rest], kept };
    },
    async stop() {
      if ((await client.status()) === undefined) return true;
      return (await service.stop()) && (await client.status()) === undefined;
    },
  };
}

const notUp = (why: string): ClutchError =>
  new ClutchError("not_verified", `The wall did not come up (${why}); OpenClaw's configuration is as it was.`, {
    hint: `Look into journalctl --user -u ${UNIT_NAME}.`,
  });

const anotherProxy = (former: string, listen: string): ClutchError =>
  new ClutchError(
    "bad_config",
    `OpenClaw sends its traffic through ${former} already, and the wall would be at ${listen}; nothing was changed.`,
    {
      hint: "Where that is the wall as it was before, clutch wall remove --yes and then this again; another proxy has to be taken out by you (openclaw config unset proxy).",
    },
  );

const stillUsed = (listen: string): ClutchError =>
  new ClutchError(
    "bad_config",
    "OpenClaw sends its traffic through a proxy that Clutch does not remember setting, and does not tell which.",
    {
      hint: `If proxy.proxyUrl in its configuration is http://${listen}, take it out (openclaw config unset proxy), then run this again; if it is another one, systemctl --user disable --now ${UNIT_NAME} ends the wall.`,
    },
  );

const stillClosed = (id: string): ClutchError =>
  new ClutchError("bad_config", `The wall is closed by “${id}”; without it everything would be reachable again.`, {
    hint: "Turn local-only mode off first.",
  });

import { setTimeout as sleep } from "node:timers/promises";
import type { ConfigChanges, SlotDifference } from "../agents/config-changes.ts";
import { ClutchError } from "../errors.ts";
import type { GuardClient, GuardStatus } from "../openclaw/guard-client.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { Plugins } from "../openclaw/plugins.ts";
import type { ScratchSession } from "../openclaw/scratch-session.ts";
import { canaryPortIn, GUARD_ID, guardSlots, isConfigured, leftoverSlots } from "./guard-config.ts";
import type { GuardCopy, GuardFiles } from "./guard-files.ts";
import { type GuardProof, proveGuard } from "./prove-guard.ts";

export interface GuardPlan {
  /** Where the copy is that OpenClaw loads, and how it stands to the one of this Clutch. */
  readonly path: string;
  readonly copy: GuardCopy;
  readonly version: string;
  /** Slots of OpenClaw's configuration that would change. */
  readonly config: readonly SlotDifference[];
  /** Whether OpenClaw has to restart for it, which the turns that run hold up for 5 minutes at most. */
  readonly restarts: boolean;
}

export interface GuardInstalled extends GuardProof {
  readonly wrote: boolean;
  readonly config: readonly SlotDifference[];
  readonly restarted: boolean;
}

export interface GuardInstaller {
  plan(): Promise<GuardPlan>;
  /** Also updates. A lock that is on stays on, before, between and after. */
  install(actor: string): Promise<GuardInstalled>;
  /** `elsewhere`: another directory in which the guard kept its state, which is left alone. */
  remove(
    actor: string,
  ): Promise<{ readonly undone: readonly SlotDifference[]; readonly elsewhere: string | undefined }>;
}

export interface GuardInstallerParts {
  readonly changes: Pick<ConfigChanges, "preview" | "apply" | "last" | "undo">;
  readonly openclaw: Pick<OpenClaw, "readConfig" | "listAgents">;
  readonly guard: Pick<GuardClient, "status">;
  readonly plugins: Plugins;
  readonly withScratchSession: ScratchSession;
  readonly files: GuardFiles;
  /** Of the guard's state, on the gateway's machine, which is this one. */
  readonly directory: string;
  /** One that nothing listens at, now and after a restart of the gateway. */
  readonly freePort: () => Promise<number>;
  /** How long the guard may take to come and to go, ms. Default 20,000. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
}

const ABOUT = "guard";

/**
 * Puts the guard into OpenClaw while it runs, proves that it works, and takes it out
 * again; what fails is put back. Codes: those of `ConfigChanges` and of
 * `GatewayConnection.request`, `bad_config` where something has to be done first,
 * `store_failed`, and `not_verified` where the guard does not come up or is not asked.
 */
export function createGuardInstaller(parts: GuardInstallerParts): GuardInstaller {
  const { changes, openclaw, guard, plugins, files, directory, patienceMs = 20_000 } = parts;
  let freePort: number | undefined;

  const wanted = async () => {
    const { authored } = await openclaw.readConfig();
    freePort ??= await parts.freePort();
    const canaryPort = canaryPortIn(authored) ?? freePort;
    return { canaryPort, slots: guardSlots(authored, { path: files.path, directory, canaryPort }) };
  };

  /** Undefined also for a guard of a version that this Clutch does not understand. */
  const status = async (): Promise<GuardStatus | undefined> => {
    try {
      return await guard.status();
    } catch (thrown) {
      if (thrown instanceof ClutchError && thrown.code === "unexpected_reply") return undefined;
      throw thrown;
    }
  };

  /** What OpenClaw refuses here shows in the proof, with more to say about it. */
  const reload = async (): Promise<void> => {
    try {
      await plugins.reload(GUARD_ID);
    } catch (thrown) {
      if (!(thrown instanceof ClutchError) || thrown.code !== "gateway_refused") throw thrown;
    }
  };

  /** OpenClaw lets nobody change the settings of a plugin whose files it misses, so they come first. */
  const reloadConfigured = async (): Promise<boolean> => {
    if (!isConfigured((await openclaw.readConfig()).authored, files.path)) return false;
    await reload();
    return true;
  };

  const undoConfig = async (actor: string): Promise<readonly SlotDifference[]> => {
    const undone: SlotDifference[] = [];
    let former: number | undefined;
    for (;;) {
      const last = await changes.last(ABOUT);
      // What was changed since cannot be undone and stays the last.
      if (last === undefined || last.id === former) break;
      former = last.id;
      undone.push(...(await changes.undo(last, { actor, partly: true })).undone);
    }
    const { authored } = await openclaw.readConfig();
    const rest = await changes.apply(leftoverSlots(authored, files.path), { actor, about: `${ABOUT}-removal` });
    return [...undone, ...rest];
  };

  const explained = (thrown: unknown, says: readonly string[], wasPutBack: boolean): unknown => {
    if (!(thrown instanceof ClutchError)) return thrown;
    const said = says.length === 0 ? "" : ` OpenClaw says: ${says.join(" ")}`;
    const after = wasPutBack
      ? "Everything is as it was before."
      : "It could not be put back; clutch guard remove --yes takes it out.";
    const hint = thrown.hint === "" ? hintFor(files.path) : thrown.hint;
    return new ClutchError(thrown.code, `${thrown.message}${said} ${after}`, { hint, cause: thrown });
  };

  return {
    async plan() {
      const { slots } = await wanted();
      const { path, version } = files;
      const [copy, config] = [files.look(), await changes.preview(slots)];
      const isNews = copy !== "same" || config.length > 0;
      return { path, version, copy, config, restarts: isNews && plugins.restarts() };
    },

    async install(actor) {
      const before = await status();
      if (before !== undefined && before.directory !== directory) throw ofAnother(before.directory, directory);
      const { slots, canaryPort } = await wanted();
      const wasAbsent = files.look() === "absent";
      const { changed: wrote, putBack } = files.write();
      let config: readonly SlotDifference[] = [];
      try {
        if (plugins.restarts() && !(await plugins.finds(files.path))) throw unseen(files.path);
        const isLoaded = (wrote || before === undefined) && (await reloadConfigured());
        config = await changes.apply(slots, { actor, about: ABOUT });
        // Agents that OpenClaw has prepared already never ask a plugin that has only just come; once it is there, a reload tells them.
        // After a restart there are no such agents.
        const isTold = isLoaded && plugins.restarts();
        const mustReload = config.length > 0 || (before === undefined && !isTold);
        if (mustReload) await reload();
        const { withScratchSession, signal } = parts;
        const proof = await proveGuard({
          guard: { status },
          withScratchSession,
          agentId: async () => (await openclaw.listAgents()).defaultId ?? "main",
          directory,
          canaryPort,
          patienceMs,
          ...(signal === undefined ? {} : { signal }),
        });
        files.sweep();
        return { wrote, config, restarted: plugins.restarts() && (isLoaded || mustReload), ...proof };
      } catch (thrown) {
        const { says } = await plugins.about(GUARD_ID, files.path).catch(() => SILENT);
        const [put] = await Promise.allSettled([
          (async () => {
            const last = config.length === 0 ? undefined : await changes.last(ABOUT);
            if (last !== undefined) await changes.undo(last, { actor, partly: true });
            // Missing files that it is told to load would keep it from starting at all.
            const isNeeded = plugins.restarts() && isConfigured((await openclaw.readConfig()).authored, files.path);
            if (wasAbsent && isNeeded) return;
            putBack();
            const isChanged = config.length > 0 && plugins.restarts();
            if ((wrote && before !== undefined) || isChanged) await reload();
          })(),
        ]);
        throw explained(thrown, says, put.status === "fulfilled");
      }
    },

    async remove(actor) {
      const now = await status();
      const isHolding = now === undefined ? files.holds() : now.state.on || Object.keys(now.state.kept).length > 0;
      if (isHolding) throw stillHolding(now?.state.on ?? true);
      if (now === undefined && files.look() === "absent" && files.write().changed) await reloadConfigured();
      const undone = await undoConfig(actor).catch(untilRestart);
      if (plugins.restarts() && now !== undefined) await reload();
      const started = performance.now();
      while ((await guard.status()) !== undefined) {
        if (performance.now() - started > patienceMs) throw stillThere();
        await sleep(200);
      }
      files.remove();
      return { undone, elsewhere: now === undefined || now.directory === directory ? undefined : now.directory };
    },
  };
}

const SILENT = { says: [] as readonly string[] };

const hintFor = (path: string): string =>
  `Does the gateway run on this machine, as the same person, and see ${path}? In a container it does not: see docs/guard.md.`;

const unseen = (path: string): ClutchError =>
  new ClutchError(
    "not_verified",
    `OpenClaw does not find ${path}, and would not start again if it were told to load it.`,
  );

const ofAnother = (theirs: string, ours: string): ClutchError =>
  new ClutchError(
    "bad_config",
    `The guard is there already, with its state in ${theirs}; this Clutch keeps it in ${ours}.`,
    {
      hint: "Install it as the person who did so before, or take that one out first: clutch guard remove --yes.",
    },
  );

const stillHolding = (isOn: boolean): ClutchError =>
  new ClutchError(
    "bad_config",
    isOn
      ? "The guard is on; without it everything would be reachable again."
      : "The guard keeps conversations local; without it they would go to the cloud again.",
    {
      hint: isOn ? "Turn local-only mode off first: clutch localonly off." : "Release them first: /localonly release.",
    },
  );

/** After a start without the files, until one with them. */
function untilRestart(thrown: unknown): never {
  if (!(thrown instanceof ClutchError) || !thrown.message.includes("retained config")) throw thrown;
  throw new ClutchError(
    "bad_config",
    "OpenClaw started without the guard's files and holds on to its settings since.",
    {
      hint: "The files are there again: restart the gateway (openclaw gateway restart), then run this again.",
      cause: thrown,
    },
  );
}

const stillThere = (): ClutchError =>
  new ClutchError("not_verified", "The guard is out of OpenClaw's configuration, but still runs.", {
    hint: "Restart the gateway (openclaw gateway restart), then run this again.",
  });

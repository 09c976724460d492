import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { ClutchError, toClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import { type AgentFiles, sha256 } from "../openclaw/agent-files.ts";
import { type ModelConfig, modelConfigOf } from "../openclaw/model-config.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import { rankModels } from "../registry/find-model.ts";
import type { ModelProfile } from "../registry/model-profile.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import { createKeyLock } from "../sessions/key-lock.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { ChangeState } from "../store/change-journal.ts";
import type { Souls } from "../store/souls.ts";
import { type Authorship, type ConfiguredDefaults, show, stateOf } from "./configured-defaults.ts";
import { type Declaration, parseSoul, type Soul, type SoulProblem, withDeclaration } from "./soul-front-matter.ts";
import { judgeSoul, type WantedDefault } from "./soul-verdict.ts";

/**
 * How an agent's default stands to its SOUL.md. `drift`: somebody changed the
 * configuration after Clutch wrote it. `to-mirror` and `to-restore`: it would be
 * written, and nobody asked for that yet. `invalid`: the declaration can't be used,
 * and nothing was touched. `failed`: it should have been written and was not.
 */
export type SoulState =
  | "none"
  | "in-step"
  | "mirrored"
  | "restored"
  | "to-mirror"
  | "to-restore"
  | "drift"
  | "invalid"
  | "unreadable"
  | "failed";

export interface SoulReport {
  readonly agentId: string;
  readonly state: SoulState;
  readonly declared: Declaration | undefined;
  /** What stands in OpenClaw's configuration as the agent's own default; undefined where that was not looked at. */
  readonly configured: ChangeState | undefined;
  readonly problems: readonly SoulProblem[];
}

/** An agent's default that Clutch wrote, and what stood there before. */
export interface SoulRelease {
  readonly agentId: string;
  readonly mirrored: ChangeState;
  readonly former: ChangeState;
  /** Somebody changed it since, so it stays. */
  readonly kept: boolean;
}

/**
 * Keeps the default of agents in OpenClaw's configuration in step with what
 * their SOUL.md declares. Agents that declare nothing are read and never written.
 */
export interface SoulSync {
  /**
   * Looks at the given agents, or at all, and writes what has to be written: up
   * to 3 s each. Throws `unknown_agent`, and the gateway's codes where not even
   * the configuration can be read; what goes wrong with one agent is in its report.
   */
  sync(agentIds?: readonly string[]): Promise<readonly SoulReport[]>;
  /** What `sync` would find and do; nothing is written. */
  preview(agentIds?: readonly string[]): Promise<readonly SoulReport[]>;
  /**
   * Writes a model into the front matter of an agent's SOUL.md, where the file did
   * not change at the same moment, and brings the configuration in step, also where
   * somebody had set another default since; the report says whether it is. Codes:
   * `bad_config` where the file is missing, broken or no text, `changed_meanwhile`,
   * `not_verified`, `unknown_agent`, and the gateway's.
   */
  declareInSoul(agentId: string, declared: { readonly model: ModelRef }, about: Authorship): Promise<SoulReport>;
  /**
   * Takes back what was mirrored and forgets it: agents get the default that they had
   * before, where nobody changed it since. With `look` it only says what that would be.
   */
  release(how?: { readonly look: boolean }): Promise<readonly SoulRelease[]>;
  /** As last read: which model the agent wants while only local ones are allowed. */
  localOnlyModel(agentId: string): ModelRef | undefined;
  /** Looks at all agents now and every `everyMs` (60,000 where not given) until `stop`. */
  start(options?: { readonly everyMs?: number }): void;
  /** Waits for the look that is under way. */
  stop(): Promise<void>;
}

const FILE = "SOUL.md";
/** In the place of the hash of how a declaration was written. */
const SAID_AGAIN = "said again";
/** The gateway tells nobody that a file changed, so Clutch looks. */
const LOOK_EVERY_MS = 60_000;

export function createSoulSync(parts: {
  readonly files: AgentFiles;
  readonly openclaw: Pick<OpenClaw, "readConfig">;
  readonly defaults: Pick<ConfiguredDefaults, "put">;
  readonly registry: Pick<ModelRegistry, "current">;
  readonly audit: AuditLog;
  readonly souls: Souls;
  readonly logger: Logger;
}): SoulSync {
  const { files, openclaw, defaults, registry, audit, souls, logger } = parts;
  const lock = createKeyLock();
  const localOnly = new Map<string, ModelRef>();
  /** What was logged last of an agent, so that nothing is said twice. */
  const told = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let underway: Promise<void> | undefined;

  /** Reads the file and judges it; with `writes` also does what follows from it. */
  const settle = async (agentId: string, scene: Scene, writes: boolean): Promise<SoulReport> => {
    const configured = stateOf(scene.config.agentModels.get(agentId)?.raw);
    const soul = parseSoul((await files.readAgentFile(agentId, FILE))?.content ?? "");
    const { wanted, localOnlyModel, problems } = understand(soul, scene.models);
    const { declared } = soul;
    const report = (state: SoulState, now: ChangeState, more: readonly SoulProblem[] = []): SoulReport => ({
      agentId,
      state,
      declared,
      configured: now,
      problems: [...problems, ...more].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    });
    if (problems.some(({ kind }) => kind === "error")) return report("invalid", configured);
    if (localOnlyModel === undefined) localOnly.delete(agentId);
    else localOnly.set(agentId, localOnlyModel);

    const known = await souls.get(agentId);
    const verdict = judgeSoul(wanted, configured, known);
    const remark = (message: string): SoulProblem[] => [
      { line: soul.lines.get(declared?.model ?? ""), kind: "warning", message },
    ];
    if (verdict.kind === "leave") {
      if (writes && !isDeepStrictEqual(verdict.memory ?? undefined, known)) await remember(agentId, verdict.memory);
      if (verdict.state !== "drift") return report(declared === undefined ? "none" : "in-step", configured);
      const change =
        configured === null ? "this was taken out of the configuration" : `${show(configured)} was configured`;
      const message = `${change} since; Clutch leaves it so until the declaration is edited`;
      return report("drift", configured, remark(message));
    }
    const { to, memory, state, replacesChoice } = verdict;
    const more = replacesChoice
      ? remark(`${show(configured)}, which somebody set meanwhile, gives way to this later edit`)
      : [];
    if (!writes) return report(state === "mirrored" ? "to-mirror" : "to-restore", configured, more);
    // What stands there now must not be forgotten over a crash between the two steps.
    if (memory !== null && isDeepStrictEqual(memory.former, configured)) {
      await souls.save(agentId, { ...memory, hash: "" });
    }
    const reason = state === "mirrored" ? `SOUL.md of ${agentId}` : `SOUL.md of ${agentId} declares no model any more`;
    try {
      await defaults.put({ kind: "agent", agentId }, { from: configured, to }, { actor: "clutch", reason });
    } catch (thrown) {
      if (!(thrown instanceof ClutchError)) throw thrown;
      return report("failed", configured, [{ line: undefined, kind: "error", message: thrown.message }]);
    }
    await remember(agentId, memory);
    return report(state, to, more);
  };

  const remember = (agentId: string, memory: Parameters<Souls["save"]>[1] | null): Promise<void> =>
    memory === null ? souls.forget(agentId) : souls.save(agentId, memory);

  const lookAt = async (agentIds: readonly string[] | undefined, writes: boolean): Promise<readonly SoulReport[]> => {
    const [{ models, agentIds: all }, { config }] = await Promise.all([registry.current(), openclaw.readConfig()]);
    const unknown = agentIds?.find((id) => !all.includes(id));
    if (unknown !== undefined) {
      throw new ClutchError("unknown_agent", `There is no agent “${unknown}”.`, { hint: `Agents: ${all.join(", ")}.` });
    }
    const scene = { models, config: modelConfigOf(config) };
    const reports: SoulReport[] = [];
    for (const agentId of agentIds ?? all) {
      const report = await lock
        .run(agentId, () => settle(agentId, scene, writes))
        .catch((thrown: unknown) => {
          const { code, message } = toClutchError(thrown);
          if (code === "internal" || code === "store_failed") throw thrown;
          const problems: SoulProblem[] = [{ line: undefined, kind: "error", message }];
          return { agentId, state: "unreadable", declared: undefined, configured: undefined, problems } as const;
        });
      reports.push(report);
    }
    return reports;
  };

  const tell = ({ agentId, state, configured, problems }: SoulReport): void => {
    const news = JSON.stringify([state === "mirrored" ? "in-step" : state, problems]);
    if (told.get(agentId) === news && state !== "mirrored") return;
    told.set(agentId, news);
    if (problems.length > 0) logger.warn({ agent: agentId, state, problems }, "SOUL.md and the configuration");
    else if (state === "mirrored" || state === "restored") {
      logger.info({ agent: agentId, state, model: configured }, "SOUL.md and the configuration");
    }
  };

  const declare = async (agentId: string, model: string): Promise<string> => {
    const file = await files.readAgentFile(agentId, FILE);
    if (file === undefined) {
      throw new ClutchError("bad_config", `Agent ${agentId} has no SOUL.md to write the model into.`, {
        hint: "Write one first; it says who the agent is.",
      });
    }
    if (sha256(file.content) !== file.hash) {
      throw new ClutchError("bad_config", `SOUL.md of ${agentId} is not UTF-8 text; nothing was written.`, {
        hint: "Save it as UTF-8, then try again.",
      });
    }
    const former = parseSoul(file.content).declared?.model ?? "nothing";
    const content = withDeclaration(file.content, { model });
    if (content === file.content) return former;
    await files.writeAgentFile(agentId, FILE, content, file.hash);
    if ((await files.readAgentFile(agentId, FILE))?.content !== content) {
      throw new ClutchError("not_verified", `SOUL.md of ${agentId} does not hold what was just written to it.`, {
        hint: "Somebody else may have changed it at the same moment. Look at the file.",
      });
    }
    return former;
  };

  return {
    sync: (agentIds) => lookAt(agentIds, true),
    preview: (agentIds) => lookAt(agentIds, false),

    async declareInSoul(agentId, declared, about) {
      const to = formatModelRef(declared.model);
      const entry = { ...about, action: "soul.declare", target: agentId, to };
      try {
        const from = await lock.run(agentId, async () => {
          const former = await declare(agentId, to);
          // What is said again is an edit too, though the file says so already: it ends a drift.
          const known = await souls.get(agentId);
          if (known !== undefined) await souls.save(agentId, { ...known, hash: SAID_AGAIN });
          return former;
        });
        await audit.append({ ...entry, from, result: "ok" });
      } catch (thrown) {
        await audit.append({ ...entry, result: "failed", code: toClutchError(thrown).code });
        throw thrown;
      }
      const [report] = await lookAt([agentId], true);
      if (report === undefined) throw new ClutchError("internal", `Agent ${agentId} was not looked at.`);
      return report;
    },

    async release({ look } = { look: false }) {
      const [{ agentIds }, { config }] = await Promise.all([registry.current(), openclaw.readConfig()]);
      const now = modelConfigOf(config).agentModels;
      const released: SoulRelease[] = [];
      for (const agentId of agentIds) {
        await lock.run(agentId, async () => {
          const known = await souls.get(agentId);
          if (known === undefined) return;
          const { mirrored, former } = known;
          const configured = stateOf(now.get(agentId)?.raw);
          const kept = !isDeepStrictEqual(configured, mirrored);
          if (!look) {
            const about = { actor: "clutch", reason: "clutch uninstall" };
            if (!kept) await defaults.put({ kind: "agent", agentId }, { from: configured, to: former }, about);
            await souls.forget(agentId);
          }
          released.push({ agentId, mirrored, former, kept });
        });
      }
      return released;
    },

    localOnlyModel: (agentId) => localOnly.get(agentId),

    start({ everyMs = LOOK_EVERY_MS } = {}) {
      if (timer !== undefined) return;
      const look = (): void => {
        underway ??= lookAt(undefined, true)
          .then((reports) => reports.forEach(tell))
          .catch((error: unknown) => logger.warn({ err: error }, "SOUL.md of the agents could not be looked at"))
          .finally(() => {
            underway = undefined;
          });
      };
      timer = setInterval(look, everyMs).unref();
      look();
    },

    async stop() {
      clearInterval(timer);
      timer = undefined;
      await underway;
    },
  };
}

interface Scene {
  readonly models: readonly ModelProfile[];
  readonly config: ModelConfig;
}

/** The declaration with every name resolved; a name must be exact, since nobody is there to be asked. */
function understand(
  soul: Soul,
  models: readonly ModelProfile[],
): {
  readonly wanted: WantedDefault | undefined;
  readonly localOnlyModel: ModelRef | undefined;
  readonly problems: readonly SoulProblem[];
} {
  const { model, fallbacks, localOnlyModel } = soul.declared ?? {};
  const problems = [...soul.problems];
  const resolve = (name: string): ModelProfile | undefined => {
    const profile = exactly(name, models);
    if (profile === undefined) {
      const [closest] = rankModels(name, models);
      const message = `OpenClaw has no model “${name}”${closest === undefined ? "" : `; the closest is ${formatModelRef(closest.ref)}`}`;
      problems.push({ line: soul.lines.get(name), kind: "error", message });
    }
    return profile;
  };
  const refOf = (name: string): string => formatModelRef(resolve(name)?.ref ?? { provider: "", model: name });
  const wanted =
    model === undefined
      ? undefined
      : {
          model: refOf(model),
          fallbacks: fallbacks?.map(refOf),
          hash: sha256(JSON.stringify([model, fallbacks ?? null])),
        };
  const local = localOnlyModel === undefined ? undefined : resolve(localOnlyModel);
  if (local !== undefined && local.locality.kind !== "local") {
    problems.push({
      line: soul.lines.get(localOnlyModel ?? ""),
      kind: "warning",
      message: `“${localOnlyModel}” is not known to be local`,
    });
  }
  return { wanted, localOnlyModel: local?.ref, problems };
}

function exactly(name: string, models: readonly ModelProfile[]): ModelProfile | undefined {
  const wanted = name.toLowerCase();
  return (
    models.find(({ ref }) => formatModelRef(ref).toLowerCase() === wanted) ??
    models.find(({ aliases }) => aliases.some((alias) => alias.toLowerCase() === wanted))
  );
}

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import { type ConfiguredModel, modelConfigOf } from "../openclaw/model-config.ts";
import type { ConfigSnapshot, OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { Change, ChangeJournal, ChangeState } from "../store/change-journal.ts";
import { journalledPatch } from "./journalled-patch.ts";

/** Whose default is meant: one agent's, or that of all agents without one. */
export type DefaultScope = { readonly kind: "agent"; readonly agentId: string } | { readonly kind: "global" };

export interface DefaultChange {
  readonly before: ConfiguredModel | undefined;
  readonly after: ConfiguredModel | undefined;
  readonly changed: boolean;
}

/** Who changes a default, in which conversation, and why. */
export interface Authorship {
  readonly actor: string;
  readonly place?: string;
  readonly reason?: string;
}

/** The models that OpenClaw's configuration names as defaults. Takes up to 3 s; the gateway applies them without a restart. */
export interface ConfiguredDefaults {
  read(scope: DefaultScope): Promise<ConfiguredModel | undefined>;
  /** Null takes an agent's own default away. Fallbacks stay as they are. Codes: `not_verified`, `changed_meanwhile`, the gateway's. */
  set(scope: DefaultScope, target: ModelRef | null, about: Authorship): Promise<DefaultChange>;
  /** Sets exactly this value, fallbacks included, where `from` is what stands there now. Codes as `set`. */
  put(
    scope: DefaultScope,
    change: { readonly from: ChangeState; readonly to: ChangeState },
    about: Authorship,
  ): Promise<DefaultChange>;
  undo(change: Change, about: Authorship): Promise<DefaultChange>;
  /** After a crash: settles changes begun more than `olderThanMs` ago by what the configuration shows. */
  settleUnfinished(olderThanMs: number): Promise<void>;
}

export function createConfiguredDefaults(parts: {
  readonly openclaw: OpenClaw;
  readonly registry: ModelRegistry;
  readonly journal: ChangeJournal;
  readonly audit: AuditLog;
  /** Epoch ms. */
  readonly clock: () => number;
}): ConfiguredDefaults {
  const { openclaw, journal, audit, clock } = parts;

  const recordOf = (
    { scope, target, before, after, undoes, actor, place, reason }: Omit<Change, "id" | "at" | "state">,
    result: "ok" | "failed" | "refused",
    code?: string,
  ): Promise<void> =>
    audit.append({
      actor,
      place,
      action: undoes === undefined ? `model.default.${scope}` : "model.undo",
      target,
      from: show(before),
      to: show(after),
      reason,
      result,
      code,
    });

  const write = async (
    scope: DefaultScope,
    next: (now: ConfiguredModel | undefined) => ChangeState,
    about: Authorship,
    undoes?: Change,
  ): Promise<DefaultChange> => {
    const snapshot = await openclaw.readConfig();
    const before = configuredIn(snapshot, scope);
    const from = stateOf(before?.raw);
    const to = next(before);
    if (isDeepStrictEqual(from, to)) return { before, after: before, changed: false };

    const intended = {
      scope: scope.kind,
      target: targetOf(scope),
      place: about.place,
      actor: about.actor,
      before: from,
      after: to,
      reason: about.reason,
      undoes: undoes?.id,
    };
    let after = before;
    await journalledPatch(parts, {
      change: intended,
      patch: () => openclaw.patchConfig(patchFor(scope, from, to), snapshot.hash, fallbackPaths(scope, from)),
      async readBack() {
        after = configuredIn(await openclaw.readConfig({ timeoutMs: 20_000 }), scope);
        const now = stateOf(after?.raw);
        return isDeepStrictEqual(now, to) ? { now } : { wrong: notHeld(now, to) };
      },
      record: (result, code) => recordOf(intended, result, code),
      made: `OpenClaw's configuration now names ${show(to)}.`,
    });
    return { before, after, changed: true };
  };

  return {
    async read(scope) {
      return configuredIn(await openclaw.readConfig(), scope);
    },
    set: (scope, target, about) => write(scope, (now) => withPrimary(now, target), about),
    put: (scope, { from, to }, about) =>
      write(
        scope,
        (now) => {
          if (isDeepStrictEqual(stateOf(now?.raw), from)) return to;
          throw new ClutchError(
            "changed_meanwhile",
            `The default was set to ${show(stateOf(now?.raw))} at the same moment; nothing was written.`,
            { hint: "Look with /model, then try again." },
          );
        },
        about,
      ),
    async undo(change, about) {
      const scope = scopeOf(change);
      const now = configuredIn(await openclaw.readConfig(), scope);
      if (!isDeepStrictEqual(stateOf(now?.raw), change.after)) {
        const { place } = about;
        const tried = {
          ...change,
          ...about,
          place,
          before: stateOf(now?.raw),
          after: change.before,
          undoes: change.id,
        };
        await recordOf(tried, "refused", "changed_meanwhile");
        throw new ClutchError(
          "changed_meanwhile",
          `Since that change the default was set to ${show(stateOf(now?.raw))}; undoing would overwrite it.`,
          { hint: goBackHint(change) },
        );
      }
      return write(scope, () => change.before, about, change);
    },
    async settleUnfinished(olderThanMs) {
      for (const change of await journal.unfinished()) {
        if ((change.scope !== "agent" && change.scope !== "global") || change.at > clock() - olderThanMs) continue;
        const now = configuredIn(await openclaw.readConfig(), scopeOf(change));
        const made = isDeepStrictEqual(stateOf(now?.raw), change.after);
        if (!(await (made ? journal.done(change.id) : journal.failed(change.id, "interrupted")))) continue;
        const settled = { ...change, reason: "settled after an interruption" };
        await recordOf(settled, made ? "ok" : "failed", made ? undefined : "interrupted");
      }
    },
  };
}

const notHeld = (now: ChangeState, wanted: ChangeState): ClutchError =>
  new ClutchError("not_verified", `The configuration now names ${show(now)}, not ${show(wanted)}.`, {
    hint: "Somebody else may have changed it at the same moment. Look with /model.",
  });

/** There is no command that leaves all agents without a default. */
const goBackHint = ({ before, scope }: Change): string =>
  before === null && scope === "global"
    ? "Before it there was none; to go back all the same, take it out of OpenClaw's configuration."
    : `To go back all the same: /model ${before === null ? "default" : show(before)} scope:${scope}`;

const scopeOf = ({ scope, target }: Change): DefaultScope =>
  scope === "agent" ? { kind: "agent", agentId: target } : { kind: "global" };

function configuredIn(snapshot: ConfigSnapshot, scope: DefaultScope): ConfiguredModel | undefined {
  const config = modelConfigOf(snapshot.config);
  if (scope.kind === "agent") return config.agentModels.get(scope.agentId);
  return config.defaultModel.raw === undefined ? undefined : config.defaultModel;
}

const targetOf = (scope: DefaultScope): string => (scope.kind === "agent" ? scope.agentId : "defaults");

const stateSchema = z.union([z.string(), z.record(z.string(), z.unknown())]);

/** A configured default as the journal keeps it. */
export function stateOf(raw: unknown): ChangeState {
  const parsed = stateSchema.safeParse(raw);
  return parsed.success ? parsed.data : null;
}

function withPrimary(now: ConfiguredModel | undefined, target: ModelRef | null): ChangeState {
  if (target === null) return null;
  if (sameModel(now?.primary, target)) return stateOf(now?.raw);
  const former = stateOf(now?.raw);
  const primary = formatModelRef(target);
  return former !== null && typeof former === "object" ? { ...former, primary } : primary;
}

/** A merge patch leaves keys of an object alone that it does not name, so those that go are named with null. */
function patchFor(scope: DefaultScope, from: ChangeState, to: ChangeState): Record<string, unknown> {
  const gone =
    from !== null && typeof from === "object" && to !== null && typeof to === "object"
      ? Object.fromEntries(Object.keys(from).flatMap((key) => (key in to ? [] : [[key, null]])))
      : {};
  const model = to !== null && typeof to === "object" ? { ...gone, ...to } : to;
  return { agents: scope.kind === "agent" ? { entries: { [scope.agentId]: { model } } } : { defaults: { model } } };
}

/** The gateway takes fallbacks away only where that is said outright. */
function fallbackPaths(scope: DefaultScope, from: ChangeState): readonly string[] {
  if (from === null || typeof from !== "object" || !("fallbacks" in from)) return [];
  return [`${scope.kind === "agent" ? `agents.entries.${scope.agentId}` : "agents.defaults"}.model.fallbacks`];
}

/** A configured model as people read it. */
export function show(state: ChangeState): string {
  if (state === null) return "nothing";
  if (typeof state === "string") return state;
  return typeof state["primary"] === "string" ? state["primary"] : "nothing";
}

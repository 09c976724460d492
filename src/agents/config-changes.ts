import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { formatSlot, patchFor, readSlot, type Slot } from "../openclaw/config-slots.ts";
import type { OpenClaw } from "../openclaw/openclaw.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { AuditLog } from "../store/audit-log.ts";
import type { Change, ChangeJournal, ChangeState } from "../store/change-journal.ts";

/** One slot before and after. */
export interface SlotDifference {
  /** As OpenClaw's documentation writes it. */
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Who changes the configuration, where, and for what: `about` names the purpose, such as `helpers`. */
export interface ConfigChangeContext {
  readonly actor: string;
  readonly about: string;
  readonly place?: string;
  readonly reason?: string;
}

/**
 * Sets slots of OpenClaw's configuration: shown first, written by a patch that
 * fails where the configuration changed since it was read, read back, journalled,
 * and undone only where nobody changed the slots since. Takes up to 3 s; the
 * gateway allows 30 patches a minute. Codes: `changed_meanwhile`, `not_verified`,
 * and the gateway's.
 */
export interface ConfigChanges {
  /** What would change; empty where every slot holds its value already. */
  preview(slots: readonly Slot[]): Promise<readonly SlotDifference[]>;
  apply(slots: readonly Slot[], context: ConfigChangeContext): Promise<readonly SlotDifference[]>;
  /** The latest change for a purpose that can be undone. */
  last(about: string): Promise<Change | undefined>;
  undo(change: Change, context: Omit<ConfigChangeContext, "about">): Promise<readonly SlotDifference[]>;
}

export function createConfigChanges(parts: {
  readonly openclaw: OpenClaw;
  readonly registry: Pick<ModelRegistry, "invalidate">;
  readonly journal: ChangeJournal;
  readonly audit: AuditLog;
}): ConfigChanges {
  const { openclaw, registry, journal, audit } = parts;

  const write = async (
    slots: readonly Slot[],
    context: ConfigChangeContext,
    undoes?: Change,
  ): Promise<readonly SlotDifference[]> => {
    const snapshot = await openclaw.readConfig();
    const wanted = slots.filter(({ path, value }) => !holds(readSlot(snapshot.config, path), value));
    if (wanted.length === 0) return [];
    const differences = differencesOf(snapshot.config, wanted);
    const former = wanted.map(({ path }) => ({ path, value: readSlot(snapshot.config, path) }));
    const id = await journal.intend({
      scope: "config",
      target: context.about,
      place: context.place,
      actor: context.actor,
      before: stateOf(former),
      after: stateOf(wanted),
      reason: context.reason,
      undoes: undoes?.id,
    });
    const record = (result: "ok" | "failed", code?: string) =>
      audit.append({
        actor: context.actor,
        place: context.place,
        action: undoes === undefined ? `config.${context.about}` : "config.undo",
        target: differences.map(({ name }) => name).join(", "),
        from: differences.map(({ before }) => brief(before)).join(", "),
        to: differences.map(({ after }) => brief(after)).join(", "),
        reason: context.reason,
        result,
        code,
      });
    const fail = async (error: ClutchError): Promise<never> => {
      await journal.failed(id, error.code);
      await record("failed", error.code);
      throw error;
    };

    const { patch, replacePaths } = patchFor(snapshot.config, wanted);
    try {
      await openclaw.patchConfig(patch, snapshot.hash, replacePaths);
    } catch (thrown) {
      if (!(thrown instanceof ClutchError)) throw thrown;
      if (/changed since/i.test(thrown.message)) {
        return fail(
          new ClutchError(
            "changed_meanwhile",
            "OpenClaw's configuration changed at the same moment; nothing was written.",
            { hint: "Try again.", cause: thrown },
          ),
        );
      }
      if (thrown.code === "gateway_refused") return fail(thrown);
      // The answer was lost, not necessarily the patch: the configuration decides below.
    } finally {
      registry.invalidate();
    }
    const { config } = await openclaw.readConfig({ timeoutMs: 20_000 });
    const missing = wanted.find(({ path, value }) => !holds(readSlot(config, path), value));
    if (missing !== undefined) {
      return fail(
        new ClutchError(
          "not_verified",
          `OpenClaw's configuration does not hold what was written to ${formatSlot(missing.path)}.`,
          { hint: "Somebody else may have changed it at the same moment. Try again." },
        ),
      );
    }
    await journal.done(id);
    await record("ok");
    return differences;
  };

  return {
    async preview(slots) {
      const { config } = await openclaw.readConfig();
      return differencesOf(
        config,
        slots.filter(({ path, value }) => !holds(readSlot(config, path), value)),
      );
    },
    apply: (slots, context) => write(slots, context),
    last: (about) => journal.lastUndoable({ target: about }),
    async undo(change, context) {
      const { config } = await openclaw.readConfig();
      const other = slotsOf(change.after).find(({ path, value }) => !holds(readSlot(config, path), value));
      if (other !== undefined) {
        throw new ClutchError(
          "changed_meanwhile",
          `Since that change ${formatSlot(other.path)} was set to something else; undoing would overwrite it.`,
          { hint: "Change it in OpenClaw's configuration." },
        );
      }
      return write(slotsOf(change.before), { ...context, about: change.target }, change);
    },
  };
}

const differencesOf = (config: unknown, slots: readonly Slot[]): SlotDifference[] =>
  slots.map(({ path, value }) => ({ name: formatSlot(path), before: readSlot(config, path), after: value }));

/** OpenClaw completes what it is given by defaults of its own, so what is there may say more than what was written. */
function holds(actual: unknown, wanted: unknown): boolean {
  if (wanted === null || wanted === undefined) return actual === null || actual === undefined;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((item: unknown, index) => holds(actual[index], item))
    );
  }
  if (typeof wanted === "object") {
    if (typeof actual !== "object" || actual === null || Array.isArray(actual)) return false;
    const has = actual as Readonly<Record<string, unknown>>;
    return Object.entries(wanted).every(([key, value]) => holds(has[key], value));
  }
  return actual === wanted;
}

const slotsSchema = z.object({
  slots: z.array(
    z.object({
      path: z.array(z.union([z.string(), z.object({ id: z.string() })])),
      value: z.unknown().optional(),
    }),
  ),
});

const stateOf = (slots: readonly Slot[]): ChangeState => ({ slots: slots.map(({ path, value }) => ({ path, value })) });

const slotsOf = (state: ChangeState): readonly Slot[] =>
  slotsSchema.parse(state).slots.map(({ path, value }) => ({ path, value: value ?? null }));

function brief(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

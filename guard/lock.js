import { readState, writeState } from "./state-file.js";

/** @import { GuardRules, GuardState } from "./types.js" */

/** Said to whoever calls: the state is as it was. */
export class GuardRefusal extends Error {}

/** How often the file is looked at while the lock is on, ms. */
const LOOK_MS = 1_000;

/**
 * The state in memory and on the disk. What is stricter is believed at once;
 * what is looser only once it is on the disk. An id that was ended is spent, so
 * a late repetition never turns the lock on again.
 * @param {{ path: string, clock: () => number, memory?: { state: GuardState | undefined } }} parts `clock` gives epoch ms; what `memory` holds already is believed.
 */
export function createLock({ path, clock, memory = { state: undefined } }) {
  let lookedAt = clock();

  const current = () => {
    memory.state ??= readState(path);
    if (memory.state.on && Math.abs(clock() - lookedAt) >= LOOK_MS) {
      lookedAt = clock();
      const found = readState(path);
      // Ended by force, without the gateway. A file that is gone or damaged ends nothing.
      if (!found.on && found.id === memory.state.id) memory.state = found;
    }
    return memory.state;
  };
  current();

  /** @param {GuardState} next @param {boolean} isStricter */
  const store = (next, isStricter) => {
    if (isStricter) memory.state = next;
    writeState(path, next);
    memory.state = next;
  };

  return {
    state: current,

    /** @param {string} id @param {GuardRules} rules */
    on(id, rules) {
      const state = current();
      if (!state.on && state.id === id) throw new GuardRefusal("this lock was ended already");
      if (state.on && state.id !== id && state.damage === undefined)
        throw new GuardRefusal(`the lock is on by ${state.id}`);
      const at = state.on && state.id === id ? state.at : clock();
      const next = { ...rules, on: true, id, at, kept: state.kept };
      // Until it is on the disk, a restart would end it: whoever asks has to know.
      if (!state.on || state.damage !== undefined) memory.state = { ...next, damage: "could not be written" };
      store(next, false);
    },

    /** @param {string} id */
    off(id) {
      const state = current();
      if (!state.on) return;
      if (state.id !== id) throw new GuardRefusal(`the lock is on by ${state.id}`);
      const { damage: _, ...rest } = state;
      store({ ...rest, on: false, at: clock() }, false);
    },

    /** Where turns may go, from now on. @param {GuardRules} rules */
    setRules(rules) {
      const state = current();
      if (state.damage !== undefined) throw new GuardRefusal(`the file of the lock ${state.damage}`);
      store({ ...state, ...rules }, false);
    },

    /** @param {readonly string[]} keys Session keys. @param {"here" | "unreleased"} why */
    keep(keys, why) {
      const state = current();
      if (state.damage !== undefined) throw new GuardRefusal(`the file of the lock ${state.damage}`);
      const added = keys.map((key) => /** @type {const} */ ([key.toLowerCase(), { why, at: clock() }]));
      store({ ...state, kept: { ...Object.fromEntries(added), ...state.kept } }, true);
    },

    /** @param {readonly string[]} keys */
    release(keys) {
      const state = current();
      const gone = new Set(keys.map((key) => key.toLowerCase()));
      const kept = Object.fromEntries(Object.entries(state.kept).filter(([key]) => !gone.has(key)));
      store({ ...state, kept }, false);
    },
  };
}

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** @import { GuardState } from "./types.js" */

/** The id under which a lock can be ended whose file is damaged. */
export const DAMAGED_ID = "damaged";

/** @type {GuardState} */
const OFF = { on: false, id: "", at: 0, kept: {}, models: [], order: {}, tools: [] };

/**
 * Never throws. No file: the lock was never on here, or a person took the file
 * away. A file that cannot be read or understood: on, with no model to go to.
 * @param {string} path
 * @returns {GuardState}
 */
export function readState(path) {
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return OFF;
    return damaged(`cannot be read (${codeOf(error)})`);
  }
  try {
    return checkState(JSON.parse(text));
  } catch {
    return damaged("is damaged");
  }
}

/**
 * Returns when the state is on the disk; a crash leaves the old one or the new one.
 * @param {string} path
 * @param {GuardState} state
 */
export function writeState(path, { on, id, at, kept, models, order, tools }) {
  const draft = `${path}.${process.pid}.${Date.now()}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(file, `${JSON.stringify({ version: 1, on, id, at, kept, models, order, tools })}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** The new name must be on the disk too, or a power cut brings the old file back. @param {string} path */
function syncDirectory(path) {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** @param {unknown} value @returns {GuardState} */
function checkState(value) {
  const { version, on, id, at, kept, ...rules } = object(value);
  if (version !== 1 || typeof on !== "boolean") throw new TypeError("no state of this version");
  return {
    on,
    id: text(id),
    at: moment(at),
    kept: Object.fromEntries(
      Object.entries(object(kept)).map(([key, entry]) => {
        const { why, at: since } = object(entry);
        return [key, { why: why === "here" ? "here" : "unreleased", at: moment(since) }];
      }),
    ),
    ...checkRules(rules),
  };
}

/**
 * Throws where something is not what it should be.
 * @param {unknown} value
 * @returns {import("./types.js").GuardRules}
 */
export function checkRules(value) {
  const { models, order, tools } = object(value);
  return {
    models: list(models).map((entry) => {
      const { provider, model, baseUrl, ollama } = object(entry);
      return { provider: text(provider), model: text(model), baseUrl: text(baseUrl), ollama: ollama === true };
    }),
    order: Object.fromEntries(Object.entries(object(order)).map(([agent, refs]) => [agent, list(refs).map(text)])),
    tools: list(tools).map(text),
  };
}

/** @param {unknown} value @returns {Record<string, unknown>} */
export function object(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("an object is needed");
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {unknown} value @returns {unknown[]} */
export function list(value) {
  if (!Array.isArray(value) || value.length > 10_000) throw new TypeError("a list is needed");
  return value;
}

/** @param {unknown} value @returns {string} */
export function text(value) {
  if (typeof value !== "string" || value.length > 2_000) throw new TypeError("a text is needed");
  return value;
}

/** @param {unknown} value @returns {number} */
function moment(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError("a time is needed");
  return value;
}

/** @param {string} damage @returns {GuardState} */
const damaged = (damage) => ({ ...OFF, on: true, id: DAMAGED_ID, damage });

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Error && "code" in error ? String(error.code) : "unexpected error");

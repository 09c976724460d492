/** The most that one returned value may hold: parts, levels, characters of text. */
const LIMITS = { parts: 20_000, levels: 60, chars: 200_000 };

/**
 * Runs in QuickJS before the code under test and gives its worker two functions.
 * `call(entry, args)` calls with arguments from JSON and writes what came of it as
 * JSON: `["returned", value]`, `["threw", what]` or `["ran out", of what]`. In a value a list is `["a", …]`, a mapping `["o", [key, value], …]`,
 * what JSON does not have is `["x", what]`, and all else stands for itself.
 *
 * Whatever the code does to the globals, it can only spoil its own result: what is
 * right is never in here.
 */
export const GUEST_SOURCE = `(() => {
  const { apply, getPrototypeOf } = Reflect;
  const { isArray } = Array;
  const { keys } = Object;
  const { stringify: quote, parse } = JSON;
  const { slice } = String.prototype;
  const text = String;
  const plain = Object.prototype;
  const [Out, Vow] = [InternalError, Promise];

  const odd = (what) => '["x",' + quote(what) + "]";
  const nameOf = (value) => {
    if (value instanceof Vow) return "a promise";
    if (typeof value.next === "function") return "an iterator";
    return "an object that is no plain one";
  };
  const encode = (whole) => {
    let parts = 0;
    let chars = 0;
    const said = (value) => {
      if ((chars += value.length) > ${LIMITS.chars}) throw "a value that is too large";
      return quote(value);
    };
    const walk = (value, level) => {
      if (++parts > ${LIMITS.parts}) throw "a value that is too large";
      if (level > ${LIMITS.levels}) throw "a value that is nested too deeply";
      if (value === null || typeof value === "boolean") return text(value);
      if (typeof value === "string") return said(value);
      if (typeof value === "number") return value - value === 0 ? text(value) : odd(text(value));
      if (typeof value === "undefined") return odd("undefined");
      if (typeof value !== "object") return odd("a " + typeof value);
      if (isArray(value)) {
        let out = '["a"';
        for (let i = 0, end = value.length; i < end; i++) out += "," + walk(value[i], level + 1);
        return out + "]";
      }
      const names = keys(value);
      const above = getPrototypeOf(value);
      if (names.length === 0 && above !== plain && above !== null) return odd(nameOf(value));
      let out = '["o"';
      for (let i = 0; i < names.length; i++) {
        const each = value[names[i]];
        if (each !== undefined) out += ",[" + said(names[i]) + "," + walk(each, level + 1) + "]";
      }
      return out + "]";
    };
    return walk(whole, 0);
  };
  const describe = (thrown) => {
    try {
      const isError = typeof thrown === "object" && thrown !== null;
      return apply(slice, isError ? text(thrown.name) + ": " + text(thrown.message) : text(thrown), [0, 200]);
    } catch {
      return "something that cannot be shown";
    }
  };
  const ranOut = (thrown) => {
    try {
      // Null is what is thrown where no memory was left for an error.
      return thrown === null || thrown instanceof Out;
    } catch {
      return false;
    }
  };
  const call = (entry, args) => {
    let value;
    try {
      value = apply(entry, undefined, parse(args));
    } catch (thrown) {
      return ranOut(thrown) ? '["ran out","stack or memory"]' : '["threw",' + quote(describe(thrown)) + "]";
    }
    try {
      return '["returned",' + encode(value) + "]";
    } catch (thrown) {
      return '["returned",' + odd(typeof thrown === "string" ? thrown : "a value that cannot be read") + "]";
    }
  };

  const quiet = () => undefined;
  const names = ["log", "info", "warn", "error", "debug", "trace", "table", "dir", "assert", "time", "timeEnd", "group", "groupEnd"];
  globalThis.console = Object.fromEntries(names.map((name) => [name, quiet]));
  globalThis.module = { exports: {} };
  globalThis.exports = module.exports;
  const copy = (value, seen) => {
    if (typeof value === "function" || typeof value === "symbol") throw new TypeError("this cannot be cloned");
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    if (value instanceof Date) return new Date(value.getTime());
    const made = isArray(value) ? [] : value instanceof Map ? new Map() : value instanceof Set ? new Set() : {};
    seen.set(value, made);
    if (made instanceof Map) for (const [key, each] of value) made.set(copy(key, seen), copy(each, seen));
    else if (made instanceof Set) for (const each of value) made.add(copy(each, seen));
    else for (const key of keys(value)) made[key] = copy(value[key], seen);
    return made;
  };
  globalThis.structuredClone = (value) => copy(value, new Map());

  return { call, describe };
})()`;

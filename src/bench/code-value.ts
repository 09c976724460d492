import { isNear } from "./field-rule.ts";

/**
 * Whether a value as `code-sandbox-guest.ts` writes it is the same as one from
 * JSON: deeply, mappings in any order, numbers within 1e-9. What JSON does not have
 * is the same as nothing; where a mapping has a key with an undefined value it
 * counts as not there.
 */
export function isSameValue(written: unknown, right: unknown): boolean {
  if (!Array.isArray(written)) {
    return typeof written === "number" && typeof right === "number" ? isNear(written, right) : written === right;
  }
  const [kind, ...parts] = written;
  if (kind === "a") {
    return (
      Array.isArray(right) &&
      right.length === parts.length &&
      parts.every((part, index) => isSameValue(part, right[index]))
    );
  }
  if (kind !== "o" || typeof right !== "object" || right === null || Array.isArray(right)) return false;
  return (
    parts.length === Object.keys(right).length &&
    parts.every((part) => {
      const [key, value] = Array.isArray(part) ? part : [];
      return typeof key === "string" && Object.hasOwn(right, key) && isSameValue(value, Reflect.get(right, key));
    })
  );
}

/** A written value as a person reads it, cut to some 60 characters. */
export function showValue(written: unknown): string {
  const text = show(written, 0);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function show(written: unknown, level: number): string {
  if (!Array.isArray(written)) return JSON.stringify(written) ?? "";
  const [kind, ...parts] = written;
  if (kind === "x") return String(parts[0]);
  if (level > 3) return "…";
  const some = parts.slice(0, 10);
  if (kind === "a") return `[${some.map((part) => show(part, level + 1)).join(", ")}]`;
  const pairs = some.map((part) => (Array.isArray(part) ? `${String(part[0])}: ${show(part[1], level + 1)}` : ""));
  return `{${pairs.join(", ")}}`;
}

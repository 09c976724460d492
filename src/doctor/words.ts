/** Decimal, as disks are sold. */
export function bytes(count: number): string {
  const unit = UNITS.find(({ size }) => count >= size) ?? UNITS[UNITS.length - 1];
  if (unit === undefined) return `${count} bytes`;
  const value = count / unit.size;
  return `${value < 9.95 && unit.size > 1 ? value.toFixed(1) : Math.round(value)} ${unit.name}`;
}

const UNITS = [
  { size: 1e12, name: "TB" },
  { size: 1e9, name: "GB" },
  { size: 1e6, name: "MB" },
  { size: 1e3, name: "kB" },
  { size: 1, name: "bytes" },
] as const;

/** “a, b and c”, no more than `most` of them by name. */
export function list(names: readonly string[], most = 5): string {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} more`] : names;
  if (shown.length < 2) return shown.join("");
  return `${shown.slice(0, -1).join(", ")} and ${shown[shown.length - 1]}`;
}

import { dirname, join } from "node:path";
import type { Memory } from "../models/machine.ts";
import type { SystemAccess } from "./system-access.ts";

export type MemorySize = Omit<Memory, "bandwidth">;

/** How much memory there is and how much of it can be had now, within a container's limit. */
export async function readMemory(system: SystemAccess): Promise<MemorySize> {
  const info = await system.read("/proc/meminfo");
  if (info === undefined) {
    const [{ totalBytes, freeBytes }, report] = [system.node(), await system.inspect()];
    return { totalBytes, availableBytes: report?.availableBytes ?? freeBytes, limitBytes: undefined };
  }
  const node = system.node();
  const totalBytes = kilobytes(info, "MemTotal") ?? node.totalBytes;
  const available = kilobytes(info, "MemAvailable") ?? node.freeBytes;
  const groups = await limitsOf(system, totalBytes);
  return {
    totalBytes,
    availableBytes: Math.max(0, Math.min(available, ...groups.map(({ limit, used }) => limit - used))),
    limitBytes: groups.length === 0 ? undefined : Math.min(...groups.map(({ limit }) => limit)),
  };
}

function kilobytes(info: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(info)?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}

interface Limit {
  readonly limit: number;
  /** Without file pages that the kernel would give back. */
  readonly used: number;
}

/** The two versions of control groups name the same things differently. */
const VERSIONS = [
  {
    line: /^0::(.*)$/m,
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    reclaimable: /^inactive_file (\d+)$/m,
  },
  {
    line: /^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m,
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    reclaimable: /^total_inactive_file (\d+)$/m,
  },
] as const;

/** Every group from this process's own up to the top may hold a limit, and all of them count. */
async function limitsOf(system: SystemAccess, totalBytes: number): Promise<readonly Limit[]> {
  const own = (await system.read("/proc/self/cgroup")) ?? "";
  const found = VERSIONS.flatMap((version) => {
    const path = version.line.exec(own)?.[1];
    return path === undefined ? [] : upwards(version.root, path).map((folder) => limitIn(system, folder, version));
  });
  // “No limit” is a number larger than any memory.
  return (await Promise.all(found)).filter((group) => group !== undefined).filter(({ limit }) => limit < totalBytes);
}

function upwards(root: string, path: string): string[] {
  const folder = join(root, path);
  return folder === root || !folder.startsWith(`${root}/`)
    ? [root]
    : [folder, ...upwards(root, dirname(folder).slice(root.length))];
}

async function limitIn(
  system: SystemAccess,
  folder: string,
  version: (typeof VERSIONS)[number],
): Promise<Limit | undefined> {
  const [limit, used, stat] = await Promise.all([
    system.read(join(folder, version.limit)),
    system.read(join(folder, version.used)),
    system.read(join(folder, "memory.stat")),
  ]);
  if (limit === undefined || !/^\d+$/.test(limit)) return undefined;
  const inUse = used !== undefined && /^\d+$/.test(used) ? Number(used) : 0;
  const reclaimable = Number(version.reclaimable.exec(stat ?? "")?.[1] ?? 0);
  return { limit: Number(limit), used: Math.max(0, inUse - reclaimable) };
}

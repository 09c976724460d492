import type { NodeReport, SystemAccess, SystemReport } from "../../src/hardware/system-access.ts";

export interface FakeSystem {
  readonly node: NodeReport;
  /** Text of each file; a folder holds what lies below it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Paths that exist without being read. */
  readonly folders?: readonly string[];
  /** What a command prints, by its name. */
  readonly commands?: Readonly<Record<string, string>>;
  readonly report?: SystemReport;
  readonly freeBytes?: number;
}

/** A system made of what a test says; everything else is not there. */
export function fakeSystem({
  node,
  files = {},
  folders = [],
  commands = {},
  report,
  freeBytes,
}: FakeSystem): SystemAccess {
  const paths = [...Object.keys(files), ...folders];
  return {
    read: async (path) => files[path]?.trim(),
    list: async (path) => [
      ...new Set(
        paths
          .filter((file) => file.startsWith(`${path}/`))
          .map((file) => file.slice(path.length + 1).split("/")[0] ?? ""),
      ),
    ],
    exists: async (path) => path === "/" || paths.some((file) => file === path || file.startsWith(`${path}/`)),
    freeBytes: async () => freeBytes,
    run: async (command) => commands[command],
    node: () => node,
    inspect: async () => report,
  };
}

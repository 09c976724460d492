import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

interface Found {
  readonly path: string;
  /** As `ls` counts it: 600, 755. */
  readonly mode: string;
}

/** Everything below a folder, and of it what others than the owner may read, write or enter. */
export async function openPermissions(
  folder: string,
  isExpected: (path: string) => boolean = () => false,
): Promise<{ readonly all: readonly Found[]; readonly open: readonly Found[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const all = await Promise.all(
    entries
      // A link has no permissions of its own.
      .filter((entry) => !entry.isSymbolicLink())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { path, mode: ((await lstat(path)).mode & 0o777).toString(8).padStart(3, "0") };
      }),
  );
  return { all, open: all.filter(({ path, mode }) => !mode.endsWith("00") && !isExpected(path)) };
}

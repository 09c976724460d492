import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ClutchError, toClutchError } from "../errors.ts";
import type { Suite } from "./suite.ts";
import { loadSuite } from "./suite-file.ts";

/** What was read from all suite files. */
export interface LoadedSuites {
  readonly suites: readonly Suite[];
  /** Files that are not used until they are right, with what is wrong. */
  readonly broken: readonly ClutchError[];
}

/** The suites that came with Clutch, and the person's own. */
export interface SuiteFiles {
  /** As they are on the disk now. */
  load(): Promise<LoadedSuites>;
  /** Their names as last read, for what must not wait. */
  known(): readonly string[];
}

/**
 * @param own Paths of the person's files.
 * @param root What relative paths count from.
 * @param from Where to begin looking for the suites that came with Clutch, upward.
 *
 * `load` throws `bad_config` where none came with it; everything else works without them.
 */
export function createSuiteFiles(own: readonly string[], root: string, from: string = import.meta.dirname): SuiteFiles {
  let known: readonly string[] = [];
  return {
    async load() {
      const folder = folderAbove(from);
      const shipped = (await readdir(folder)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
      const paths = [...shipped.map((name) => join(folder, name)), ...own.map((path) => resolve(root, path))];
      const suites: Suite[] = [];
      const broken: ClutchError[] = [];
      for (const path of paths) {
        try {
          const suite = await readSuite(path);
          if (suites.some(({ name }) => name === suite.name)) throw namedTwice(path, suite.name);
          suites.push(suite);
        } catch (thrown) {
          const error = toClutchError(thrown);
          if (error.code !== "bad_suite" && error.code !== "bad_config") throw error;
          broken.push(error);
        }
      }
      known = suites.map(({ name }) => name);
      return { suites, broken };
    },
    known: () => known,
  };
}

/** Throws `bad_suite` with all problems of the file, and `bad_config` where it cannot be read. */
export async function readSuite(path: string): Promise<Suite> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ClutchError("bad_config", `The suite ${path} cannot be read (${error.code ?? error.message}).`, {
      hint: "Correct the path, or the file's permissions.",
    });
  });
  return loadSuite(text, basename(path));
}

/** Lies beside `src` and beside `dist`. */
function folderAbove(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    const folder = join(directory, "suites");
    if (existsSync(join(folder, "extraction.yaml"))) return folder;
    if (dirname(directory) === directory) throw withoutSuites();
  }
}

const namedTwice = (path: string, name: string): ClutchError =>
  new ClutchError("bad_suite", `${basename(path)}: there is a suite “${name}” already.`, {
    hint: "Give it another name: results of different texts do not compare.",
  });

const withoutSuites = (): ClutchError =>
  new ClutchError("bad_config", "The suites did not come with this copy of Clutch.", {
    hint: "Install Clutch again: npm install --global openclaw-clutch.",
  });

import { resolve } from "node:path";

/** The absolute path of the SQLite file that `url` names; undefined where it names something else. */
export function storeFile(url: string, cwd: string = process.cwd()): string | undefined {
  const path = sqlitePath(url);
  return path === undefined || path === ":memory:" ? undefined : resolve(cwd, path);
}

/** As it is written, or `:memory:`; undefined where `url` is not of SQLite's form. */
export const sqlitePath = (url: string): string | undefined => /^sqlite:(?!\/\/[^/])(?!~)(.+)$/u.exec(url)?.[1];

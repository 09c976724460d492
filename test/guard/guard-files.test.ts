import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGuardFiles, type GuardFiles } from "../../src/guard/guard-files.ts";
import { forget, temporaryDirectory } from "./guard-code.ts";

let root: string;
let directory: string;
let files: GuardFiles;

beforeEach(() => {
  root = temporaryDirectory();
  directory = join(root, "state", "guard");
  files = createGuardFiles(directory);
});
afterEach(() => forget(root));

/** A guard of another version. */
function other(): GuardFiles {
  const home = join(root, "other");
  cpSync(files.source, join(home, "guard"), { recursive: true });
  writeFileSync(join(home, "guard", "hooks.js"), "export const other = true;\n");
  return createGuardFiles(directory, join(home, "some", "where"));
}
const versions = (): string[] => readdirSync(directory).filter((name) => name.startsWith("version-"));

describe("the guard's files", () => {
  it("are those that came with Clutch, found from its sources and from what is built of them", () => {
    const built = join(import.meta.dirname, "../../dist/src/guard");
    expect(createGuardFiles(directory, built).source).toBe(files.source);
    expect(files.version).toBe(JSON.parse(readFileSync(join(files.source, "package.json"), "utf8")).version);
    expect(() => createGuardFiles(directory, join(root, "nowhere"))).toThrow(/did not come with/);
  });

  it("are copied whole, for others to read and only for their owner to write", () => {
    expect(files.look()).toBe("absent");
    expect(files.write().changed).toBe(true);
    expect(files.look()).toBe("same");
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(files.path).mode & 0o777).toBe(0o755);
    const copied = readdirSync(files.path).toSorted();
    expect(copied).toEqual(
      readdirSync(files.source)
        .filter((name) => /\.js$|\.json$/.test(name) && name !== "tsconfig.json")
        .toSorted(),
    );
    for (const name of copied) {
      expect(statSync(join(files.path, name)).mode & 0o777).toBe(0o644);
      expect(readFileSync(join(files.path, name), "utf8")).toBe(readFileSync(join(files.source, name), "utf8"));
    }
  });

  it("are not written again where they are the same", () => {
    files.write();
    const before = [readlinkSync(files.path), statSync(realpathSync(files.path)).mtimeMs];
    expect(files.write().changed).toBe(false);
    expect([readlinkSync(files.path), statSync(realpathSync(files.path)).mtimeMs]).toEqual(before);
  });

  it("change from one whole version to the other, and back", () => {
    other().write();
    expect(files.look()).toBe("different");
    const older = readlinkSync(files.path);
    const { putBack } = files.write();
    // What a gateway that started a moment ago is still reading stays until nothing refers to it.
    expect(existsSync(join(directory, older, "index.js"))).toBe(true);
    expect(files.look()).toBe("same");
    putBack();
    expect(readlinkSync(files.path)).toBe(older);
    expect(versions()).toEqual([older]);
    files.write();
    files.sweep();
    expect(versions()).toEqual([readlinkSync(files.path)]);
    expect(readdirSync(directory).toSorted()).toEqual(["plugin", ...versions()]);
  });

  it("are gone again where there were none before", () => {
    files.write().putBack();
    expect(files.look()).toBe("absent");
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each<[string, () => void]>([
    ["a file is missing", () => rmSync(join(files.path, "lock.js"))],
    ["a file is another", () => writeFileSync(join(files.path, "lock.js"), "")],
    ["there is one more", () => writeFileSync(join(files.path, "more.js"), "")],
    [
      "a file is a link",
      () => {
        rmSync(join(files.path, "lock.js"));
        symlinkSync(join(files.source, "lock.js"), join(files.path, "lock.js"));
      },
    ],
  ])("are different where %s, and mended by writing them", (_, change) => {
    files.write();
    change();
    expect(files.look()).toBe("different");
    expect(files.write().changed).toBe(true);
    expect(files.look()).toBe("same");
  });

  it.each<[string, () => void]>([
    ["the link leads nowhere", () => rmSync(realpathSync(files.path), { recursive: true })],
    ["the link is gone", () => rmSync(files.path)],
    ["the manifest is gone", () => rmSync(join(files.path, "openclaw.plugin.json"))],
  ])("are absent where %s", (_, change) => {
    files.write();
    change();
    expect(files.look()).toBe("absent");
  });

  it("take the place of a directory that was put there by hand, and give it back", () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    cpSync(files.source, files.path, { recursive: true });
    expect(files.look()).toBe("same");
    writeFileSync(join(files.path, "hooks.js"), "// mine\n");
    const { putBack } = files.write();
    expect(files.look()).toBe("same");
    putBack();
    expect(readFileSync(join(files.path, "hooks.js"), "utf8")).toBe("// mine\n");
    files.remove();
    expect(existsSync(directory)).toBe(false);
  });

  it("are not written through a link, nor where others may write", () => {
    const elsewhere = join(root, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o700 });
    mkdirSync(join(root, "state"));
    symlinkSync(elsewhere, directory);
    expect(() => files.write()).toThrow(expect.objectContaining({ code: "bad_config" }));
    rmSync(directory);
    mkdirSync(directory);
    chmodSync(directory, 0o775);
    expect(() => files.write()).toThrow(expect.objectContaining({ code: "bad_config" }));
    expect([readdirSync(elsewhere), readdirSync(directory)]).toEqual([[], []]);

    // A link in the copy's place is replaced, not followed.
    chmodSync(directory, 0o700);
    symlinkSync(elsewhere, files.path);
    files.write();
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(lstatSync(files.path).isSymbolicLink()).toBe(true);
    expect(files.look()).toBe("same");
  });

  it("say where they cannot be written", () => {
    writeFileSync(join(root, "state"), "");
    expect(() => files.write()).toThrow(expect.objectContaining({ code: "store_failed" }));
  });

  it("go with everything that is the guard's, and with nothing else", () => {
    files.write();
    writeFileSync(join(directory, "guard.json"), "{}");
    writeFileSync(join(directory, "guard.json.1.2.tmp"), "{}");
    writeFileSync(join(directory, "calls.jsonl"), "{}");
    writeFileSync(join(directory, "calls.jsonl.old"), "{}");
    files.remove();
    expect(existsSync(directory)).toBe(false);
    expect(() => files.remove()).not.toThrow();
    files.write();
    writeFileSync(join(directory, "notes.txt"), "mine");
    files.remove();
    expect(readdirSync(directory)).toEqual(["notes.txt"]);
  });

  it.each<[string, string | undefined, boolean]>([
    ["no state", undefined, false],
    ["off", '{"version":1,"on":false,"kept":{}}', false],
    ["off, with a conversation that is kept", '{"version":1,"on":false,"kept":{"a":{}}}', true],
    ["on", '{"version":1,"on":true,"kept":{}}', true],
    ["damaged", "{", true],
    ["of another version", '{"version":2,"on":false,"kept":{}}', true],
  ])("know by the state on the disk whether the guard holds anything: %s", (_, text, holds) => {
    mkdirSync(directory, { recursive: true });
    if (text !== undefined) writeFileSync(join(directory, "guard.json"), text);
    expect(files.holds()).toBe(holds);
  });
});

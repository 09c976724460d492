import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, type Machine, newMachine, WITH_START_MS } from "./machine.ts";

/**
 * The package as `npm pack` makes it. It is unpacked where npm would install it, beside
 * links to the packages that the lock file does not call development dependencies, so
 * that no registry is asked and what is forgotten in `dependencies` is missed.
 */

const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);

async function pack(into: string): Promise<{ tarball: string; files: readonly string[] }> {
  // By npm's own script where it runs this, since another npm may stand on the PATH.
  const npm = process.env["npm_execpath"];
  const [program, first] = npm === undefined ? ["npm", []] : [process.execPath, [npm]];
  const { stdout } = await run(program, [...first, "pack", "--json", "--pack-destination", into], {
    cwd: ROOT,
    maxBuffer: 50_000_000,
  });
  // The build's own words come first.
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf("[\n"))) as [
    { filename: string; files: readonly { path: string }[] },
  ];
  return { tarball: join(into, packed.filename), files: packed.files.map(({ path }) => path) };
}

async function install(tarball: string, prefix: string): Promise<string> {
  const home = join(prefix, "node_modules", "openclaw-clutch");
  await mkdir(home, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"]);
  const { packages } = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const there = new Set(Object.keys(packages).filter((path) => packages[path]?.dev !== true));
  for (const path of there) {
    const name = path.slice("node_modules/".length);
    if (path === "" || name.includes("/node_modules/")) continue;
    await mkdir(dirname(join(prefix, path)), { recursive: true });
    await symlink(join(ROOT, path), join(prefix, path));
  }
  return home;
}

describe("the package", () => {
  let machine: Machine;
  let home: string;
  let main: string;
  let files: readonly string[];
  const clutch = (...args: readonly string[]) => finished(machine.clutch(args, { main }));

  beforeAll(async () => {
    machine = await newMachine();
    const packed = await pack(machine.dir);
    files = packed.files;
    home = await install(packed.tarball, join(machine.dir, "prefix"));
    const { bin } = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as { bin: { clutch: string } };
    main = join(home, bin.clutch);
  }, 300_000);
  afterAll(() => machine?.clear());

  it("holds what it needs and nothing else", async () => {
    const kinds = new Set(files.map((path) => path.replace(/^(dist|guard|suites|docs)\/.*(\.\w+)$/, "$1/*$2")));
    expect([...kinds].sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "dist/*.js",
      "docs/*.md",
      "guard/*.js",
      "guard/*.json",
      "package.json",
      "suites/*.yaml",
    ]);
    expect(files.filter((path) => /^(?!docs\/).*(test|perf|tsconfig|\.map$)/.test(path))).toEqual([]);
    expect(files).toContain("guard/openclaw.plugin.json");
    expect(files).toContain("suites/extraction.yaml");
    expect((await readFile(main, "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
  });

  it("says what it can", async () => {
    const { code, stdout } = await clutch("--help");
    expect(code).toBe(0);
    for (const name of ["start", "exec", "models", "localonly", "bench"])
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
  });

  it("looks at the hardware", async () => {
    const { code, stdout } = await clutch("doctor", "hardware", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ machine: expect.any(Object), recommended: expect.any(Array) });
  });

  it("answers a suite's own keys in its sandbox for generated code", async () => {
    const { code, stdout } = await clutch("bench", "check", join(home, "suites", "code.yaml"));
    expect(stdout).toContain("can be used");
    expect(code).toBe(0);
  });

  it(
    "opens the sandbox and answers there, guard and suites at hand; without its suites only /bench is missed",
    async () => {
      const bin = join(machine.dir, "bin");
      await mkdir(bin);
      await writeFile(
        join(bin, "openclaw"),
        `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "node_modules/openclaw/openclaw.mjs")}" "$@"\n`,
      );
      await chmod(join(bin, "openclaw"), 0o755);
      const env = { PATH: `${bin}:/usr/bin:/bin` };
      const input = "/model\n/localonly\n/bench run extraction\nno\n";
      const whole = await finished(machine.clutch(["start", "--sandbox"], { main, env, input }));
      expect(whole.stdout).toContain("anthropic/claude-sonnet-5");
      expect(whole.stdout).toContain("Local-only mode is off");
      expect(whole.stdout).not.toContain("did not come with this copy");
      expect(whole.code).toBe(0);

      await rm(join(home, "suites"), { recursive: true });
      expect(await readdir(home)).not.toContain("suites");
      const without = await finished(machine.clutch(["start", "--sandbox"], { main, env, input }));
      expect(without.stdout).toContain("anthropic/claude-sonnet-5");
      expect(without.stdout).toContain("The suites did not come with this copy of Clutch.");
      expect(without.code).toBe(0);
      expect(await machine.processes()).toEqual([]);
    },
    2 * WITH_START_MS,
  );
});

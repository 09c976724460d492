import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Runs the suites of vitest.compat.config.ts against the oldest OpenClaw that Clutch supports and the one that is
 * installed, or against the versions that are named. Another version is installed among the temporary files, without
 * its scripts, from the registry that npm is configured with, and removed afterwards.
 */
const OLDEST = "2026.8.1";
const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);

const installed = (
  JSON.parse(await readFile(join(ROOT, "node_modules/openclaw/package.json"), "utf8")) as { version: string }
).version;
const named = process.argv.slice(2);
const versions = named.length > 0 ? named : [OLDEST, installed];

const failed: string[] = [];
for (const version of versions) {
  process.stdout.write(`\nOpenClaw ${version}\n`);
  const dir = version === installed ? undefined : await install(version);
  try {
    if (!(await suitesPass(join(dir ?? ROOT, "node_modules/openclaw/package.json")))) failed.push(version);
  } finally {
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  }
}
for (const version of versions) {
  process.stdout.write(`OpenClaw ${version}: ${failed.includes(version) ? "failed" : "passed"}\n`);
}
process.exitCode = failed.length === 0 ? 0 : 1;

async function install(version: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "clutch-openclaw-"));
  await mkdir(join(dir, "node_modules"));
  await writeFile(join(dir, "package.json"), "{}");
  // The npm that runs this, which may not be the first on the PATH.
  const npm = process.env["npm_execpath"];
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", `openclaw@${version}`];
  await run(npm === undefined ? "npm" : process.execPath, npm === undefined ? args : [npm, ...args], { cwd: dir });
  return dir;
}

function suitesPass(manifest: string): Promise<boolean> {
  const vitest = spawn(
    process.execPath,
    [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--config", "vitest.compat.config.ts"],
    { cwd: ROOT, env: { ...process.env, CLUTCH_TEST_OPENCLAW: manifest }, stdio: "inherit" },
  );
  return new Promise((resolve, reject) => {
    vitest.once("error", reject).once("exit", (code) => resolve(code === 0));
  });
}

import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findOpenClaw } from "../../src/openclaw/find-openclaw.ts";
import { temporaryDir } from "./support.ts";

const nowhere = () => undefined;

async function script(dir: string, body: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  const file = join(dir, "openclaw");
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return file;
}

it("prefers the package installed beside Clutch, run by this very Node", async () => {
  const { command, version, source } = await findOpenClaw({ env: {} });
  expect(source).toBe("package");
  expect(version).toMatch(/^\d{4}\.\d+\.\d+/);
  expect(command).toEqual({ program: process.execPath, args: [expect.stringMatching(/openclaw\.mjs$/)] });
});

it("finds the first one on the PATH otherwise", async () => {
  const base = await temporaryDir();
  await mkdir(join(base, "empty"));
  const program = await script(join(base, "bin"), "echo 'OpenClaw 2026.9.6 (eb377ac)'");
  await script(join(base, "later"), "echo 'OpenClaw 2020.1.1'");
  const PATH = [join(base, "empty"), "relative", join(base, "bin"), join(base, "later"), "/usr/bin", "/bin"].join(":");
  expect(await findOpenClaw({ env: { PATH }, locate: nowhere })).toEqual({
    command: { program, args: [] },
    version: "2026.9.6",
    source: "path",
  });
});

it("passes over a package that is broken", async () => {
  const base = await temporaryDir();
  await writeFile(join(base, "package.json"), '{"version":"1.0.0"}');
  const failure = findOpenClaw({ env: { PATH: base }, locate: () => join(base, "package.json") });
  await expect(failure).rejects.toMatchObject({ code: "no_openclaw" });
});

it.each([
  ["there is none", undefined, /not installed/],
  [
    "it does not run",
    "echo 'openclaw: Node 20.20.2 is too old' >&2; exit 1",
    /does not run: openclaw: Node 20\.20\.2 is too old$/,
  ],
  ["it does not answer", "exec sleep 30", /did not answer within 0\.3 s/],
  ["it says something else", "echo hello", /does not say which version/],
])("says how to install it where %s", async (_, body, message) => {
  const base = await temporaryDir();
  if (body !== undefined) await script(base, body);
  const failure = await findOpenClaw({ env: { PATH: `${base}:/usr/bin:/bin` }, locate: nowhere, timeoutMs: 300 }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({
    code: "no_openclaw",
    message: expect.stringMatching(message),
    hint: expect.stringContaining("npm install -g openclaw@latest"),
  });
});

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Block, blocksOf, ROOT } from "./markdown.ts";

/**
 * The pages of docs/contributing are followed to the letter in a copy of Clutch: a command,
 * a platform and a model server are added, each by the file and the line that its page shows.
 */

const PAGES = ["command", "platform", "model-server"].map((name) => `docs/contributing/${name}.md`);
const PARTS = ["src", "commands", "adapters", "guard", "suites", "test", "scripts", "docs"];
const SETTINGS = [
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "biome.json",
  "vitest.config.ts",
  "vitest.long.config.ts",
];

const fileOf = ({ words }: Block): string | undefined => /^file=(\S+)$/.exec(words)?.[1];

/** Lines with `+` come in, those without stand there already, once and in this order. */
function patched(text: string, diff: string): string {
  const rows = diff.replace(/\n$/, "").split("\n");
  const before = rows.filter((row) => !row.startsWith("+")).map((row) => row.slice(1));
  const at = text.split(`${before.join("\n")}\n`);
  expect(at, diff).toHaveLength(2);
  return at.join(`${rows.map((row) => row.slice(1)).join("\n")}\n`);
}

describe("what docs/contributing walks through", () => {
  let copy: string;
  const added: string[] = [];
  const lines: Record<string, number> = {};
  const run = (bin: string, ...args: readonly string[]): Promise<{ ok: boolean; text: string }> =>
    new Promise((resolve) => {
      const file = join(copy, "node_modules", ".bin", bin);
      execFile(
        file,
        args,
        { cwd: copy, maxBuffer: 20_000_000, env: { ...process.env, NO_COLOR: "1" } },
        (error, out, err) => resolve({ ok: error === null, text: `${out}${err}` }),
      );
    });

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), "clutch-contributed-"));
    for (const part of [...PARTS, ...SETTINGS]) await cp(join(ROOT, part), join(copy, part), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
    for (const block of (await Promise.all(PAGES.map(blocksOf))).flat()) {
      const name = fileOf(block);
      if (name === undefined) continue;
      const file = join(copy, name);
      if (block.language === "diff") {
        await writeFile(file, patched(await readFile(file, "utf8"), block.text));
        lines[block.page] = (lines[block.page] ?? 0) + (block.text.match(/^\+(?!import )/gm) ?? []).length;
      } else {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, block.text, { flag: "wx" });
        added.push(name);
      }
    }
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));

  it("is one file each, its test, and one line", () => {
    expect(added).toEqual([
      "commands/local.ts",
      "test/commands/local.test.ts",
      "adapters/webhook.ts",
      "test/adapters/webhook.test.ts",
      "src/servers/larder.ts",
      "test/servers/larder.test.ts",
    ]);
    expect(lines).toEqual(Object.fromEntries(PAGES.map((page) => [page, 1])));
  });

  it("is written as the rest is, and its types are right", async () => {
    expect(await run("biome", "check", ...added)).toEqual({ ok: true, text: expect.any(String) });
    const { compilerOptions } = JSON.parse(await readFile(join(copy, "tsconfig.json"), "utf8"));
    await writeFile(
      join(copy, "tsconfig.added.json"),
      JSON.stringify({
        compilerOptions: { ...compilerOptions, incremental: false, tsBuildInfoFile: undefined },
        files: ["src/main.ts", ...added],
      }),
    );
    expect(await run("tsc", "-p", "tsconfig.added.json")).toEqual({ ok: true, text: "" });
  }, 300_000);

  it("is seen: the suites of platforms and model servers hold, the dispatcher runs the command", async () => {
    const tests = added.filter((name) => name.endsWith(".test.ts"));
    const { ok, text } = await run("vitest", "run", "--project", "unit", ...tests, "test/boundaries.test.ts");
    expect(text).toMatch(/Test Files +4 passed \(4\)/);
    expect(ok).toBe(true);
  }, 300_000);

  it("is offered everywhere: Slack's manifest and the page of commands name it, `clutch start` opens and takes it", async () => {
    const manifest = await run("node", "src/main.ts", "slack", "manifest");
    expect(manifest.text).toContain("/local\n");
    await run("node", "scripts/docs/write-docs.ts");
    expect(await readFile(join(copy, "docs/commands.md"), "utf8")).toContain("| `/local` |");
    await writeFile(join(copy, "start.ts"), START);
    expect(await run("node", "start.ts")).toEqual({ ok: true, text: "Webhook: ready.\nwebhook\n" });
  }, 120_000);
});

/** The configuration of the pages, as `clutch start` reads and uses it. */
const START = `
import { pino } from "pino";
import { startPlatforms } from "./src/cli/start-platforms.ts";
import { defaultConfig } from "./src/config.ts";
import { freePort } from "./src/openclaw/gateway-process.ts";
import { checkServerKind } from "./src/servers/drivers.ts";

checkServerKind("larder", "pantry");
const platforms = { webhook: { token: "a token of the test", port: await freePort() } };
const say = (line) => console.log(line);
const adapters = [];
const parts = { say, adapters, actions: {}, dispatch: {}, logger: pino({ level: "silent" }), clock: Date.now };
await startPlatforms({ ...defaultConfig, platforms }, parts);
const [adapter] = adapters;
console.log(adapter.platform);
await adapter.stop();
`;

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import JSON5 from "json5";
import { expect, it } from "vitest";
import { defaultConfig, loadConfig } from "../../src/config.ts";
import { temporaryDir } from "../sandbox/support.ts";
import { blocksOf, pages } from "./markdown.ts";

/** Keys that have no default are not among the defaults. */
const KEYS = new Set([...Object.keys(defaultConfig), "gateway", "discord", "slack"]);
/** Every secret that a page names is set. */
const env = new Proxy({}, { get: (_, name) => (name === "CLUTCH_CONFIG" ? "given.json" : "a secret, or its name") });

const blocks = (await Promise.all((await pages()).map(blocksOf)))
  .flat()
  .filter(({ language }) => language === "json" || language === "json5")
  .flatMap(({ page, line, text }) => {
    const value: unknown = JSON5.parse(text);
    const isOurs = typeof value === "object" && value !== null && Object.keys(value).some((key) => KEYS.has(key));
    return isOurs ? [[`${page}:${line}`, text] as const] : [];
  });

it("there are some in the documentation", () => expect(blocks.length).toBeGreaterThan(5));

it.each(blocks)("the configuration at %s can be read as it stands", async (_, text) => {
  const cwd = await temporaryDir();
  // Where a page says YOUR_SERVER_ID, a person writes their own.
  await writeFile(join(cwd, "given.json"), text.replaceAll(/\b[A-Z]+(_[A-Z]+)*_ID\b/g, "123456789012345678"));
  expect((await loadConfig({ env, cwd })).path).toBe(join(cwd, "given.json"));
});

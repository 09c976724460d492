import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { configSchema } from "../../src/config.ts";

interface Properties {
  readonly properties?: Readonly<Record<string, Properties>>;
}

const readme = await readFile(join(import.meta.dirname, "../../README.md"), "utf8");
const { properties = {} } = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as Properties;
const keys = Object.entries(properties).flatMap(([key, { properties: inner }]) =>
  inner === undefined ? [key] : Object.keys(inner).map((name) => `${key}.${name}`),
);

it("there are many", () => expect(keys.length).toBeGreaterThan(25));

// `$schema` is a word to editors, not to Clutch.
it.each(keys.filter((key) => key !== "$schema"))("the README says what `%s` means, as errors promise", (key) => {
  const rows = readme.split("\n").filter((line) => line.startsWith("|"));
  expect(rows.filter((row) => row.includes(`\`${key}\``))).not.toEqual([]);
});

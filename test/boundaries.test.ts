import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

/** From the ground up; a file may import from its own layer's folder and from lower layers. */
const LAYERS: readonly (readonly string[])[] = [
  ["src/errors.ts", "src/correlation.ts", "src/clutch-version.ts", "src/rounds.ts", "src/models"],
  [
    "src/charts",
    "src/store",
    "src/openclaw",
    "src/servers",
    "src/hardware",
    "src/logger.ts",
    "src/config.ts",
    "src/config-text.ts",
    "src/config-file.ts",
  ],
  ["src/registry"],
  [
    "src/sessions",
    "src/agents",
    "src/sandbox",
    "src/models-setup",
    "src/wall",
    "src/guard",
    "src/local-only",
    "src/usage",
    "src/bench",
    "src/observe",
    "src/doctor",
    "src/service",
    "src/set-up",
  ],
  ["commands"],
  ["adapters"],
  ["src/app.ts", "src/background.ts"],
  ["src/cli"],
  ["src/main.ts"],
];

/** Folders of one layer that must not know each other: each platform, each driver family, stands alone. */
const STRANGERS = [
  "src/store",
  "src/openclaw",
  "src/servers",
  "adapters/discord",
  "adapters/slack",
  "adapters/terminal",
];

/** Only `src/openclaw` knows OpenClaw's wire. */
const WIRE_PACKAGES = ["@openclaw/gateway-client", "@openclaw/gateway-protocol"];

async function sources(): Promise<string[]> {
  const folders = ["src", "commands", "adapters"];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)));
    }),
  );
  return found.flat();
}

const isUnder = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`);
const layerOf = (file: string): number => LAYERS.findIndex((places) => places.some((place) => isUnder(file, place)));

async function importsOf(file: string): Promise<string[]> {
  const text = await readFile(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
}

describe("imports", async () => {
  const files = await sources();

  it("knows the layer of every file", () => {
    expect(files.filter((file) => layerOf(file) < 0)).toEqual([]);
    expect(files.length).toBeGreaterThan(30);
  });

  it("point down only", async () => {
    const up: string[] = [];
    for (const file of files) {
      for (const target of await importsOf(file)) {
        if (!target.startsWith(".")) continue;
        const imported = normalize(join(dirname(file), target));
        if (layerOf(imported) > layerOf(file)) up.push(`${file} -> ${imported}`);
      }
    }
    expect(up).toEqual([]);
  });

  it("keep drivers and platforms apart from their neighbours", async () => {
    const across: string[] = [];
    for (const file of files) {
      const home = STRANGERS.find((place) => isUnder(file, place));
      if (home === undefined) continue;
      for (const target of await importsOf(file)) {
        if (!target.startsWith(".")) continue;
        const imported = normalize(join(dirname(file), target));
        if (STRANGERS.some((place) => place !== home && isUnder(imported, place)))
          across.push(`${file} -> ${imported}`);
      }
    }
    expect(across).toEqual([]);
  });

  it("leave OpenClaw's wire to src/openclaw", async () => {
    const leaks: string[] = [];
    for (const file of files) {
      if (isUnder(file, "src/openclaw")) continue;
      const packages = await importsOf(file);
      if (packages.some((name) => WIRE_PACKAGES.some((wire) => name.startsWith(wire)))) leaks.push(file);
    }
    expect(leaks).toEqual([]);
  });

  it("load a platform only when it is configured: nothing below the cli names one", async () => {
    const eager: string[] = [];
    for (const file of files.filter((name) => !isUnder(name, "adapters") && !isUnder(name, "src/cli"))) {
      for (const target of await importsOf(file)) {
        if (/adapters\/(discord|slack)/.test(target) || /^(discord\.js|@slack\/)/.test(target))
          eager.push(`${file} -> ${target}`);
      }
    }
    expect(eager).toEqual([]);
  });

  it("keep every file to about 400 lines", async () => {
    const long: string[] = [];
    for (const file of files) {
      const lines = (await readFile(join(root, file), "utf8")).split("\n").length;
      if (lines > 420) long.push(`${file}: ${lines}`);
    }
    expect(long).toEqual([]);
  });
});

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { allArguments } from "../../src/cli/arguments/index.ts";
import { defaultConfig } from "../../src/config.ts";

// There is no Docker daemon where the tests run: this holds what can be held without one.

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const dockerfile = read("Dockerfile").replaceAll("\\\n", " ");
const instructions = [...dockerfile.matchAll(/^([A-Z]+) +(.*)$/gm)].map(([, name = "", rest = ""]) => ({ name, rest }));
const of = (name: string): readonly string[] => instructions.filter((one) => one.name === name).map(({ rest }) => rest);

const service = z.object({
  network_mode: z.string().optional(),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
  volumes: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  env_file: z.array(z.object({ path: z.string(), required: z.boolean() })).optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  user: z.string().optional(),
});
const compose = z
  .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) })
  .parse(parse(read("compose.yaml")));
const services = Object.entries(compose.services);

it("everything that the image copies is there, and not kept out of the build", () => {
  const sources = of("COPY")
    .filter((rest) => !rest.startsWith("--from"))
    .flatMap((rest) => rest.split(/ +/).slice(0, -1));
  expect(sources.length).toBeGreaterThan(8);
  const allowed = read(".dockerignore").split("\n");
  expect(allowed.find((line) => line !== "" && !line.startsWith("#"))).toBe("*");
  for (const source of sources) {
    expect(existsSync(join(root, source)), source).toBe(true);
    expect(allowed).toContain(`!${source.replace("./", "")}`);
  }
});

it("the image holds what the published package holds", () => {
  const { files } = z.object({ files: z.array(z.string()) }).parse(JSON.parse(read("package.json")));
  const copied = of("COPY").flatMap((rest) => rest.split(/ +/).filter((word) => !word.startsWith("--")));
  for (const file of files) {
    if (existsSync(join(root, file)) && !/^(CHANGELOG|docs)/.test(file)) expect(copied.join(" "), file).toContain(file);
  }
});

it("the image does not run as root, and starts a command that exists", () => {
  expect(of("USER")).toEqual(["node"]);
  expect(instructions.findLastIndex(({ name }) => name === "USER")).toBeLessThan(
    instructions.findIndex(({ name }) => name === "ENTRYPOINT"),
  );
  expect(of("CMD").at(-1)).toBe('["start"]');
  expect(of("VOLUME")).toEqual(["/data"]);
});

it("the health check asks where Clutch answers by default", () => {
  expect(of("HEALTHCHECK").join()).toContain(`http://${defaultConfig.http.listen}/healthz`);
});

it("the services name only each other, volumes that there are, and commands of Clutch's", () => {
  const program = new Command().exitOverride();
  for (const add of allArguments) add(program, { runtime: undefined as never, exitCode: 0 });
  for (const [name, one] of services) {
    const needed = Array.isArray(one.depends_on) ? one.depends_on : Object.keys(one.depends_on ?? {});
    const shared = /^service:(.+)$/.exec(one.network_mode ?? "")?.[1];
    for (const other of [...needed, ...(shared === undefined ? [] : [shared])]) {
      expect(Object.keys(compose.services), name).toContain(other);
    }
    for (const volume of one.volumes ?? []) expect(Object.keys(compose.volumes)).toContain(volume.split(":")[0]);
  }
  const [wall = "", run = "", ...options] = compose.services["wall"]?.command ?? [];
  const command = program.commands
    .find((found) => found.name() === wall)
    ?.commands.find((found) => found.name() === run);
  const known = command?.options.map(({ long }) => long);
  expect(known).toEqual(expect.arrayContaining(options.filter((word) => word.startsWith("--"))));
});

it("what is Clutch's has no rights and no files but its own, and the guard is at one path in both", () => {
  for (const name of ["clutch", "wall"]) {
    expect(compose.services[name], name).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
    expect(compose.services[name]?.volumes).toContain("clutch:/data");
  }
  expect(compose.services["openclaw"]?.volumes).toContain("clutch:/data");
  expect(compose.services["clutch"]?.volumes).toContain("openclaw:/openclaw:ro");
  expect(of("ENV").join(" ")).toContain("XDG_STATE_HOME=/data");
  // Secrets come from files that need not be there, and none stands in the file itself.
  expect(services.flatMap(([, one]) => one.env_file ?? []).every(({ required }) => !required)).toBe(true);
  expect(read("compose.yaml")).not.toMatch(/(TOKEN|KEY): *\S/);
});

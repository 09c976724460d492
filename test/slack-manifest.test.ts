import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { allCommands } from "../commands/index.ts";
import { printSlackManifest, type SlackManifestOptions } from "../src/cli/slack.ts";
import { tempFolder } from "./store/temp-store.ts";

async function run(options: SlackManifestOptions = {}, config?: string) {
  const cwd = tempFolder();
  if (config !== undefined) await writeFile(join(cwd, "clutch.config.json"), config);
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exitCode = await printSlackManifest(options, {
    env: {},
    cwd,
    home: cwd,
    stdin: new PassThrough(),
    stdout,
    stderr,
    fetch: () => Promise.reject(new Error("nothing is asked of anybody")),
    clock: () => 0,
    signal: new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  return { exitCode, out: await text(stdout), err: await text(stderr) };
}

const URL_OF_OURS = "https://clutch.example.com/slack/events";

it("prints YAML that holds every command, without a configuration", async () => {
  const { exitCode, out, err } = await run();
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
  const { features, settings } = parse(out);
  const names = features.slash_commands.map(({ command }: { command: string }) => command);
  // Slack has a /help of its own.
  for (const { name } of allCommands.filter((command) => command.name !== "help")) expect(names).toContain(`/${name}`);
  expect(names).toContain("/clutch");
  expect(settings.socket_mode_enabled).toBe(true);
});

it("prints the same as JSON", async () => {
  const [yaml, json] = await Promise.all([run(), run({ json: true })]);
  expect(JSON.parse(json.out)).toEqual(parse(yaml.out));
});

it("takes names, mode and user groups from a configuration whose tokens do not exist yet", async () => {
  const config = `{
    // The tokens come after the app.
    slack: { mode: "http", botToken: "env:NOT_YET", signingSecret: "file:not-yet", commands: { model: "/llm-model" } },
    access: { owners: ["slack:group:S0OWNERS"] },
  }`;
  const { exitCode, out } = await run({ requestUrl: URL_OF_OURS }, config);
  expect(exitCode).toBe(0);
  const { features, settings, oauth_config } = parse(out);
  expect(features.slash_commands[0]).toMatchObject({ command: "/llm-model", url: URL_OF_OURS });
  expect(settings).toMatchObject({ socket_mode_enabled: false, interactivity: { request_url: URL_OF_OURS } });
  expect(oauth_config.scopes.bot).toContain("usergroups:read");
  expect(out).not.toContain("NOT_YET");
});

it("takes an address for HTTP mode", async () => {
  const { settings } = parse((await run({ requestUrl: URL_OF_OURS })).out);
  expect(settings.socket_mode_enabled).toBe(false);
});

it.each<{ why: string; options?: SlackManifestOptions; config?: string; says: string }>([
  { why: "HTTP without an address", options: { mode: "http" }, says: "https address" },
  { why: "an address without https", options: { requestUrl: "http://example.com/" }, says: "https address" },
  { why: "an address in socket mode", options: { mode: "socket", requestUrl: URL_OF_OURS }, says: "Leave it out" },
  { why: "a file that is no JSON", config: "{", says: "not valid JSON" },
  { why: "a value of the wrong kind", config: `{ "slack": { "mode": "carrier pigeon" } }`, says: "slack.mode" },
  { why: "a name that is Slack's", config: `{ "slack": { "commands": { "model": "/status" } } }`, says: "/status" },
])("refuses $why with 2 and prints no manifest", async ({ options, config, says }) => {
  const { exitCode, out, err } = await run(options, config);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
  expect(err).toContain(says);
});

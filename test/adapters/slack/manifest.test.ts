import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { slackManifest, toJson, toYaml } from "../../../adapters/slack/manifest.ts";
import { allCommands } from "../../../commands/index.ts";

const socket = { names: { model: "/model" }, mode: "socket" } as const;

describe("the Slack manifest", () => {
  it("has a slash command for each command with a name of its own, and the umbrella", () => {
    const { features } = slackManifest(allCommands, socket);
    const commands = features.slash_commands.map(({ command }) => command);
    expect(commands).toContain("/model");
    expect(commands.at(-1)).toBe("/clutch");
    expect(commands).not.toContain("/help");
    const [model] = features.slash_commands.filter(({ command }) => command === "/model");
    expect(model?.usage_hint).toMatch(/^\[name\] \[scope:here\|/);
  });

  it("says the same in YAML and JSON", () => {
    const manifest = slackManifest(allCommands, socket);
    expect(parse(toYaml(manifest))).toEqual(JSON.parse(toJson(manifest)));
    expect(toYaml(manifest)).toContain("socket_mode_enabled: true");
  });

  it("asks for no more than is needed, and for groups only where access lists name some", () => {
    expect(slackManifest(allCommands, socket).oauth_config.scopes.bot).toEqual([
      "app_mentions:read",
      "chat:write",
      "commands",
      "files:write",
      "im:write",
    ]);
    const withGroups = slackManifest(allCommands, { ...socket, groupsOf: ["S1"] });
    expect(withGroups.oauth_config.scopes.bot).toContain("usergroups:read");
  });

  it("names the address everywhere in HTTP mode", () => {
    const url = "https://clutch.example.com/slack/events";
    const { features, settings } = slackManifest(allCommands, { ...socket, mode: "http", requestUrl: url });
    expect(new Set(features.slash_commands.map((command) => command.url))).toEqual(new Set([url]));
    expect(settings.event_subscriptions.request_url).toBe(url);
    expect(settings.interactivity).toEqual({ is_enabled: true, request_url: url, message_menu_options_url: url });
    expect(settings.socket_mode_enabled).toBe(false);
  });

  it("stays within Slack's limits", () => {
    const { features, display_information: info } = slackManifest(allCommands, socket);
    expect(features.slash_commands.length).toBeLessThanOrEqual(25);
    for (const { command, description, usage_hint = "" } of features.slash_commands) {
      expect(command.length).toBeLessThanOrEqual(32);
      expect(description.length).toBeLessThanOrEqual(2_000);
      expect(usage_hint.length).toBeLessThanOrEqual(1_000);
    }
    expect(info.name.length).toBeLessThanOrEqual(35);
    expect(info.description.length).toBeLessThanOrEqual(140);
    for (const { description } of features.shortcuts) expect(description.length).toBeLessThanOrEqual(150);
  });

  it.each([
    { why: "a name with a space", options: { ...socket, names: { model: "/my model" } } },
    { why: "a name in capitals", options: { ...socket, names: { model: "/Model" } } },
    { why: "a name of 33 characters", options: { ...socket, names: { model: `/${"m".repeat(32)}` } } },
    { why: "a command of Slack's", options: { ...socket, names: { model: "/status" } } },
    { why: "the umbrella's name", options: { ...socket, names: { model: "/clutch" } } },
    { why: "HTTP without an address", options: { ...socket, mode: "http" as const } },
    { why: "HTTP over plain http", options: { ...socket, mode: "http" as const, requestUrl: "http://example.com/" } },
    { why: "an app's name of 36 characters", options: { ...socket, appName: "c".repeat(36) } },
  ])("refuses $why", ({ options }) => {
    expect(() => slackManifest(allCommands, options)).toThrowError(expect.objectContaining({ code: "bad_config" }));
  });
});

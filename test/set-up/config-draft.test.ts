import JSON5 from "json5";
import { expect, it } from "vitest";
import { checkConfigText } from "../../src/config.ts";
import { type Answers, draftConfig } from "../../src/set-up/config-draft.ts";

const secret = (reference: string) => ({ reference, value: "never-written" });
const ALL: Answers = {
  gateway: { url: "ws://10.0.0.2:18789", token: secret("file:/t") },
  store: "sqlite:/home/a/clutch.db",
  ollama: { id: "ollama", baseUrl: "http://127.0.0.1:11434" },
  claudeKey: secret("env:ANTHROPIC_API_KEY"),
  owners: ["discord:123456789012345678"],
  discord: { token: secret("env:DISCORD_TOKEN"), guilds: ["234567890123456789"] },
  slack: { botToken: secret("env:B"), appToken: secret("env:A") },
};
const HOLDS = {
  gateway: { url: "ws://10.0.0.2:18789", token: "file:/t" },
  servers: {
    ollama: { kind: "ollama", baseUrl: "http://127.0.0.1:11434" },
    anthropic: { apiKey: "env:ANTHROPIC_API_KEY" },
  },
  access: { owners: ["discord:123456789012345678"] },
  discord: { token: "env:DISCORD_TOKEN", guilds: ["234567890123456789"] },
  slack: { botToken: "env:B", appToken: "env:A" },
};

it("a new one holds every answer, and no secret", () => {
  const text = draftConfig(undefined, ALL);
  expect(checkConfigText(text, "f")).toMatchObject({ ...HOLDS, store: "sqlite:/home/a/clutch.db" });
  expect(text).not.toContain("never-written");
});

it("what is not used is shown as it would look, and would be accepted", () => {
  const text = draftConfig(undefined, { owners: [] });
  expect(JSON5.parse(text)).toEqual({ access: { owners: [], operators: [], viewers: ["*"] } });
  const all = text.replace(/^ {2}\/\/ (?="|[ }\]])/gm, "  ");
  expect(Object.keys(JSON5.parse<object>(all))).toEqual(
    expect.arrayContaining([
      "gateway",
      "store",
      "servers",
      "trustedLocal",
      "discord",
      "slack",
      "wall",
      "usage",
      "bench",
      "http",
      "audit",
    ]),
  );
  expect(() => checkConfigText(all, "f")).not.toThrow();
});

it("an existing one gets the answers, keeps its comments, and is as it is once they are there", () => {
  const text = '{\n  // ours\n  access: { owners: ["slack:U1"] }, // who\n  store: "sqlite:./x.db",\n}\n';
  const { store: _, ...answers } = ALL;
  const edited = draftConfig(text, answers);
  expect(checkConfigText(edited, "f")).toMatchObject({
    ...HOLDS,
    store: "sqlite:./x.db",
    access: { owners: ["slack:U1", "discord:123456789012345678"] },
  });
  for (const comment of ["// ours", "// who"]) expect(edited).toContain(comment);
  expect(draftConfig(edited, answers)).toBe(edited);
});

it("a new key of Claude's goes to the server that is configured, wherever that is", () => {
  const text = `{
  servers: {
    // through the company
    anthropic: { kind: "anthropic", baseUrl: "https://llm.example/v1", apiKey: "env:OLD" }, // asked for in May
  },
}\n`;
  expect(draftConfig(text, { owners: [], claudeKey: secret("env:NEW") })).toBe(text.replace("env:OLD", "env:NEW"));
});

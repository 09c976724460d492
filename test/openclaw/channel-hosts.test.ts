import { expect, it } from "vitest";
import { channelHosts } from "../../src/openclaw/channel-hosts.ts";
import { createJudge } from "../../src/wall/wall-rules.ts";

it.each([
  ["nothing is set up", {}, []],
  ["a platform is set up", { channels: { telegram: { botToken: "x" } } }, ["api.telegram.org"]],
  [
    "one is switched off",
    { channels: { telegram: { enabled: false }, line: {} } },
    ["api.line.me", "api-data.line.me"],
  ],
  [
    "one is self-hosted, with a second account",
    {
      channels: { matrix: { homeserver: "https://m.example", accounts: { b: { homeserver: "https://n.example/x" } } } },
    },
    ["m.example:443", "n.example:443"],
  ],
  [
    "one is on this machine, so only its port",
    { channels: { mattermost: { baseUrl: "http://127.0.0.1:8065" }, signal: { httpUrl: "http://[::1]:8080" } } },
    ["127.0.0.1:8065", "[::1]:8080"],
  ],
  ["it is no platform", { channels: { defaults: {}, modelByChannel: { discord: { "1": "a/b" } } } }, []],
  ["it is nonsense", { channels: { telegram: "yes", line: null, matrix: { homeserver: 7 } } }, []],
])("%s", (_, config, hosts) => {
  expect(channelHosts(config)).toEqual(hosts);
});

it("gives nothing that the wall could not read", () => {
  const urls = [
    "https://a_b.example",
    "http://münchen.example",
    "https://[fd00::1]/x",
    "file:///etc",
    "x",
    "https:// /",
  ];
  const allow = urls.flatMap((homeserver) => channelHosts({ channels: { matrix: { homeserver } } }));
  expect(() => createJudge({ allow, local: [] })).not.toThrow();
});

it("lets no vendor's models through with its chat", () => {
  const all = channelHosts({
    channels: Object.fromEntries(
      ["discord", "feishu", "googlechat", "line", "msteams", "slack", "telegram", "twitch", "whatsapp"].map((name) => [
        name,
        {},
      ]),
    ),
  });
  const models = [
    "api.anthropic.com",
    "api.openai.com",
    "generativelanguage.googleapis.com",
    "aiplatform.googleapis.com",
    "my.openai.azure.com",
    "models.inference.ai.azure.com",
    "openrouter.ai",
  ];
  for (const model of models) expect(all.filter((host) => model === host || model.endsWith(`.${host}`))).toEqual([]);
});

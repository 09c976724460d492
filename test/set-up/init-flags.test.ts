import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { init } from "../../src/cli/init.ts";
import { type InitFlags, learn } from "../../src/cli/init-answers.ts";
import { lookAround } from "../../src/cli/init-look.ts";
import { startOllamaStandIn } from "../../src/sandbox/stand-in-ollama.ts";
import { draftConfig } from "../../src/set-up/config-draft.ts";
import { type DiscordStandIn, startDiscord } from "../platforms/discord/discord-stand-in.ts";
import { openSlackStandIn } from "../platforms/slack/slack-stand-in.ts";
import { type PersonMachine, personMachine } from "./person-machine.ts";

let machine: PersonMachine;
let discord: DiscordStandIn;
beforeEach(async () => {
  machine = personMachine();
  discord = await startDiscord({ guilds: 2 });
  machine.env["TOKEN"] = discord.token;
  machine.env["OLLAMA_HOST"] = "127.0.0.1:1";
});
afterEach(async () => {
  await discord.close();
  machine.clear();
});

/** A configuration that is there, as a person wrote it. */
function configure(key: string, value: object): string {
  const text = `{ // ours
  "gateway": { "url": "ws://127.0.0.1:1" },
  "access": { "owners": ["discord:12345"] },
  "${key}": ${JSON.stringify(value)},
}\n`;
  writeFileSync(join(machine.cwd, "clutch.config.json"), text);
  return text;
}

/** What `init --yes` with these flags would write. */
async function draft(flags: InitFlags): Promise<string> {
  let text = "";
  await machine.run(async (runtime) => {
    const desk = { runtime, asks: false, say: () => undefined };
    const { known } = await lookAround(flags, desk, []);
    text = draftConfig(known.file.text, (await learn(known, flags, desk)).answers);
    return 0;
  });
  return text;
}

it("--discord-guild alone sets the servers of a Discord that is set up, and nothing else", async () => {
  const [first = "", second = ""] = discord.world.guildIds;
  const text = configure("discord", { token: "env:TOKEN", guilds: [first], apiUrl: discord.apiUrl });
  expect(await draft({})).toBe(text);
  const drafted = await draft({ discordGuild: [first, second] });
  expect(drafted).toBe(text.replace(`["${first}"]`, `["${first}","${second}"]`));
});

it("--discord-guild is refused where there is no token to go with it", async () => {
  configure("servers", {});
  await expect(draft({ discordGuild: [discord.world.guildIds[0] ?? ""] })).rejects.toMatchObject({
    code: "bad_option",
    hint: expect.stringContaining("--discord-token"),
  });
});

it("--ollama names another address for the one that is configured, and leaves the rest of it", async () => {
  const ollama = await startOllamaStandIn({ models: [], answer: () => ({ text: "" }) });
  try {
    const former = "http://127.0.0.1:2";
    const text = configure("servers", { ollama: { kind: "ollama", baseUrl: former, apiKey: "env:TOKEN" } });
    expect(await draft({ ollama: ollama.url })).toBe(text.replace(former, ollama.url));
  } finally {
    await ollama.close();
  }
});

it.each([
  ["slackBotToken", "BOT", {}],
  ["slackBotToken", "BOT", { mode: "http", signingSecret: "env:SIGN", appToken: undefined }],
  ["slackAppToken", "APP", {}],
] as const)("--%s alone replaces that token of a Slack that is set up, and nothing else", async (flag, name, more) => {
  const slack = await openSlackStandIn();
  try {
    const { botToken, appToken } = slack.app;
    const renewed = name === "BOT" ? botToken : appToken;
    Object.assign(machine.env, { BOT: botToken, APP: appToken, SIGN: "sign", NEW: renewed });
    const text = configure("slack", { botToken: "env:BOT", appToken: "env:APP", apiUrl: slack.apiUrl, ...more });
    expect(await draft({ [flag]: "env:NEW" })).toBe(text.replace(`env:${name}`, "env:NEW"));
  } finally {
    await slack.close();
  }
});

it("Ctrl-C is heard with --yes, too, while the gateway is asked, and nothing is written", async () => {
  const { out, err, code } = await machine.run((runtime) => {
    const stop = new AbortController();
    const stdout = new Writable({
      write(chunk, _, done) {
        if (String(chunk).includes("Asking the gateway")) stop.abort();
        runtime.stdout.write(chunk, done);
      },
    });
    return init(
      { yes: true, owner: ["discord:123456789012345678"], gateway: "ws://127.0.0.1:1", command: ["clutch"] },
      { ...runtime, stdout, signal: stop.signal },
    );
  });
  expect(out).toContain("Asking the gateway");
  expect(err).toContain("Interrupted");
  expect(code).not.toBe(0);
  // The key with which it asked is its own.
  expect(machine.files().filter((file) => !file.endsWith("device.json"))).toEqual([]);
});

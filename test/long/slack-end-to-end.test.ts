import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { lookAtSlack } from "../../adapters/slack/look-at-slack.ts";
import { readGatewayChannels } from "../../src/openclaw/gateway-channels.ts";
import { type Lab, LLAMA, PERSONA, QWEN, SONNET } from "../gateway/harness.ts";
import { blocksText } from "../platforms/slack/message-text.ts";
import type { Person } from "../platforms/slack/person.ts";
import type { SlackApp } from "../platforms/slack/slack-app.ts";
import { openSlackStandIn, type SlackStandIn } from "../platforms/slack/slack-stand-in.ts";
import type { Message } from "../platforms/slack/workspace.ts";
import {
  heardIn,
  type InstalledPlugin,
  installPlugin,
  numberedReplies,
  type RunningClutch,
  type SpeakingModels,
  sessionKeys,
  startClutch,
  startLabWith,
} from "./with-plugin.ts";

// A person, OpenClaw's app and Clutch's app in one workspace: the real plugin, the real gateway, the real adapter.

const PATIENCE = { timeout: 120_000, interval: 250 };
const SWITCHED = "Switched to Qwen2.5-Coder 32B";
const BACK = "Back on the default: Claude Sonnet 5";
const CHANNEL = "C0GENERAL";
const CHANNEL_KEY = "agent:main:slack:channel:c0general";

let plugin: InstalledPlugin | undefined;
let missing = "";
let slack: SlackStandIn;
let openclaw: SlackApp;
let lab: Lab;
let running: RunningClutch;
let models: SpeakingModels;
let ann: Person;

beforeAll(async () => {
  const installed = await installPlugin("slack");
  if ("missing" in installed) {
    missing = installed.missing;
    return;
  }
  plugin = installed;
  slack = await openSlackStandIn();
  openclaw = slack.addApp("openclaw", {
    inert: false,
    judged: false,
    events: ["app_mention", "message.channels", "message.im"],
    scopes: [
      ...["app_mentions:read", "channels:history", "channels:read", "chat:write", "im:history", "im:read", "im:write"],
      ...["reactions:read", "reactions:write", "users:read"],
    ],
  });
  ann = slack.person("U0ANN");
  lab = await startLabWith(
    plugin,
    {
      enabled: true,
      mode: "socket",
      botToken: openclaw.botToken,
      appToken: openclaw.appToken,
      dmPolicy: "open",
      allowFrom: ["*"],
      groupPolicy: "allowlist",
      // Without the last one the agent answers what is said to Clutch as well.
      channels: { [CHANNEL]: { enabled: true, requireMention: false, users: [ann.id], ignoreOtherMentions: true } },
    },
    { SLACK_API_URL: slack.apiUrl },
    [LLAMA],
  );
  models = numberedReplies(lab);
  await vi.waitFor(() => expect(slack.sockets.count(openclaw)).toBeGreaterThan(0), PATIENCE);
  running = await startClutch(
    lab,
    {
      slack: {
        mode: "socket",
        botToken: slack.app.botToken,
        appToken: slack.app.appToken,
        commands: {},
        apiUrl: slack.apiUrl,
      },
    },
    `slack:${ann.id}`,
  );
}, 1_200_000);

afterAll(async () => {
  await running?.close();
  await lab?.stop();
  await slack?.close();
  await plugin?.remove();
}, 120_000);

beforeEach((test) => {
  test.skip(missing !== "", missing);
  models.working();
});

const textOf = ({ text, blocks }: Message): string => [text, blocksText(blocks)].join("\n");

/** Waits for a message of this app that holds these words, after what was there before. */
async function appears(
  app: SlackApp,
  words: () => string,
  { where = ann, thread, before = [] }: { where?: Person; thread?: string; before?: readonly string[] } = {},
): Promise<Message> {
  const found = (): Message | undefined =>
    where
      .messages(thread)
      .findLast(
        (message) => message.by === app.id && !before.includes(message.ts) && textOf(message).includes(words()),
      );
  await expect.poll(found, PATIENCE).toBeDefined();
  return found() ?? expect.fail("it is gone again");
}

const stamps = (where: Person): string[] => where.messages().map(({ ts }) => ts);

/** Says something and waits for the agent's reply in the same place. */
async function chat(text: string, where: Person = ann, thread?: string): Promise<string> {
  const before = models.replies.length;
  where.say(text, thread);
  await expect.poll(() => models.replies.length, PATIENCE).toBeGreaterThan(before);
  const reply = await appears(openclaw, () => models.replies.at(-1) ?? "", { where });
  expect(reply.thread).toBe(thread);
  return models.replies.at(-1) ?? "";
}

/** Uses Clutch's slash command and waits for its card. */
async function model(words: string, expected: string, where: Person = ann): Promise<Message> {
  const before = stamps(where);
  expect((await where.slash("/model", words)).acked).toBe(true);
  return appears(slack.app, () => expected, { where, before });
}

/** Asks Clutch by a mention, as one does in a thread, where Slack has no slash commands. */
function mention(words: string, expected: string, thread: string): Promise<Message> {
  const before = stamps(ann);
  ann.say(`<@${slack.app.botUser}> ${words}`, thread);
  return appears(slack.app, () => expected, { thread, before });
}

const contains = (whole: string, parts: readonly string[]): void => {
  for (const part of parts) expect(whole).toContain(part);
};

describe("a conversation in a channel", () => {
  const said: string[] = [];
  const talk = async (text: string): Promise<string> => {
    said.push(text);
    const reply = await chat(text);
    said.push(reply);
    return reply;
  };

  it("the agent answers there, in the session that Clutch derives", async () => {
    expect(await talk("How much salt does a pot of beans take?")).toContain("claude-sonnet-5");
    expect(await talk("And for forty sailors?")).toContain("claude-sonnet-5");
    expect(await sessionKeys(running.clutch)).toContain(CHANNEL_KEY);
    expect(textOf(await model("", `session ${CHANNEL_KEY}`))).toContain(SONNET);
  });

  it("after /model the other server gets the persona and the whole conversation", async () => {
    const card = await model(QWEN, SWITCHED);
    expect(card.onlyFor).toBeUndefined();

    expect(await talk("Which pot do I take?")).toContain("qwen2.5-coder:32b");
    const heard = lab.ollama.chats.at(-1);
    expect(heard?.model).toBe("qwen2.5-coder:32b");
    contains(heardIn(heard), [PERSONA, ...said.slice(0, -1)]);
  });

  it("after /model default the first server gets it all as well", async () => {
    const card = await model("default", BACK);
    expect(card.onlyFor).toBeUndefined();
    expect(await talk("Shall I stir?")).toContain("claude-sonnet-5");
    contains(heardIn(lab.anthropic.chats.at(-1)), [PERSONA, ...said.slice(0, -1)]);
  });
});

describe("other places", () => {
  it("a thread is a session of its own; a mention switches it, unheard by the agent, and leaves the channel alone", async () => {
    const root = ann.say("A thread begins here.");
    await expect
      .poll(() => ann.messages().filter(({ by, ts }) => by === openclaw.id && ts > root).length, PATIENCE)
      .toBe(1);
    const key = `${CHANNEL_KEY}:thread:${root}`;
    await chat("A word aside.", ann, root);
    expect(await sessionKeys(running.clutch)).toContain(key);

    const turns = models.replies.length;
    const card = await mention(`model ${QWEN}`, SWITCHED, root);
    expect(card).toMatchObject({ thread: root });
    expect(card.onlyFor).toBeUndefined();
    expect(models.replies.length).toBe(turns);
    expect(await chat("Still aside.", ann, root)).toContain("qwen2.5-coder:32b");
    // One turn for one message: the mention of Clutch was none.
    expect(models.replies.length).toBe(turns + 1);
    await mention("model", `session ${key}`, root);
    expect(await chat("In the open again.")).toContain("claude-sonnet-5");
  });

  it("a thread inherits the pin of its channel", async () => {
    await model(QWEN, SWITCHED);
    const root = ann.messages().find(({ by }) => by === ann.id)?.ts ?? expect.fail("nothing was said");
    expect(await chat("About that salt.", ann, root)).toContain("qwen2.5-coder:32b");
    await mention("model", "inherited from the pin of the parent channel", root);
    await model("default", BACK);
  });

  it("a DM is the agent's main session", async () => {
    const direct = slack.person(ann.id, { channel: `D0${ann.id}` });
    expect(await chat("Only between us.", direct)).toContain("claude-sonnet-5");
    expect(await sessionKeys(running.clutch)).toContain("agent:main:main");
    await model(QWEN, SWITCHED, direct);
    expect(await chat("Still between us.", direct)).toContain("qwen2.5-coder:32b");
  });
});

describe("beside each other", () => {
  it("a fallback is told in the channel where it happened", async () => {
    models.failing("anthropic");
    expect(await chat("Is anybody there?")).toContain("llama3.1:70b");
    const notice = await appears(slack.app, () => `Another model answered here: ${LLAMA}`);
    expect(notice.thread).toBeUndefined();
  });

  it("the doctor knows OpenClaw's app by what OpenClaw says of it, and Clutch's as its own", async () => {
    const { bots } = await readGatewayChannels(running.clutch.app.connection, { probe: true });
    const how = { deep: false, signal: new AbortController().signal, bots };
    const logger = pino({ level: "silent" });
    const look = async ({ botToken, appToken }: SlackApp) => {
      const { apiUrl } = slack;
      const found = await lookAtSlack({ mode: "socket", botToken, appToken, apiUrl, groups: [], logger }).look(how);
      return found.find(({ name }) => name === "app")?.state;
    };
    expect([await look(slack.app), await look(openclaw)]).toEqual(["ok", "broken"]);
  });

  it("nothing that Clutch sent was refused", () => {
    expect(slack.takeViolations()).toEqual([]);
  });
});

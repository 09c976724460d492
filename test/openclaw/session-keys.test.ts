import fc from "fast-check";
import {
  buildAgentSessionKey,
  parseThreadSessionSuffix,
  resolveAgentRoute,
  resolveThreadSessionKeys,
} from "openclaw/plugin-sdk/routing";
import { describe, expect, it } from "vitest";
import type { Conversation } from "../../src/models/conversation.ts";
import { routingConfigOf } from "../../src/openclaw/agent-route.ts";
import {
  candidateKeys,
  conversationOfSession,
  matchesConversation,
  parentKey,
  parseSessionKey,
} from "../../src/openclaw/session-keys.ts";

const keys = (conversation: Conversation, config: unknown = {}, agent = "main") =>
  candidateKeys(conversation, routingConfigOf(config), agent);

const at = (platform: string, channel: string, more: Partial<Conversation> = {}): Conversation => ({
  platform,
  channel,
  kind: "channel",
  person: platform === "slack" ? "U0PERSON" : "42",
  ...more,
});
const dm = (platform: string, more: Partial<Conversation> = {}) =>
  at(platform, platform === "slack" ? "D0DM" : "777", { kind: "direct", ...more });
const scoped = (dmScope: string, more: object = {}) => ({ session: { dmScope, ...more } });
const links = { identityLinks: { Alice: ["telegram:9", "discord:42"], bob: ["U0PERSON"] } };

describe("candidateKeys", () => {
  it.each<[string, Conversation, unknown, string[]]>([
    ["Discord channel", at("discord", "123"), {}, ["agent:main:discord:channel:123"]],
    [
      "Discord thread",
      at("discord", "123", { thread: "456" }),
      {},
      ["agent:main:discord:channel:456", "agent:main:discord:channel:123:thread:456"],
    ],
    ["Discord forum post named by itself", at("discord", "456"), {}, ["agent:main:discord:channel:456"]],
    ["Discord group DM", at("discord", "5", { kind: "group" }), {}, ["agent:main:discord:group:5"]],
    [
      "Discord, only the id known",
      at("discord", "5", { kind: "unknown" }),
      {},
      ["agent:main:discord:channel:5", "agent:main:discord:group:5"],
    ],
    [
      "Discord, only the ids known, in a thread",
      at("discord", "5", { kind: "unknown", thread: "6" }),
      {},
      ["agent:main:discord:channel:6", "agent:main:discord:channel:5:thread:6"],
    ],
    ["Slack channel", at("slack", "C0123ABC"), {}, ["agent:main:slack:channel:c0123abc"]],
    [
      "Slack thread",
      at("slack", "C0123ABC", { thread: "1700000000.000100" }),
      {},
      ["agent:main:slack:channel:c0123abc:thread:1700000000.000100"],
    ],
    ["Slack multi-person DM", at("slack", "G0123ABC", { kind: "group" }), {}, ["agent:main:slack:group:g0123abc"]],
    [
      "Slack thread, only the ids known",
      at("slack", "C1", { kind: "unknown", thread: "1.2" }),
      {},
      ["agent:main:slack:channel:c1:thread:1.2", "agent:main:slack:group:c1:thread:1.2"],
    ],
    ["DM by default", dm("discord"), {}, ["agent:main:main"]],
    ["DM, main key of its own", dm("slack"), scoped("main", { mainKey: " Home " }), ["agent:main:home"]],
    ["DM per peer", dm("slack"), scoped("per-peer"), ["agent:main:direct:u0person"]],
    ["DM per channel and peer", dm("slack"), scoped("per-channel-peer"), ["agent:main:slack:direct:u0person"]],
    [
      "DM per account, default account",
      dm("discord"),
      scoped("per-account-channel-peer"),
      ["agent:main:discord:default:direct:42"],
    ],
    [
      "DM per account, account named",
      dm("discord", { account: "Work" }),
      scoped("per-account-channel-peer"),
      ["agent:main:discord:work:direct:42"],
    ],
    [
      "DM per account, default account configured",
      dm("discord"),
      {
        ...scoped("per-account-channel-peer"),
        channels: { discord: { defaultAccount: "work", accounts: { work: {}, a: {} } } },
      },
      ["agent:main:discord:work:direct:42"],
    ],
    [
      "DM per account, first of the configured accounts",
      dm("discord"),
      { ...scoped("per-account-channel-peer"), channels: { discord: { accounts: { work: {}, b: {} } } } },
      ["agent:main:discord:b:direct:42"],
    ],
    [
      "DM per account, token beside the accounts",
      dm("discord"),
      { ...scoped("per-account-channel-peer"), channels: { discord: { token: "…", accounts: { work: {} } } } },
      ["agent:main:discord:default:direct:42"],
    ],
    ["linked person, id with platform", dm("discord"), scoped("per-peer", links), ["agent:main:direct:alice"]],
    ["linked person, bare id", dm("slack"), scoped("per-channel-peer", links), ["agent:main:slack:direct:bob"]],
    ["linked person, shared main", dm("discord"), scoped("main", links), ["agent:main:main"]],
    ["DM whose person is not known", dm("discord", { person: "" }), scoped("per-peer"), ["agent:main:direct:777"]],
    [
      "Slack agent view thread",
      dm("slack", { thread: "1.2" }),
      scoped("per-channel-peer"),
      ["agent:main:slack:direct:u0person:thread:1.2", "agent:main:slack:direct:u0person"],
    ],
    [
      "Slack agent view thread, shared main",
      dm("slack", { thread: "1.2" }),
      {},
      ["agent:main:main:thread:1.2", "agent:main:main"],
    ],
    ["channel, groups in main", at("discord", "123"), { session: { groupScope: "main" } }, ["agent:main:main"]],
    [
      "Discord thread, groups in main",
      at("discord", "123", { thread: "4" }),
      { session: { groupScope: "main" } },
      ["agent:main:main"],
    ],
    [
      "Slack thread, groups in main",
      at("slack", "C1", { thread: "1.2" }),
      { session: { groupScope: "main", mainKey: "home" } },
      ["agent:main:home:thread:1.2"],
    ],
    [
      "a binding's scope",
      at("slack", "C1"),
      {
        bindings: [
          {
            agentId: "main",
            match: { channel: "slack", peer: { kind: "channel", id: "C1" } },
            session: { groupScope: "main" },
          },
        ],
      },
      ["agent:main:main"],
    ],
    [
      "a binding that may match: its shared session is tried last",
      at("discord", "123"),
      { bindings: [{ agentId: "main", match: { channel: "discord", guildId: "9" }, session: { groupScope: "main" } }] },
      ["agent:main:discord:channel:123", "agent:main:main"],
    ],
    ["session, whole key", at("session", " Agent:Main:Discord:Channel:1 "), {}, ["agent:main:discord:channel:1"]],
    ["session, without agent", at("session", "slack:channel:C1"), {}, ["slack:channel:c1"]],
    [
      "session of Matrix: its ids keep their case",
      at("session", "AGENT:main:matrix:channel:!AbC:x.org"),
      {},
      ["agent:main:matrix:channel:!AbC:x.org"],
    ],
    ["session, empty", at("session", "  "), {}, []],
    ["terminal", at("terminal", "agent:main:clutch"), {}, ["agent:main:clutch"]],
    ["another platform", at("telegram", "-100AB", { kind: "group" }), {}, ["agent:main:telegram:group:-100ab"]],
  ])("%s", (_, conversation, config, expected) => {
    expect(keys(conversation, config)).toEqual(expected);
  });

  it("takes the agent asked for, even one that the route does not lead to", () => {
    expect(keys(at("discord", "1"), { agents: { entries: { a: {}, b: {} } } }, "B")).toEqual([
      "agent:b:discord:channel:1",
    ]);
  });
});

const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const discordId = fc.stringMatching(/^[1-9][0-9]{0,19}$/);
const slackChannel = fc.stringMatching(/^[CG][A-Z0-9]{1,10}$/);
const slackUser = fc.stringMatching(/^[UW][A-Z0-9]{1,10}$/);
const threadTs = fc.stringMatching(/^[0-9]{1,10}\.[0-9]{1,6}$/);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const set = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

const kind = fc.constantFrom("channel", "group", "direct");
const conversations = fc
  .oneof(
    fc.record({
      platform: fc.constant("discord"),
      channel: discordId,
      thread: maybe(discordId),
      kind,
      person: discordId,
      account: maybe(part),
    }),
    fc.record({
      platform: fc.constant("slack"),
      channel: slackChannel,
      thread: maybe(threadTs),
      kind,
      person: slackUser,
      account: maybe(part),
    }),
  )
  .filter((place) => !(place.platform === "discord" && place.kind !== "channel" && place.thread !== undefined))
  .map((place) => set(place) as Conversation);

type SessionConfig = typeof sessionConfigs extends fc.Arbitrary<infer T> ? T : never;
const sessionConfigs = fc
  .record({
    dmScope: maybe(fc.constantFrom("main", "per-peer", "per-channel-peer", "per-account-channel-peer")),
    groupScope: maybe(fc.constantFrom("main", "per-group")),
    mainKey: maybe(part),
    identityLinks: maybe(
      fc.dictionary(
        part,
        fc.array(
          fc.oneof(
            discordId,
            slackUser,
            discordId.map((id) => `discord:${id}`),
          ),
        ),
      ),
    ),
  })
  .map(set);

describe("candidateKeys, for any conversation", () => {
  it("gives the key that OpenClaw's own routing and thread functions give", () => {
    fc.assert(
      fc.property(conversations, sessionConfigs, part, fc.boolean(), (conversation, session, agent, linked) => {
        const own = linked ? { ...session, identityLinks: { Person: [conversation.person] } } : session;
        const config = { agents: { entries: { [agent]: {} } }, session: own };
        const inDiscordThread = conversation.platform === "discord" && conversation.thread !== undefined;
        const direct = conversation.kind === "direct";
        const peerKind = conversation.kind === "group" || direct ? conversation.kind : "channel";
        const route = resolveAgentRoute({
          cfg: config as never,
          channel: conversation.platform,
          accountId: conversation.account ?? null,
          peer: {
            kind: peerKind as "channel",
            id: direct ? conversation.person : inDiscordThread ? (conversation.thread ?? "") : conversation.channel,
          },
        });
        const { sessionKey } = resolveThreadSessionKeys({
          baseSessionKey: route.sessionKey,
          threadId: conversation.thread ?? null,
          useSuffix: !inDiscordThread,
        });
        expect(keys(conversation, config, route.agentId)[0]).toBe(sessionKey);
      }),
      {
        numRuns: 1000,
        // Accounts with names that OpenClaw keeps away from objects.
        examples: ["__proto__", "prototype", "Constructor"].map(
          (account): [Conversation, SessionConfig, string, boolean] => [
            { platform: "slack", channel: "C0", kind: "direct", person: "WA", account },
            {
              dmScope: "per-account-channel-peer",
              groupScope: undefined,
              mainKey: undefined,
              identityLinks: undefined,
            },
            "main",
            false,
          ],
        ),
      },
    );
  });

  it("gives lower-case keys, none twice", () => {
    const anything = fc.record({
      platform: fc.string().filter((name) => !/^(matrix|signal|session|terminal)$/i.test(name.trim())),
      channel: fc.string(),
      thread: fc.string(),
      kind: fc.constantFrom("channel", "group", "direct", "unknown"),
      person: fc.string(),
    });
    fc.assert(
      fc.property(
        fc.oneof(conversations, anything as fc.Arbitrary<Conversation>),
        sessionConfigs,
        fc.string(),
        (place, session, agent) => {
          const found = keys(place, { session }, agent);
          expect(found.map((key) => key.toLowerCase())).toEqual(found);
          expect(new Set(found).size).toBe(found.length);
          expect(found.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  it("can be read back: agent, platform, peer and thread", () => {
    fc.assert(
      fc.property(conversations, part, (conversation, agent) => {
        const dmScope = "per-account-channel-peer";
        const [key = ""] = keys(conversation, { session: { dmScope } }, agent);
        const { kind, platform, thread, channel, person } = conversation;
        const inDiscordThread = platform === "discord" && thread !== undefined;
        const peer = kind === "direct" ? person : inDiscordThread ? thread : channel;
        const threaded = thread !== undefined && !inDiscordThread;
        const parsed = parseSessionKey(key);
        expect(parsed).toMatchObject({ platform, peer: peer.toLowerCase(), kind: threaded ? "thread" : kind });
        expect(parsed?.thread).toBe(threaded ? thread : undefined);
        expect(parsed?.agentId).toBe(key.split(":")[1]);
        if (kind === "direct") expect(parsed?.account).toBe(key.split(":")[3]);
      }),
    );
  });

  it("leads back to the same key from a row that has the key alone", () => {
    fc.assert(
      fc.property(conversations, (conversation) => {
        const routing = { session: { dmScope: "per-account-channel-peer" } };
        const [key = ""] = keys(conversation, routing);
        const place = conversationOfSession({ key });
        expect(place && keys(place, routing)[0]).toBe(key);
        expect(matchesConversation({ key }, conversation)).toBe(true);
      }),
    );
  });
});

describe("parseSessionKey", () => {
  it.each<[string, object | undefined]>([
    ["agent:main:main", { agentId: "main", rest: "main", kind: "main" }],
    ["agent:main:main:account:default:team:t1", { kind: "main" }],
    [
      "Agent:Main:Discord:Channel:1",
      { agentId: "main", rest: "discord:channel:1", kind: "channel", platform: "discord", peer: "1" },
    ],
    ["agent:main:slack:group:g1", { kind: "group", platform: "slack", peer: "g1" }],
    ["agent:a:direct:alice", { agentId: "a", kind: "direct", peer: "alice" }],
    ["agent:a:slack:direct:u1", { kind: "direct", platform: "slack", peer: "u1" }],
    ["agent:a:slack:work:direct:u1", { kind: "direct", platform: "slack", account: "work", peer: "u1" }],
    ["agent:a:telegram:dm:5", { kind: "direct", platform: "telegram", peer: "5" }],
    ["agent:a:slack:channel:c1:thread:1.2", { kind: "thread", platform: "slack", peer: "c1", thread: "1.2" }],
    ["agent:a:main:thread:1.2", { kind: "thread", thread: "1.2" }],
    ["agent:a:home:thread:1.2", { kind: "thread", thread: "1.2" }],
    ["agent:a:matrix:channel:!AbC:x.org", { kind: "channel", platform: "matrix", peer: "!AbC:x.org" }],
    ["agent:a:subagent:7f", { kind: "subagent", rest: "subagent:7f" }],
    ["agent:a:subagent:7f:thread:1", { kind: "subagent" }],
    ["agent:a:cron:job:run:1", { kind: "cron" }],
    ["agent:a:hook:7f", { kind: "hook" }],
    ["agent:a:acp:7f", { kind: "other" }],
    ["agent:a:discord:slash:42", { kind: "other" }],
    ["agent:a:discord:channel:1:heartbeat", { kind: "other" }],
    ["agent:a:demo", { kind: "other", rest: "demo" }],
    ["agent:a:slack:channel:", { kind: "other" }],
    ["discord:channel:1", undefined],
    ["global", undefined],
    ["agent:a", undefined],
    ["agent:a:", undefined],
    ["agent::x", undefined],
    ["agent:a::x", undefined],
    ["", undefined],
  ])("%s", (key, expected) => {
    const parsed = parseSessionKey(key);
    if (expected === undefined) expect(parsed).toBeUndefined();
    else expect(parsed).toMatchObject(expected);
  });

  it("knows a main session by the key that is configured", () => {
    expect(parseSessionKey("agent:a:home")?.kind).toBe("other");
    expect(parseSessionKey("agent:a:home", "home")?.kind).toBe("main");
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `agent:${tail}`),
        ),
        (key) => void parseSessionKey(key),
      ),
    );
  });
});

describe("parentKey", () => {
  it.each([
    ["agent:main:slack:channel:c1:thread:1.2", "agent:main:slack:channel:c1"],
    ["agent:main:Slack:Group:G1:Thread:1.2", "agent:main:slack:group:g1"],
    ["agent:main:main:thread:1.2", "agent:main:main"],
    ["agent:main:slack:channel:c1", undefined],
    ["agent:main:discord:channel:456", undefined],
    ["agent:main:subagent:7f:thread:1", undefined],
    ["slack:channel:c1:thread:1.2", undefined],
    ["", undefined],
  ])("%s -> %s", (key, expected) => {
    expect(parentKey(key)).toBe(expected);
  });

  it("agrees with OpenClaw's own function on every thread key", () => {
    fc.assert(
      fc.property(slackChannel, threadTs, part, (id, thread, agentId) => {
        const base = buildAgentSessionKey({ agentId, channel: "slack", peer: { kind: "channel", id } });
        const key = `${base}:thread:${thread}`;
        expect(parentKey(key)).toBe(parseThreadSessionSuffix(key).baseSessionKey);
      }),
    );
  });
});

const row = (key: string, channel?: string, to?: string, more: object = {}) => ({
  key,
  ...(channel === undefined ? {} : { channel, deliveryContext: { channel, to, accountId: "default" } }),
  ...more,
});

const pick = (place: Conversation, fields: readonly string[]) =>
  Object.fromEntries(fields.map((field) => [field, place[field as keyof Conversation]]));

describe("conversationOfSession", () => {
  it("reads a row as the gateway lists it", () => {
    const measured = {
      key: "agent:main:discord:channel:987654321",
      channel: "discord",
      deliveryContext: { channel: "discord", to: "channel:987654321", accountId: "default" },
      lastThreadId: null,
    };
    expect(conversationOfSession(measured)).toEqual({
      platform: "discord",
      account: "default",
      channel: "987654321",
      kind: "channel",
      person: "",
    });
  });

  it.each<[string, unknown, object | undefined]>([
    [
      "Slack ids from the delivery",
      row("agent:a:slack:channel:c1", "slack", "channel:C1"),
      { platform: "slack", channel: "C1", kind: "channel" },
    ],
    ["Slack ids from the key alone", row("agent:a:slack:channel:c1"), { channel: "C1", kind: "channel" }],
    [
      "Slack thread",
      row("agent:a:slack:channel:c1:thread:1.2", "slack", "channel:C1"),
      { channel: "C1", thread: "1.2" },
    ],
    [
      "Slack thread from the key alone",
      row("agent:a:slack:group:g1:thread:1.2"),
      { channel: "G1", thread: "1.2", kind: "group" },
    ],
    [
      "a channel whose last answer went into a thread is still the channel",
      row("agent:a:slack:channel:c1", "slack", "channel:C1", { lastThreadId: "1.2" }),
      { channel: "C1", thread: undefined },
    ],
    [
      "Discord thread, last delivery into it",
      row("agent:a:discord:channel:6", "discord", "channel:6", { lastThreadId: "6" }),
      { channel: "6", thread: undefined },
    ],
    [
      "Discord thread, delivery by its parent",
      row("agent:a:discord:channel:6", "discord", "channel:5", { lastThreadId: 6 }),
      { channel: "5", thread: "6", kind: "channel" },
    ],
    [
      "a channel last written to from elsewhere",
      row("agent:a:discord:channel:6", "discord", "channel:7"),
      { channel: "6", account: "default" },
    ],
    [
      "a channel last used from the dashboard",
      row("agent:a:slack:channel:c1", "webchat", "x"),
      { platform: "slack", channel: "C1", account: undefined },
    ],
    [
      "main session: last delivery to a person",
      row("agent:a:main", "discord", "user:42"),
      { platform: "discord", channel: "42", person: "42", kind: "direct" },
    ],
    [
      "main session: last delivery to a channel",
      row("agent:a:main", "slack", "channel:C1", { lastThreadId: "1.2" }),
      { channel: "C1", thread: "1.2", kind: "channel" },
    ],
    [
      "main session: delivery to a Slack DM's channel",
      row("agent:a:main", "slack", "channel:D1"),
      { channel: "D1", kind: "direct", person: "" },
    ],
    ["main session never used from a platform", row("agent:a:main"), undefined],
    ["session.scope global", row("global", "slack", "user:U1"), { channel: "U1", kind: "direct", person: "U1" }],
    [
      "DM with its own session",
      row("agent:a:slack:direct:u1", "slack", "user:U1"),
      { channel: "U1", person: "U1", kind: "direct" },
    ],
    [
      "DM, only its channel delivered to",
      row("agent:a:slack:direct:u1", "slack", "channel:D1"),
      { channel: "D1", person: "U1", kind: "direct" },
    ],
    [
      "DM per account from the key",
      row("agent:a:slack:work:direct:u1"),
      { account: "work", channel: "U1", person: "U1", kind: "direct" },
    ],
    [
      "DM of a linked person",
      row("agent:a:discord:direct:alice", "discord", "user:42"),
      { channel: "42", person: "42", kind: "direct" },
    ],
    ["DM of a linked person, id not known", row("agent:a:discord:direct:alice"), undefined],
    [
      "DM across platforms",
      row("agent:a:direct:alice", "slack", "user:U1"),
      { platform: "slack", channel: "U1", kind: "direct" },
    ],
    [
      "agent view thread",
      row("agent:a:slack:direct:u1:thread:1.2", "slack", "user:U1"),
      { channel: "U1", thread: "1.2", kind: "direct" },
    ],
    [
      "Slack Enterprise Grid",
      row("agent:a:slack:channel:team:t1:channel:c1", "slack", "team:T1:channel:C1"),
      { channel: "C1", space: "T1" },
    ],
    [
      "subagent: where its result goes",
      row("agent:a:subagent:7f", "discord", "channel:6"),
      { channel: "6", kind: "channel" },
    ],
    [
      "subagent in a Discord thread, named twice",
      row("agent:a:subagent:7f", "discord", "channel:6", { lastThreadId: "6" }),
      { channel: "6", thread: undefined },
    ],
    [
      "DM per account, last delivered over another",
      row("agent:a:slack:work:direct:u1", "slack", "user:U1"),
      { account: "work", channel: "U1" },
    ],
    [
      "group by the row's chat type",
      row("agent:a:subagent:7f", "slack", "channel:G1", { chatType: "group" }),
      { channel: "G1", kind: "group" },
    ],
    [
      "older rows: last route instead of a delivery context",
      { key: "agent:a:main", lastChannel: "slack", lastTo: "user:U1" },
      { channel: "U1" },
    ],
    ["bare user id", row("agent:a:main", "slack", "U1"), { channel: "U1", kind: "direct", person: "U1" }],
    [
      "target with its platform",
      row("agent:a:main", "discord", "discord:channel:5"),
      { channel: "5", kind: "channel" },
    ],
    ["no key", { deliveryContext: { channel: "slack", to: "user:U1" } }, undefined],
    ["no row", null, undefined],
    [
      "malformed delivery",
      { key: "agent:a:discord:channel:5", deliveryContext: "x", lastThreadId: {} },
      { channel: "5" },
    ],
  ])("%s", (_, input, expected) => {
    const place = conversationOfSession(input);
    if (expected === undefined) expect(place).toBeUndefined();
    else expect(place && pick(place, Object.keys(expected))).toEqual(expected);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), fc.anything(), (anything, key, delivery) => {
        conversationOfSession(anything);
        conversationOfSession({ key: `agent:a:${key}`, deliveryContext: delivery, lastTo: delivery });
      }),
    );
  });
});

describe("matchesConversation", () => {
  const slackThread = at("slack", "C1", { thread: "1.2" });
  const discordThread = at("discord", "5", { thread: "6" });
  it.each<[string, unknown, Conversation, boolean]>([
    ["same channel, other agent", row("agent:b:slack:channel:c1", "slack", "channel:C1"), at("slack", "C1"), true],
    ["another channel", row("agent:b:slack:channel:c2", "slack", "channel:C2"), at("slack", "C1"), false],
    ["another platform", row("agent:b:discord:channel:5"), at("slack", "5"), false],
    ["only the id known", row("agent:b:slack:group:g1"), at("slack", "G1", { kind: "unknown" }), true],
    ["thread", row("agent:b:slack:channel:c1:thread:1.2"), slackThread, true],
    ["thread's channel", row("agent:b:slack:channel:c1"), slackThread, false],
    ["channel's thread", row("agent:b:slack:channel:c1:thread:1.2"), at("slack", "C1"), false],
    ["Discord thread by its id", row("agent:b:discord:channel:6", "discord", "channel:6"), discordThread, true],
    ["Discord thread's channel", row("agent:b:discord:channel:5", "discord", "channel:5"), discordThread, false],
    ["main session last in this channel", row("agent:b:main", "slack", "channel:C1"), at("slack", "C1"), true],
    ["direct", row("agent:b:discord:direct:42", "discord", "user:42"), dm("discord"), true],
    ["direct with someone else", row("agent:b:discord:direct:43", "discord", "user:43"), dm("discord"), false],
    ["direct over another account", row("agent:b:discord:work:direct:42"), dm("discord", { account: "home" }), false],
    ["direct is no channel", row("agent:b:discord:direct:42"), at("discord", "42"), false],
    ["slash command's session", row("agent:b:discord:slash:42", "discord", "channel:5"), at("discord", "5"), false],
    ["job that posts here", row("agent:b:cron:x", "discord", "channel:5"), at("discord", "5"), false],
    ["heartbeat", row("agent:b:discord:channel:5:heartbeat", "discord", "channel:5"), at("discord", "5"), false],
    ["subagent that reports here", row("agent:b:subagent:x", "discord", "channel:5"), at("discord", "5"), false],
    ["subagent bound to the thread", row("agent:b:subagent:x", "discord", "channel:6"), discordThread, true],
    [
      "ACP bound to the thread",
      row("agent:b:acp:x", "discord", "channel:5", { lastThreadId: "6" }),
      discordThread,
      true,
    ],
    ["session.scope global", row("global", "discord", "user:42"), dm("discord"), true],
    ["session by whole key", row("agent:b:demo"), at("session", "Agent:b:Demo"), true],
    ["session by its rest", row("agent:b:demo"), at("session", "demo"), true],
    ["another session", row("agent:b:demo"), at("session", "dem"), false],
    ["no row", { x: 1 }, at("discord", "5"), false],
  ])("%s", (_, input, conversation, expected) => {
    expect(matchesConversation(input, conversation)).toBe(expected);
  });
});

import fc from "fast-check";
import { resolveAgentRoute } from "openclaw/plugin-sdk/routing";
import { describe, expect, it } from "vitest";
import type { Conversation } from "../../src/models/conversation.ts";
import { routeAgent, routingConfigOf } from "../../src/openclaw/agent-route.ts";

const route = (conversation: Conversation, config: unknown) => routeAgent(conversation, routingConfigOf(config));

const discord: Conversation = {
  platform: "discord",
  channel: "1",
  kind: "channel",
  person: "42",
  space: "G1",
  roles: [],
};
const slack: Conversation = { platform: "slack", channel: "C1", kind: "channel", person: "U1", space: "T1" };
const unplaced = ({ space: _, roles: __, ...rest }: Conversation): Conversation => rest;

const entries = { main: {}, a: {}, b: {} };
const bind = (agentId: string, match: object, more: object = {}) => ({
  agentId,
  match: { channel: "discord", ...match },
  ...more,
});
const bound = (...bindings: unknown[]) => ({ agents: { entries }, bindings });
const channel1 = { peer: { kind: "channel", id: "1" } };

describe("routeAgent", () => {
  it.each<[string, Conversation, unknown, string | readonly string[]]>([
    ["no configuration at all", discord, undefined, "main"],
    ["the sole agent", discord, { agents: { entries: { Support: {} } } }, "support"],
    ["the sole agent of an older list", discord, { agents: { list: [{ id: "old" }] } }, "old"],
    ["an older default marker", discord, { agents: { list: [{ id: "x" }, { id: "y", default: true }] } }, "y"],
    [
      "explicit ownership ignores the marker",
      discord,
      { agents: { ownership: "explicit", entries: { a: { default: true }, b: {} } } },
      ["a", "b"],
    ],
    [
      "the recorded system agent",
      discord,
      { agents: { ownership: "explicit", entries, defaults: { systemAgent: { agentId: "B" } } } },
      "b",
    ],
    ["several agents and no binding", discord, bound(), ["main", "a", "b"]],
    ["a roster without agents", discord, { agents: { entries: {} } }, []],
    ["channel", discord, bound(bind("a", channel1)), "a"],
    ["group and channel are one kind", discord, bound(bind("a", { peer: { kind: "group", id: 1 } })), "a"],
    [
      "a person is no channel",
      discord,
      bound(bind("a", { peer: { kind: "direct", id: "1" } }), bind("b", { accountId: "*" })),
      "b",
    ],
    ["a person", { ...discord, kind: "direct" }, bound(bind("a", { peer: { kind: "dm", id: "42" } })), "a"],
    [
      "thread over its parent",
      { ...discord, thread: "2" },
      bound(bind("a", channel1), bind("b", { peer: { kind: "channel", id: "2" } })),
      "b",
    ],
    ["thread by its parent", { ...discord, thread: "2" }, bound(bind("a", channel1)), "a"],
    [
      "parent over any peer",
      { ...discord, thread: "2" },
      bound(bind("b", { peer: { kind: "channel", id: "*" } }), bind("a", channel1)),
      "a",
    ],
    [
      "any peer over guild",
      discord,
      bound(bind("a", { guildId: "G1" }), bind("b", { peer: { kind: "group", id: "*" } })),
      "b",
    ],
    [
      "roles over guild",
      { ...discord, roles: ["r"] },
      bound(bind("a", { guildId: "G1" }), bind("b", { guildId: "G1", roles: ["q", "r"] })),
      "b",
    ],
    [
      "other roles",
      { ...discord, roles: ["x"] },
      bound(bind("a", { guildId: "G1" }), bind("b", { guildId: "G1", roles: ["r"] })),
      "a",
    ],
    ["guild over account", discord, bound(bind("b", {}), bind("a", { guildId: "G1" })), "a"],
    ["another guild", discord, bound(bind("a", { guildId: "G2" }), bind("b", { accountId: "*" })), "b"],
    [
      "team",
      slack,
      bound(bind("a", { channel: "slack", accountId: "*" }), bind("b", { channel: "Slack ", teamId: "T1" })),
      "b",
    ],
    ["account over platform", discord, bound(bind("a", { accountId: "*" }), bind("b", {})), "b"],
    [
      "no account means the one called default",
      { ...discord, account: "work" },
      bound(bind("a", {}), bind("b", { accountId: "*" })),
      "b",
    ],
    [
      "… and not the default account that is configured",
      discord,
      {
        ...bound(bind("a", {}), bind("b", { accountId: "*" })),
        channels: { discord: { defaultAccount: "work", accounts: { work: {} } } },
      },
      "b",
    ],
    ["first of a tier", discord, bound(bind("a", { accountId: "*" }), bind("b", { accountId: "*" })), "a"],
    [
      "another platform's binding",
      slack,
      bound(bind("a", { accountId: "*" }), bind("b", { channel: "slack", accountId: "*" })),
      "b",
    ],
    ["ACP entries follow other rules", discord, bound(bind("a", channel1, { type: "acp" }), bind("b", channel1)), "b"],
    [
      "malformed bindings",
      discord,
      bound(5, null, {}, { agentId: "a", match: {} }, bind("a", { peer: { kind: "x", id: "1" } }), bind("b", channel1)),
      "b",
    ],
    ["a binding to an agent that does not exist", discord, bound(bind("ghost", channel1)), ["main", "a", "b"]],
    [
      "main exists always",
      discord,
      { agents: { entries: { a: {}, b: {} } }, bindings: [bind("main", channel1)] },
      "main",
    ],
    [
      "Slack's targets as peers",
      slack,
      bound(bind("a", { channel: "slack", peer: { kind: "channel", id: "channel:C1" } })),
      "a",
    ],
    [
      "Slack's mentions as peers",
      { ...slack, kind: "direct" },
      bound(bind("a", { channel: "slack", peer: { kind: "direct", id: "<@U1>" } })),
      "a",
    ],
    ["session by its key", { ...discord, platform: "session", channel: "Agent:B:main" }, bound(), "b"],
    ["session without an agent", { ...discord, platform: "session", channel: "main" }, bound(), ["main", "a", "b"]],

    [
      "guild not known",
      unplaced(discord),
      bound(bind("a", { guildId: "G1" }), bind("b", { accountId: "*" })),
      ["a", "b"],
    ],
    [
      "guild not known, but a channel's binding goes first",
      unplaced(discord),
      bound(bind("a", { guildId: "G1" }), bind("b", channel1)),
      "b",
    ],
    [
      "guild not known, all ways lead to one agent",
      unplaced(discord),
      bound(bind("a", { guildId: "G1" }), bind("a", { accountId: "*" })),
      "a",
    ],
    [
      "guild not known, nobody left for the rest",
      unplaced(discord),
      bound(bind("b", { guildId: "G1" })),
      ["b", "main", "a"],
    ],
    [
      "guild known, roles not",
      { ...unplaced(discord), space: "G1" },
      bound(bind("a", { guildId: "G1", roles: ["r"] }), bind("b", { accountId: "*" })),
      ["a", "b"],
    ],
    [
      "another guild, roles not known",
      { ...unplaced(discord), space: "G2" },
      bound(bind("a", { guildId: "G1", roles: ["r"] }), bind("b", { accountId: "*" })),
      "b",
    ],
    [
      "a DM is in no guild",
      { ...unplaced(discord), kind: "direct" },
      bound(bind("a", { guildId: "G1" }), bind("b", { accountId: "*" })),
      "b",
    ],
    [
      "Slack has no guilds",
      unplaced(slack),
      bound(bind("a", { channel: "slack", guildId: "G1" }), bind("b", { channel: "slack", accountId: "*" })),
      "b",
    ],
    [
      "team not known, in a DM",
      { ...unplaced(slack), kind: "direct" },
      bound(bind("a", { channel: "slack", teamId: "T1" }), bind("b", { channel: "slack", accountId: "*" })),
      ["a", "b"],
    ],
  ])("%s", (_, conversation, config, expected) => {
    const found = route(conversation, config);
    expect("ambiguous" in found ? found.ambiguous : found.agentId).toEqual(expected);
  });

  it("takes the scopes of the binding over those of the session", () => {
    const config = {
      session: { dmScope: "per-peer", groupScope: "main" },
      bindings: [bind("main", channel1, { session: { groupScope: "per-group" } })],
    };
    expect(route(discord, config)).toEqual({ agentId: "main", dmScope: "per-peer", groupScope: "per-group" });
    expect(route({ ...discord, channel: "9" }, config)).toEqual({
      agentId: "main",
      dmScope: "per-peer",
      groupScope: "main",
    });
  });

  it("reads any configuration without throwing", () => {
    const keyed = fc.record(
      { bindings: fc.anything(), session: fc.anything(), agents: fc.anything(), channels: fc.anything() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), keyed), (config) => {
        const { bindings, agents } = routingConfigOf(config);
        expect(Array.isArray(bindings) && Array.isArray(agents)).toBe(true);
      }),
    );
  });
});

// Few values, so that bindings and conversations meet often.
const platform = fc.constantFrom("discord", "slack");
const peerId = fc.constantFrom("1", "2", "3", "C1", "U1");
const space = fc.constantFrom("G1", "G2");
const role = fc.constantFrom("r", "s");
const account = fc.constantFrom("default", "work");
const agentId = fc.constantFrom("a", "b", "c", "main", "ghost");
const maybe = <T>(value: fc.Arbitrary<T>) => fc.oneof(fc.constant(undefined), value);
const present = (value: object) => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));

const anyone = fc.constant("*");
const peer = fc.record({
  kind: fc.constantFrom("channel", "group", "direct", "dm"),
  id: fc.oneof(peerId, anyone),
});
const matches = fc.oneof(
  fc.record({
    channel: platform,
    accountId: maybe(fc.oneof(account, fc.constantFrom("*", "Work", " "))),
    peer: maybe(peer),
    guildId: maybe(space),
    teamId: maybe(space),
    roles: maybe(fc.array(role, { maxLength: 2 })),
  }),
  fc.record({ channel: platform, accountId: anyone, peer }),
  fc.record({ channel: fc.constant("discord"), accountId: anyone, guildId: space, roles: maybe(fc.tuple(role)) }),
);
const bindings = fc.array(
  fc
    .record({
      type: fc.constantFrom(undefined, undefined, "route", "acp"),
      agentId,
      match: matches.map(present),
      session: maybe(
        fc.record({ dmScope: fc.constantFrom("main", "per-peer"), groupScope: fc.constantFrom("main", "per-group") }),
      ),
    })
    .map(present),
  { maxLength: 8 },
);
const rosters = fc.oneof(
  fc.constant({}),
  fc.constantFrom(
    { entries: { a: {} } },
    { entries: { a: {}, b: {}, c: {} } },
    { entries: { a: { default: true }, b: {}, c: {} } },
  ),
  fc.constantFrom(
    { list: [{ id: "a" }, { id: "b" }, { id: "c", default: true }] },
    {
      ownership: "explicit",
      entries: { a: { default: true }, b: {}, c: {} },
      defaults: { systemAgent: { agentId: "c" } },
    },
    { ownership: "explicit", entries: { a: {}, b: {} }, defaults: { systemAgent: { agentId: "nobody" } } },
    { ownership: "explicit", defaults: { systemAgent: { agentId: "main" } } },
  ),
);
const configs = fc.record({
  agents: rosters,
  bindings,
  session: fc.constantFrom({}, { dmScope: "per-peer", groupScope: "main" }),
});
const placesIn = fc
  .record({
    platform,
    channel: peerId,
    thread: maybe(peerId),
    kind: fc.constantFrom("channel", "group", "direct"),
    person: peerId,
    account: maybe(account),
  })
  .map(
    (place) =>
      present(
        place.platform === "discord" && place.kind !== "channel" ? { ...place, thread: undefined } : place,
      ) as never as Conversation,
  );
const allFacts = fc.record({ guild: maybe(space), team: maybe(space), roles: fc.subarray(["r", "s"]) });

/** What OpenClaw's plugins ask of its router for a conversation; undefined where it refuses. */
function openclawRoute(
  place: Conversation,
  facts: { guild?: string | undefined; team?: string | undefined; roles: string[] },
  config: object,
) {
  const direct = place.kind === "direct";
  const inThread = place.platform === "discord" && place.thread !== undefined;
  try {
    const { agentId, dmScope, groupScope } = resolveAgentRoute({
      cfg: config as never,
      channel: place.platform,
      accountId: place.account ?? null,
      peer: {
        kind: place.kind as "channel",
        id: direct ? place.person : ((inThread ? place.thread : undefined) ?? place.channel),
      },
      ...(inThread ? { parentPeer: { kind: "channel", id: place.channel } } : {}),
      ...(place.platform === "discord" && place.kind === "channel"
        ? { guildId: facts.guild ?? null, memberRoleIds: facts.roles }
        : {}),
      ...(place.platform === "slack" ? { teamId: facts.team ?? null } : {}),
    });
    return { agentId, dmScope, groupScope };
  } catch {
    return undefined;
  }
}

describe("routeAgent, beside OpenClaw's own router", () => {
  it("agrees where every fact is known", () => {
    fc.assert(
      fc.property(placesIn, configs, space, fc.subarray(["r", "s"]), (place, config, space, roles) => {
        const expected = openclawRoute(place, { guild: space, team: space, roles }, config);
        const found = route({ ...place, space, roles }, config);
        // Where OpenClaw refuses, the choice is among the roster.
        if (expected) expect(found).toEqual(expected);
        else if ("ambiguous" in found) expect(found.ambiguous).toEqual(routingConfigOf(config).agents);
        else expect([found.agentId]).toEqual(routingConfigOf(config).agents);
      }),
      { numRuns: 800 },
    );
  });

  it("never leaves out the agent that OpenClaw picks, where guild, team and roles are not known", () => {
    fc.assert(
      fc.property(placesIn, configs, allFacts, (place, config, facts) => {
        const expected = openclawRoute(place, facts, config);
        const found = route(place, config);
        if (expected) expect("ambiguous" in found ? found.ambiguous : [found.agentId]).toContain(expected.agentId);
      }),
      { numRuns: 800 },
    );
  });
});

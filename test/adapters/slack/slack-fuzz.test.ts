import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isJson, type Json } from "../../platforms/slack/json.ts";
import type { Person } from "../../platforms/slack/person.ts";
import { openSlack } from "./slack-harness.ts";
import { asksFirst, modelCore } from "./test-core.ts";

const LONG = process.env["CLUTCH_LONG"] === "1";
const RUNS = LONG ? 100_000 : 2_000;
const PATIENCE = { timeout: LONG ? 300_000 : 15_000, interval: 20 };

/** What an attacker, a bug or a new version of Slack might put in place of what we know. */
const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    "",
    0,
    -1,
    true,
    [],
    {},
    "x".repeat(20_000),
    "<!channel>",
    "C0OTHER",
    "D0U0EVE",
    "U0EVE",
    "T0EVIL",
    "../../etc/passwd",
    "http://169.254.169.254/latest",
    "1764000000.000001",
    "__proto__",
    "constructor",
    "/model",
    "run.0",
    `pick.model.${"A".repeat(24)}`,
    "\u0000\ud800",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Once in twenty. */
const seldom = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: value, weight: 1 }, { arbitrary: fc.constant(undefined), weight: 19 });

/** One place in a payload, counted over all of its values, and what is put there; undefined removes it. */
const mutations = fc.array(fc.record({ at: fc.nat(200), value: fc.option(strange, { nil: undefined, freq: 5 }) }), {
  minLength: 1,
  maxLength: 4,
});

function mutated(payload: Json, changes: readonly { readonly at: number; readonly value?: unknown }[]): unknown {
  const copy: unknown = structuredClone(payload);
  for (const { at, value } of changes) {
    const slots: (() => void)[] = [];
    const visit = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      const holder = node as Record<string, unknown>;
      for (const key of Object.keys(holder)) {
        slots.push(() => {
          if (value === undefined) delete holder[key];
          else holder[key] = value;
        });
        visit(holder[key]);
      }
    };
    visit(copy);
    if (slots.length > 0) slots[at % slots.length]?.();
  }
  return copy;
}

/** A payload of each kind, as Slack would send it. */
async function wellFormed(person: Person): Promise<readonly { readonly type: string; readonly payload: Json }[]> {
  const press = person.payload("press", "Confirm");
  const common = {
    team: press["team"],
    user: press["user"],
    channel: press["channel"],
    trigger_id: "t",
    is_enterprise_install: false,
  };
  return [
    { type: "slash_commands", payload: person.payload("slash", "/model", "qwen") },
    { type: "interactive", payload: press },
    {
      type: "interactive",
      payload: {
        ...common,
        type: "block_suggestion",
        action_id: `pick.model.${"A".repeat(24)}`,
        block_id: "b",
        value: "q",
      },
    },
    {
      type: "interactive",
      payload: {
        ...common,
        type: "message_action",
        callback_id: "model_here",
        message: { ts: "1764000000.000001" },
        response_url: press["response_url"],
      },
    },
    {
      type: "interactive",
      payload: {
        ...common,
        type: "view_submission",
        view: {
          id: "V0",
          callback_id: "model_modal",
          private_metadata: JSON.stringify({ channel: "C0GENERAL", thread: "1764000000.000001", seal: "A".repeat(24) }),
          state: { values: { model: { a: { selected_option: { value: "ollama/qwen3:8b" } } } } },
        },
      },
    },
    {
      type: "events_api",
      payload: {
        type: "event_callback",
        team_id: "T0TEAM",
        event_id: "Ev0",
        event: {
          type: "app_mention",
          user: "U0ANN",
          text: "<@U0CLUTCH> model",
          ts: "1764000000.000002",
          channel: "C0GENERAL",
        },
      },
    },
  ];
}

describe("random and mutated payloads", () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  beforeEach(() => void process.on("unhandledRejection", onRejection));
  afterEach(() => void process.off("unhandledRejection", onRejection));

  it(
    `${RUNS} of them change nothing that they may not, and break nothing`,
    async () => {
      const { slack, start, adapter, close } = await openSlack();
      const core = modelCore(asksFirst);
      await start(core.dispatch);
      const ann = slack.person("U0ANN");
      await ann.slash("/model", "x scope:global");
      await vi.waitFor(() => expect(ann.shown()).toContain("Sure?"), PATIENCE);
      const bases = await wellFormed(ann);
      const cases = fc.sample(
        fc.record({
          base: fc.nat(bases.length - 1),
          changes: mutations,
          alien: seldom(strange),
          type: seldom(strange),
        }),
        { numRuns: RUNS, seed: 20_261_122 },
      );
      for (const [index, { base, changes, alien, type }] of cases.entries()) {
        const known = bases[base];
        if (known === undefined) continue;
        // A trigger of its own, or all but the first would count as repeated.
        const fresh = {
          ...known.payload,
          ...("trigger_id" in known.payload ? { trigger_id: `t${index}` } : { event_id: `Ev${index}` }),
        };
        const payload = alien ?? mutated(fresh, changes);
        slack.sockets.sendRaw(
          slack.app,
          JSON.stringify({ envelope_id: `e${index}`, type: type ?? known.type, payload }),
        );
        if (index % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const bob = slack.person("U0BOB");
      const again = async (): Promise<void> => {
        expect((await bob.slash("/model", "after all")).acked).toBe(true);
      };
      await again();
      await vi.waitFor(() => expect(bob.shown()).toContain("Sure?"), PATIENCE);

      expect(core.invocations.length).toBeGreaterThan(RUNS / 20);
      const confirmed = core.invocations.filter((invocation) => invocation.confirmed);
      // Mutations that leave the press itself whole may confirm what ann was asked, once, as ann, where she was asked.
      expect(confirmed.length).toBeLessThanOrEqual(1);
      for (const { line, person, conversation } of confirmed) {
        expect({ line, person: person.id, channel: conversation.channel }).toEqual({
          line: "/model x scope:global",
          person: "U0ANN",
          channel: "C0GENERAL",
        });
      }
      for (const { conversation, person, line } of core.invocations) {
        expect(conversation.channel).toMatch(/^[CDG][A-Z0-9]+$/);
        expect(person.id).toMatch(/^[UW][A-Z0-9]+$/);
        expect(conversation.person).toBe(person.id);
        expect(line).toMatch(/^\//);
      }
      expect(adapter.status.state).not.toBe("failed");
      // All that was begun is finished here, and the stand-in has its say on what was sent.
      await close();
      expect(rejections).toEqual([]);
    },
    LONG ? 1_200_000 : 30_000,
  );

  it("do no harm over HTTP either", async () => {
    // Bolt gives up by itself what nobody acknowledges, after 3 s; a busy machine needs longer for all of them.
    const { slack, start } = await openSlack("http", {}, { ackDeadlineMs: 60_000 });
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person("U0ANN");
    const base = ann.payload("slash", "/model", "qwen");
    const cases = fc.sample(mutations, { numRuns: 150, seed: 7 });
    const statuses = await Promise.all(
      cases.map(async (changes, index) => {
        const payload = mutated({ ...base, trigger_id: `t${index}` }, changes);
        return (
          await slack.deliver(
            slack.app,
            index % 2 === 0 ? "slash_commands" : "interactive",
            isJson(payload) ? payload : {},
          )
        ).status;
      }),
    );
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(20);
    expect((await ann.slash("/model", "good")).acked).toBe(true);
    await vi.waitFor(() => expect(core.invocations.map(({ line }) => line)).toContain("/model good"), PATIENCE);
    expect(rejections).toEqual([]);
  });
});

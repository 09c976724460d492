import fc from "fast-check";
import { pino } from "pino";
import { expect, it, vi } from "vitest";
import type { Dispatch } from "../../../adapters/adapter.ts";
import { levelOf } from "../../../commands/access.ts";
import type { Command } from "../../../commands/command.ts";
import { createDispatcher } from "../../../commands/dispatcher.ts";
import { openBench, PATIENCE, watchRejections } from "./set-up.ts";

const TIMES = process.env["CLUTCH_LONG"] === "1" ? 100_000 : 2_000;
/** Payloads that are on their way at the same time. */
const BATCH = 50;

interface State {
  changes: number;
}

/** Replaces, removes or adds somewhere inside of a payload. */
const junk = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    "",
    "0",
    -1,
    2 ** 60,
    true,
    [],
    {},
    "../../users/@me",
    "__proto__",
    "1".repeat(400),
    "@everyone",
  ),
  fc.string({ maxLength: 50 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const mutation = fc.record({ at: fc.nat(), what: junk, how: fc.constantFrom("replace", "remove", "add") });

function mutate(payload: unknown, { at, what, how }: { at: number; what: unknown; how: string }): void {
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(payload);
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return;
  const [node, key] = place;
  if (how === "remove") delete node[key];
  else if (how === "add") node[`${key}_`] = what;
  else node[key] = what;
}

it(`survives ${TIMES} random and mutated payloads, and changes nothing for who may not`, {
  timeout: TIMES * 60 + 20_000,
}, async () => {
  const escaped = watchRejections();
  const bench = await openBench();
  const { discord, anna, ben, channel } = bench;
  const state: State = { changes: 0 };
  const change: Command<State> = {
    name: "change",
    summary: "changes",
    options: [{ name: "what", summary: "what", kind: "text", positional: true }],
    access: () => "operator",
    forms: [],
    run: async ({ services, person }) => {
      expect(person.id).toBe(ben.id);
      services.changes += 1;
      return {
        visibility: "public",
        card: {
          tone: "success",
          title: "changed",
          actions: [{ label: "Again", line: "/change again", style: "primary" }],
        },
      };
    },
  };
  const dispatcher = createDispatcher({
    commands: [change],
    services: state,
    levelOf: (person) => levelOf(person, { owners: [], operators: [`discord:${ben.id}`], viewers: ["*"] }),
    logger: pino({ level: "silent" }),
  });
  let refused = 0;
  const dispatch: Dispatch = {
    ...dispatcher,
    async run(invocation) {
      const result = await dispatcher.run(invocation);
      if (result.error?.code === "not_allowed") refused += 1;
      return result;
    },
  };
  await bench.start(dispatch, { progressEveryMs: 1 });

  const mine = { by: ben, in: channel };
  const [, card] = await bench.answered(discord.command("change", { what: "x" }, mine), 2);
  expect(state.changes).toBe(1);
  const customId = card?.buttons[0]?.customId ?? "";

  // Anna may not change anything, whatever she sends.
  const theirs = { by: anna, in: channel };
  const command = { id: discord.commands.find("change", bench.guildId)?.id, name: "change", type: 1 };
  const source = card?.stored === undefined ? {} : { source: card.stored };
  const templates = [
    discord.payload({ type: 2, data: { ...command, options: [{ name: "what", type: 3, value: "x" }] } }, theirs),
    discord.payload(
      { type: 4, data: { ...command, options: [{ name: "what", type: 3, value: "x", focused: true }] } },
      theirs,
    ),
    discord.payload({ type: 3, data: { custom_id: customId, component_type: 2 }, ...source }, theirs),
    discord.payload({ type: 3, data: { custom_id: customId, component_type: 3, values: ["0"] }, ...source }, theirs),
    discord.payload({ type: 5, data: { custom_id: "x", components: [] } }, theirs),
  ];
  const payloads = fc.sample(
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.record({
          template: fc.constantFrom(...templates),
          mutations: fc.array(mutation, { maxLength: 4 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ template: fc.jsonValue(), mutations: fc.constant([]) }) },
    ),
    TIMES,
  );
  for (const [index, { template, mutations }] of payloads.entries()) {
    const payload: unknown = structuredClone(template);
    for (const each of mutations) mutate(payload, each);
    // Half of them are interactions that Discord knows, so that all the way down is walked.
    if (index % 2 === 0 && typeof payload === "object" && payload !== null) {
      const { id, token } = discord.interactions.begin({
        type: 2,
        personId: anna.id,
        channelId: channel.id,
        source: undefined,
      });
      Object.assign(payload, { id, token });
    }
    discord.raw(payload);
    if (index % BATCH !== 0) continue;
    await bench.answered(discord.command("change", { what: "z" }, theirs));
    discord.journal.length = 0;
    discord.interactions.all.clear();
    for (const { id } of discord.screen(theirs)) if (id !== card?.id) discord.messages.all.delete(id);
  }
  expect(state.changes).toBe(1);
  // Enough of them came all the way to the access check.
  expect(refused).toBeGreaterThan(TIMES / 10);

  await bench.answered(discord.command("change", { what: "y" }, mine), 2);
  await vi.waitFor(() => expect(state.changes).toBe(2), PATIENCE);
  expect(escaped).toEqual([]);
  // Somebody sent a type that does not fit what Discord remembers of the interaction: that is the fuzzer's doing.
  discord.violations.length = 0;
});

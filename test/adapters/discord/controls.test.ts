import { describe, expect, it, vi } from "vitest";
import type { Card } from "../../../commands/card.ts";
import type { Outcome } from "../../../commands/dispatcher.ts";
import { ClutchError } from "../../../src/errors.ts";
import { outcome, recordingCore } from "../recording-core.ts";
import { buttonId, command, MODEL, memoryActions, openBench, PATIENCE } from "./set-up.ts";

const secretly = (card: Parameters<typeof outcome>[0]): Outcome => ({ ...outcome(card), visibility: "private" });

const picker = (count: number): Card => ({
  tone: "info",
  title: "qwen3",
  choices: {
    label: "Switch to",
    command: "/model",
    items: Array.from({ length: count }, (_, index) => ({
      value: index === 2 ? `odd one scope:global` : `${index % 2 === 0 ? "ollama" : "anthropic"}/m${index}`,
      label: `m${index}`,
      detail: index % 2 === 0 ? "local · 8k window" : "cloud",
      group: index % 2 === 0 ? "ollama" : "anthropic",
      current: index === 0,
    })),
  },
  actions: [{ label: "Undo", line: "/model undo", style: "secondary" }],
});
const QUESTION: Outcome = {
  ...secretly({
    tone: "warning",
    title: "Make it the default?",
    actions: [{ label: "Change it", line: "/model x scope:agent", style: "danger", confirms: true }],
  }),
  ok: false,
  needsConfirmation: true,
};

/** `/model` shows a picker, `/switch` changes in public, `/ask` asks in private and `/askall` in public. */
async function started(count = 3, options: { actions?: ReturnType<typeof memoryActions> } = {}) {
  const bench = await openBench();
  const core = recordingCore(
    ({ line, confirmed }) => {
      if (line === "/model") return secretly(picker(count));
      if (line.startsWith("/ask") && !confirmed)
        return { ...QUESTION, visibility: line === "/ask force" ? "private" : "public" };
      if (line === "/model undo") return secretly({ title: "nothing to undo" });
      return outcome({ title: `did ${line}`, actions: [{ label: "Undo", line: "/model undo", style: "secondary" }] });
    },
    { commands: [MODEL, command("switch"), command("ask", MODEL.options), command("askall")] },
  );
  const { stop } = await bench.start(core.dispatch, options);
  const where = { by: bench.anna, in: bench.channel };
  const send = async (name: string, given = {}, count = 1) => {
    const seen = await bench.answered(bench.discord.command(name, given, where), count);
    const last = seen.at(-1);
    if (last === undefined) throw new Error("no answer");
    return last;
  };
  const lines = () => core.invocations.map(({ line }) => line);
  const runs = (...expected: string[]) => vi.waitFor(() => expect(lines()).toEqual(expected), PATIENCE);
  const sees = (text: string, by = bench.anna) =>
    vi.waitFor(() => expect(bench.text({ by, in: bench.channel })).toContain(text), PATIENCE);
  const confirmations = () => core.invocations.filter(({ confirmed }) => confirmed);
  return { ...bench, stop, core, where, send, lines, runs, sees, confirmations };
}

describe("the menu", () => {
  it("is grouped, marks the current one, and says where each runs", async () => {
    const { send } = await started();
    const [menu] = (await send("model")).selects;
    expect(menu?.placeholder).toBe("Switch to");
    expect(menu?.options).toEqual([
      { label: "✓ m0", value: "0", description: "ollama · local · 8k window" },
      { label: "m2", value: "1", description: "ollama · local · 8k window" },
      { label: "m1", value: "2", description: "anthropic · cloud" },
    ]);
  });

  it("runs what was chosen, and answers in the place of the card", async () => {
    const { discord, send, runs, anna, sees, where } = await started();
    const card = await send("model");
    const exchange = discord.select(card.selects[0]?.customId ?? "", ["2"], card, anna);
    expect(await exchange.acknowledgement()).toBe(6);
    await runs("/model", "/model anthropic/m1");
    await sees("did /model anthropic/m1");
    expect(discord.screen(where)).toMatchObject([{ id: card.id, ephemeral: true, selects: [] }, { ephemeral: false }]);
  });

  it("keeps a value with blanks in one piece, so that it cannot smuggle an option in", async () => {
    const { discord, send, runs, anna } = await started();
    const card = await send("model");
    discord.select(card.selects[0]?.customId ?? "", ["1"], card, anna);
    await runs("/model", '/model "odd one scope:global"');
  });

  it.each([["99"], ["ollama/m0"], ["__proto__"], [""]])(
    "runs nothing for the value %s, which was not offered",
    async (value) => {
      const { discord, send, runs, sees, anna } = await started();
      const card = await send("model");
      discord.select(card.selects[0]?.customId ?? "", [value], card, anna);
      await sees("not good any more");
      await runs("/model");
    },
  );

  it("turns pages, back and forth", async () => {
    const { discord, send, anna, where, runs } = await started(60);
    const card = await send("model");
    const now = () => discord.screen(where).find(({ id }) => id === card.id) ?? card;
    const turn = async (label: string, placeholder: string) => {
      discord.press(buttonId(now(), label), now(), anna);
      await vi.waitFor(() => expect(now().selects[0]?.placeholder).toBe(placeholder), PATIENCE);
    };
    expect(card.selects[0]).toMatchObject({ placeholder: "Switch to (1 of 3)", options: { length: 25 } });
    expect(card.buttons.map(({ label }) => label)).toEqual(["Next ▶", "Undo"]);
    await turn("Next ▶", "Switch to (2 of 3)");
    await turn("Next ▶", "Switch to (3 of 3)");
    expect(now().selects[0]?.options).toHaveLength(10);
    expect(now().buttons.map(({ label }) => label)).toEqual(["◀ Previous", "Undo"]);
    await turn("◀ Previous", "Switch to (2 of 3)");
    discord.select(now().selects[0]?.customId ?? "", ["4"], now(), anna);
    await runs("/model", "/model ollama/m58");
  });

  it("says so where a card cannot be turned any more, as after a restart", async () => {
    const actions = memoryActions();
    const { discord, send, anna, sees, core, start, stop } = await started(60, { actions });
    const card = await send("model");
    await stop();
    await start(core.dispatch, { actions });
    discord.press(buttonId(card, "Next ▶"), card, anna);
    await sees("not good any more");
  });
});

describe("a button", () => {
  it("on a public card runs for whoever presses it, and leaves the card as it is", async () => {
    const { discord, send, runs, ben, channel, core, text } = await started();
    const card = await send("switch", {}, 2);
    const exchange = discord.press(buttonId(card, "Undo"), card, ben);
    expect(await exchange.acknowledgement()).toBe(5);
    await runs("/switch", "/model undo");
    expect(core.invocations[1]?.person.id).toBe(ben.id);
    await vi.waitFor(() => expect(text({ by: ben, in: channel })).toContain("nothing to undo"), PATIENCE);
    expect(discord.messages.all.get(card.id)).toMatchObject({ edits: 0, rows: [{}] });
  });

  it.each([
    ["made up", () => `run:${"a".repeat(24)}`],
    ["of another kind", (id: string) => id.replace("run:", "confirm:")],
    ["of no kind", (id: string) => id.replace("run:", "toString:")],
    ["not ours", () => "something_else"],
    ["empty", () => ""],
  ])("whose id is %s does nothing but say so", async (_what, forge) => {
    const { discord, send, runs, anna, sees } = await started();
    const card = await send("model");
    discord.press(forge(buttonId(card, "Undo")), card, anna);
    await sees("not good any more");
    await runs("/model");
  });

  it("pressed as if it stood in another channel does nothing but say so", async () => {
    const { discord, send, runs, anna, where } = await started();
    const card = await send("switch", {}, 2);
    const elsewhere = discord.world.textChannel();
    discord.press(buttonId(card, "Undo"), { ...card, stored: { ...card.stored, channelId: elsewhere.id } }, anna);
    await vi.waitFor(
      () =>
        expect(discord.screen({ by: anna, in: elsewhere })).toMatchObject([
          { text: expect.stringContaining("not good"), ephemeral: true },
        ]),
      PATIENCE,
    );
    expect(discord.screen(where)).toHaveLength(2);
    await runs("/switch");
  });

  it("a modal that nobody opened does nothing but say so", async () => {
    const { discord, where, sees, lines } = await started();
    discord.submitModal("x", { a: "b" }, where);
    await sees("not good any more");
    expect(lines()).toEqual([]);
  });
});

describe("while no store answers for buttons", () => {
  const nobody = async (): Promise<never> => {
    throw new ClutchError("gateway_unreachable", "Nobody serves now.", { hint: "Nothing was done." });
  };

  it("whoever presses one is told so", async () => {
    const { discord, send, runs, anna, sees } = await started(3, { actions: { ...memoryActions(), open: nobody } });
    const card = await send("model");
    discord.press(buttonId(card, "Undo"), card, anna);
    await sees("Nobody serves now.");
    await sees("Nothing was done.");
    await runs("/model");
  });

  it("an answer comes without them", async () => {
    const { send } = await started(3, { actions: { ...memoryActions(), seal: nobody } });
    expect(await send("switch", {}, 2)).toMatchObject({ text: expect.stringContaining("did /switch"), buttons: [] });
  });
});

describe("a question", () => {
  it("runs the same command again, confirmed, with its own words on the button", async () => {
    const { discord, send, anna, confirmations, sees } = await started();
    const question = await send("ask", { force: true });
    expect(question.buttons.map(({ label }) => label)).toEqual(["Change it", "Cancel"]);
    discord.press(buttonId(question, "Change it"), question, anna);
    await sees("did /ask force");
    expect(confirmations()).toMatchObject([
      { line: "/ask force", options: { force: "true" }, person: { id: anna.id } },
    ]);
  });

  it.each(["Change it", "Cancel"])(
    "put to everybody is answered by the person who was asked alone: %s",
    async (label) => {
      const { discord, send, ben, channel, confirmations, text } = await started();
      const question = await send("askall", {}, 2);
      discord.press(buttonId(question, label), question, ben);
      await vi.waitFor(() => expect(text({ by: ben, in: channel })).toContain("put to somebody else"), PATIENCE);
      expect(confirmations()).toEqual([]);
      expect(discord.messages.all.get(question.id)).toMatchObject({ edits: 0 });
      const notice = discord.screen({ by: ben, in: channel }).at(-1);
      expect(notice).toMatchObject({ ephemeral: true });
    },
  );

  it("is answered once, however often it is pressed", async () => {
    const { discord, send, anna, confirmations, sees } = await started();
    const question = await send("ask", { force: true });
    for (let press = 0; press < 4; press += 1) discord.press(buttonId(question, "Change it"), question, anna);
    await sees("did /ask force");
    await sees("not good any more");
    expect(confirmations()).toHaveLength(1);
  });

  it("cannot be answered with yes after a no", async () => {
    const { discord, send, anna, confirmations, sees, where } = await started();
    const question = await send("ask", { force: true });
    discord.press(buttonId(question, "Cancel"), question, anna);
    await sees("Not confirmed, so nothing was done.");
    expect(discord.screen(where)).toMatchObject([
      { buttons: [], text: expect.stringContaining("Make it the default?") },
    ]);
    discord.press(buttonId(question, "Change it"), question, anna);
    await sees("not good any more");
    expect(confirmations()).toEqual([]);
  });

  it("put to everybody ends where it stands", async () => {
    const { discord, send, anna, sees, where } = await started();
    const question = await send("askall", {}, 2);
    discord.press(buttonId(question, "Change it"), question, anna);
    await sees("did /askall");
    expect(discord.screen(where).at(-1)).toMatchObject({ id: question.id, ephemeral: false });
  });
});

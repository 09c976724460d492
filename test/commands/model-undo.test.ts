import { expect, it } from "vitest";
import { changeToUndo, undoButton } from "../../commands/model-undo.ts";
import type { EffectiveModel } from "../../src/sessions/effective-model.ts";
import { createChangeJournal, type NewChange } from "../../src/store/change-journal.ts";
import { openTemp } from "../store/temp-store.ts";

const HERE = "agent:main:discord:channel:1";
const THERE = "agent:main:discord:channel:2";
const change: NewChange = {
  scope: "session",
  target: HERE,
  place: HERE,
  actor: "discord:1",
  before: null,
  after: "a/b",
};

async function lab() {
  const { store, time } = await openTemp();
  const journal = createChangeJournal(store.db, () => time.now);
  const made = async (more: Partial<NewChange> = {}): Promise<number> => {
    const id = await journal.intend({ ...change, ...more });
    await journal.done(id);
    return id;
  };
  const model = { provider: "ollama", model: "qwen3:8b" };
  const effective: EffectiveModel = { model, why: { kind: "pin" }, standIn: undefined, fallbacks: [] };
  const meant = async (name: string, key = HERE) => (await changeToUndo(journal, name, { key, effective }))?.id;
  return { made, meant };
}

it("a button says which change it takes back, and there is none where there is no change", () => {
  expect(undoButton(17)).toEqual([{ label: "Undo", line: "/model undo#17", style: "secondary" }]);
  expect(undoButton(undefined)).toEqual([]);
});

it("an undo without a name is about the last change here, one with a name about that one", async () => {
  const { made, meant } = await lab();
  const [first, second] = [await made(), await made()];
  expect([await meant("undo"), await meant("UNDO")]).toEqual([second, second]);
  expect([await meant(`undo#${first}`), await meant(`Undo#${second}`)]).toEqual([first, second]);
});

it("one that was taken back is not taken back again, nor what was made before it", async () => {
  const { made, meant } = await lab();
  const [first, second] = [await made(), await made()];
  await made({ undoes: second });
  await expect(meant(`undo#${second}`)).rejects.toMatchObject({
    code: "nothing_to_undo",
    hint: expect.stringContaining("ollama/qwen3:8b"),
  });
  expect(await meant("undo")).toBe(first);
});

it("what was changed elsewhere, an undo, and what never was are not to be undone here", async () => {
  const { made, meant } = await lab();
  const elsewhere = await made({ target: THERE, place: THERE });
  const undo = await made({ undoes: elsewhere });
  expect([await meant(`undo#${elsewhere}`), await meant(`undo#${undo}`), await meant("undo#404")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it("a default is taken back whatever else was changed, unless it was set again, be it from elsewhere", async () => {
  const { made, meant } = await lab();
  const agent = await made({ scope: "agent", target: "main", after: "a/b" });
  await made();
  await made({ scope: "global", target: "defaults" });
  expect(await meant(`undo#${agent}`)).toBe(agent);
  await made({ scope: "agent", target: "main", place: THERE, after: "c/d" });
  await expect(meant(`undo#${agent}`)).rejects.toMatchObject({
    code: "changed_meanwhile",
    message: expect.stringContaining("c/d"),
  });
});

it("what one command changed is taken back as long as any of it stands, and in its place alone", async () => {
  const { made, meant } = await lab();
  const there = await made({ target: THERE, batch: "all" });
  const here = await made({ batch: "all" });
  await made({ undoes: there });
  expect(await meant(`undo#${there}`)).toBe(there);
  await expect(meant(`undo#${there}`, THERE)).rejects.toMatchObject({ code: "nothing_to_undo" });
  await made({ undoes: here });
  await expect(meant(`undo#${there}`)).rejects.toMatchObject({ code: "nothing_to_undo" });
});

it("silent calls that were set again since are left to the later one", async () => {
  const { made, meant } = await lab();
  const calls = { scope: "config", target: "helpers" } as const;
  const [first] = [await made({ ...calls, batch: "one" }), await made({ ...calls, batch: "one" })];
  expect(await meant(`undo#${first}`)).toBe(first);
  await made({ ...calls, batch: "two" });
  await expect(meant(`undo#${first}`)).rejects.toMatchObject({ code: "changed_meanwhile" });
});

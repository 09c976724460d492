import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { allCommands } from "../../commands/index.ts";
import { noticeCard } from "../../commands/notice-card.ts";
import { QWEN, SONNET } from "./recording-services.ts";
import { type Control, openDiscordRoom, openSlackRoom, ROLES, type Role, type Room, type Seen } from "./rooms.ts";

interface Expectation {
  readonly may: readonly Role[];
  /** `asks` changes something only after a yes. */
  readonly does: "looks" | "asks" | "changes";
  /** It asks where nobody has talked to the agent yet. */
  readonly asksAtFirst?: true;
  /** While local-only mode is on. */
  readonly locked?: true;
}

const LOOK: readonly Role[] = ["viewer", "operator", "owner", "keeper"];
const CHANGE: readonly Role[] = ["operator", "owner", "keeper"];
const RULE: readonly Role[] = ["owner", "keeper"];

/** Who may do what, by hand: a form or a button that is not here fails. */
const EXPECTED: Readonly<Record<string, Expectation>> = {
  "/model": { may: LOOK, does: "looks" },
  "/model NAME": { may: CHANGE, does: "changes", asksAtFirst: true },
  "/model default": { may: CHANGE, does: "changes" },
  "/model undo": { may: CHANGE, does: "changes" },
  "/model NAME once": { may: CHANGE, does: "changes", asksAtFirst: true },
  "/model NAME for:30m": { may: CHANGE, does: "changes", asksAtFirst: true },
  "/model NAME scope:all": { may: CHANGE, does: "asks" },
  "/model list": { may: LOOK, does: "looks" },
  "/model advise": { may: LOOK, does: "looks" },
  "/model advise task:code": { may: LOOK, does: "looks" },
  "/model scope:helpers": { may: LOOK, does: "looks" },
  "/model NAME scope:helpers": { may: RULE, does: "asks" },
  "/model default scope:helpers": { may: RULE, does: "asks" },
  "/model NAME scope:agent soul": { may: RULE, does: "asks" },
  "/model NAME plan": { may: LOOK, does: "looks" },
  "/model NAME pull": { may: RULE, does: "changes", asksAtFirst: true },
  "/model NAME compact": { may: CHANGE, does: "changes", asksAtFirst: true },
  "/model NAME after": { may: CHANGE, does: "changes", asksAtFirst: true },
  "/model NAME force": { may: CHANGE, does: "changes", asksAtFirst: true },
  "/model default scope:all": { may: CHANGE, does: "asks" },
  "/model NAME scope:agent": { may: RULE, does: "asks" },
  "/model NAME scope:global": { may: RULE, does: "asks" },
  "/localonly": { may: LOOK, does: "looks" },
  "/localonly on": { may: RULE, does: "asks" },
  "/localonly on for:2h": { may: RULE, does: "asks" },
  "/localonly on daily:22:00-07:00": { may: RULE, does: "asks" },
  "/localonly on daily:never": { may: RULE, does: "changes" },
  "/localonly on reason:audit": { may: RULE, does: "asks" },
  "/localonly off": { may: RULE, does: "asks", locked: true },
  "/localonly off restore:all": { may: RULE, does: "asks", locked: true },
  "/localonly off restore:others": { may: RULE, does: "asks", locked: true },
  "/localonly off for:2h": { may: RULE, does: "asks", locked: true },
  "/localonly verify": { may: CHANGE, does: "looks", locked: true },
  "/localonly here on": { may: CHANGE, does: "changes" },
  "/localonly here off": { may: CHANGE, does: "changes" },
  "/localonly release": { may: CHANGE, does: "changes" },
  "/localonly release all": { may: RULE, does: "changes" },
  "/usage": { may: LOOK, does: "looks" },
  "/usage 30d": { may: LOOK, does: "looks" },
  "/usage 2026-11-01..2026-11-15": { may: LOOK, does: "looks" },
  "/usage scope:here": { may: LOOK, does: "looks" },
  "/usage scope:agent": { may: CHANGE, does: "looks" },
  "/usage scope:all": { may: CHANGE, does: "looks" },
  "/usage by:cause": { may: LOOK, does: "looks" },
  "/usage export:csv": { may: CHANGE, does: "looks" },
  "/usage export:csv by:day": { may: CHANGE, does: "looks" },
  "/usage budget": { may: CHANGE, does: "looks" },
  "/usage budget day:$5": { may: RULE, does: "changes" },
  "/usage budget week:$20": { may: RULE, does: "changes" },
  "/usage budget month:$50": { may: RULE, does: "changes" },
  "/usage budget off": { may: RULE, does: "changes" },
  "/bench": { may: LOOK, does: "looks" },
  "/bench run": { may: CHANGE, does: "asks" },
  "/bench run extraction NAME": { may: CHANGE, does: "asks" },
  "/bench run level:standard": { may: CHANGE, does: "asks" },
  "/bench run through:openclaw": { may: CHANGE, does: "asks" },
  "/bench results": { may: LOOK, does: "looks" },
  "/bench results number:12": { may: LOOK, does: "looks" },
  "/bench compare NAME sonnet": { may: LOOK, does: "looks" },
  "/bench history": { may: LOOK, does: "looks" },
  "/bench advice": { may: LOOK, does: "looks" },
  "/bench cancel": { may: CHANGE, does: "changes" },
  "/clutch": { may: LOOK, does: "looks" },
  "/clutch doctor": { may: RULE, does: "looks" },
  "/clutch doctor deep": { may: RULE, does: "looks" },
  "/help": { may: LOOK, does: "looks" },
  "/help COMMAND": { may: LOOK, does: "looks" },
};

const forms = allCommands.flatMap((command) => command.forms.map(({ line }) => line));
const formOf = (line: string): string =>
  line
    .replace(/^\/bench run suite:.*/, "/bench run")
    .replace(/^\/model undo#\d+/, "/model undo")
    .replace(/(ollama|anthropic)\/\S+/, "NAME")
    .replace(/ agent:\S+/, "")
    .replace(/( restore:\S+) for:\S+/, "$1");
const typed = (form: string): string => form.replace("NAME", "ollama/qwen2.5-coder:32b").replace("COMMAND", "model");

function expectedOf(line: string): Expectation {
  const expectation = EXPECTED[formOf(line)];
  if (expectation === undefined) throw new Error(`“${formOf(line)}” has no entry: say here who may do it`);
  return expectation;
}

it("names every form of every command, and no other", () => {
  expect(Object.keys(EXPECTED).sort()).toEqual([...forms].sort());
});

describe.each([
  { platform: "Discord", open: openDiscordRoom },
  { platform: "Slack", open: openSlackRoom },
])("who may do what in $platform", ({ open }) => {
  let room: Room;
  beforeAll(async () => {
    room = await open();
  }, 60_000);
  afterAll(() => room.close());
  afterEach(() => {
    room.recorded.spoken = true;
    room.recorded.locked = false;
    room.recorded.lastChange = "session";
    room.access = room.everybody;
  });

  /** What was changed while `act` ran. */
  const watching = async (act: () => Promise<Seen>): Promise<Seen & { readonly changed: number }> => {
    room.recorded.changes.length = 0;
    const seen = await act();
    return { ...seen, changed: room.recorded.changes.length };
  };
  const expectRefused = (
    { outcome, said, isPublic, changed }: Seen & { readonly changed: number },
    why: string,
  ): void => {
    expect(outcome?.error?.code, why).toBe("not_allowed");
    expect(said, why).toContain("Nothing was changed");
    expect({ isPublic, changed }, why).toEqual({ isPublic: false, changed: 0 });
  };
  const expectAsIs = (
    { outcome, changed }: Seen & { readonly changed: number },
    does: Expectation["does"],
    why: string,
  ): void => {
    expect(outcome?.error, why).toBeUndefined();
    expect({ asks: outcome?.needsConfirmation, changed }, why).toEqual({
      asks: does === "asks",
      changed: does === "changes" ? 1 : 0,
    });
  };
  const expectIgnored = ({ outcome, said, changed }: Seen & { readonly changed: number }, why: string): void => {
    expect(said, why).toMatch(/nothing was done/i);
    expect({ outcome, changed }, why).toEqual({ outcome: undefined, changed: 0 });
  };
  const named = (controls: readonly Control[], label: string): Control => {
    const control = controls.find((each) => each.label === label);
    if (control === undefined) throw new Error(`there is no “${label}”`);
    return control;
  };
  const eachRole = async (
    line: string,
    may: readonly Role[],
    does: Expectation["does"],
    act: (role: Role) => Promise<Seen>,
  ) => {
    for (const role of ROLES) {
      const seen = await watching(() => act(role));
      if (may.includes(role)) expectAsIs(seen, does, `${role}: ${line}`);
      else expectRefused(seen, `${role}: ${line}`);
    }
  };

  it.each(forms)("%s", async (form) => {
    const { may, does, locked = false } = expectedOf(form);
    room.recorded.locked = locked;
    await eachRole(form, may, does, (role) => room.type(role, typed(form)));
  });

  it("what is offered while somebody types is for those who may look", async () => {
    for (const name of ["model", "usage", "bench"]) {
      for (const role of ROLES) {
        const offered = await room.offers(role, name);
        expect(offered.length > 0, `${role}: /${name}`).toBe(LOOK.includes(role));
      }
    }
    room.access = { owners: [], operators: [], viewers: [] };
    expect(await room.offers("keeper", "model")).toEqual([]);
  });

  const atFirst = forms.filter((form) => EXPECTED[form]?.asksAtFirst);
  it.each(atFirst)("%s, where nobody has talked yet", async (form) => {
    room.recorded.spoken = false;
    await eachRole(form, expectedOf(form).may, "asks", (role) => room.type(role, typed(form)));
  });

  it("an undo needs what the change needed", async () => {
    for (const systemWide of ["agent", "helpers"] as const) {
      room.recorded.lastChange = systemWide;
      for (const role of CHANGE) {
        const seen = await watching(() => room.type(role, "/model undo"));
        expect({ error: seen.outcome?.error?.code, changed: seen.changed }, role).toEqual(
          RULE.includes(role) ? { error: undefined, changed: 1 } : { error: "not_allowed", changed: 0 },
        );
      }
    }
    room.recorded.lastChange = "batch";
    await eachRole("/model undo", CHANGE, "changes", (role) => room.type(role, "/model undo"));
  });

  const lockedAt = (form: string): boolean => expectedOf(form).locked ?? false;
  const cards = [
    ...forms.map((form) => ({ form, spoken: true, locked: lockedAt(form) })),
    ...atFirst.map((form) => ({ form, spoken: false, locked: false })),
  ];
  const unlike = { form: "/localonly", spoken: true, locked: true };
  it.each([...cards, unlike])("the controls on the card of $form (spoken: $spoken, locked: $locked)", async (card) => {
    const { form, spoken, locked } = card;
    Object.assign(room.recorded, { spoken, locked });
    const { outcome, controls } = await room.type("owner", typed(form));
    const actions = outcome?.card.actions ?? [];
    expect(controls.map(({ label }) => label).sort()).toEqual(
      [
        ...actions.map(({ label }) => label),
        ...(outcome?.needsConfirmation === true ? ["Cancel"] : []),
        ...(outcome?.card.choices === undefined ? [] : ["pick"]),
      ].sort(),
    );
    for (const { label, line, confirms } of actions) {
      expectedOf(line);
      if (confirms === true) continue;
      await eachRole(`${label} (${line})`, expectedOf(line).may, expectedOf(line).does, named(controls, label).use);
    }
    if (outcome?.card.choices !== undefined) {
      const line = `${outcome.card.choices.command} NAME`;
      await eachRole(`picking (${line})`, expectedOf(line).may, expectedOf(line).does, named(controls, "pick").use);
    }
  });

  const questions = cards.filter(({ form, spoken }) => EXPECTED[form]?.does === "asks" || !spoken);
  it.each(questions)("the question of $form (spoken: $spoken) is for who was asked", async (card) => {
    const { form, spoken, locked } = card;
    Object.assign(room.recorded, { spoken, locked });
    const ask = async () => {
      const { outcome, controls } = await room.type("owner", typed(form));
      const yes = outcome?.card.actions?.find(({ confirms }) => confirms === true)?.label ?? "";
      return { yes: named(controls, yes), no: named(controls, "Cancel") };
    };
    const first = await ask();
    for (const role of ROLES.filter((each) => each !== "owner")) {
      expectIgnored(await watching(() => first.yes.use(role)), `${role} says yes`);
      expectIgnored(await watching(() => first.no.use(role)), `${role} says no`);
    }
    expectAsIs(await watching(() => first.yes.use("owner")), "changes", "who was asked says yes");
    expectIgnored(await watching(() => first.yes.use("owner")), "a second yes");

    const second = await ask();
    expectIgnored(await watching(() => second.no.use("owner")), "who was asked says no");
    expectIgnored(await watching(() => second.yes.use("owner")), "a yes after the no");

    const third = await ask();
    room.access = { owners: [], operators: [], viewers: [] };
    expectRefused(await watching(() => third.yes.use("owner")), "a yes by somebody who lost the right to it");
  });

  const row = (model: typeof QWEN) => ({ key: "agent:main:main", model, raw: {} }) as never;
  it.each([
    { kind: "lost_pin", notice: { kind: "lost_pin", row: row(SONNET), pin: "ollama/qwen2.5-coder:32b" } },
    { kind: "stray", notice: { kind: "stray", row: row(QWEN), expected: QWEN, actual: SONNET, fellBack: true } },
  ])("the buttons of a notice of $kind", async ({ notice }) => {
    const card = noticeCard(notice as Parameters<typeof noticeCard>[0], room.recorded.snapshot);
    const controls = await room.notice(card);
    expect(controls.map(({ label }) => label)).toEqual(card.actions?.map(({ label }) => label));
    for (const { label, line } of card.actions ?? []) {
      await eachRole(`${label} (${line})`, expectedOf(line).may, expectedOf(line).does, named(controls, label).use);
    }
  });
});

import { afterAll, beforeAll, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import { type AttachedClutch, QWEN, SONNET } from "./harness.ts";
import { type LockedLab, startLockedLab } from "./locked-lab.ts";

const KEY = "agent:main:discord:channel:8801";
const HERE = "discord:8801";
const PATIENCE = { timeout: 100_000, interval: 250 };
const CLOUD = /^claude-sonnet-5 answers/;
const LOCAL = /^(qwen2\.5-coder:32b|llama3\.1:70b) answers/;

let lab: LockedLab;
let clutch: AttachedClutch;
const posted: Card[] = [];
/** How far Clutch's clock is ahead, ms. */
let ahead = 0;

beforeAll(async () => {
  lab = await startLockedLab({
    change(config) {
      config.agents.entries.keeper.model = { primary: QWEN, fallbacks: [SONNET] };
      // USD per million tokens, so dear that a turn costs dollars.
      config.models.providers.anthropic.models[0].cost = {
        input: 5_000,
        output: 5_000,
        cacheRead: 5_000,
        cacheWrite: 5_000,
      };
    },
  });
  // A zone in which it is about noon, so that no day ends by itself.
  const hours = 12 - new Date().getUTCHours();
  const timeZone = `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`;
  clutch = await lab.attach({}, {}, { clock: () => Date.now() + ahead, usage: { timeZone } });
  clutch.app.watch(async (_to, card) => {
    posted.push(card);
    return true;
  });
});
afterAll(() => lab?.stop());

/** In the cloud today, USD. */
const spent = async () =>
  (await clutch.app.services.budgets.preview({ period: "day", usdCents: 100_000_000 })).spend.usd;

const alerts = (title: string) => posted.filter((card) => card.title.startsWith(title));

it("a cloud model that stood in for a local one is told once, with what was selected", async () => {
  const key = "agent:keeper:discord:channel:7700";
  const title = "The cloud answered without being asked";
  lab.answerWith(({ server }) => (server === "ollama" ? { text: "it broke", status: 404 } : undefined));
  expect(await clutch.say(key, "hello")).toMatch(CLOUD);
  await expect
    .poll(() => alerts(title), PATIENCE)
    .toMatchObject([
      {
        title: `${title}: ${SONNET}`,
        fields: [
          { name: "Selected", value: `${QWEN} (local)` },
          { name: "Answered", value: SONNET },
          { name: "Session", value: key },
        ],
      },
    ]);
  const before = await spent();
  expect(await clutch.say(key, "and again")).toMatch(CLOUD);
  await expect.poll(spent, PATIENCE).toBeGreaterThan(before);
  lab.answerWith(undefined);
  expect(alerts(title)).toHaveLength(1);
});

it("turns that use the budget up turn local-only mode on, and the next day turns it off", async () => {
  const { localOnly, services } = clutch.app;
  // A turn costs more than the dollar that is left.
  const set = await clutch.run(`/usage budget day:$${Math.ceil(await spent()) + 1}`, HERE);
  expect(set).toMatchObject({ ok: true, card: { title: expect.stringContaining("Cloud budget") } });

  expect(await clutch.say(KEY, "hello")).toMatch(CLOUD);
  await expect.poll(async () => (await localOnly.status()).enforcement, PATIENCE).toBe("enforced");
  const status = await services.budgets.status();
  expect(status).toMatchObject({ hold: "locked", spend: { unpriced: 0, unsized: 0 } });
  expect(status?.share).toBeGreaterThan(1);
  await expect
    .poll(() => posted.map(({ title }) => title), PATIENCE)
    .toContain("The cloud budget is used up: local-only mode is on");

  const requests = lab.cloudRequests();
  expect(await clutch.say(KEY, "and now?")).toMatch(LOCAL);
  expect(lab.cloudRequests()).toBe(requests);
  expect((await clutch.run("/usage budget", HERE)).card.fields).toContainEqual({
    name: "Then",
    value: expect.stringMatching(/^used up: local-only mode is on until \d{4}-\d\d-\d\d 00:00$/),
  });

  ahead = (status?.spend.to ?? 0) - Date.now() + 1_000;
  await expect.poll(async () => (await localOnly.status()).enforcement, PATIENCE).toBe("off");
  expect(await clutch.say(KEY, "good morning")).toMatch(CLOUD);
  expect(await services.budgets.status()).toMatchObject({ hold: "ready", share: 0 });
});

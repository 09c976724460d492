import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { QWEN, SONNET } from "../gateway/harness.ts";
import { type LeakLab, startLeakLab } from "../gateway/leak-lab.ts";

let lab: LeakLab;
beforeAll(async () => {
  lab = await startLeakLab();
});
afterAll(() => lab?.stop());

const TOGGLES = 20;
const ME = { actor: "discord:owner" };
const NOTICE = /Local-only mode/;
/** A person who is told so sends it again. */
const AGAIN = /Send it again|Try again/;
const BETWEEN_MESSAGES_MS = 2_000;
const OFF_MS = 5_000;

it("20 times on and off while 10 conversations talk", async () => {
  const problems: string[] = [];
  /** Changes with each beginning of a change, so that what was said across one is judged by neither. */
  let phase = { name: "off", number: 0 };
  let isOver = false;
  let messages = 0;
  const enter = (name: string): void => {
    phase = { name, number: phase.number + 1 };
  };

  const converse = async (model: string | undefined): Promise<void> => {
    const key = await lab.conversation("main", model);
    const isCloud = model !== QWEN;
    for (let at = 1; !isOver; at++) {
      messages += 1;
      for (let tries = 1; ; tries++) {
        const before = phase;
        const text = await lab.clutch.say(key, `Message ${at} of ${randomUUID()}`).catch((error) => `LOST ${error}`);
        const during = before === phase ? before.name : "a change";
        if (!/ answers message \d+/.test(text) && !NOTICE.test(text)) problems.push(`${during}: lost: “${text}”`);
        if (during === "off" && NOTICE.test(text)) problems.push(`off, and told: ${text}`);
        if (during === "off" && isCloud && !text.startsWith("claude-sonnet-5")) problems.push(`off, by: ${text}`);
        if (during === "on" && !/^(qwen|llama)/.test(text)) problems.push(`on, by: ${text}`);
        if (!AGAIN.test(text)) break;
        if (tries === 3) {
          problems.push(`${during}: told three times: ${text}`);
          break;
        }
      }
      await sleep(BETWEEN_MESSAGES_MS);
    }
  };
  const models = [SONNET, SONNET, SONNET, SONNET, SONNET, undefined, undefined, undefined, QWEN, QWEN];
  const talking = Promise.all(models.map(converse));

  const { localOnly, openclaw } = lab.clutch.app;
  const authored = JSON.stringify((await openclaw.readConfig()).authored["agents"]);
  for (let toggle = 1; toggle <= TOGGLES; toggle++) {
    await sleep(OFF_MS);
    enter("turning on");
    let closed: number | undefined;
    const onStep = (step: string): void => {
      if (step.startsWith("pointing")) closed ??= lab.outside();
    };
    const on = await localOnly.turnOn({ ...ME, onStep });
    enter("on");
    if (on.status.enforcement !== "enforced") {
      problems.push(`toggle ${toggle}: ${on.status.enforcement}: ${on.status.problems.join(" ")}`);
    }
    await sleep(OFF_MS);
    if (closed === undefined || lab.outside() !== closed) problems.push(`toggle ${toggle}: the cloud got something`);
    enter("turning off");
    const off = await localOnly.turnOff({ ...ME, restore: "all" });
    enter("off");
    if (off.status.enforcement !== "off" || off.notes.length > 0) problems.push(`toggle ${toggle}: ${off.notes}`);
  }
  await sleep(OFF_MS);
  isOver = true;
  await talking;

  expect(problems).toEqual([]);
  expect(messages).toBeGreaterThan(10 * TOGGLES);
  expect(JSON.stringify((await openclaw.readConfig()).authored["agents"])).toBe(authored);
}, 3_600_000);

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LeakLab, startLeakLab } from "./leak-lab.ts";
import { tryPath, turn } from "./leak-paths.ts";

/** A wall as it is installed by default, and a relay to the cloud on the gateway's own machine, which it does not see. */
let lab: LeakLab;
const RELAYED = "relay/cloudy";
const ME = { actor: "discord:owner" };

beforeAll(async () => {
  lab = await startLeakLab({
    change(config, { vendor }) {
      delete config.proxy.loopbackMode;
      config.models.providers.relay = {
        ...config.models.providers.anthropic,
        baseUrl: `http://127.0.0.1:${new URL(vendor).port}`,
        models: [{ ...config.models.providers.anthropic.models[0], id: "cloudy", name: "cloudy" }],
      };
    },
  });
});
afterAll(() => lab?.stop());

it("leads to the cloud without the lock", async () => {
  const { cloud } = await tryPath(lab, turn(lab, "a turn", "keeper", RELAYED));
  expect(cloud).toContain("anthropic/cloudy");
});

it("an answer that is being written is cut, and the lock says what the wall does not see", async () => {
  await lab.calm();
  const { promise: never, resolve: end } = Promise.withResolvers<void>();
  lab.answerWith(({ model }) => (model === "cloudy" ? never.then(() => ({ text: "It got through." })) : undefined));
  const key = await lab.conversation("keeper", RELAYED);
  const asked = (): number => lab.anthropic.chats.filter(({ model }) => model === "cloudy").length;
  const before = asked();
  const answer = lab.say(key, "Tell me a long story.");
  await expect.poll(asked, { timeout: 30_000 }).toBe(before + 1);
  const { status } = await lab.clutch.app.localOnly.turnOn(ME);
  const said = await Promise.race([answer, sleep(20_000, undefined, { ref: false })]);
  end();
  expect(said?.text).toBe("");
  expect(asked()).toBe(before + 1);
  expect(status).toMatchObject({ enforcement: "enforced", problems: [] });
  expect(status.verification?.paths).toContainEqual({
    path: "Address of a provider",
    heldBy: "",
    result: "not covered",
    detail: expect.stringMatching(/models\.providers\.relay\.baseUrl.*past the wall/),
  });
});

it("with the lock its turns stay here", async () => {
  const { cloud, escaped } = await tryPath(lab, turn(lab, "a turn", "keeper", RELAYED));
  expect({ cloud, escaped }).toEqual({ cloud: [], escaped: 0 });
});

import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Card } from "../../commands/card.ts";
import type { Outcome } from "../../commands/dispatcher.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, SONNET, startLab } from "./harness.ts";

/*
 * One Clutch goes through everything that can happen to its connection, one
 * fault after the other. A second one, beside the proxy, reads the gateway: what
 * the first says has to agree with it.
 */
const AT = "session:agent:main:faults";
const KEY = "agent:main:faults";
/** What may be said where a command could not be carried out. */
const HONEST = ["gateway_lost", "gateway_unreachable", "gateway_not_ready", "deadline", "not_verified"];
const TIMING = { helloMs: 5_000, quietMs: 3_000, probeMs: 5_000 };
/** The dispatcher's own deadline and a little for a busy machine, ms. */
const DEADLINE_MS = 65_000;

let lab: Lab;
let proxy: FaultProxy;
let witness: AttachedClutch;
let clutch: AttachedClutch;

beforeAll(async () => {
  lab = await startLab();
  proxy = await startFaultProxy(lab.gateway.url);
  witness = await lab.attach();
  clutch = await lab.attach({}, { url: proxy.url, timing: TIMING });
  await witness.call("sessions.create", { key: KEY, agentId: "main" });
  // The first commands after a start are slow ones.
  while ((await readTruthfully()) !== "ok") await sleep(500);
});
afterAll(async () => {
  await lab?.stop();
  await proxy?.close();
});
beforeEach(async () => {
  proxy.block(undefined);
  proxy.delay(0);
  proxy.duplicate(false);
  await clutch.app.connection.ready(60_000);
});

const shownByGateway = async (): Promise<string> => {
  const row = await witness.app.openclaw.readSession(KEY);
  return row?.model === undefined ? "none" : `${row.model.provider}/${row.model.model}`;
};
const field = ({ fields = [] }: Card, name: string): string => fields.find((each) => each.name === name)?.value ?? "";
const timed = async (line: string): Promise<Outcome> => {
  const started = performance.now();
  const outcome = await clutch.run(line, AT);
  expect(performance.now() - started).toBeLessThan(DEADLINE_MS);
  return outcome;
};

/** A switch to whatever is not set now: “ok” where it was reported as made, or else the code. */
async function switchTruthfully(): Promise<string | undefined> {
  const before = await shownByGateway();
  const target = [SONNET, QWEN, LLAMA].find((model) => model !== before) ?? SONNET;
  const outcome = await timed(`/model ${target}`);
  const after = await shownByGateway();
  if (outcome.ok) {
    expect(field(outcome.card, "Now")).toContain(target);
    expect(after).toBe(target);
    return "ok";
  }
  expect(HONEST).toContain(outcome.error?.code);
  expect([before, target]).toContain(after);
  expect(JSON.stringify(outcome.card)).not.toMatch(/switched|is now|was changed|nothing was changed/i);
  return outcome.error?.code;
}

/** The card of the conversation: “ok” where there was one, or else the code. */
async function readTruthfully(): Promise<string | undefined> {
  const outcome = await timed("/model");
  if (outcome.ok) expect(field(outcome.card, "Model")).toBe(await shownByGateway());
  else expect(HONEST).toContain(outcome.error?.code);
  return outcome.ok ? "ok" : outcome.error?.code;
}

/** Afterwards everything works as before, without anybody's help. */
async function recovers(): Promise<void> {
  await expect.poll(switchTruthfully, { timeout: 60_000 }).toBe("ok");
  await expect.poll(readTruthfully, { timeout: 60_000 }).toBe("ok");
}

describe("what does not break the connection goes unnoticed", () => {
  it("delay", async () => {
    proxy.delay(400);
    expect(await readTruthfully()).toBe("ok");
    expect(await switchTruthfully()).toBe("ok");
  });

  it("every frame twice: each event is told once", async () => {
    const told: unknown[] = [];
    const forget = clutch.app.connection.onEvent(({ event, payload }) => {
      if (event === "sessions.changed" && (payload as { reason?: string }).reason === "patch") told.push(payload);
    });
    await clutch.call("sessions.subscribe", {});
    proxy.duplicate(true);
    expect(await switchTruthfully()).toBe("ok");
    expect(await readTruthfully()).toBe("ok");
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(1);
    forget();
  });

  it("frames that make no sense", async () => {
    proxy.babble();
    expect(await readTruthfully()).toBe("ok");
    proxy.babble();
    expect(await switchTruthfully()).toBe("ok");
  });
});

describe("what breaks it before a command", () => {
  it.each(["cut", "garbage"] as const)("%s: the command waits for the new connection", async (fault) => {
    const before = proxy.taken();
    proxy.strike(fault);
    await expect.poll(() => clutch.app.connection.state().phase, { interval: 5, timeout: 10_000 }).toBe("connecting");
    expect(await readTruthfully()).toBe("ok");
    expect(proxy.taken()).toBeGreaterThan(before);
    proxy.strike(fault);
    await switchTruthfully();
    await recovers();
  });

  it("half-open: nobody says so, and it is noticed all the same", async () => {
    const before = proxy.taken();
    proxy.strike("half-open");
    await expect.poll(() => proxy.taken(), { timeout: 60_000 }).toBeGreaterThan(before);
    await recovers();
  });

  it("half-open: a command in the middle of it ends truthfully", async () => {
    proxy.strike("half-open");
    await readTruthfully();
    await recovers();
    proxy.strike("half-open");
    await switchTruthfully();
    await recovers();
  });

  it("the network gone for a while: a command waits within its deadline, or says so", async () => {
    proxy.block("silent");
    proxy.strike("half-open");
    const reading = readTruthfully();
    const switching = switchTruthfully();
    await Promise.all([reading, switching]);
    proxy.block("refuse");
    proxy.strike("cut");
    expect(await switchTruthfully()).not.toBe("ok");
    proxy.block(undefined);
    await recovers();
  });
});

describe("what breaks it in the middle of a command", () => {
  const cases = (["cut", "half-open", "garbage"] as const).flatMap((fault) =>
    (["request", "answer"] as const).flatMap((moment) =>
      ["sessions.patch", "sessions.describe"].map((method) => ({ fault, moment, method })),
    ),
  );

  it.each(cases)("$fault at the $moment of $method", async ({ fault, moment, method }) => {
    const sprung = proxy.strikeAt(method, moment, fault);
    const said = await switchTruthfully();
    await sprung;
    // What the gateway never got was not done; where only the answer was lost, the row tells.
    if (method === "sessions.patch") expect(said).toBe(moment === "answer" ? "ok" : "gateway_lost");
    await recovers();
  });

  it("half-open at the answer of a switch, with the times of everyday use: read back over the next connection", async () => {
    const everyday = await lab.attach({}, { url: proxy.url });
    const target = (await shownByGateway()) === LLAMA ? QWEN : LLAMA;
    const sprung = proxy.strikeAt("sessions.patch", "answer", "half-open");
    const outcome = await everyday.run(`/model ${target}`, AT);
    await sprung;
    expect(outcome).toMatchObject({ ok: true });
    expect(await shownByGateway()).toBe(target);
    await everyday.close();
    await recovers();
  });

  it("a listener that fails does not take the others along", async () => {
    const phases: string[] = [];
    const forget = [
      clutch.app.connection.onState(() => {
        throw new Error("a listener's own fault");
      }),
      clutch.app.connection.onState(({ phase }) => phases.push(phase)),
    ];
    proxy.strike("cut");
    await expect.poll(() => phases.at(-1), { timeout: 30_000 }).toBe("ready");
    for (const each of forget) each();
    await recovers();
  });
});

it("a policy change of the gateway, which closes every socket, is over in a moment", async () => {
  const gone: string[] = [];
  const forget = clutch.app.connection.onState(({ phase }) => gone.push(phase));
  const { hash } = (await witness.call("config.get", {})) as { hash: string };
  const raw = JSON.stringify({ gateway: { trustedProxies: ["127.0.0.1"] } });
  await witness.call("config.patch", { raw, baseHash: hash }).catch((error: { code?: string }) => {
    // The answer may be lost with the socket.
    expect(error.code).toBe("gateway_lost");
  });
  await expect.poll(() => gone, { timeout: 30_000 }).toEqual(["connecting", "ready"]);
  forget();
  await witness.app.connection.ready(30_000);
  await recovers();
});

import { createServer } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { createActionStore } from "../../../commands/action-store.ts";
import { openStore } from "../../../src/store/open-store.ts";
import { tempFile } from "../../store/temp-store.ts";
import { openSlack } from "./slack-harness.ts";
import { modelCore } from "./test-core.ts";

const PATIENCE = { timeout: 8_000, interval: 10 };
const now = (): number => Math.floor(Date.now() / 1_000);

describe("Slack's requests over HTTP", () => {
  it.each([
    { what: "signed with another secret", tampering: { secret: "not-the-secret" } },
    { what: "with a signature of no form", tampering: { signature: "nonsense" } },
    { what: "with an empty signature", tampering: { signature: "v0=" } },
    { what: "of another version", tampering: { signature: "v1=00" } },
    { what: "older than five minutes, well signed", tampering: { timestamp: now() - 6 * 60 } },
    { what: "whose body was changed", tampering: { body: "command=%2Fmodel&text=evil" } },
  ])("are refused $what", async ({ tampering }) => {
    const { slack, start } = await openSlack("http");
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person();
    const { status } = await slack.deliver(slack.app, "slash_commands", ann.payload("slash", "/model", "x"), tampering);
    expect(status).toBe(401);
    expect((await ann.slash("/model", "good")).acked).toBe(true);
    await vi.waitFor(() => expect(core.invocations).toHaveLength(1), PATIENCE);
    expect(core.invocations[0]?.line).toBe("/model good");
  });

  it("without any signature are refused", async () => {
    const { slack, start } = await openSlack("http");
    await start(modelCore().dispatch);
    const answer = await fetch(slack.app.requestUrl ?? "", { method: "POST", body: "command=%2Fmodel" });
    expect(answer.status).toBe(401);
  });

  it("that are repeated within the five minutes are acknowledged and run once", async () => {
    const { slack, start } = await openSlack("http");
    const core = modelCore();
    await start(core.dispatch);
    const ann = slack.person();
    const payload = ann.payload("slash", "/model", "once");
    const first = await slack.deliver(slack.app, "slash_commands", payload);
    const again = await slack.deliver(slack.app, "slash_commands", payload);
    expect([first.status, again.status]).toEqual([200, 200]);
    await vi.waitFor(() => expect(ann.shown()).toContain("did /model once"), PATIENCE);
    expect(core.invocations).toHaveLength(1);
  });

  it("that are sent again after a restart are acknowledged, and run no more", async () => {
    const store = await openStore(`sqlite:${tempFile()}`, { clock: Date.now });
    const actions = createActionStore(store.expiring("actions"));
    const captured: { trigger_id?: unknown } = {};
    const lines: string[][] = [];
    for (const isRestarted of [false, true]) {
      const { slack, start, close } = await openSlack("http", { actions });
      const core = modelCore();
      await start(core.dispatch);
      const ann = slack.person();
      const payload = { ...ann.payload("slash", "/model", "once"), ...captured };
      captured.trigger_id = payload.trigger_id;
      expect((await slack.deliver(slack.app, "slash_commands", payload)).status).toBe(200);
      const later = { ...ann.payload("slash", "/model", `later ${isRestarted}`), trigger_id: `later.${isRestarted}` };
      await slack.deliver(slack.app, "slash_commands", later);
      await vi.waitFor(() => expect(core.invocations.at(-1)?.line).toBe(`/model later ${isRestarted}`), PATIENCE);
      await close();
      lines.push(core.invocations.map(({ line }) => line));
    }
    await store.close();
    expect(lines).toEqual([["/model once", "/model later false"], ["/model later true"]]);
  });

  it("that verify the address are answered with the challenge", async () => {
    const { slack, start } = await openSlack("http");
    await start(modelCore().dispatch);
    const { status, answer } = await slack.deliver(slack.app, "events_api", {
      type: "url_verification",
      token: "t",
      challenge: "ch4llenge",
    });
    expect({ status, answer }).toEqual({ status: 200, answer: { challenge: "ch4llenge" } });
  });

  it("to another path are not found", async () => {
    const { slack, start } = await openSlack("http");
    await start(modelCore().dispatch);
    const answer = await fetch(new URL("/", slack.app.requestUrl));
    expect(answer.status).toBe(404);
  });

  it("that nobody knows are counted and answered in the end", async () => {
    const { slack, start, adapter } = await openSlack("http", {}, { ackDeadlineMs: 5_000 });
    await start(modelCore().dispatch);
    const { status } = await slack.deliver(slack.app, "interactive", { type: "unheard_of", team: { id: "T0TEAM" } });
    expect(status).toBe(404);
    expect(adapter.missedAcks).toBe(1);
  });
});

describe("starting over HTTP", () => {
  it("needs a signing secret", async () => {
    const { start } = await openSlack("http", { signingSecret: "" });
    await expect(start(modelCore().dispatch)).rejects.toMatchObject({ code: "bad_config" });
  });

  it("on a port that is taken says so", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    try {
      const { start } = await openSlack("http", { port });
      await expect(start(modelCore().dispatch)).rejects.toMatchObject({
        code: "bad_config",
        message: expect.stringContaining(String(port)),
      });
    } finally {
      other.close();
    }
  });

  it("is ready when it listens, and fails visibly when the token is revoked later", async () => {
    const { slack, start, adapter } = await openSlack("http");
    await start(modelCore().dispatch);
    expect(adapter.status).toEqual({ state: "ready" });
    const ann = slack.person();
    const thread = ann.say("a question");
    slack.faults.inject("chat.postMessage", { error: "token_revoked" }, 2);
    await ann.mention("model", thread);
    await vi.waitFor(
      () => expect(adapter.status).toMatchObject({ state: "failed", problem: { code: "platform_auth" } }),
      PATIENCE,
    );
    slack.faults.clear();
    await ann.mention("model", thread);
    await vi.waitFor(() => expect(adapter.status).toEqual({ state: "ready" }), PATIENCE);
  });
});

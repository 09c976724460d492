import { beforeEach, describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { CANARY } from "../../src/models/canary.ts";
import { type ScratchRequest, withScratchSession } from "../../src/openclaw/scratch-session.ts";

let calls: { readonly method: string; readonly params: Readonly<Record<string, unknown>> }[];
let answers: Readonly<Record<string, () => unknown>>;

beforeEach(() => {
  calls = [];
  answers = {};
});

const connection = {
  async request(method: string, params: unknown): Promise<unknown> {
    calls.push({ method, params: params as Record<string, unknown> });
    return answers[method]?.() ?? { status: "ok", terminalReply: { text: "Hello." } };
  },
};
const refuse = (): never => {
  throw new ClutchError("gateway_refused", "no");
};
const methods = (): string[] => calls.map(({ method }) => method);
const talk = (more: Partial<ScratchRequest> = {}) =>
  withScratchSession(connection, { agentId: "main", model: CANARY, ...more }, ({ say }) => say("Say nothing."));

describe("a scratch session", () => {
  it("is made, talked to and deleted", async () => {
    answers = {
      "agent.wait": () => ({
        status: "ok",
        terminalReply: { text: "Hello." },
        terminalReceipt: { effective: { provider: "ollama", model: "qwen", responseModel: "qwen" } },
      }),
    };
    expect(await talk()).toEqual({
      text: "Hello.",
      model: { provider: "ollama", model: "qwen" },
      runId: expect.any(String),
    });
    expect(methods()).toEqual(["sessions.create", "chat.send", "agent.wait", "sessions.delete"]);
    const [created, , , deleted] = calls.map(({ params }) => params);
    expect(created).toMatchObject({ agentId: "main", model: "clutch-canary/canary", incognito: true });
    expect(deleted).toEqual({ key: created?.["key"], deleteTranscript: true });
  });

  it.each<[ScratchRequest["kind"], RegExp, boolean]>([
    [undefined, /^agent:main:dashboard:incognito-clutch-canary-[\w-]+$/, true],
    ["gate", /^agent:main:dashboard:incognito-clutch-canary-gate-[\w-]+$/, true],
    ["sub-agent", /^agent:main:subagent:clutch-canary-[\w-]+$/, false],
  ])("has a key by which OpenClaw and the guard know it: %s", async (kind, key, isIncognito) => {
    await talk(kind === undefined ? {} : { kind });
    expect(calls[0]?.params["key"]).toMatch(key);
    expect(calls[0]?.params["incognito"] === true).toBe(isIncognito);
  });

  it("tells why a turn failed", async () => {
    answers = { "agent.wait": () => ({ status: "error", error: "aborted" }) };
    expect(await talk()).toEqual({ text: "", runId: expect.any(String), error: "aborted" });
  });

  it.each<[string, string, () => unknown, string]>([
    ["its turn takes too long", "agent.wait", () => ({ status: "timeout" }), "deadline"],
    ["its turn is refused", "chat.send", refuse, "gateway_refused"],
    ["it could not even be made", "sessions.create", refuse, "gateway_refused"],
    ["OpenClaw answers strangely", "agent.wait", () => [], "unexpected_reply"],
  ])("is deleted where %s", async (_, method, answer, code) => {
    answers = { [method]: answer };
    await expect(talk()).rejects.toMatchObject({ code });
    expect(methods().at(-1)).toBe("sessions.delete");
  });

  it("is deleted where it is at work for a moment longer", async () => {
    let tries = 0;
    answers = { "sessions.delete": () => (++tries < 3 ? refuse() : {}) };
    expect(await talk()).toMatchObject({ text: "Hello." });
    expect(tries).toBe(3);
  });

  it("is told of where it cannot be deleted, unless something else went wrong first", async () => {
    answers = { "sessions.delete": refuse };
    await expect(talk()).rejects.toMatchObject({
      code: "not_verified",
      message: expect.stringContaining("clutch-canary"),
    });
    answers = { "sessions.delete": refuse, "chat.send": refuse };
    await expect(talk()).rejects.toMatchObject({ code: "gateway_refused" });
  });
});

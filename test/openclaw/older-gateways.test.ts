import { describe, expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { createOpenClaw } from "../../src/openclaw/openclaw.ts";

const ready = (serverVersion: string) => () =>
  ({ phase: "ready", serverVersion, scopes: [], missingScopes: [] }) as const;
const models = [{ id: "m", provider: "p", name: "M", contextWindow: 8_192, available: true }];

it("a gateway that knows no details of models is asked for them without", async () => {
  const asked: unknown[] = [];
  const openclaw = createOpenClaw({
    state: ready("2026.8.1"),
    async request(_, params) {
      asked.push(params);
      if (asked.length > 1) return { models };
      throw new ClutchError(
        "gateway_refused",
        "OpenClaw refused models.list: invalid models.list params: at root: unexpected property 'includeDetails'",
      );
    },
  });
  expect(await openclaw.listModels()).toEqual([
    { ref: { provider: "p", model: "m" }, name: "M", windowTokens: 8_192, atLocalAddress: undefined },
  ]);
  expect(asked).toEqual([{ view: "configured", includeDetails: true }, { view: "configured" }]);
});

it("any other refusal is told as it is, and asked once", async () => {
  let asked = 0;
  const openclaw = createOpenClaw({
    state: ready("2026.8.1"),
    async request() {
      asked++;
      throw new ClutchError("gateway_refused", "OpenClaw refused models.list: not now");
    },
  });
  await expect(openclaw.listModels()).rejects.toThrow("not now");
  expect(asked).toBe(1);
});

describe("a gateway that makes a conversation's model the default of others", () => {
  const MODEL = { provider: "ollama", model: "qwen" };
  const asked = async (version: string, defaults: object, model: typeof MODEL | null = MODEL): Promise<string[]> => {
    const methods: string[] = [];
    const openclaw = createOpenClaw({
      state: ready(version),
      async request(method) {
        methods.push(method);
        return { config: { agents: { defaults } } };
      },
    });
    await openclaw.setSessionModel("agent:main:main", model, undefined);
    return methods;
  };

  it.each(["2026.8.1", "2026.9.2"])("%s is told no model, and the person what to do", async (version) => {
    for (const defaults of [{}, { modelSelectionScope: "effective" }, { modelSelectionScope: "agent" }]) {
      await expect(asked(version, defaults)).rejects.toMatchObject({
        code: "gateway_protocol",
        isFault: false,
        hint: expect.stringContaining('agents.defaults.modelSelectionScope to "session"'),
      });
    }
  });

  it("is told one where its configuration keeps it to the conversation", async () => {
    expect(await asked("2026.8.1", { modelSelectionScope: "session" })).toEqual(["config.get", "sessions.patch"]);
  });

  it("may always take a pin away, which makes no default", async () => {
    expect(await asked("2026.8.1", {}, null)).toEqual(["sessions.patch"]);
    expect(await asked("2026.9.6", { modelSelectionScope: "global" }, null)).toEqual(["sessions.patch"]);
  });

  it.each(["2026.9.4", "2026.9.6"])("%s does so only where its configuration says it", async (version) => {
    expect(await asked(version, {})).toEqual(["config.get", "sessions.patch"]);
    expect(await asked(version, { modelSelectionScope: "session" })).toEqual(["config.get", "sessions.patch"]);
    for (const modelSelectionScope of ["agent", "global"]) {
      await expect(asked(version, { modelSelectionScope })).rejects.toMatchObject({
        code: "gateway_protocol",
        isFault: false,
        message: expect.stringContaining(`agents.defaults.modelSelectionScope is "${modelSelectionScope}"`),
        hint: expect.stringMatching(/to "session".*or take it out.*scope:agent or scope:global/),
      });
    }
  });
});

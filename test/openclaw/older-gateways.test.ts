import { describe, expect, it, vi } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { createAgentFiles } from "../../src/openclaw/agent-files.ts";
import { createOpenClaw } from "../../src/openclaw/openclaw.ts";
import { withScratchSession } from "../../src/openclaw/scratch-session.ts";
import { readSessionEvent } from "../../src/openclaw/session-events.ts";

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

const refused = (method: string, property: string) =>
  new ClutchError(
    "gateway_refused",
    `OpenClaw refused ${method}: invalid ${method} params: at root: unexpected property '${property}'`,
  );

describe("a gateway that knows no names of sessions, and says nothing of what came of a turn", () => {
  const messages = (runId: string) => [
    { role: "assistant", content: [{ type: "text", text: "Of another turn." }], provider: "p", model: "m" },
    { role: "user", content: "Hello?", __openclaw: { runId } },
    { role: "assistant", content: [{ type: "toolCall" }], provider: "p", model: "m", __openclaw: { runId } },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Hm." },
        { type: "text", text: "Hello " },
        { type: "text", text: "there." },
      ],
      provider: "ollama",
      model: "qwen",
      __openclaw: { runId },
    },
  ];
  const scratch = async (ended: object, answer = messages) => {
    const asked: { method: string; params: Record<string, unknown> }[] = [];
    const connection = {
      async request(method: string, raw: unknown): Promise<unknown> {
        const params = raw as Record<string, unknown>;
        asked.push({ method, params });
        if (method === "sessions.create" && "displayName" in params) throw refused(method, "displayName");
        if (method === "agent.wait") return ended;
        const sent = asked.find((call) => call.method === "chat.send");
        return method === "chat.history" ? { messages: answer(String(sent?.params["idempotencyKey"])) } : {};
      },
    };
    const model = { provider: "p", model: "m" };
    const reply = await withScratchSession(connection, { agentId: "main", model }, ({ say }) => say("Hello?"));
    return { asked, reply };
  };

  it("is given a label of its own for each, and its transcript is read", async () => {
    const one = await scratch({ status: "ok", endedAt: 1 });
    expect(one.reply).toMatchObject({ text: "Hello there.", model: { provider: "ollama", model: "qwen" } });
    const made = one.asked.filter(({ method }) => method === "sessions.create").map(({ params }) => params);
    expect(made).toHaveLength(2);
    expect(made[1]).toEqual({ ...made[0], displayName: undefined, label: expect.stringMatching(/^Clutch canary ./) });
    const other = await scratch({ status: "ok", endedAt: 1 });
    expect(other.asked[1]?.params["label"]).not.toBe(made[1]?.["label"]);
  });

  it("is not taken to have answered where it wrote nothing, and is not asked where the turn failed", async () => {
    expect((await scratch({ status: "ok" }, () => [])).reply).toEqual({ text: "", runId: expect.any(String) });
    const { asked, reply } = await scratch({ status: "error", error: "aborted" });
    expect(reply).toMatchObject({ text: "", error: "aborted" });
    expect(asked.map(({ method }) => method)).not.toContain("chat.history");
  });

  it("is asked to delete a session whose turn failed when it no longer holds on to that turn", async () => {
    vi.useFakeTimers();
    try {
      const { asked } = await scratch({ status: "error", error: "blocked" });
      const deletions = () => asked.filter(({ method }) => method === "sessions.delete").length;
      expect(asked.find(({ method }) => method === "chat.send")?.params).toMatchObject({ timeoutMs: 60_000 });
      expect(deletions()).toBe(0);
      await vi.advanceTimersByTimeAsync(60_000 + 150_000);
      expect(deletions()).toBe(1);
    } finally {
      vi.useRealTimers();
    }
    const { asked } = await scratch({ status: "ok" });
    expect(asked.at(-1)?.method).toBe("sessions.delete");
  });
});

describe("a gateway whose rows do not say what a thread inherits", () => {
  const CHANNEL = "agent:main:slack:channel:c1";
  const THREAD = `${CHANNEL}:thread:1700000000.000100`;
  const look = async (version: string, key: string, rows: Readonly<Record<string, object>>) => {
    const asked: string[] = [];
    const openclaw = createOpenClaw({
      state: ready(version),
      async request(_, params) {
        const { key: of } = params as { key: string };
        asked.push(of);
        const row = rows[of];
        return { session: row === undefined ? null : { key: of, modelProvider: "p", model: "default", ...row } };
      },
    });
    const row = await openclaw.readSession(key);
    return { asked, model: row?.model?.model, pinSource: row?.pinSource };
  };
  const pinned = { model: "qwen", modelOverrideSource: "user" };

  it("has a thread follow its channel, unless it has a pin of its own", async () => {
    const inherited = { model: "qwen", pinSource: "inherited" };
    expect(await look("2026.9.3", THREAD, { [THREAD]: {}, [CHANNEL]: pinned })).toMatchObject(inherited);
    const own = { model: "llama", modelOverrideSource: "user" };
    const itself = { model: "llama", pinSource: "user", asked: [THREAD] };
    expect(await look("2026.8.1", THREAD, { [THREAD]: own, [CHANNEL]: pinned })).toEqual(itself);
  });

  it("is taken at its word where nothing is inherited", async () => {
    const free = { model: "default", pinSource: undefined };
    expect(await look("2026.8.1", THREAD, { [THREAD]: {}, [CHANNEL]: {} })).toMatchObject(free);
    expect(await look("2026.8.1", THREAD, { [THREAD]: {} })).toMatchObject(free);
    expect(await look("2026.8.1", CHANNEL, { [CHANNEL]: {} })).toEqual({ ...free, asked: [CHANNEL] });
    const later = await look("2026.9.4", THREAD, { [THREAD]: {}, [CHANNEL]: pinned });
    expect(later).toEqual({ ...free, asked: [THREAD] });
  });
});

describe("a gateway that writes a file whatever is in it", () => {
  /** `meanwhile` is done before the file is read again. */
  const gateway = (content: string, { size, meanwhile }: { size?: number; meanwhile?: string } = {}) => {
    const state = { content, written: [] as object[] };
    const files = createAgentFiles({
      async request(method, raw) {
        const params = raw as { content: string };
        if (method === "agents.files.get") {
          return { file: { missing: false, content: state.content, size: size ?? Buffer.byteLength(state.content) } };
        }
        if ("expectedHash" in params) {
          if (meanwhile !== undefined) state.content = meanwhile;
          throw refused(method, "expectedHash");
        }
        state.written.push(params);
        state.content = params.content;
        return { ok: true };
      },
    });
    return { state, files };
  };

  it("is asked for the file again right before, and only then writes", async () => {
    const { state, files } = gateway("# Soul\n");
    const read = await files.readAgentFile("main", "SOUL.md");
    await files.writeAgentFile("main", "SOUL.md", "# Mine\n", read?.hash ?? "");
    expect(state.written).toEqual([{ agentId: "main", name: "SOUL.md", content: "# Mine\n" }]);
  });

  it("writes nothing where somebody else did meanwhile", async () => {
    const { state, files } = gateway("# Soul\n", { meanwhile: "# Somebody else\n" });
    const read = await files.readAgentFile("main", "SOUL.md");
    const write = files.writeAgentFile("main", "SOUL.md", "# Mine\n", read?.hash ?? "");
    await expect(write).rejects.toMatchObject({ code: "changed_meanwhile", isFault: false });
    expect(state).toEqual({ content: "# Somebody else\n", written: [] });
  });

  it.each([
    ["were replaced", "# So\u{fffd}l", undefined],
    ["are more than were shown", "# Soul", 7],
  ])("does not pass for text where bytes of it %s", async (_, content, size) => {
    const { files } = gateway(content, size === undefined ? {} : { size });
    expect(await files.readAgentFile("main", "SOUL.md")).toEqual({ content, hash: "" });
  });
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

  it.each(["2026.9.3", "2026.9.6"])("%s does so only where its configuration says it", async (version) => {
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

describe("a gateway that says what changed of a session without its row", () => {
  const changed = (payload: object) => readSessionEvent({ event: "sessions.changed", payload });
  const fields = { sessionKey: "agent:main:main", modelProvider: "ollama", model: "qwen", modelOverrideSource: "user" };

  it("is understood by the fields beside the session's key", () => {
    expect(changed({ ...fields, reason: "patch", ts: 1 })).toMatchObject({
      kind: "changed",
      key: "agent:main:main",
      row: { key: "agent:main:main", model: { provider: "ollama", model: "qwen" }, pinSource: "user" },
    });
  });

  it("is not taken to have taken the pin away where it names no model", () => {
    expect(changed({ sessionKey: "agent:main:main", sessionId: "s1", reason: "patch" })).toBeUndefined();
  });

  it("is taken by its row where it sends one", () => {
    const session = { key: "agent:main:main", modelProvider: "anthropic", model: "sonnet" };
    expect(changed({ ...fields, reason: "patch", session })).toMatchObject({
      row: { model: { provider: "anthropic", model: "sonnet" }, pinSource: undefined },
    });
  });
});

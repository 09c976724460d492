import { createHash } from "node:crypto";
import { pino } from "pino";
import { describe, expect, it, vi } from "vitest";
import { createConfiguredDefaults } from "../../src/agents/configured-defaults.ts";
import { createSoulSync } from "../../src/agents/soul-sync.ts";
import { ClutchError } from "../../src/errors.ts";
import { createAgentFiles } from "../../src/openclaw/agent-files.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import type { ModelRegistry } from "../../src/registry/model-registry.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { createChangeJournal } from "../../src/store/change-journal.ts";
import { createSouls } from "../../src/store/souls.ts";
import { openTemp } from "../store/temp-store.ts";

const PERSONA = "# Soul\r\n\r\nYou are Pip — a ship's cook.\r\n";
const SONNET = "anthropic/claude-sonnet-5";
const QWEN = "ollama/qwen2.5-coder:32b";
const LLAMA = "ollama/llama3.1:70b";

const profile = (ref: string, kind: "local" | "cloud", aliases: string[] = []) => {
  const slash = ref.indexOf("/");
  return {
    ref: { provider: ref.slice(0, slash), model: ref.slice(slash + 1) },
    name: ref,
    aliases,
    locality: { kind },
  };
};
const MODELS = [profile(SONNET, "cloud"), profile(QWEN, "local", ["coder"]), profile(LLAMA, "local")];

type Json = Record<string, unknown>;
const mergePatch = (value: unknown, patch: unknown): unknown => {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const into: Json = typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  for (const [key, part] of Object.entries(patch)) {
    if (part === null) delete into[key];
    else into[key] = mergePatch(into[key], part);
  }
  return into;
};

/** Two agents behind a gateway of files and configuration, over a real store. */
async function openLab(entries: Record<string, Json> = { main: {}, keeper: { model: LLAMA } }) {
  const { store, time } = await openTemp();
  const clock = () => time.now;
  const gateway = {
    files: new Map<string, Buffer>(),
    entries: structuredClone(entries),
    patches: [] as unknown[],
    fails: undefined as ClutchError | undefined,
    /** Runs between the reading and the writing of a file or of the configuration. */
    meanwhile: undefined as (() => unknown) | undefined,
  };
  const config = () => ({ agents: { entries: structuredClone(gateway.entries) } });
  const hashOf = (value: Buffer | string) => createHash("sha256").update(value).digest("hex");
  const openclaw = {
    readConfig: async () => ({ hash: hashOf(JSON.stringify(gateway.entries)), config: config() }),
    patchConfig: async (patch: unknown, hash: string) => {
      gateway.meanwhile?.();
      if (hash !== hashOf(JSON.stringify(gateway.entries))) {
        throw new ClutchError("gateway_refused", "config changed since last load; re-run config.get and retry");
      }
      if (gateway.fails !== undefined) throw gateway.fails;
      gateway.patches.push(patch);
      const merged = mergePatch(config(), patch) as { agents: { entries: Record<string, Json> } };
      gateway.entries = merged.agents.entries;
    },
  } as unknown as OpenClaw;
  const files = createAgentFiles({
    request: async (method, params) => {
      const { agentId, content, expectedHash } = params as { agentId: string; content: string; expectedHash: string };
      if (gateway.fails !== undefined) throw gateway.fails;
      const file = gateway.files.get(agentId);
      if (method === "agents.files.get") {
        if (file === undefined) return { file: { name: "SOUL.md", missing: true } };
        return { file: { name: "SOUL.md", missing: false, content: file.toString(), hash: hashOf(file) } };
      }
      gateway.meanwhile?.();
      if (hashOf(gateway.files.get(agentId) ?? "") !== expectedHash) {
        const cause = { details: { type: "agent_file_conflict" } };
        throw new ClutchError("gateway_refused", "agent file changed since it was read", { cause });
      }
      gateway.files.set(agentId, Buffer.from(content));
      return { ok: true };
    },
  });
  const registry = {
    current: async () => ({ models: MODELS as unknown as ModelProfile[], agentIds: Object.keys(entries) }),
    invalidate: () => undefined,
  } as unknown as ModelRegistry;
  const journal = createChangeJournal(store.db, clock);
  const audit = createAuditLog(store.db, clock);
  const souls = createSouls(store.db, clock);
  const defaults = createConfiguredDefaults({ openclaw, registry, journal, audit, clock });
  const lines: Json[] = [];
  const logger = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line) as Json) });
  const sync = createSoulSync({ files, openclaw, defaults, registry, audit, souls, logger });
  const write = (agentId: string, yaml: string | undefined) =>
    gateway.files.set(agentId, Buffer.from(yaml === undefined ? PERSONA : `---\n${yaml}\n---\n${PERSONA}`));
  write("main", undefined);
  write("keeper", undefined);
  const states = async () => (await sync.sync()).map(({ agentId, state }) => `${agentId} ${state}`);
  return { gateway, sync, souls, journal, audit, write, states, lines, store };
}

describe("in step with the file", () => {
  it("a declaration is mirrored once, journalled and audited; others are not touched", async () => {
    const { sync, gateway, write, journal, audit, states } = await openLab();
    write("main", `model: coder\nfallbacks: [${SONNET}]\nlocalOnlyModel: ${LLAMA}`);
    const [main, keeper] = await sync.sync();
    const model = { primary: QWEN, fallbacks: [SONNET] };
    expect(main).toMatchObject({ state: "mirrored", configured: model, problems: [] });
    expect(keeper).toMatchObject({ state: "none", declared: undefined, configured: LLAMA, problems: [] });
    expect(gateway.entries).toEqual({ main: { model }, keeper: { model: LLAMA } });
    expect(await journal.latest("main")).toMatchObject({
      state: "done",
      actor: "clutch",
      before: null,
      after: model,
      reason: "SOUL.md of main",
    });
    expect(await audit.list()).toMatchObject([
      { actor: "clutch", target: "main", reason: "SOUL.md of main", result: "ok" },
    ]);
    expect(sync.localOnlyModel("main")).toEqual({ provider: "ollama", model: "llama3.1:70b" });
    expect(sync.localOnlyModel("keeper")).toBeUndefined();

    expect(await states()).toEqual(["main in-step", "keeper none"]);
    expect(gateway.patches).toHaveLength(1);
  });

  it("follows edits of the file, also to fewer fallbacks, and puts back what stood there when it declares nothing", async () => {
    const former = { primary: SONNET, fallbacks: [LLAMA, QWEN], note: "kept" };
    const { gateway, write, states, sync } = await openLab({ main: { model: former }, keeper: {} });
    write("main", `model: ${QWEN}`);
    expect(await states()).toEqual(["main mirrored", "keeper none"]);
    expect(gateway.entries["main"]).toEqual({ model: { ...former, primary: QWEN } });
    write("main", `model: ${QWEN}\nfallbacks: []\nlocalOnlyModel: coder`);
    await states();
    expect(gateway.entries["main"]).toEqual({ model: { ...former, primary: QWEN, fallbacks: [] } });
    write("main", "localOnlyModel: coder");
    expect(await states()).toEqual(["main restored", "keeper none"]);
    expect(gateway.entries).toEqual({ main: { model: former }, keeper: {} });
    expect(sync.localOnlyModel("main")).toEqual({ provider: "ollama", model: "qwen2.5-coder:32b" });
    gateway.files.delete("main");
    expect(await states()).toEqual(["main none", "keeper none"]);
    expect(sync.localOnlyModel("main")).toBeUndefined();
    expect(gateway.patches).toHaveLength(3);
  });

  it("a persona's edit is no edit of the declaration", async () => {
    const { gateway, write, states } = await openLab();
    write("main", `model: ${QWEN}`);
    await states();
    gateway.entries["main"] = { model: SONNET };
    gateway.files.set("main", Buffer.from(`---\n# still\nmodel: ${QWEN}\n---\nYou are somebody else.\n`));
    expect(await states()).toEqual(["main drift", "keeper none"]);
  });

  it("leaves a person's later change and shows it, until the declaration is edited again", async () => {
    const { gateway, write, sync, states } = await openLab();
    write("main", `name: Pip\nmodel: ${QWEN}`);
    await states();
    gateway.entries["main"] = { model: SONNET };
    expect((await sync.sync(["main"]))[0]).toMatchObject({
      state: "drift",
      declared: { model: QWEN },
      configured: SONNET,
      problems: [{ line: 3, kind: "warning", message: expect.stringContaining(SONNET) }],
    });
    expect(gateway.entries["main"]).toEqual({ model: SONNET });
    write("main", `name: Pip\nmodel: ${LLAMA}`);
    expect((await sync.sync(["main"]))[0]).toMatchObject({
      state: "mirrored",
      configured: LLAMA,
      problems: [{ line: 3, kind: "warning", message: expect.stringMatching(/claude-sonnet-5.*gives way/) }],
    });
    write("main", undefined);
    await states();
    expect(gateway.entries["main"]).toEqual({ model: SONNET });
  });

  it("a preview says the same and writes nothing", async () => {
    const { gateway, write, sync, souls } = await openLab();
    write("main", `model: ${QWEN}`);
    const before = structuredClone(gateway.entries);
    expect(await sync.preview()).toMatchObject([{ agentId: "main", state: "to-mirror" }, { state: "none" }]);
    expect([gateway.entries, gateway.patches, await souls.get("main")]).toEqual([before, [], undefined]);
    await sync.sync();
    write("main", undefined);
    expect(await sync.preview(["main"])).toMatchObject([{ state: "to-restore", configured: QWEN }]);
    expect(gateway.entries["main"]).toEqual({ model: QWEN });
  });
});

describe("taken back", () => {
  it("agents get the default that they had before, and what somebody changed since stays", async () => {
    const { sync, gateway, write, states, souls } = await openLab({ main: {}, keeper: { model: LLAMA } });
    write("main", `model: ${QWEN}`);
    write("keeper", `model: ${QWEN}`);
    expect(await states()).toEqual(["main mirrored", "keeper mirrored"]);
    gateway.entries["keeper"] = { model: SONNET };
    const planned = await sync.release({ look: true });
    expect(planned).toEqual(
      [
        { agentId: "main", mirrored: QWEN, former: null, kept: false },
        { agentId: "keeper", mirrored: { primary: QWEN }, former: LLAMA, kept: true },
      ].map((release) =>
        expect.objectContaining({ agentId: release.agentId, former: release.former, kept: release.kept }),
      ),
    );
    expect(gateway.entries["main"]).not.toEqual({});
    expect(await sync.release()).toEqual(planned);
    expect(gateway.entries).toEqual({ main: {}, keeper: { model: SONNET } });
    expect([await souls.get("main"), await sync.release()]).toEqual([undefined, []]);
  });
});

describe("what can't be used touches nothing", () => {
  it.each<[string, string, number, RegExp]>([
    [
      "a model that OpenClaw does not have",
      "name: Pip\nmodel: ollama/qwen2.5-codr:32b",
      3,
      /no model “ollama\/qwen2.5-codr:32b”; the closest is ollama\/qwen2.5-coder:32b/,
    ],
    ["part of a name", "model: qwen", 2, /no model “qwen”/],
    ["an unknown fallback", `model: ${QWEN}\nfallbacks:\n  - coder\n  - a/b`, 5, /no model “a\/b”/],
    ["an unknown local one", `model: ${QWEN}\nlocalOnlyModel: a/b`, 3, /no model “a\/b”/],
    ["broken YAML", `model: ${QWEN}: 3`, 2, /not YAML/],
  ])("%s", async (_name, yaml, line, message) => {
    const { gateway, write, sync, states } = await openLab();
    write("main", yaml);
    expect((await sync.sync())[0]).toMatchObject({
      state: "invalid",
      configured: null,
      problems: [{ line, kind: "error", message: expect.stringMatching(message) }],
    });
    expect(gateway.patches).toEqual([]);

    // Also where it was right before.
    write("main", `model: ${LLAMA}`);
    await states();
    write("main", yaml);
    expect(await states()).toEqual(["main invalid", "keeper none"]);
    expect(gateway.entries["main"]).toEqual({ model: LLAMA });
  });

  it("a cloud model for local-only is a warning", async () => {
    const { write, sync } = await openLab();
    write("main", `localOnlyModel: ${SONNET}`);
    expect((await sync.sync())[0]).toMatchObject({
      state: "in-step",
      problems: [{ line: 2, kind: "warning", message: expect.stringContaining("not known to be local") }],
    });
  });

  it("a file that can't be read is that agent's own trouble, an unknown agent the caller's", async () => {
    const { gateway, sync } = await openLab();
    await expect(sync.sync(["nobody"])).rejects.toMatchObject({ code: "unknown_agent" });
    gateway.fails = new ClutchError("gateway_refused", 'unsafe workspace file "SOUL.md"');
    expect((await sync.sync(["main"]))[0]).toMatchObject({
      state: "unreadable",
      problems: [{ line: undefined, kind: "error", message: 'unsafe workspace file "SOUL.md"' }],
    });
  });

  it("a change at the same moment wins; what stood there is kept for later", async () => {
    const { gateway, write, sync, states } = await openLab();
    write("main", `model: ${QWEN}`);
    gateway.meanwhile = () => {
      gateway.entries["main"] = { model: SONNET };
    };
    expect((await sync.sync())[0]).toMatchObject({ state: "failed", problems: [{ kind: "error" }] });
    expect(gateway.entries["main"]).toEqual({ model: SONNET });
    gateway.meanwhile = undefined;
    expect(await states()).toEqual(["main mirrored", "keeper none"]);
    write("main", undefined);
    await states();
    expect(gateway.entries["main"]).toEqual({ model: SONNET });
  });

  it("what stands there is noted before it is overwritten", async () => {
    const { gateway, write, sync, souls } = await openLab();
    write("keeper", `model: ${QWEN}`);
    const noted: unknown[] = [];
    gateway.meanwhile = () => noted.push(souls.get("keeper"));
    await sync.sync();
    expect(await Promise.all(noted)).toEqual([{ hash: "", mirrored: QWEN, former: LLAMA }]);
    expect(await souls.get("keeper")).toEqual({
      hash: expect.stringMatching(/^\w{64}$/),
      mirrored: QWEN,
      former: LLAMA,
    });
  });

  it.each([
    ["before", false],
    ["after", true],
  ])("a process that dies %s the write neither loses the former value nor sees drift", async (_when, written) => {
    const { gateway, write, states, souls } = await openLab();
    write("keeper", `model: ${QWEN}`);
    await souls.save("keeper", { hash: "", mirrored: QWEN, former: LLAMA });
    if (written) gateway.entries["keeper"] = { model: QWEN };
    expect(await states()).toEqual(["main none", written ? "keeper in-step" : "keeper mirrored"]);
    expect(gateway.entries["keeper"]).toEqual({ model: QWEN });
    write("keeper", undefined);
    await states();
    expect(gateway.entries["keeper"]).toEqual({ model: LLAMA });
  });
});

describe("writing the model back into the file", () => {
  const model = { provider: "ollama", model: "llama3.1:70b" };
  const about = { actor: "discord:1", place: "agent:main:main" };

  it("changes the one line, keeps the rest to the byte, and ends the drift", async () => {
    const { gateway, write, sync, states, audit } = await openLab();
    write("main", `name: Pip # cook\nmodel: coder # mine\nfallbacks: [${SONNET}]`);
    await states();
    gateway.entries["main"] = { model: LLAMA };
    expect(await sync.declareInSoul("main", { model }, about)).toMatchObject({
      state: "mirrored",
      configured: { primary: LLAMA, fallbacks: [SONNET] },
    });
    expect(gateway.files.get("main")?.toString()).toBe(
      `---\nname: Pip # cook\nmodel: ${LLAMA} # mine\nfallbacks: [${SONNET}]\n---\n${PERSONA}`,
    );
    expect(await audit.list({ action: "soul.declare" })).toMatchObject([
      { ...about, target: "main", from: "coder", to: LLAMA, result: "ok" },
    ]);
  });

  it("what the file says already ends the drift as well, since it was said after it", async () => {
    const { gateway, write, sync, states } = await openLab();
    write("main", `model: ${LLAMA}`);
    await states();
    gateway.entries["main"] = { model: SONNET };
    expect(await states()).toEqual(["main drift", "keeper none"]);
    const file = gateway.files.get("main");
    expect(await sync.declareInSoul("main", { model }, about)).toMatchObject({
      state: "mirrored",
      configured: LLAMA,
      problems: [{ message: expect.stringContaining(SONNET) }],
    });
    expect(gateway.files.get("main")).toEqual(file);
    expect(gateway.entries["main"]).toEqual({ model: LLAMA });
    expect(await states()).toEqual(["main in-step", "keeper none"]);
  });

  it("makes front matter where there is none, and then finds all in step", async () => {
    const { gateway, sync } = await openLab();
    expect(await sync.declareInSoul("keeper", { model }, about)).toMatchObject({ state: "in-step", configured: LLAMA });
    expect(gateway.files.get("keeper")?.toString()).toBe(`---\r\nmodel: ${LLAMA}\r\n---\r\n${PERSONA}`);
    expect(gateway.patches).toEqual([]);
  });

  it.each<[string, string, (gateway: Awaited<ReturnType<typeof openLab>>["gateway"]) => void]>([
    ["a missing file", "bad_config", ({ files }) => void files.delete("main")],
    ["a file that is no UTF-8", "bad_config", ({ files }) => void files.set("main", Buffer.from([0x50, 0xff, 0x0a]))],
    [
      "broken front matter",
      "bad_config",
      ({ files }) => void files.set("main", Buffer.from("---\nmodel: a: b\n---\n")),
    ],
    [
      "a file that changes at the same moment",
      "changed_meanwhile",
      (gateway) => {
        gateway.meanwhile = () => void gateway.files.set("main", Buffer.from("New."));
      },
    ],
  ])("%s is refused with %s, and the file stays", async (_name, code, prepare) => {
    const { gateway, sync, audit } = await openLab();
    prepare(gateway);
    const before = gateway.files.get("main");
    await expect(sync.declareInSoul("main", { model }, about)).rejects.toMatchObject({ code });
    const after = gateway.files.get("main");
    expect(after).toEqual(code === "changed_meanwhile" ? Buffer.from("New.") : before);
    expect(await audit.list()).toMatchObject([{ action: "soul.declare", result: "failed", code }]);
    expect(gateway.patches).toEqual([]);
  });
});

describe("in the background", () => {
  it("mirrors by itself, says each piece of news once, goes on after trouble, and stops", async () => {
    const { gateway, write, sync, lines } = await openLab();
    write("main", `model: ${QWEN}`);
    sync.start({ everyMs: 10 });
    await vi.waitFor(() => expect(gateway.entries["main"]).toEqual({ model: QWEN }));
    gateway.entries["main"] = { model: SONNET };
    await vi.waitFor(() => expect(lines.map(({ state }) => state)).toEqual(["mirrored", "drift"]));
    gateway.fails = new ClutchError("gateway_lost", "gone");
    await vi.waitFor(() => expect(lines.filter(({ state }) => state === "unreadable")).toHaveLength(2));
    gateway.fails = undefined;
    write("main", `model: ${LLAMA}`);
    await vi.waitFor(() => expect(gateway.entries["main"]).toEqual({ model: LLAMA }));
    await sync.stop();
    expect(lines.filter(({ state }) => state === "drift")).toHaveLength(1);
    const told = lines.length;
    write("main", `model: ${QWEN}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(gateway.entries["main"]).toEqual({ model: LLAMA });
    expect(lines).toHaveLength(told);
  });
});

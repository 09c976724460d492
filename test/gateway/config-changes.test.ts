import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConfigChanges, createConfigChanges } from "../../src/agents/config-changes.ts";
import { readSlot, type Slot, type SlotPath } from "../../src/openclaw/config-slots.ts";
import type { OpenClaw } from "../../src/openclaw/openclaw.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { type ChangeJournal, createChangeJournal } from "../../src/store/change-journal.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { type AttachedClutch, type Lab, LLAMA, QWEN, SONNET, startLab } from "./harness.ts";

let lab: Lab;
let clutch: AttachedClutch;
let store: Store;
let journal: ChangeJournal;
let changes: ConfigChanges;
let openclaw: OpenClaw;
const clock = Date.now;

const UTILITY: SlotPath = ["agents", "defaults", "utilityModel"];
const COMPACTION: SlotPath = ["agents", "defaults", "compaction", "model"];
const MODELS: SlotPath = ["models", "providers", "ollama", "models"];
const by = (about: string) => ({ actor: "discord:owner", place: "agent:main:main", about, reason: "a test" });
const undoneBy = { actor: "discord:owner" };

beforeAll(async () => {
  lab = await startLab(
    (config) => {
      const { models } = config as { models: { providers: Record<string, Record<string, unknown>> } };
      const { anthropic, ollama } = models.providers;
      Object.assign(anthropic ?? {}, { apiKey: "$" + "{LAB_KEY}" });
      Object.assign((ollama?.["models"] as unknown[] | undefined)?.[1] ?? {}, { name: "$" + "{LAB_NAME}" });
      return config;
    },
    { extraEnv: { LAB_KEY: "sk-ant-stand-in", LAB_NAME: "Llama 3.1 70B" } },
  );
  clutch = await lab.attach();
  openclaw = clutch.app.openclaw;
  store = await openStore(`sqlite:${join(lab.dir, "changes.db")}`, { clock });
  journal = createChangeJournal(store.db, clock);
  changes = changesWith(openclaw);
});

afterAll(async () => {
  await store?.close();
  await lab?.stop();
});

const changesWith = (gateway: Pick<OpenClaw, "readConfig" | "patchConfig">) =>
  createConfigChanges({
    openclaw: gateway,
    registry: clutch.app.services.registry,
    journal,
    audit: createAuditLog(store.db, clock),
    clock,
  });

const file = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(lab.dir, "gateway", "openclaw.json"), "utf8")) as Record<string, unknown>;

const now = async (path: SlotPath) => readSlot((await openclaw.readConfig()).authored, path);
const last = async (about: string) => {
  const change = await changes.last(about);
  if (change === undefined) throw new Error(`nothing to undo for ${about}`);
  return change;
};
const somebodyElse = async (patch: Record<string, unknown>) => {
  const { hash } = await openclaw.readConfig();
  await openclaw.patchConfig(patch, hash);
};

describe("changes of OpenClaw's configuration", () => {
  it("reads what the file says apart from OpenClaw's own defaults", async () => {
    const { authored, config } = await openclaw.readConfig();
    const first = { id: "qwen2.5-coder:32b", name: "Qwen2.5-Coder 32B" };
    expect(readSlot(authored, [...MODELS, first])).toEqual(readSlot(await file(), [...MODELS, first]));
    expect(readSlot(config, [...MODELS, first])).toMatchObject({ ...first, api: "ollama", reasoning: false });
    expect(readSlot(authored, ["agents"])).toEqual(readSlot(await file(), ["agents"]));
    expect(readSlot(authored, ["models", "providers", "anthropic", "apiKey"])).toBe("__OPENCLAW_REDACTED__");
  });

  it("shows, sets, reads back and undoes, and leaves the file as it was", async () => {
    const before = await file();
    const slots: Slot[] = [
      { path: UTILITY, value: QWEN },
      { path: COMPACTION, value: LLAMA },
    ];
    const expected = [
      { path: UTILITY, name: "agents.defaults.utilityModel", before: "", after: QWEN },
      { path: COMPACTION, name: "agents.defaults.compaction.model", before: null, after: LLAMA },
    ];
    expect(await changes.preview(slots)).toEqual(expected);
    expect(await now(UTILITY)).toBe("");

    expect(await changes.apply(slots, by("first"))).toEqual(expected);
    expect([await now(UTILITY), await now(COMPACTION)]).toEqual([QWEN, LLAMA]);
    expect(await changes.preview(slots)).toEqual([]);
    expect(await changes.apply(slots, by("first"))).toEqual([]);

    const { undone } = await changes.undo(await last("first"), undoneBy);
    expect(undone.map(({ after }) => after)).toEqual([null, ""]);
    expect((await file())["agents"]).toEqual(before["agents"]);
    expect(await changes.last("first")).toBeUndefined();
  });

  it("refuses to undo what somebody else set since, and leaves that alone where it may", async () => {
    await changes.apply(
      [
        { path: UTILITY, value: QWEN },
        { path: COMPACTION, value: QWEN },
      ],
      by("second"),
    );
    await somebodyElse({ agents: { defaults: { compaction: { model: SONNET } } } });
    await expect(changes.undo(await last("second"), undoneBy)).rejects.toMatchObject({ code: "changed_meanwhile" });
    expect(await now(UTILITY)).toBe(QWEN);

    const { undone, kept } = await changes.undo(await last("second"), { ...undoneBy, partly: true });
    expect(undone.map(({ name }) => name)).toEqual(["agents.defaults.utilityModel"]);
    expect(kept).toMatchObject([{ name: "agents.defaults.compaction.model", before: SONNET }]);
    expect([await now(UTILITY), await now(COMPACTION)]).toEqual(["", SONNET]);
    await somebodyElse({ agents: { defaults: { compaction: null } } });
  });

  it("writes nothing where the configuration changes between reading and writing", async () => {
    const racing = changesWith({
      readConfig: openclaw.readConfig,
      async patchConfig(...patch) {
        await somebodyElse({ agents: { defaults: { compaction: { model: SONNET } } } });
        await openclaw.patchConfig(...patch);
      },
    });
    await expect(racing.apply([{ path: UTILITY, value: QWEN }], by("race"))).rejects.toMatchObject({
      code: "changed_meanwhile",
    });
    expect(await now(UTILITY)).toBe("");
    expect(await changes.last("race")).toBeUndefined();
    await somebodyElse({ agents: { defaults: { compaction: null } } });
  });

  it("adds a model by its id and takes it out again: the other models stay as the file has them", async () => {
    const before = readSlot(await file(), ["models"]);
    const path: SlotPath = [...MODELS, { id: "qwen3:8b" }];
    const model = { id: "qwen3:8b", name: "Qwen3 8B", contextWindow: 40_960, input: ["text"] };
    await changes.apply([{ path, value: model }], by("third"));
    const [first, second, third] = readSlot(await file(), MODELS) as unknown[];
    expect([first, second]).toEqual(readSlot(before === null ? null : { models: before }, MODELS));
    expect(third).toEqual(model);

    await changes.undo(await last("third"), undoneBy);
    expect(JSON.stringify(readSlot(await file(), ["models"]))).toBe(JSON.stringify(before));
  });

  it("takes out a model that was there, shortens a list within another, and puts both back", async () => {
    const before = readSlot(await file(), MODELS) as { id: string }[];
    const input: SlotPath = [...MODELS, { id: "llama3.1:70b" }, "input"];
    await changes.apply(
      [
        { path: [...MODELS, { id: "qwen2.5-coder:32b" }], value: null },
        { path: input, value: ["text", "image"] },
      ],
      by("fourth"),
    );
    await changes.apply([{ path: input, value: ["text"] }], by("shorter"));
    expect(readSlot(await file(), MODELS)).toEqual([{ ...before[1], input: ["text"] }]);
    await changes.undo(await last("shorter"), undoneBy);
    await changes.undo(await last("fourth"), undoneBy);
    expect(readSlot(await file(), MODELS)).toEqual(before.toReversed());
  });

  it("verifies a provider whose key OpenClaw does not show", async () => {
    const path: SlotPath = ["models", "providers", "lmstudio"];
    const provider = {
      baseUrl: "http://127.0.0.1:1234/v1",
      api: "openai-completions",
      apiKey: "sk-lm-0123456789abcdef",
      models: [{ id: "m", name: "M", contextWindow: 8_192, maxTokens: 1_024, input: ["text"], reasoning: false }],
    };
    await changes.apply([{ path, value: provider }], by("fifth"));
    expect(await changes.preview([{ path, value: provider }])).toEqual([]);
    expect(readSlot(await file(), path)).toMatchObject(provider);
    await changes.undo(await last("fifth"), undoneBy);
    expect(readSlot(await file(), path)).toBeNull();
  });

  it("settles by what the configuration says, where the answer never came", async () => {
    let lost = false;
    const dying = changesWith({
      async readConfig(options) {
        if (lost) throw new Error("gone");
        return openclaw.readConfig(options);
      },
      async patchConfig(...patch) {
        await openclaw.patchConfig(...patch);
        lost = true;
      },
    });
    await expect(dying.apply([{ path: UTILITY, value: QWEN }], by("crash"))).rejects.toThrow("gone");
    expect(await changes.last("crash")).toBeUndefined();
    await changes.settleUnfinished(0);
    await changes.undo(await last("crash"), undoneBy);
    expect(await now(UTILITY)).toBe("");
  });

  it("is settled by a Clutch that runs, not by the next start alone", async () => {
    const own = await openStore(clutch.store, { clock });
    const late = createChangeJournal(own.db, () => clock() - 120_000);
    const slots = [{ path: UTILITY, value: QWEN }];
    await late.intend({ scope: "config", target: "lost", actor: "discord:1", before: { slots: [] }, after: { slots } });
    clutch.app.watch(async () => undefined);
    await expect.poll(() => late.unfinished(), { timeout: 10_000 }).toEqual([]);
    expect(await late.latest("lost")).toMatchObject({ state: "failed" });
    await own.close();
  });
});

describe("where OpenClaw makes the model of a conversation a default too", () => {
  const KEY = "agent:main:main";
  const SCOPE: SlotPath = ["agents", "defaults", "modelSelectionScope"];
  const reaching = (modelSelectionScope: unknown) => somebodyElse({ agents: { defaults: { modelSelectionScope } } });
  const written = () => readFile(join(lab.dir, "gateway", "openclaw.json"), "utf8");
  const pinned = async () => {
    const row = await openclaw.readSession(KEY);
    return row?.pinSource === "user" ? row.model?.model : undefined;
  };
  const line = (text: string) => clutch.run(text, `session:${KEY}`);

  it("no switch is made, and the configuration stays as it is to the last byte", async () => {
    const usual = (await now(SCOPE)) ?? null;
    await clutch.say(KEY, "Hello.");
    expect((await line(`/model ${QWEN}`)).error).toBeUndefined();
    expect((await line(`/model ${LLAMA}`)).error).toBeUndefined();
    for (const scope of ["agent", "global"]) {
      await reaching(scope);
      const before = await written();
      const loads = lab.ollama.chats.length;
      // An undo would pin the earlier model again, and what ends by itself would do so later.
      for (const text of [`/model ${QWEN}`, `/model ${QWEN} plan`, `/model ${QWEN} for:1m`, "/model undo"]) {
        const { card, error } = await line(text);
        expect(error, text).toMatchObject({ code: "gateway_protocol", message: expect.stringContaining(`"${scope}"`) });
        expect(card.tone, text).not.toBe("success");
      }
      expect([await pinned(), lab.ollama.chats.length]).toEqual(["llama3.1:70b", loads]);
      expect(await written()).toBe(before);
    }
    // Clearing a pin makes no default.
    const before = await written();
    expect((await line("/model default")).error).toBeUndefined();
    expect(await pinned()).toBeUndefined();
    expect(await written()).toBe(before);

    for (const scope of ["session", usual]) {
      await reaching(scope);
      const kept = (await file())["agents"];
      for (const name of [QWEN, LLAMA]) expect((await line(`/model ${name}`)).error).toBeUndefined();
      expect(await pinned()).toBe("llama3.1:70b");
      await sleep(1_500);
      expect((await file())["agents"]).toEqual(kept);
    }
  });
});

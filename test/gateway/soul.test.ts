import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createSoulSync, type SoulSync } from "../../src/agents/soul-sync.ts";
import { createAgentFiles } from "../../src/openclaw/agent-files.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { createSouls } from "../../src/store/souls.ts";
import { type AttachedClutch, type Lab, LLAMA, PERSONA, QWEN, SONNET, startLab } from "./harness.ts";

// The tests build on each other: one agent's file goes through its life.

let lab: Lab;
let clutch: AttachedClutch;
let store: Store;
let souls: SoulSync;
/** Everything that the configuration said of agents before Clutch came. */
let original: Record<string, unknown>;

beforeAll(async () => {
  lab = await startLab();
  clutch = await lab.attach();
  store = await openStore("sqlite::memory:", { clock: Date.now });
  const { openclaw, connection, services } = clutch.app;
  souls = createSoulSync({
    files: createAgentFiles(connection),
    openclaw,
    defaults: services.defaults,
    registry: services.registry,
    audit: createAuditLog(store.db, Date.now),
    souls: createSouls(store.db, Date.now),
    logger: pino({ level: "silent" }),
  });
  original = await agents();
});
afterAll(async () => {
  await souls?.stop();
  await store?.close();
  await lab?.stop();
});

const REST = `# Soul\n\n${PERSONA}\n\n  Two spaces, a tab\t, and “quotes” stay.\n`;
const front = (yaml: string): string => `---\n${yaml}\n---\n${REST}`;
const file = () => join(lab.dir, "work", "main", "SOUL.md");
const agents = async () => (await clutch.app.openclaw.readConfig()).config["agents"] as Record<string, unknown>;
const entryOf = async (id: string) => ((await agents())["entries"] as Record<string, object>)[id];
const stateOf = async () => Object.fromEntries((await souls.sync()).map(({ agentId, state }) => [agentId, state]));

/** Says something in a session and gives the request that a model server got for it. */
async function ask(sessionKey: string) {
  const before = [lab.ollama.chats.length, lab.anthropic.chats.length] as const;
  await clutch.say(sessionKey, "Who are you?");
  const asked = [...lab.ollama.chats.slice(before[0]), ...lab.anthropic.chats.slice(before[1])];
  expect(asked).toHaveLength(1);
  const [chat] = asked;
  if (chat === undefined) return expect.fail("nobody was asked");
  return { model: `${chat.server}/${chat.model}`, system: chat.system };
}

it("without front matter nothing is written and nothing changes", async () => {
  await writeFile(file(), REST);
  expect(await stateOf()).toEqual({ main: "none", keeper: "none" });
  expect(await agents()).toEqual(original);
  const { model, system } = await ask("agent:main:discord:channel:1");
  expect(model).toBe(SONNET);
  expect(system).toContain(REST.trimEnd());
});

it("a declared model answers new conversations; the agent sees its persona unchanged and the lines above it", async () => {
  const pinned = "agent:main:discord:channel:1";
  expect((await clutch.run(`/model ${LLAMA}`, "discord:1")).ok).toBe(true);

  await writeFile(file(), front(`model: coder # the local one\nfallbacks:\n  - ${SONNET}`));
  const [main, keeper] = await souls.sync();
  expect(main).toMatchObject({ agentId: "main", state: "mirrored", problems: [] });
  expect(keeper).toMatchObject({ agentId: "keeper", state: "none" });
  const entry = await entryOf("main");
  expect(entry).toMatchObject({ model: { primary: QWEN, fallbacks: [SONNET] } });

  const { model, system } = await ask("agent:main:discord:channel:2");
  expect(model).toBe(QWEN);
  expect(system).toContain(front(`model: coder # the local one\nfallbacks:\n  - ${SONNET}`).trimEnd());
  expect((await ask(pinned)).model).toBe(LLAMA);
  expect((await ask("agent:keeper:discord:channel:7700")).model).toBe(SONNET);

  // All but the one value stands as it did, the other agent's entry to the letter.
  const { model: _mirrored, ...rest } = entry as { model?: unknown };
  expect({ ...(await agents()), entries: { ...((await agents())["entries"] as object), main: rest } }).toEqual(
    original,
  );
  expect(await stateOf()).toEqual({ main: "in-step", keeper: "none" });
});

it("follows the file by itself when it is edited, down to no fallbacks", async () => {
  souls.start({ everyMs: 500 });
  await writeFile(file(), front(`model: ${LLAMA}\nfallbacks: []`));
  await expect
    .poll(() => entryOf("main"), { timeout: 30_000 })
    .toMatchObject({ model: { primary: LLAMA, fallbacks: [] } });
  await souls.stop();
  expect((await ask("agent:main:discord:channel:2")).model).toBe(LLAMA);
});

it("a person's later change of the configuration stays, and is shown", async () => {
  const { hash } = await clutch.app.openclaw.readConfig();
  await clutch.app.openclaw.patchConfig({ agents: { entries: { main: { model: QWEN } } } }, hash, [
    "agents.entries.main.model.fallbacks",
  ]);
  expect((await souls.sync(["main"]))[0]).toMatchObject({
    state: "drift",
    declared: { model: LLAMA },
    configured: QWEN,
    problems: [{ line: 2, kind: "warning" }],
  });
  expect(await entryOf("main")).toMatchObject({ model: QWEN });
  expect((await ask("agent:main:discord:channel:3")).model).toBe(QWEN);
});

it("a bad declaration is named with its line, and the agent goes on as it is", async () => {
  const before = await agents();
  await writeFile(file(), front("name: Pip\nmodel: ollama/qwen2.5-codr:32b"));
  expect((await souls.sync(["main"]))[0]).toMatchObject({
    state: "invalid",
    problems: [{ line: 3, kind: "error", message: expect.stringContaining(QWEN) }],
  });
  await writeFile(file(), front("model: a: b"));
  expect((await souls.sync(["main"]))[0]).toMatchObject({ state: "invalid", problems: [{ line: 2, kind: "error" }] });
  expect(await agents()).toEqual(before);
  expect((await ask("agent:main:discord:channel:4")).model).toBe(QWEN);
});

it("writes a model back into the file, only that line, and not over another edit", async () => {
  await writeFile(file(), front(`name: Pip\nmodel: ${LLAMA} # big`));
  const about = { actor: "discord:owner", place: "agent:main:main" };
  const report = await souls.declareInSoul(
    "main",
    { model: { provider: "anthropic", model: "claude-sonnet-5" } },
    about,
  );
  expect(report).toMatchObject({ state: "mirrored", configured: SONNET });
  expect(await readFile(file(), "utf8")).toBe(front(`name: Pip\nmodel: ${SONNET} # big`));
  expect((await ask("agent:main:discord:channel:5")).model).toBe(SONNET);

  const files = createAgentFiles(clutch.app.connection);
  const read = await files.readAgentFile("main", "SOUL.md");
  await writeFile(file(), front(`model: ${LLAMA}`));
  await expect(files.writeAgentFile("main", "SOUL.md", "Mine.", read?.hash ?? "")).rejects.toMatchObject({
    code: "changed_meanwhile",
  });
  expect(await readFile(file(), "utf8")).toBe(front(`model: ${LLAMA}`));
  expect(await stateOf()).toEqual({ main: "mirrored", keeper: "none" });
});

it("puts back what stood there when the file declares nothing any more", async () => {
  await writeFile(file(), REST);
  expect((await souls.sync(["main"]))[0]).toMatchObject({ state: "restored", configured: QWEN });
  // The person's own choice was what stood there last; before it nothing did.
  const { hash } = await clutch.app.openclaw.readConfig();
  await clutch.app.openclaw.patchConfig({ agents: { entries: { main: { model: null } } } }, hash);
  await writeFile(file(), front(`model: ${QWEN}`));
  expect(await stateOf()).toEqual({ main: "mirrored", keeper: "none" });
  await writeFile(file(), REST);
  expect(await stateOf()).toEqual({ main: "restored", keeper: "none" });
  expect(await agents()).toEqual(original);
});

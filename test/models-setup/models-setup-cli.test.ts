import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { type ModelsSetupOptions, modelsSetup } from "../../src/cli/models-setup.ts";
import { CODER, LLAMA, machineWith, type SetupLab, startSetupLab } from "./setup-lab.ts";

async function run(
  lab: SetupLab,
  names: readonly string[],
  options: ModelsSetupOptions = {},
  signal: AbortSignal = new AbortController().signal,
) {
  const stdout = Object.assign(new PassThrough({ highWaterMark: 1e6 }), { columns: 160 });
  const stderr = new PassThrough({ highWaterMark: 1e6 });
  const runtime = {
    env: { LANG: "C.UTF-8" },
    cwd: "/",
    home: "/",
    stdin: new PassThrough(),
    stdout,
    stderr,
    fetch: globalThis.fetch,
    clock: Date.now,
    signal,
  };
  const code = await modelsSetup(names, options, runtime, (_runtime, _secrets, work) => work(lab.setup));
  return { code, out: String(stdout.read() ?? ""), err: String(stderr.read() ?? "") };
}
const runJson = async (...args: Parameters<typeof run>) => {
  const { code, out, err } = await run(args[0], args[1], { ...args[2], json: true }, args[3]);
  expect(err).toBe("");
  expect(out.trimEnd().split("\n")).toHaveLength(1);
  return { code, json: JSON.parse(out) };
};

it("without a yes shows what it would write and writes nothing; with it writes, and takes it back", async () => {
  const lab = await startSetupLab({ pullable: [LLAMA] });
  const shown = await run(lab, ["llama3.2:3b"]);
  expect(shown).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  const parts = [...shown.out.matchAll(/^llama3\.2:3b: (\d+) % of 2\.0 GB$/gm)].map(([, part]) => Number(part));
  expect(parts).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  expect(shown.out).toMatch(/models\.providers\.ollama\.timeoutSeconds +– +300/);
  expect(lab.config()).toEqual({});

  const done = await run(lab, ["llama3.2:3b"], { yes: true });
  expect(done).toMatchObject({ code: 0, err: "" });
  expect(done.out).toMatch(/Ready for agents/);
  expect(done.out).toMatch(/llama3\.2:3b +65\.5k +work +read whole \(49\.\dk\) +50 → 50 +was loaded +yes/);
  expect(lab.config()).toHaveProperty("models.providers.ollama");

  const again = await run(lab, ["llama3.2:3b"], { yes: true });
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining("nothing to change") });

  const undone = await run(lab, [], { undo: true });
  expect(undone).toMatchObject({ code: 0, out: expect.stringContaining("Taken back") });
  expect(lab.config()).toEqual({});
  expect((await run(lab, [], { undo: true })).code).toBe(2);
});

const CHANNEL = "agent:main:discord:channel:7";

it.each([
  ["as it is set to", { provider: "ollama", model: CODER.name }, {}],
  ["as it is kept local", { provider: "anthropic", model: "claude-sonnet-5" }, { keptLocal: CHANNEL }],
])("says before it tries anything that somebody talks with a model, %s, and needs a yes", async (_, model, more) => {
  const talking = [{ key: CHANNEL, model }];
  const lab = await startSetupLab({ models: [CODER], pullable: [LLAMA], talking, ...more });
  const quiet = await run(lab, [CODER.name]);
  expect(quiet.out).not.toContain("may make others wait");

  await fetch(`${lab.ollama.url}/api/generate`, { method: "POST", body: JSON.stringify({ model: CODER.name }) });
  const chats = lab.ollama.chats.length;
  const asked = await run(lab, ["llama3.2:3b"]);
  expect(asked).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
  expect(asked.out).toContain(`A conversation talks with ${CODER.name} now`);
  expect(lab.ollama.chats).toHaveLength(chats);
  expect(lab.config()).toEqual({});

  const done = await run(lab, ["llama3.2:3b"], { yes: true });
  expect(done.code).toBe(0);
  expect(done.out).toContain("may make others wait");
});

it("says all of it to a script on one line", async () => {
  const lab = await startSetupLab({ models: [CODER] });
  expect(await runJson(lab, ["qwen2.5-coder:32b"], { yes: true, window: "16k" })).toMatchObject({
    code: 0,
    json: {
      ok: true,
      server: { id: "ollama", baseUrl: lab.ollama.url },
      models: [
        { asked: CODER.name, name: "qwen2.5-coder-tools:32b", contextTokens: 16_384, inOpenClaw: true, problems: [] },
      ],
      written: true,
      error: null,
    },
  });
  expect(await runJson(lab, ["nothing:1b"], { yes: true })).toMatchObject({
    code: 2,
    json: { ok: false, failed: [{ name: "nothing:1b", code: "unknown_model" }], written: false },
  });
});

it("takes the recommendation and what is there, where nothing is named and yes is said", async () => {
  const lab = await startSetupLab({ models: [LLAMA] });
  const asked = await run(lab, []);
  expect(asked).toMatchObject({ code: 2, err: expect.stringContaining("Which models?") });
  expect(asked.out).toMatch(/llama3\.2:3b +there already/);
  const recommended = /(\S+) +recommended, /.exec(asked.out)?.[1];

  const { code, json } = await runJson(lab, [], { yes: true });
  // The stand-in's registry has nothing, so what is recommended cannot be had; the rest goes on.
  expect(code).toBe(2);
  expect(json).toMatchObject({ models: [{ name: "llama3.2:3b", inOpenClaw: true }], failed: [{ name: recommended }] });
});

it("writes what did not pass only where it is forced to", async () => {
  const lab = await startSetupLab({ models: [{ ...LLAMA, textTools: true }] });
  const refused = await run(lab, ["llama3.2:3b"], { yes: true });
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("llama3.2:3b") });
  expect(refused.out).toMatch(/prints its tool calls as text/);
  expect(lab.config()).toEqual({});
  expect((await run(lab, ["llama3.2:3b"], { yes: true, force: true })).code).toBe(1);
  expect(lab.config()).toHaveProperty("models.providers.ollama");
});

it.each([
  ["a disk without room", { pullable: [CODER] }, { disk: 3e9 }, {}, /19\.8 GB/],
  ["too little memory", { models: [CODER] }, { memory: 8 * 1024 ** 3 }, {}, /does not fit/],
  ["no Ollama", { reachable: false }, {}, {}, /ollama\.com/],
  ["a server that nobody knows", { models: [CODER] }, {}, { server: "box" }, /“box”/],
  ["a window that is none", { models: [CODER] }, {}, { window: "big" }, /“big” is no window/],
])("%s is the person's to mend: exit code 2", async (_, servers, machine, options, text) => {
  const lab = await startSetupLab({ ...servers, machine: await machineWith(machine) });
  const { code, err } = await run(lab, ["qwen2.5-coder:32b"], { yes: true, ...options });
  expect(err).toMatch(text);
  expect(code).toBe(2);
  expect(lab.config()).toEqual({});
});

it("when interrupted says that the download stays and how to go on", async () => {
  const interrupt = new AbortController();
  const lab = await startSetupLab({
    pullable: [LLAMA],
    answer: () => {
      interrupt.abort();
      return { text: "" };
    },
  });
  expect(await run(lab, ["llama3.2:3b"], { yes: true }, interrupt.signal)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/stays\.\n.*goes on from there/),
  });
  expect(lab.config()).toEqual({});
});

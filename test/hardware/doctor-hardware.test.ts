import { Readable, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { doctorHardware } from "../../src/cli/doctor-hardware.ts";
import type { Figure } from "../../src/models/figure.ts";
import { type FakeSystem, fakeSystem } from "./fake-system.ts";
import { bareVm, container, evoX2, k8Plus, rtx4090 } from "./machines.ts";

const measured: Figure<number> = { value: 75e9, origin: "measured", source: "a test", date: "2026-11-22" };

async function run(system: FakeSystem, options: { json?: boolean; signal?: AbortSignal } = {}) {
  let text = "";
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const code = await doctorHardware(
    { json: options.json === true },
    {
      env: {},
      cwd: "/home/ann",
      home: "/home/ann",
      stdin: Readable.from([]),
      stdout,
      stderr: stdout,
      fetch: globalThis.fetch,
      clock: () => Date.parse("2026-11-22T10:00:00Z"),
      signal: options.signal ?? new AbortController().signal,
    },
    { system: fakeSystem(system), platform: "linux", measure: async () => measured },
  );
  return { code, text };
}

/** The row of a model, cells separated by two blanks or more. */
const rowOf = (text: string, model: string): string[] | undefined =>
  text
    .split("\n")
    .find((line) => line.trim().startsWith(`${model} `))
    ?.trim()
    .split(/\s{2,}/);

describe("clutch doctor hardware", () => {
  it("recommends what is usable, not what merely fits", async () => {
    const { code, text } = await run(evoX2);
    expect(code).toBe(0);
    expect(text).toContain("Take qwen3.6:35b");
    expect(rowOf(text, "qwen3.6:35b")).toEqual(["qwen3.6:35b", "yes 27 GiB", "256k", "60 ~55 49", "19 s", "yes"]);
    expect(rowOf(text, "llama3.1:70b")).toEqual([
      "llama3.1:70b",
      "yes 55 GiB",
      "128k",
      "5.1 ~4.5 ~4.1",
      "5 min",
      "slow",
    ]);
    expect(rowOf(text, "qwen2.5-coder:32b")?.at(-1)).toBe("no tools");
  });

  it("says what only fits in part, and that such machines were not checked", async () => {
    const { text } = await run(rtx4090);
    expect(rowOf(text, "qwen2.5-coder:32b")?.slice(1, 3)).toEqual(["in part 28 GiB", "14k"]);
    expect(text).toMatch(/not on\s+this kind/);
  });

  it("says no in a small container", async () => {
    const { code, text } = await run(container);
    expect(code).toBe(0);
    expect(text).toContain("None of the local models Clutch knows fits here");
    expect(text).toContain("limited to 8.0 GiB here");
  });

  it.each([
    ["a Strix Halo box", evoX2],
    ["an 8845HS box", k8Plus],
    ["a card", rtx4090],
    ["a container", container],
    ["a bare machine", bareVm],
  ])("fits into 80 plain columns on %s", async (_name, system) => {
    const { text } = await run(system);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(text).not.toContain("\u001B");
    // Each model in a row of its own, none broken.
    expect(rowOf(text, "qwen2.5-coder:32b")).toBeDefined();
  });

  it("prints the same as one line of JSON", async () => {
    const { code, text } = await run(k8Plus, { json: true });
    expect(code).toBe(0);
    expect(text.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({
      machine: { product: "GMKtec NucBox K8 Plus", memory: { bandwidth: { value: 75e9, origin: "measured" } } },
      models: expect.arrayContaining([
        expect.objectContaining({
          model: "gpt-oss:120b",
          fit: expect.objectContaining({ kind: "does-not-fit", largestContextTokens: 0 }),
        }),
      ]),
      recommended: expect.arrayContaining(["qwen3.6:35b"]),
    });
  });

  it("prints nothing when it was interrupted", async () => {
    expect(await run(evoX2, { signal: AbortSignal.abort() })).toEqual({ code: 1, text: "" });
  });
});

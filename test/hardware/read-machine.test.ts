import { describe, expect, it } from "vitest";
import { readMachine } from "../../src/hardware/read-machine.ts";
import type { Figure } from "../../src/models/figure.ts";
import { type FakeSystem, fakeSystem } from "./fake-system.ts";
import { bareVm, container, evoX2, evoX2SetAside, GIB, k8Plus, macStudio, rtx4090 } from "./machines.ts";

const measured: Figure<number> = { value: 75e9, origin: "measured", source: "a test", date: "2026-11-22" };

const read = (
  system: FakeSystem,
  more: {
    platform?: string;
    home?: string;
    env?: Record<string, string>;
    measure?: () => Promise<typeof measured>;
  } = {},
) => readMachine({ platform: "linux", home: "/home/ann", env: {}, ...more, system: fakeSystem(system) });

describe("readMachine", () => {
  it("reads a Strix Halo box: one memory, which the graphics processor shares", async () => {
    const machine = await read(evoX2, { measure: async () => measured });
    expect(machine).toMatchObject({
      processor: { name: "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S", cores: 32 },
      memory: { totalBytes: 131_072_000 * 1024, availableBytes: 123_731_968 * 1024, limitBytes: undefined },
      disk: { path: "/usr/share/ollama/.ollama/models", freeBytes: 900e9 },
      product: "GMKtec NucBox_EVO-X2",
      virtual: false,
    });
    expect(machine.gpus).toEqual([
      {
        name: "Radeon 8060S",
        vendor: "amd",
        vramBytes: 512 * 1024 ** 2,
        sharedBytes: 120 * GIB,
        unified: true,
        bandwidth: undefined,
      },
    ]);
    // Its cores alone cannot draw what the memory gives, so measuring them would mislead.
    expect(machine.memory.bandwidth).toMatchObject({ value: 256e9, origin: "published" });
    expect(machine.compute?.value).toBeCloseTo(59.4e12, -11);
  });

  it("sees memory that the firmware set aside as not part of main memory", async () => {
    const { gpus, memory } = await read(evoX2SetAside);
    expect(gpus[0]).toMatchObject({ vramBytes: 96 * GIB, sharedBytes: 15 * GIB, unified: true });
    expect(memory.totalBytes).toBe(32_000_000 * 1024);
  });

  it("prefers what was measured where the modules are a choice", async () => {
    expect((await read(k8Plus, { measure: async () => measured })).memory.bandwidth).toEqual(measured);
    const unmeasured = await read(k8Plus);
    expect(unmeasured.memory.bandwidth).toMatchObject({ value: 89.6e9, origin: "published" });
    expect(unmeasured.gpus[0]?.name).toBe("Radeon 780M Graphics");
  });

  it("names the folder where models will be, and the free space above it", async () => {
    expect((await read(k8Plus)).disk).toEqual({ path: "/home/ann/.ollama/models", freeBytes: 400e9 });
    const named = await read(k8Plus, { env: { OLLAMA_MODELS: "/data/models" } });
    expect(named.disk).toEqual({ path: "/data/models", freeBytes: 400e9 });
  });

  it("tells a graphics card with memory of its own from the processor's", async () => {
    const machine = await read(rtx4090);
    expect(machine.gpus).toEqual([
      {
        name: "NVIDIA GeForce RTX 4090",
        vendor: "nvidia",
        vramBytes: 24_564 * 1024 ** 2,
        sharedBytes: undefined,
        unified: false,
        bandwidth: expect.objectContaining({ value: 1_008e9, origin: "published" }),
      },
    ]);
    expect(machine).toMatchObject({ product: "Z790 Taichi", compute: undefined });
    expect(machine.memory.bandwidth).toBeUndefined();
  });

  it.each([
    ["NVIDIA GB10, [N/A]", { vramBytes: undefined, unified: true }],
    ["NVIDIA RTX A2000, 12282", { vramBytes: 12_282 * 1024 ** 2, unified: false, bandwidth: undefined }],
  ])("reads %s", async (line, expected) => {
    expect((await read({ ...rtx4090, commands: { "nvidia-smi": line } })).gpus).toMatchObject([expected]);
  });

  it("names a card whose tool is missing, with its memory unknown", async () => {
    const { gpus } = await read({ ...rtx4090, commands: {} });
    expect(gpus).toMatchObject([{ vendor: "nvidia", vramBytes: undefined, unified: false }]);
  });

  it("finds a separate AMD card by what the kernel shows of it", async () => {
    const device = "/sys/class/drm/card0/device";
    const files = {
      ...evoX2.files,
      [`${device}/vendor`]: "0x1002",
      [`${device}/mem_info_vram_total`]: String(24 * GIB),
      [`${device}/mem_info_gtt_total`]: String(31 * GIB),
      [`${device}/mem_busy_percent`]: "0",
      [`${device}/product_name`]: "Radeon RX 7900 XTX",
    };
    const { gpus } = await read({ ...evoX2, files });
    expect(gpus).toMatchObject([
      { name: "Radeon RX 7900 XTX", vramBytes: 24 * GIB, sharedBytes: undefined, unified: false },
      { name: "Radeon 8060S", unified: true },
    ]);
  });

  it("keeps to a container's limit, less what is used and cannot be given back", async () => {
    const { memory, virtual, gpus } = await read(container);
    expect(memory).toMatchObject({ limitBytes: 8 * GIB, availableBytes: 6 * GIB });
    expect({ virtual, gpus }).toEqual({ virtual: true, gpus: [] });
  });

  it("keeps to the narrowest of nested limits of version 1", async () => {
    const folder = "/sys/fs/cgroup/memory";
    const { memory } = await read({
      ...bareVm,
      files: {
        ...bareVm.files,
        [`${folder}/process_api/memory.limit_in_bytes`]: String(4 * GIB),
        [`${folder}/process_api/memory.usage_in_bytes`]: String(GIB),
        [`${folder}/process_api/590fa0b1/memory.limit_in_bytes`]: String(6 * GIB),
      },
    });
    expect(memory).toMatchObject({ limitBytes: 4 * GIB, availableBytes: 3 * GIB });
  });

  it("reads a Mac by what macOS lets the graphics processor have", async () => {
    const mac = (commands: Record<string, string>) =>
      read({ ...macStudio, commands }, { platform: "darwin", home: "/Users/ann" });
    const machine = await mac({ sysctl: "0" });
    expect(machine).toMatchObject({
      product: "Apple Inc. Mac14,13",
      memory: { totalBytes: 64 * GIB, availableBytes: 48 * GIB, bandwidth: { value: 409.6e9 } },
      disk: { path: "/Users/ann/.ollama/models" },
      compute: undefined,
    });
    expect(machine.gpus).toMatchObject([{ vendor: "apple", unified: true, sharedBytes: 48 * GIB }]);
    expect((await mac({ sysctl: "57344" })).gpus).toMatchObject([{ sharedBytes: 56 * GIB }]);
  });

  it("says unknown, never 0, on a bare virtual machine", async () => {
    const machine = await read(bareVm);
    expect(machine).toMatchObject({
      memory: { totalBytes: 24_684_092 * 1024, availableBytes: 22_861_928 * 1024, limitBytes: undefined },
      gpus: [],
      product: undefined,
      virtual: true,
      compute: undefined,
    });
    expect(machine.memory.bandwidth).toBeUndefined();
  });

  it("gets by with nothing at all", async () => {
    const nothing = { node: { processor: "", cores: 0, totalBytes: 8 * GIB, freeBytes: GIB } };
    for (const platform of ["linux", "darwin", "win32"]) {
      expect(await read(nothing, { platform })).toEqual({
        processor: { name: "unknown processor", cores: 0 },
        memory: { totalBytes: 8 * GIB, availableBytes: GIB, limitBytes: undefined, bandwidth: undefined },
        gpus: [],
        disk: undefined,
        product: undefined,
        platform,
        virtual: false,
        compute: undefined,
      });
    }
  });
});

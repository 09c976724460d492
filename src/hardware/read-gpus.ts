import { join } from "node:path";
import type { Gpu } from "../models/machine.ts";
import { cardBandwidth } from "./known-machines.ts";
import type { SystemAccess } from "./system-access.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const DRM = "/sys/class/drm";

/** The graphics processors that could run a model. */
export async function readGpus(
  system: SystemAccess,
  machine: { readonly platform: string; readonly processor: string; readonly totalBytes: number },
): Promise<readonly Gpu[]> {
  if (machine.platform === "darwin" && machine.processor.startsWith("Apple")) return [await appleGpu(system, machine)];
  const [nvidia, others] = await Promise.all([
    nvidiaGpus(system),
    machine.platform === "linux" ? drmGpus(system, machine.processor) : reportedGpus(system),
  ]);
  // The kernel's list names NVIDIA's cards without their memory.
  return [...nvidia, ...others.filter(({ vendor }) => vendor !== "nvidia" || nvidia.length === 0)];
}

async function nvidiaGpus(system: SystemAccess): Promise<readonly Gpu[]> {
  const table = await system.run("nvidia-smi", ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]);
  return (table ?? "").split("\n").flatMap((line): Gpu[] => {
    const [, name, mebibytes] = /^(.+),\s*([^,]+)$/.exec(line.trim()) ?? [];
    if (name === undefined || mebibytes === undefined) return [];
    const size = Number(mebibytes);
    // Boards that share the machine's memory answer [N/A] here.
    const unified = !Number.isFinite(size);
    return [
      {
        name,
        vendor: "nvidia",
        vramBytes: unified ? undefined : size * MIB,
        sharedBytes: undefined,
        unified,
        bandwidth: unified ? undefined : cardBandwidth(name),
      },
    ];
  });
}

/** The kernel's own list. */
async function drmGpus(system: SystemAccess, processor: string): Promise<readonly Gpu[]> {
  const cards = (await system.list(DRM)).filter((name) => /^card\d+$/.test(name)).sort();
  const found = await Promise.all(
    cards.map(async (card): Promise<Gpu | undefined> => {
      const device = join(DRM, card, "device");
      const vendor = await system.read(join(device, "vendor"));
      if (vendor === "0x1002") return amdGpu(system, device, processor);
      if (vendor === "0x8086") return intelGpu();
      if (vendor === "0x10de") return nvidiaWithoutTool();
      return undefined;
    }),
  );
  return found.filter((gpu) => gpu !== undefined);
}

async function amdGpu(system: SystemAccess, device: string, processor: string): Promise<Gpu> {
  const [vram, shared, name, separate] = await Promise.all([
    system.read(join(device, "mem_info_vram_total")),
    system.read(join(device, "mem_info_gtt_total")),
    system.read(join(device, "product_name")),
    // The kernel shows this file only for cards with memory of their own.
    system.exists(join(device, "mem_busy_percent")),
  ]);
  const inProcessor = /Radeon(?: \w+)?(?: Graphics)?$/i.exec(processor)?.[0];
  return {
    name: name || (separate ? undefined : inProcessor) || "AMD Radeon",
    vendor: "amd",
    vramBytes: bytes(vram),
    sharedBytes: separate ? undefined : bytes(shared),
    unified: !separate,
    bandwidth: undefined,
  };
}

/** Its driver names no sizes: it takes what it needs from main memory. Cards of Intel's are not told apart. */
const intelGpu = (): Gpu => ({
  name: "Intel graphics",
  vendor: "intel",
  vramBytes: undefined,
  sharedBytes: undefined,
  unified: true,
  bandwidth: undefined,
});

const nvidiaWithoutTool = (): Gpu => ({
  name: "NVIDIA card (nvidia-smi does not answer)",
  vendor: "nvidia",
  vramBytes: undefined,
  sharedBytes: undefined,
  unified: false,
  bandwidth: undefined,
});

/** macOS lets the graphics processor have two thirds of a small memory, three quarters of a larger one, or what the owner set. */
async function appleGpu(
  system: SystemAccess,
  { processor, totalBytes }: { readonly processor: string; readonly totalBytes: number },
): Promise<Gpu> {
  const set = Number(await system.run("sysctl", ["-n", "iogpu.wired_limit_mb"]));
  const usual = totalBytes <= 32 * GIB ? (totalBytes * 2) / 3 : (totalBytes * 3) / 4;
  return {
    name: processor,
    vendor: "apple",
    vramBytes: undefined,
    sharedBytes: set > 0 ? set * MIB : Math.floor(usual),
    unified: true,
    bandwidth: undefined,
  };
}

/** Windows and the rest, where nothing tells whether the memory is the card's own: what is not NVIDIA counts as sharing. */
async function reportedGpus(system: SystemAccess): Promise<readonly Gpu[]> {
  const gpus = (await system.inspect())?.gpus ?? [];
  return gpus
    .filter(({ vendor, model }) => !/nvidia/i.test(`${vendor} ${model}`))
    .map(({ vendor, model, vramBytes }) => ({
      name: model,
      vendor: /amd|advanced micro|radeon/i.test(`${vendor} ${model}`)
        ? "amd"
        : /intel/i.test(vendor)
          ? "intel"
          : "other",
      vramBytes,
      sharedBytes: undefined,
      unified: true,
      bandwidth: undefined,
    }));
}

const bytes = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;

import type { Figure } from "../models/figure.ts";
import type { SpeedMachine } from "../models/speed.ts";
import { knownMachine } from "./known-machines.ts";
import { modelsDisk } from "./models-disk.ts";
import { readGpus } from "./read-gpus.ts";
import { readMemory } from "./read-memory.ts";
import type { SystemAccess } from "./system-access.ts";

export interface MachineParts {
  readonly system: SystemAccess;
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Measures main memory; where absent, the published bandwidth is all there is. */
  readonly measure?: (availableBytes: number) => Promise<Figure<number> | undefined>;
}

/**
 * What this machine has, as far as it decides which models fit and how fast they
 * are. A tool or file that is missing makes its figure unknown and nothing else;
 * this never rejects. Takes as long as the slowest command, 5 s at most, and the
 * measurement.
 */
export async function readMachine({ system, platform, env, home, measure }: MachineParts): Promise<SpeedMachine> {
  const node = system.node();
  const [memory, product, virtual, disk] = await Promise.all([
    readMemory(system),
    productName(system, platform),
    isVirtual(system, platform),
    modelsDisk(system, { env, home }),
  ]);
  const processor = { name: node.processor === "" ? "unknown processor" : node.processor, cores: node.cores };
  const gpus = await readGpus(system, { platform, processor: processor.name, totalBytes: memory.totalBytes });
  const known = knownMachine([product, processor.name]);
  // Alone on the machine: what else runs while it measures would take bandwidth away.
  const measured = known?.measurable === false ? undefined : await measure?.(memory.availableBytes);
  return {
    processor,
    memory: { ...memory, bandwidth: measured ?? known?.bandwidth },
    gpus,
    disk,
    product,
    platform,
    virtual,
    // It is the graphics processor beside the known one that reads prompts.
    compute: gpus.some((gpu) => gpu.unified) ? known?.compute : undefined,
  };
}

/** What boards without a name of their own say. */
const NAMELESS = /^(to be filled|default string|system product name|system manufacturer|not specified|none|o\.?e\.?m)/i;

async function productName(system: SystemAccess, platform: string): Promise<string | undefined> {
  if (platform !== "linux") return (await system.inspect())?.product;
  const [vendor, product, board] = await Promise.all(
    ["sys_vendor", "product_name", "board_name"].map(async (name) => {
      const text = (await system.read(`/sys/class/dmi/id/${name}`)) ?? "";
      return text === "" || NAMELESS.test(text) ? undefined : text;
    }),
  );
  const name = product ?? board;
  if (name === undefined || vendor === undefined || name.startsWith(vendor)) return name;
  return `${vendor} ${name}`;
}

async function isVirtual(system: SystemAccess, platform: string): Promise<boolean> {
  if (platform !== "linux") return (await system.inspect())?.virtual ?? false;
  const [processor, docker, podman] = await Promise.all([
    system.read("/proc/cpuinfo"),
    system.exists("/.dockerenv"),
    system.exists("/run/.containerenv"),
  ]);
  return docker || podman || /^flags\s*:.*\bhypervisor\b/m.test(processor ?? "");
}

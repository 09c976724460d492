import { join } from "node:path";
import type { SystemAccess } from "./system-access.ts";

/** Tells what processor and graphics processor drew, not the whole box. */
export interface EnergyMeter {
  /** Begins to count; the returned function ends it and gives joules, undefined where the machine does not tell. */
  start(): Promise<() => Promise<number | undefined>>;
}

const POWERCAP = "/sys/class/powercap";
const DRM = "/sys/class/drm";
/** Short against an answer, long against the reading of some files. */
const LOOK_MS = 250;
const MICRO = 1e-6;

/** A counter of energy, which begins again at its range. */
interface Counter {
  readonly path: string;
  readonly range: number;
  last: number;
}

/** A gauge of power in watts, of which only the moment is known. */
interface Gauge {
  readonly path: string;
  watts: number;
  atMs: number;
}

/**
 * By the kernel's files: RAPL's counters of each processor package
 * (Documentation/power/powercap), which many systems let only root read, and the power
 * that amdgpu tells (Documentation/gpu/amdgpu/thermal). A graphics processor that is
 * part of the processor is in the package's counter already, and stands for the package
 * where that cannot be read. `now` is ms from anywhere.
 */
export function createEnergyMeter(system: SystemAccess, now: () => number = () => performance.now()): EnergyMeter {
  const number = async (path: string): Promise<number | undefined> => {
    const text = await system.read(path);
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  };

  const counters = async (): Promise<readonly Counter[]> => {
    const zones = (await system.list(POWERCAP)).filter((name) => /^intel-rapl:\d+$/.test(name));
    const found = await Promise.all(
      zones.map(async (zone): Promise<Counter | undefined> => {
        const path = join(POWERCAP, zone, "energy_uj");
        const [name, last, range] = await Promise.all([
          system.read(join(POWERCAP, zone, "name")),
          number(path),
          number(join(POWERCAP, zone, "max_energy_range_uj")),
        ]);
        if (name === undefined || !name.startsWith("package") || last === undefined) return undefined;
        return { path, last, range: range ?? 0 };
      }),
    );
    return found.filter((counter) => counter !== undefined);
  };

  /** Cards of their own, and the graphics part of a processor. */
  const gauges = async (): Promise<{ readonly cards: readonly Gauge[]; readonly inProcessor: readonly Gauge[] }> => {
    const names = (await system.list(DRM)).filter((name) => /^card\d+$/.test(name));
    const found = await Promise.all(
      names.map(async (card) => {
        const device = join(DRM, card, "device");
        if ((await system.read(join(device, "vendor"))) !== "0x1002") return undefined;
        const separate = await system.exists(join(device, "mem_busy_percent"));
        for (const monitor of await system.list(join(device, "hwmon"))) {
          const path = join(device, "hwmon", monitor, "power1_average");
          const microwatts = await number(path);
          if (microwatts !== undefined) return { separate, path, watts: microwatts * MICRO, atMs: now() };
        }
        return undefined;
      }),
    );
    const known = found.filter((gauge) => gauge !== undefined);
    return { cards: known.filter(({ separate }) => separate), inProcessor: known.filter(({ separate }) => !separate) };
  };

  return {
    async start() {
      const [packages, { cards, inProcessor }] = await Promise.all([counters(), gauges()]);
      const powers = [...cards, ...(packages.length === 0 ? inProcessor : [])];
      if (packages.length + powers.length === 0) return async () => undefined;
      let joules = 0;
      let isWhole = true;

      const look = async (): Promise<void> => {
        for (const counter of packages) {
          const value = await number(counter.path);
          if (value === undefined) isWhole = false;
          else {
            const grown = value - counter.last;
            joules += (grown >= 0 ? grown : grown + counter.range) * MICRO;
            counter.last = value;
          }
        }
        for (const gauge of powers) {
          const microwatts = await number(gauge.path);
          const atMs = now();
          const watts = microwatts === undefined ? gauge.watts : microwatts * MICRO;
          joules += ((gauge.watts + watts) / 2) * ((atMs - gauge.atMs) / 1_000);
          gauge.watts = watts;
          gauge.atMs = atMs;
        }
      };
      let looking = Promise.resolve();
      const next = (): Promise<void> => {
        looking = looking.then(look);
        return looking;
      };
      const timer = setInterval(() => void next(), LOOK_MS).unref();
      return async () => {
        clearInterval(timer);
        await next();
        return isWhole ? joules : undefined;
      };
    },
  };
}

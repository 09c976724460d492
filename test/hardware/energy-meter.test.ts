import { expect, it } from "vitest";
import { createEnergyMeter } from "../../src/hardware/energy-meter.ts";
import { fakeSystem } from "./fake-system.ts";

const node = { processor: "a processor", cores: 8, totalBytes: 1, freeBytes: 1 };
const RAPL = "/sys/class/powercap";
const CARD = "/sys/class/drm/card0/device";

/** Files that a test changes while the meter runs. */
function machine(files: Record<string, string>) {
  const time = { ms: 0 };
  const meter = createEnergyMeter(fakeSystem({ node, files }), () => time.ms);
  return {
    files,
    time,
    async joules(during: () => void) {
      const stop = await meter.start();
      during();
      return stop();
    },
  };
}
const packageFiles = (zone: number, energy: string) => ({
  [`${RAPL}/intel-rapl:${zone}/name`]: `package-${zone}`,
  [`${RAPL}/intel-rapl:${zone}/energy_uj`]: energy,
  [`${RAPL}/intel-rapl:${zone}/max_energy_range_uj`]: "1000000000",
});
const gpuFiles = { [`${CARD}/vendor`]: "0x1002", [`${CARD}/hwmon/hwmon3/power1_average`]: "40000000" };

it("counts what every package drew, and nothing twice that is part of one", async () => {
  const { files, joules } = machine({
    ...packageFiles(0, "5000000"),
    ...packageFiles(1, "0"),
    [`${RAPL}/intel-rapl:0:0/name`]: "core",
    [`${RAPL}/intel-rapl:0:0/energy_uj`]: "0",
    [`${RAPL}/intel-rapl:2/name`]: "psys",
    [`${RAPL}/intel-rapl:2/energy_uj`]: "0",
  });
  const drawn = await joules(() => {
    files[`${RAPL}/intel-rapl:0/energy_uj`] = "35000000";
    files[`${RAPL}/intel-rapl:1/energy_uj`] = "12000000";
    files[`${RAPL}/intel-rapl:0:0/energy_uj`] = "9000000";
    files[`${RAPL}/intel-rapl:2/energy_uj`] = "90000000";
  });
  expect(drawn).toBeCloseTo(42, 9);
});

it("goes on where a counter begins again", async () => {
  const { files, joules } = machine(packageFiles(0, "990000000"));
  const drawn = await joules(() => {
    files[`${RAPL}/intel-rapl:0/energy_uj`] = "15000000";
  });
  expect(drawn).toBeCloseTo(25, 9);
});

it("adds a card of its own to the packages, by its power over time", async () => {
  const { files, time, joules } = machine({ ...packageFiles(0, "0"), ...gpuFiles, [`${CARD}/mem_busy_percent`]: "3" });
  const drawn = await joules(() => {
    files[`${RAPL}/intel-rapl:0/energy_uj`] = "10000000";
    files[`${CARD}/hwmon/hwmon3/power1_average`] = "60000000";
    time.ms = 2_000;
  });
  expect(drawn).toBeCloseTo(10 + 2 * 50, 9);
});

it("takes a graphics part for its processor only where the package does not tell", async () => {
  const both = machine({ ...packageFiles(0, "0"), ...gpuFiles });
  const packaged = await both.joules(() => {
    both.files[`${RAPL}/intel-rapl:0/energy_uj`] = "10000000";
    both.time.ms = 1_000;
  });
  expect(packaged).toBeCloseTo(10, 9);
  const alone = machine({ ...gpuFiles, [`${RAPL}/intel-rapl:0/name`]: "package-0" });
  const drawn = await alone.joules(() => {
    alone.time.ms = 1_000;
  });
  expect(drawn).toBeCloseTo(40, 9);
});

it.each<[string, Record<string, string>]>([
  ["there is nothing", {}],
  ["root alone may read the counter", { [`${RAPL}/intel-rapl:0/name`]: "package-0" }],
  ["another vendor's card is there", { ...gpuFiles, [`${CARD}/vendor`]: "0x8086" }],
])("is unknown where %s", async (_, files) => {
  expect(await machine(files).joules(() => undefined)).toBeUndefined();
});

it("is unknown where a counter went away meanwhile", async () => {
  const { files, joules } = machine(packageFiles(0, "5"));
  expect(await joules(() => void delete files[`${RAPL}/intel-rapl:0/energy_uj`])).toBeUndefined();
});

it("looks again and again, so that a long answer is not two moments only", async () => {
  const { files, time, joules } = machine(gpuFiles);
  const meter = createEnergyMeter(fakeSystem({ node, files }), () => time.ms);
  const stop = await meter.start();
  files[`${CARD}/hwmon/hwmon3/power1_average`] = "80000000";
  time.ms = 1_000;
  await new Promise((resolve) => setTimeout(resolve, 400));
  time.ms = 2_000;
  // A second of rising from 40 to 80 W, and one at 80.
  expect(await stop()).toBeCloseTo(60 + 80, 9);
  expect(await joules(() => undefined)).toBeCloseTo(0, 9);
});

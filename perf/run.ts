import { type Lab, LLAMA, QWEN, SONNET, startLab } from "../test/gateway/harness.ts";
import { benchCosts } from "./bench.ts";
import { gradingCosts } from "./bench-grading.ts";
import { attachAndMemory, installedSize } from "./footprint.ts";
import { guardCosts } from "./guard.ts";
import { lockCosts } from "./lock.ts";
import { manySessions } from "./many-sessions.ts";
import { type Measurement, report } from "./measure.ts";
import { noticeLatency } from "./notice-latency.ts";
import { acknowledgements } from "./platforms.ts";
import { registryCosts } from "./registry.ts";
import { switchLatency } from "./switch-latency.ts";
import { usageCosts } from "./usage.ts";
import { historyCosts } from "./usage-import.ts";
import { wallCosts } from "./wall.ts";

/**
 * Measures Clutch itself on this machine and prints ratios; it never fails on
 * time. One real gateway for all, so that what is compared is compared alike; the
 * lock has one of its own. `npm run perf -- wall lock` measures these alone.
 */
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const sessions = Number(process.env["CLUTCH_PERF_SESSIONS"] ?? 2_000);
const ALONE: Readonly<Record<string, () => Promise<readonly Measurement[]>>> = {
  acknowledgements,
  registry: registryCosts,
  wall: wallCosts,
  guard: guardCosts,
  lock: () => lockCosts(),
  usage: usageCosts,
  bench: benchCosts,
  grading: gradingCosts,
};

async function withGateway(): Promise<void> {
  print("Starting a gateway …");
  const lab: Lab = await startLab((config) => {
    const agents = config["agents"] as Record<string, Record<string, unknown>>;
    return {
      ...config,
      agents: { ...agents, defaults: { ...agents["defaults"], model: { primary: QWEN, fallbacks: [SONNET] } } },
    };
  });
  try {
    const clutch = await lab.attach();
    print(`Models: ${[SONNET, QWEN, LLAMA].join(", ")} (stand-ins)\n`);
    print(report(await switchLatency(clutch)));
    for (const measurement of await attachAndMemory(lab)) print(report(measurement));
    print(report(await noticeLatency(lab, clutch)));
    print(report(await installedSize()));
    for (const measurement of await manySessions(lab, clutch, sessions)) print(report(measurement));
    for (const measurement of await historyCosts(lab, clutch, sessions)) print(report(measurement));
  } finally {
    await lab.stop();
  }
}

const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? ["gateway", ...Object.keys(ALONE)] : wanted) {
  if (name === "gateway") {
    await withGateway();
    continue;
  }
  const measure = ALONE[name];
  if (measure === undefined) throw new Error(`${name} is none of gateway, ${Object.keys(ALONE).join(", ")}`);
  for (const measurement of await measure()) print(report(measurement));
}
process.exit(0);

import { LLAMA, QWEN, SONNET, startLab } from "../test/gateway/harness.ts";
import { attachAndMemory, installedSize } from "./footprint.ts";
import { guardCosts } from "./guard.ts";
import { lockCosts } from "./lock.ts";
import { manySessions } from "./many-sessions.ts";
import { report } from "./measure.ts";
import { noticeLatency } from "./notice-latency.ts";
import { acknowledgements } from "./platforms.ts";
import { registryCosts } from "./registry.ts";
import { switchLatency } from "./switch-latency.ts";
import { wallCosts } from "./wall.ts";

/**
 * Measures Clutch itself on this machine and prints ratios; it never fails on
 * time. One real gateway for all, so that what is compared is compared alike.
 */
const print = (text: string): void => void process.stdout.write(`${text}\n`);

print("Starting a gateway …");
const lab = await startLab((config) => {
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
  for (const measurement of await acknowledgements()) print(report(measurement));
  for (const measurement of await registryCosts()) print(report(measurement));
  for (const measurement of await wallCosts()) print(report(measurement));
  for (const measurement of await guardCosts()) print(report(measurement));
  const sessions = Number(process.env["CLUTCH_PERF_SESSIONS"] ?? 2_000);
  for (const measurement of await manySessions(lab, clutch, sessions)) print(report(measurement));
} finally {
  await lab.stop();
}
for (const measurement of await lockCosts(Number(process.env["CLUTCH_PERF_SESSIONS"] ?? 2_000)))
  print(report(measurement));
process.exit(0);

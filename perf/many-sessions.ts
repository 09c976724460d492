import type { AttachedClutch, Lab } from "../test/gateway/harness.ts";
import { LLAMA, QWEN } from "../test/gateway/harness.ts";
import { attachAndMemory } from "./footprint.ts";
import { type Measurement, median, timed } from "./measure.ts";

const AT_ONCE = 20;
const SWITCHES = 20;

/** Opens sessions in the gateway until there are `count`, of which it has opened `from`; they are rows without a turn. */
export async function fillGateway(clutch: AttachedClutch, count: number, from = 0): Promise<void> {
  for (let start = from; start < count; start += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - start) }, (_, index) =>
        clutch.call("sessions.patch", { key: `agent:main:discord:channel:${100_000 + start + index}`, model: QWEN }),
      ),
    );
  }
}

/** What an attach, a process and a switch cost with many sessions in the gateway, against few. */
export async function manySessions(lab: Lab, clutch: AttachedClutch, count: number): Promise<Measurement[]> {
  const few = await look(lab, clutch);
  await fillGateway(clutch, count);
  const many = await look(lab, clutch);
  const names = ["attach", "resident memory", "switch"] as const;
  return names.map((name, index) => {
    const [before, after] = [few[index] ?? Number.NaN, many[index] ?? Number.NaN];
    return {
      name: `${name}, ${count} sessions`,
      found: `${before.toFixed(0)} with few, ${after.toFixed(0)} with ${count} (ms, MB, ms)`,
      ratio: after / before,
      goal: "flat, so about 1",
    };
  });
}

async function look(lab: Lab, clutch: AttachedClutch): Promise<number[]> {
  const [attach, memory] = await attachAndMemory(lab);
  const times: number[] = [];
  for (let nth = 0; nth < SWITCHES; nth++) {
    const model = nth % 2 === 0 ? QWEN : LLAMA;
    times.push(await timed(() => clutch.run(`/model ${model}`, "session:agent:main:discord:channel:9001")));
  }
  return [(attach?.ratio ?? 0) * 1_500, (memory?.ratio ?? 0) * 150, median(times)];
}

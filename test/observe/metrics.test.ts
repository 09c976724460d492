import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LockStatus } from "../../src/local-only/lock-status.ts";
import { createMetrics, type MetricSources } from "../../src/observe/metrics.ts";
import type { UsageTotal } from "../../src/store/usage-totals.ts";

const lock = {
  enforcement: "partly",
  isOn: true,
  layers: [
    { name: "guard", state: "closed", text: "" },
    { name: "wall", state: "absent", text: "" },
    { name: "helpers", state: "open", text: "" },
  ],
} as unknown as LockStatus;

const total = (more: Partial<UsageTotal>): UsageTotal => ({
  ...{ calls: 0, unsized: 0, unpriced: 0, failed: 0, aborted: 0, fallbacks: 0, usd: 0 },
  ...{ based: 0, baseLow: 0, baseHigh: 0, timed: 0, durationMs: 0 },
  tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
  ...more,
});

const sources = (more: Partial<MetricSources> = {}): MetricSources => ({
  isAttached: () => true,
  isLocked: () => true,
  lock: async () => lock,
  usage: async () => [
    total({ locality: "local", calls: 7, unsized: 1 }),
    total({
      locality: "cloud",
      calls: 3,
      unpriced: 2,
      usd: 0.25,
      tokens: { input: 10, output: 4, cacheRead: 2, cacheWrite: 1 },
    }),
  ],
  backedUpAt: () => 1_795_000_000_000,
  ...more,
});

/** Everything has happened once. */
function busy() {
  const metrics = createMetrics();
  const command = { command: "model", platform: "discord", ms: 120, code: undefined } as const;
  metrics.commandAnswered({ ...command, outcome: "ok" });
  metrics.commandAnswered({ ...command, outcome: "refused", code: "unknown_model" });
  metrics.commandAnswered({ ...command, outcome: "failed", code: "gateway_lost" });
  metrics.acknowledged("discord", 40);
  for (const action of ["model.switch", "model.made_up", "watch.drift", "localonly.on"]) {
    metrics.audited({ action, result: "ok" });
  }
  metrics.leaked(2);
  metrics.reconnected();
  metrics.noticed(true);
  metrics.storeFailed();
  metrics.reloaded(false);
  metrics.follow(sources());
  return metrics;
}

const linesOf = async (metrics: ReturnType<typeof createMetrics>): Promise<string[]> =>
  (await metrics.render()).text.split("\n").filter((line) => line.startsWith("clutch_"));

it("is what the page says: names, types and labels", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/metrics.md"), "utf8");
  const written = [...page.matchAll(/^\| `(clutch_\w+)` \| (\w+) \|(.*?)\| \S/gm)].map(([, name, type, labels]) => ({
    name,
    type,
    labels: [...(labels ?? "").matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
  }));

  const { text } = await busy().render();
  const found = [...text.matchAll(/^# TYPE (clutch_\w+) (\w+)$/gm)].map(([, name = "", type]) => {
    const samples = [...text.matchAll(new RegExp(`^${name}(?:_bucket)?(?:\\{(.*?)\\})? `, "gm"))];
    const labels = samples.flatMap(([, inside = ""]) => [...inside.matchAll(/(\w+)="/g)].map(([, label]) => label));
    expect(samples, `${name} has a figure`).not.toEqual([]);
    return { name, type, labels: [...new Set(labels)].filter((label) => label !== "le").sort() };
  });
  const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
    String(a.name).localeCompare(String(b.name));
  expect(found.sort(byName)).toEqual(written.sort(byName));
});

it("goes by Prometheus' conventions", async () => {
  const { text, mediaType } = await busy().render();
  expect(mediaType).toMatch(/^text\/plain; version=0\.0\.4/);
  for (const [, name = "", type] of text.matchAll(/^# TYPE (clutch_\w+) (\w+)$/gm)) {
    expect(name.endsWith("_total"), name).toBe(type === "counter");
    if (type === "histogram") expect(name).toMatch(/_seconds$/);
  }
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds \d/m);
});

describe("the figures", () => {
  it("count by outcome, and name no error where there is none", async () => {
    const lines = await linesOf(busy());
    expect(lines).toEqual(
      expect.arrayContaining([
        'clutch_commands_total{command="model",platform="discord",outcome="ok"} 1',
        'clutch_refusals_total{code="unknown_model"} 1',
        'clutch_faults_total{code="gateway_lost"} 1',
        'clutch_switches_total{action="switch",outcome="ok"} 1',
        'clutch_strays_total{kind="drift"} 1',
        'clutch_lock_changes_total{action="on",outcome="ok"} 1',
        "clutch_lock_leaks_total 2",
        'clutch_command_duration_seconds_bucket{le="0.1",command="model"} 0',
        'clutch_command_duration_seconds_bucket{le="0.25",command="model"} 3',
      ]),
    );
  });

  it("have labels of this program's own making alone", async () => {
    expect(await linesOf(busy())).toContain('clutch_switches_total{action="other",outcome="ok"} 1');
  });

  it("of the ledger are read anew at each scrape, also by two at once", async () => {
    const metrics = busy();
    const [one, other] = await Promise.all([linesOf(metrics), linesOf(metrics)]);
    for (const lines of [one, other]) {
      expect(lines).toContain('clutch_model_calls_total{locality="local"} 7');
      expect(lines).toContain('clutch_model_tokens_total{locality="cloud",kind="cache_read"} 2');
      expect(lines).toContain('clutch_model_cost_usd_total{locality="cloud"} 0.25');
      expect(lines).toContain('clutch_model_calls_unpriced_total{locality="cloud"} 2');
    }
    metrics.follow(sources({ usage: async () => [total({ locality: "local", calls: 8 })] }));
    const later = await linesOf(metrics);
    expect(later).toContain('clutch_model_calls_total{locality="local"} 8');
    expect(later.join("\n")).not.toContain('clutch_model_calls_total{locality="cloud"}');
  });

  it("of the lock show a layer that is absent nowhere", async () => {
    const lines = await linesOf(busy());
    expect(lines.filter((line) => line.startsWith("clutch_lock_layer"))).toEqual([
      'clutch_lock_layer_closed{layer="guard"} 1',
      'clutch_lock_layer_closed{layer="helpers"} 0',
    ]);
    expect(lines).toContain('clutch_lock_enforcement{state="partly"} 1');
    expect(lines).toContain('clutch_lock_enforcement{state="off"} 0');
  });

  it("that are not known are left out, not 0", async () => {
    const metrics = createMetrics();
    const unknown = /^clutch_(lock_(on|enforcement|layer)|gateway_attached|store_backup|model_)/;
    expect((await linesOf(metrics)).filter((line) => unknown.test(line))).toEqual([]);
    metrics.follow(sources({ lock: async () => undefined, usage: async () => undefined, backedUpAt: () => undefined }));
    expect((await linesOf(metrics)).filter((line) => unknown.test(line))).toEqual([
      "clutch_gateway_attached 1",
      "clutch_lock_on 1",
    ]);
  });

  it("are nobody else's: each has a registry of its own", async () => {
    const [one, other] = [busy(), createMetrics()];
    expect(await linesOf(one)).toContain("clutch_lock_leaks_total 2");
    expect(await linesOf(other)).toContain("clutch_lock_leaks_total 0");
  });
});

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { LockStatus } from "../local-only/lock-status.ts";
import type { UsageTotal } from "../store/usage-totals.ts";

/** How often the event loop is looked at for its lag, ms: a finer look would wake an idle process all the time. */
const LOOP_LOOK_MS = 200;
/** For what has to answer within seconds. */
const SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60];
const ENFORCEMENTS = ["off", "enforced", "partly", "broken", "changing"] as const;
/** Actions of the audit log that choose a model; another one counts as `other`. */
const SWITCHES = ["switch", "undo", "return", "extend", "keep", "default.agent", "default.global"];

/** What is asked anew for each scrape; undefined where it is not known now, and then no figure is shown. */
export interface MetricSources {
  isAttached(): boolean;
  /** From memory. */
  isLocked(): boolean;
  lock(): Promise<LockStatus | undefined>;
  /** All calls ever counted, by locality. */
  usage(): Promise<readonly UsageTotal[] | undefined>;
  /** Of the newest backup of the store, epoch ms. */
  backedUpAt(): number | undefined;
}

/**
 * What Prometheus is told. Labels have few values that this program names itself:
 * never a session, a person, a channel or a model. Every metric is in
 * docs/metrics.md.
 */
export interface Metrics {
  commandAnswered(answered: {
    readonly command: string;
    readonly platform: string;
    readonly outcome: "ok" | "question" | "refused" | "failed";
    readonly code: string | undefined;
    readonly ms: number;
  }): void;
  acknowledged(platform: string, ms: number): void;
  /** An entry of the audit log. */
  audited(entry: { readonly action: string; readonly result: "ok" | "refused" | "failed" }): void;
  /** Canaries of a verification that got out. */
  leaked(count: number): void;
  reconnected(): void;
  noticed(posted: boolean): void;
  storeFailed(): void;
  reloaded(applied: boolean): void;
  /** From now on these are asked; those before are not any more. */
  follow(sources: MetricSources): void;
  /** In Prometheus' text format, of this media type. */
  render(): Promise<{ readonly text: string; readonly mediaType: string }>;
}

/** A figure that is read at each scrape; one that is not there is not shown. */
type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>];

/** Each has a registry of its own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  let sources: MetricSources | undefined;

  const config = (name: string, help: string, labelNames: readonly string[]) => ({
    name: `clutch_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  const counter = (name: string, help: string, ...labels: string[]) => new Counter(config(name, help, labels));
  const histogram = (name: string, help: string, ...labels: string[]) =>
    new Histogram({ ...config(name, help, labels), buckets: SECONDS });
  const gauge = (name: string, help: string, labels: readonly string[], read: () => Awaitable<readonly Sample[]>) =>
    new Gauge({
      ...config(name, help, labels),
      async collect() {
        const samples = await read();
        this.reset();
        // Without labels that leaves a 0.
        if (labels.length === 0) this.remove();
        for (const [value, values = {}] of samples) this.set(values, value);
      },
    });
  const total = (name: string, help: string, labels: readonly string[], read: () => Awaitable<readonly Sample[]>) =>
    new Counter({
      ...config(name, help, labels),
      async collect() {
        const samples = await read();
        this.reset();
        for (const [value, values = {}] of samples) this.inc(values, value);
      },
    });

  const commands = counter("commands_total", "Commands answered.", "command", "platform", "outcome");
  const refusals = counter("refusals_total", "Commands that were not done, and are the person's to correct.", "code");
  const faults = counter("faults_total", "Commands that failed because something is broken.", "code");
  const durations = histogram("command_duration_seconds", "From a command's arrival to its answer.", "command");
  const acks = histogram("ack_latency_seconds", "Until a platform's request was acknowledged.", "platform");
  const switches = counter("switches_total", "Changes of the model that answers.", "action", "outcome");
  const strays = counter("strays_total", "Turns that another model answered than was selected.", "kind");
  const lockChanges = counter("lock_changes_total", "Changes of local-only mode.", "action", "outcome");
  const leaks = counter("lock_leaks_total", "Canaries that got out while local-only mode was verified.");
  const reconnects = counter("gateway_reconnects_total", "Connections to the gateway after the first one.");
  const notices = counter("notices_total", "Notices that nobody asked for.", "outcome");
  const storeErrors = counter("store_errors_total", "Statements that the store did not carry out.");
  const reloads = counter("config_reloads_total", "Changed configurations that were read.", "outcome");

  const flag = (is: boolean | undefined): readonly Sample[] => (is === undefined ? [] : [[is ? 1 : 0]]);
  const lock = shared(async () => sources?.lock());
  const usage = shared(async () => (await sources?.usage()) ?? []);
  const byLocality = (figure: (total: UsageTotal) => number) => async (): Promise<readonly Sample[]> =>
    (await usage()).map((sum) => [figure(sum), { locality: sum.locality ?? "unknown" }]);

  gauge("gateway_attached", "1 while Clutch is connected to the gateway.", [], () => flag(sources?.isAttached()));
  gauge("lock_on", "1 while local-only mode is on.", [], () => flag(sources?.isLocked()));
  gauge("lock_enforcement", "1 for how far local-only mode is in force.", ["state"], async () => {
    const status = await lock();
    return status === undefined ? [] : ENFORCEMENTS.map((state) => [status.enforcement === state ? 1 : 0, { state }]);
  });
  gauge("lock_layer_closed", "1 where a layer of local-only mode holds.", ["layer"], async () => {
    const layers = (await lock())?.layers.filter(({ state }) => state !== "absent") ?? [];
    return layers.map(({ name, state }) => [state === "closed" ? 1 : 0, { layer: name }]);
  });
  gauge("store_backup_timestamp_seconds", "When the store was last backed up.", [], () => {
    const at = sources?.backedUpAt();
    return at === undefined ? [] : [[at / 1000]];
  });
  total(
    "model_calls_total",
    "Model calls that were counted.",
    ["locality"],
    byLocality(({ calls }) => calls),
  );
  total("model_tokens_total", "Tokens of calls whose size is known.", ["locality", "kind"], async () =>
    (await usage()).flatMap(({ locality = "unknown", tokens }): Sample[] => [
      [tokens.input, { locality, kind: "input" }],
      [tokens.output, { locality, kind: "output" }],
      [tokens.cacheRead, { locality, kind: "cache_read" }],
      [tokens.cacheWrite, { locality, kind: "cache_write" }],
    ]),
  );
  total(
    "model_cost_usd_total",
    "What calls cost whose price is known.",
    ["locality"],
    byLocality(({ usd }) => usd),
  );
  total(
    "model_calls_unpriced_total",
    "Calls whose size or price is not known.",
    ["locality"],
    byLocality(({ unpriced, unsized }) => unpriced + unsized),
  );
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_LOOK_MS });

  return {
    commandAnswered({ command, platform, outcome, code = "none", ms }) {
      commands.inc({ command, platform, outcome });
      durations.observe({ command }, ms / 1000);
      if (outcome === "refused") refusals.inc({ code });
      if (outcome === "failed") faults.inc({ code });
    },
    acknowledged: (platform, ms) => acks.observe({ platform }, ms / 1000),
    audited({ action, result: outcome }) {
      const [area = "", ...rest] = action.split(".");
      const what = rest.join(".");
      // A refusal is the dispatcher's entry: it bears the command's name alone.
      if (what === "") return;
      if (area === "model") switches.inc({ action: SWITCHES.includes(what) ? what : "other", outcome });
      if (area === "watch" && what !== "recovered") strays.inc({ kind: what });
      if (area === "localonly") lockChanges.inc({ action: what, outcome });
    },
    leaked: (count) => leaks.inc(count),
    reconnected: () => reconnects.inc(),
    noticed: (posted) => notices.inc({ outcome: posted ? "posted" : "failed" }),
    storeFailed: () => storeErrors.inc(),
    reloaded: (applied) => reloads.inc({ outcome: applied ? "applied" : "refused" }),
    follow(next) {
      sources = next;
    },
    async render() {
      return { text: await registry.metrics(), mediaType: registry.contentType };
    },
  };
}

type Awaitable<T> = T | Promise<T>;

/** Metrics of one scrape begin to read in the same moment, and share what is read. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };
}

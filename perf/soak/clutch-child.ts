import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { homedir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import type { ChatAdapter, Dispatch } from "../../adapters/adapter.ts";
import { createApp } from "../../src/app.ts";
import { deliverNotices } from "../../src/cli/deliver.ts";
import { openTerminal } from "../../src/cli/open-terminal.ts";
import { startPlatforms } from "../../src/cli/start-platforms.ts";
import { createLogger } from "../../src/logger.ts";
import { type FromClutch, type Sample, settings, toClutch } from "./messages.ts";
import { watchStalls } from "./stalls.ts";

/** Clutch as `clutch start` puts it together, in a process of its own, that tells what it has in hand when it is asked. */
const { config, gateway, stateDirectory } = settings.parse(JSON.parse(process.argv[2] ?? "{}"));
const tell = (message: FromClutch): void => void process.send?.(message);

const logged = new Map<string, number>();
let warnings = 0;
process.on("warning", () => {
  warnings += 1;
});
const logger = createLogger({
  level: "info",
  destination: {
    write(line) {
      const { level, msg } = JSON.parse(line) as { level: number; msg?: string };
      if (level >= 40) logged.set(msg ?? "", (logged.get(msg ?? "") ?? 0) + 1);
    },
  },
  secrets: () => config.secrets,
});
const app = await createApp({
  config,
  gateway,
  stateDirectory,
  gatewayTimeoutMs: 60_000,
  access: config.access,
  logger,
});
/** The dispatcher as it is, and a word about each outcome to whoever counts. */
const dispatcher = {
  ...app.dispatcher,
  async run(invocation) {
    const outcome = await app.dispatcher.run(invocation);
    const { platform, id } = invocation.person;
    tell({ kind: "outcome", platform, person: id, title: outcome.card.title, code: outcome.error?.code });
    return outcome;
  },
} satisfies Dispatch;
const adapters: ChatAdapter[] = [];
await startPlatforms(config, {
  ...{ dispatch: dispatcher, actions: app.actions, adapters, logger },
  say: () => undefined,
  clock: Date.now,
});
adapters.push(
  await openTerminal({
    current: () => app,
    dispatch: dispatcher,
    runtime: {
      env: process.env,
      cwd: process.cwd(),
      home: homedir(),
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      fetch: globalThis.fetch,
      clock: Date.now,
      signal: new AbortController().signal,
    },
    sessionKey: "agent:main:main",
    input: process.stdin,
  }),
);
app.watch(deliverNotices(adapters, "agent:main:main", logger));

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** What the system says this process has open, by kind. */
function openFiles(): Record<string, number> {
  const kinds = readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      return [readlinkSync(`/proc/self/fd/${name}`).replace(/:.*|.*\/(?=[^/]*$)/, "")];
    } catch {
      return [];
    }
  });
  return counted(kinds);
}

/** Resident bytes by what is mapped there: the C heap, files such as the program itself, and the rest, by the size of its pieces. */
function mappedMemory(): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const region of readFileSync("/proc/self/smaps", "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, from = "0", to = "0", name = ""] = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ *(.*)/.exec(region) ?? [];
    const size = Number.parseInt(to, 16) - Number.parseInt(from, 16);
    const kind = name.startsWith("/") ? "files" : name === "" ? `anonymous ${sizeClass(size)}` : name;
    sums[kind] = (sums[kind] ?? 0) + 1_024 * Number(/^Rss:\s+(\d+)/m.exec(region)?.[1] ?? 0);
  }
  return sums;
}

/** V8's pages are of 256 KB, an arena of the C library is up to 64 MB. */
function sizeClass(bytes: number): string {
  return bytes <= 262_144 ? "to 256 KB" : bytes <= 8_388_608 ? "to 8 MB" : bytes <= 67_108_864 ? "to 64 MB" : "larger";
}

async function sample(): Promise<Sample> {
  for (let round = 0; round < 3; round += 1) {
    // A usual collection leaves V8 with room for the garbage of a busy process, up to 200 MB, which says nothing of what is held.
    await globalThis.gc?.({ type: "major", flavor: "last-resort", execution: "async" });
    await sleep(200);
  }
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  return {
    ...{ rss, heapUsed, heapTotal, external, arrayBuffers, malloced: getHeapStatistics().malloced_memory },
    mapped: mappedMemory(),
    resources: counted(process.getActiveResourcesInfo()),
    files: openFiles(),
    listeners: Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)])),
    warnings,
    logged: Object.fromEntries(logged),
  };
}

process.on("message", (message) => {
  const { data } = toClutch.safeParse(message);
  if (data?.kind === "sample") void sample().then((taken) => tell({ kind: "sample", sample: taken }));
  if (data?.kind === "stop") {
    void (async () => {
      for (const adapter of adapters) await adapter.stop();
      await app.close();
      process.exit(0);
    })();
  }
});
// Whoever started it is gone.
process.on("disconnect", () => process.exit(1));
watchStalls((found) => tell({ kind: "stall", stall: found }));
tell({ kind: "ready" });

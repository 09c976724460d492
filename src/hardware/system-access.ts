import { execFile } from "node:child_process";
import { access, readdir, readFile, statfs } from "node:fs/promises";
import { cpus, freemem, totalmem } from "node:os";

/** What is asked of the system. Nothing here rejects: what cannot be had is undefined. */
export interface SystemAccess {
  /** A file's text, without white space at its ends. */
  read(path: string): Promise<string | undefined>;
  /** Names in a folder; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** Free for this user on the file system of an existing path, bytes. */
  freeBytes(path: string): Promise<number | undefined>;
  /** What a command printed; undefined where it is not there, fails or takes too long. */
  run(command: string, args: readonly string[]): Promise<string | undefined>;
  /** What Node itself knows. */
  node(): NodeReport;
  /** What `systeminformation` finds out, on systems without files to read. */
  inspect(): Promise<SystemReport | undefined>;
}

export interface NodeReport {
  readonly processor: string;
  readonly cores: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

export interface SystemReport {
  readonly product: string | undefined;
  readonly virtual: boolean;
  readonly availableBytes: number;
  readonly gpus: readonly { readonly vendor: string; readonly model: string; readonly vramBytes: number | undefined }[];
}

/** `nvidia-smi` may take seconds to wake a card. */
const COMMAND_MS = 5_000;
const INSPECT_MS = 10_000;
const MIB = 1024 ** 2;

/** The system that Clutch runs on. The signal ends commands that still run. */
export function systemAccess(signal: AbortSignal): SystemAccess {
  const within = <T>(promise: Promise<T>): Promise<T | undefined> =>
    Promise.race([
      promise,
      new Promise<undefined>((resolve) => {
        const end = AbortSignal.any([signal, AbortSignal.timeout(INSPECT_MS)]);
        if (end.aborted) resolve(undefined);
        end.addEventListener("abort", () => resolve(undefined), { once: true });
      }),
    ]).catch(() => undefined);

  let report: Promise<SystemReport | undefined> | undefined;

  return {
    read: (path) =>
      readFile(path, "utf8").then(
        (text) => text.trim(),
        () => undefined,
      ),
    list: (path) => readdir(path).catch(() => []),
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    freeBytes: (path) =>
      statfs(path).then(
        ({ bavail, bsize }) => bavail * bsize,
        () => undefined,
      ),
    run: (command, args) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(undefined);
        const child = execFile(command, args, { timeout: COMMAND_MS, encoding: "utf8" }, (error, stdout) => {
          signal.removeEventListener("abort", stop);
          resolve(error === null ? stdout.trim() : undefined);
        });
        // Not by execFile's own option: where there is no such command, Node never takes its listener off again.
        const stop = (): void => void child.kill();
        signal.addEventListener("abort", stop, { once: true });
      }),
    node() {
      const cores = cpus();
      return {
        processor: cores[0]?.model.trim() ?? "",
        cores: cores.length,
        totalBytes: totalmem(),
        freeBytes: freemem(),
      };
    },
    inspect() {
      report ??= within(inspect());
      return report;
    },
  };
}

async function inspect(): Promise<SystemReport> {
  const { graphics, mem, system } = await import("systeminformation");
  const [box, memory, cards] = await Promise.all([system(), mem(), graphics()]);
  return {
    product: [box.manufacturer, box.model].filter((word) => word !== "").join(" ") || undefined,
    virtual: box.virtual,
    availableBytes: memory.available,
    gpus: cards.controllers.map(({ vendor, model, vram }) => ({
      vendor,
      model,
      vramBytes: vram === null || vram <= 0 ? undefined : vram * MIB,
    })),
  };
}

import type { Figure } from "./figure.ts";

/** The computer that runs local models, as far as it decides what fits and how fast it would be. */
export interface Machine {
  readonly processor: Processor;
  readonly memory: Memory;
  readonly gpus: readonly Gpu[];
  /** Where models are kept. */
  readonly disk: Disk | undefined;
  /** Product name of the board or box, such as `GMKtec EVO-X2`; undefined where the firmware names none. */
  readonly product: string | undefined;
  readonly platform: string;
  /** True where a virtual machine or container hides the real hardware. */
  readonly virtual: boolean;
}

export interface Processor {
  readonly name: string;
  readonly cores: number;
}

export interface Memory {
  readonly totalBytes: number;
  /** What programs could get now without swapping (Linux: `MemAvailable`), within a container's limit. */
  readonly availableBytes: number;
  /** Set where a container may use less than the machine has. */
  readonly limitBytes: number | undefined;
  /** Of main memory, bytes per second: measured here, or published for the product. */
  readonly bandwidth: Figure<number> | undefined;
}

export interface Gpu {
  readonly name: string;
  readonly vendor: "amd" | "nvidia" | "apple" | "intel" | "other";
  /** Memory of its own; on a unified machine what the firmware set aside for it. */
  readonly vramBytes: number | undefined;
  /** Main memory that it may use as well (AMD: GTT; Apple: nearly all). */
  readonly sharedBytes: number | undefined;
  /** Uses the machine's main memory, so that both are the same bytes. */
  readonly unified: boolean;
  /** Bytes per second, of its own memory. */
  readonly bandwidth: Figure<number> | undefined;
}

export interface Disk {
  readonly path: string;
  readonly freeBytes: number;
}

import type { KnownMachineId } from "../hardware/known-machines.ts";
import type { Figure } from "../models/figure.ts";
import type { PublishedBuild } from "./published-models.ts";

/** What somebody measured on a machine of known memory. */
export interface PublishedSpeed {
  readonly build: PublishedBuild;
  readonly machine: KnownMachineId;
  readonly metric: "decode" | "prefill";
  /** Tokens in the cache at that moment. */
  readonly depth: number;
  /** Tokens a second. */
  readonly speed: Figure<number>;
}

interface Publication {
  readonly source: string;
  /** Of the measurement where it is given, else the day it was read. */
  readonly date: string;
  readonly machine: KnownMachineId;
}

const KYUZ0: Publication = {
  source: "kyuz0/amd-strix-halo-toolboxes, best backend",
  date: "2026-05-16",
  machine: "Strix Halo",
};
const KYUZ0_2025: Publication = {
  source: "kyuz0/amd-strix-halo-toolboxes, Vulkan RADV, Llama 3.3 70B of the same build",
  date: "2025-08-15",
  machine: "Strix Halo",
};
const VISORCRAFT: Publication = {
  source: "visorcraft/strix-halo-llm-perf, llama-bench on EVO-X2 or GTR9 Pro",
  date: "2026-03-03",
  machine: "Strix Halo",
};
const MATRIX: Publication = {
  source: "fromthematrix.dev, one prompt of 7,624 tokens",
  date: "2026-11-22",
  machine: "Strix Halo",
};
const STRIX_122B: Publication = {
  source: "strix-benchmarks.vercel.app, Vulkan stock",
  date: "2026-11-22",
  machine: "Strix Halo",
};
const PASTEBIN: Publication = {
  source: "pastebin zgJeqRbv, llama-bench with Vulkan",
  date: "2026-11-22",
  machine: "Strix Halo",
};
const KNIGHT: Publication = {
  source: "damenknight.com, Strix Halo against an A30",
  date: "2026-11-22",
  machine: "Strix Halo",
};
const EVO_X2: Publication = { source: "reported of the EVO-X2", date: "2026-11-22", machine: "Strix Halo" };
const NUCBOX: Publication = { source: "reported of the NucBox K8 Plus", date: "2026-11-22", machine: "Ryzen 7 8845HS" };
const EVO_X1: Publication = { source: "reported of the EVO-X1", date: "2026-11-22", machine: "Ryzen AI 9 HX 370" };
const FIXER: Publication = {
  source: "ideasfixer.blogspot.com, Ollama with Vulkan",
  date: "2026-04-15",
  machine: "Ryzen 7 5800U",
};

const row = (
  { source, date, machine }: Publication,
  build: PublishedBuild,
  metric: "decode" | "prefill",
  value: number,
  depth = 0,
): PublishedSpeed => ({ build, machine, metric, depth, speed: { value, origin: "published", source, date } });

/**
 * Every published speed that was found, on machines whose memory is known.
 * Without: rows that measure something else as well (speculative decoding, a
 * server under load), and builds whose architecture is not known. Where a whole
 * prompt was read, the depth is its middle, and for what followed its end.
 */
export const PUBLISHED_SPEEDS: readonly PublishedSpeed[] = [
  row(KYUZ0, "Gemma 4 31B Q4_K_XL", "decode", 11.45),
  row(KYUZ0, "Gemma 4 31B Q4_K_XL", "decode", 9.09, 32_768),
  row(KYUZ0, "Gemma 4 31B Q4_K_XL", "prefill", 322),
  row(KYUZ0, "Gemma 4 31B Q4_K_XL", "prefill", 155, 32_768),
  row(KYUZ0, "Gemma 4 31B Q4_K_XL", "prefill", 106, 65_536),
  row(KYUZ0, "Gemma 4 31B Q8", "decode", 6.3),
  row(KYUZ0, "Qwen3.6 27B Q8", "decode", 6.51),
  row(KYUZ0, "Qwen3.6 35B-A3B Q4_K_XL", "decode", 60.4),
  row(KYUZ0, "Qwen3.6 35B-A3B Q4_K_XL", "decode", 49, 32_768),
  row(KYUZ0, "Qwen3.6 35B-A3B Q4_K_XL", "prefill", 1_120),
  row(KYUZ0, "gpt-oss-20b MXFP4", "decode", 79.8),
  row(KYUZ0, "gpt-oss-120b MXFP4", "decode", 56.6),
  row(KYUZ0, "gpt-oss-120b MXFP4", "decode", 43, 32_768),
  row(KYUZ0, "gpt-oss-120b MXFP4", "prefill", 720),
  row(KYUZ0_2025, "Llama 3.1 70B Q4_K_M", "decode", 5.03),
  row(KYUZ0_2025, "Llama 3.1 70B Q4_K_M", "prefill", 80.58),
  row(VISORCRAFT, "Llama 2 7B Q4_K_M", "decode", 47.3),
  row(VISORCRAFT, "Llama 2 7B Q4_K_M", "prefill", 1_074),
  row(VISORCRAFT, "Llama 3.1 70B Q4_K_M", "decode", 5.1),
  row(VISORCRAFT, "Llama 3.1 70B Q4_K_M", "prefill", 81.6),
  row(VISORCRAFT, "Qwen2.5 14B Q4_K_M", "decode", 24.5),
  row(VISORCRAFT, "Qwen2.5 14B Q4_K_M", "prefill", 600),
  row(VISORCRAFT, "Qwen2.5 32B Q4_K_M", "decode", 11.3),
  row(VISORCRAFT, "Qwen2.5 32B Q4_K_M", "prefill", 242),
  row(VISORCRAFT, "Qwen2.5-Coder 7B Q6_K", "decode", 36.7),
  row(VISORCRAFT, "Qwen2.5-Coder 7B Q6_K", "prefill", 1_089),
  row(VISORCRAFT, "Qwen3 30B-A3B Q4_K_M", "decode", 86.1),
  row(VISORCRAFT, "Qwen3 30B-A3B Q4_K_M", "prefill", 1_142),
  row(VISORCRAFT, "Qwen3 235B-A22B Q3_K_M", "decode", 17.2),
  row(VISORCRAFT, "Qwen3 235B-A22B Q3_K_M", "prefill", 101),
  row(VISORCRAFT, "Qwen3-Coder-Next 80B-A3B Q4_K_M", "decode", 42.7),
  row(VISORCRAFT, "Qwen3-Coder-Next 80B-A3B Q4_K_M", "prefill", 531),
  row(MATRIX, "Devstral Small 24B Q4_K_M", "decode", 14, 7_624),
  row(MATRIX, "Devstral Small 24B Q4_K_M", "prefill", 281, 3_812),
  row(MATRIX, "Qwen3 30B-A3B Q4_K_M", "decode", 66, 7_624),
  row(MATRIX, "Qwen3 30B-A3B Q4_K_M", "prefill", 779, 3_812),
  row(MATRIX, "gpt-oss-20b MXFP4", "decode", 70, 7_624),
  row(MATRIX, "gpt-oss-20b MXFP4", "prefill", 1_040, 3_812),
  row(MATRIX, "gpt-oss-120b MXFP4", "decode", 52, 7_624),
  row(MATRIX, "gpt-oss-120b MXFP4", "prefill", 404, 3_812),
  row(KNIGHT, "Qwen3 30B-A3B Q4_K_M", "decode", 28.1, 65_536),
  row(PASTEBIN, "Qwen3.6 27B Q4_K_M", "decode", 12.55),
  row(PASTEBIN, "Qwen3.6 27B Q4_K_M", "decode", 11.75, 16_384),
  row(PASTEBIN, "Qwen3.6 27B Q4_K_M", "prefill", 339.2),
  row(PASTEBIN, "Qwen3.6 27B Q4_K_M", "prefill", 239.2, 16_384),
  row(PASTEBIN, "Qwen3.6 27B Q4_K_M", "prefill", 131.5, 32_768),
  row(STRIX_122B, "Qwen3.5 122B-A10B Q4", "decode", 24.7),
  row(STRIX_122B, "Qwen3.5 122B-A10B Q4", "prefill", 303),
  row(EVO_X2, "Gemma 4 31B Q4_K_XL", "decode", 10.85),
  row(EVO_X2, "Qwen3.5 122B-A10B Q4", "decode", 22),
  row(NUCBOX, "28B Q4", "decode", 4),
  row(NUCBOX, "Qwen3 30B-A3B Q4_K_M", "decode", 20),
  row(EVO_X1, "9B Q4", "decode", 14),
  row(EVO_X1, "9B Q4", "prefill", 43),
  row(FIXER, "Qwen3 30B-A3B Q4_K_M", "decode", 12.1),
  row(FIXER, "DeepSeek-R1 14B Q4_K_M", "decode", 3.1),
];

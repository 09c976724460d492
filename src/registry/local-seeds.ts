import { ARCHITECTURES, gib, type PublishedBuild } from "./published-models.ts";
import { PUBLISHED_SPEEDS } from "./published-speeds.ts";
import { believed, published, type SeedProfile, type SeedSpeed, seed } from "./seed-profile.ts";

const VISORCRAFT = "llama-bench in visorcraft/strix-halo-llm-perf";
const CONFIG = "the model's configuration file";

/** The published rows of a build; what the code variant of a model shares with it counts for it as well. */
const speedsOf = (build: PublishedBuild): SeedSpeed[] =>
  PUBLISHED_SPEEDS.filter((row) => row.build === build).map(({ machine, depth, metric, speed }) => ({
    machine,
    depthTokens: depth,
    [metric]: speed,
  }));

/** Local models as Ollama names their usual build, four bits a weight. */
export const LOCAL_SEEDS: readonly SeedProfile[] = [
  seed({
    id: "gpt-oss:20b",
    aliases: ["gpt-oss", "openai/gpt-oss-20b", "gpt-oss-20b"],
    name: "gpt-oss 20B",
    where: "local",
    architecture: ARCHITECTURES.gptOss20b,
    diskBytes: believed(13.8e9),
    contextLength: published(131_072, CONFIG),
    capabilities: published(["completion", "tools", "thinking"], "ollama.com"),
    speeds: speedsOf("gpt-oss-20b MXFP4"),
    recommendedForGb: 16,
  }),
  seed({
    id: "qwen3-coder:30b",
    aliases: ["qwen3-coder", "qwen3-coder:30b-a3b-q4_K_M", "qwen/qwen3-coder-30b"],
    name: "Qwen3-Coder 30B-A3B",
    where: "local",
    architecture: ARCHITECTURES.qwen3_30b,
    diskBytes: published(gib(17.28), `${VISORCRAFT}, of Qwen3 30B-A3B Q4_K_M`, "2026-03-03"),
    contextLength: believed(262_144),
    capabilities: believed(["completion", "tools"]),
    speeds: speedsOf("Qwen3 30B-A3B Q4_K_M"),
    recommendedForGb: 32,
  }),
  seed({
    id: "qwen3.6:35b",
    aliases: ["qwen3.6:35b-a3b", "qwen3.6:35b-a3b-q4_K_M", "qwen/qwen3.6-35b-a3b"],
    name: "Qwen3.6 35B-A3B",
    where: "local",
    architecture: ARCHITECTURES.qwen36_35b,
    diskBytes: published(gib(20.81), "llama-bench, of Q4_K_XL"),
    contextLength: published(262_144, "huggingface.co/blog/EXDai, architecture overview", "2026-06-29"),
    capabilities: believed(["completion", "tools", "vision", "thinking"]),
    ratings: [
      {
        task: "code",
        score: published(62.2, "aider polyglot with thinking, by damenknight.com on a Strix Halo"),
      },
    ],
    speeds: speedsOf("Qwen3.6 35B-A3B Q4_K_XL"),
    recommendedForGb: 64,
  }),
  seed({
    id: "gpt-oss:120b",
    aliases: ["openai/gpt-oss-120b", "gpt-oss-120b"],
    name: "gpt-oss 120B",
    where: "local",
    architecture: ARCHITECTURES.gptOss120b,
    diskBytes: believed(65.4e9),
    contextLength: published(131_072, CONFIG),
    capabilities: published(["completion", "tools", "thinking"], "ollama.com"),
    speeds: speedsOf("gpt-oss-120b MXFP4"),
    recommendedForGb: 96,
  }),
  seed({
    id: "qwen3.5:122b",
    aliases: ["qwen3.5:122b-a10b", "qwen3.5:122b-a10b-q4_K_M", "qwen/qwen3.5-122b-a10b"],
    name: "Qwen3.5 122B-A10B",
    where: "local",
    architecture: ARCHITECTURES.qwen35_122b,
    diskBytes: believed(Math.round((122.11e9 * 4.85) / 8)),
    contextLength: published(262_144, "hugingapi.com/btbtyler09, model card"),
    capabilities: believed(["completion", "tools", "vision", "thinking"]),
    speeds: speedsOf("Qwen3.5 122B-A10B Q4"),
    recommendedForGb: 128,
  }),
  seed({
    id: "gemma4:31b",
    aliases: ["gemma4:31b-it-q4_K_M", "google/gemma-4-31b", "google/gemma-4-31b-it"],
    name: "Gemma 4 31B",
    where: "local",
    architecture: ARCHITECTURES.gemma4_31b,
    diskBytes: published(18_822_970_304, "size of gemma-4-31B-it-UD-Q4_K_XL.gguf"),
    contextLength: published(262_144, CONFIG),
    capabilities: believed(["completion", "tools", "vision", "thinking"]),
    speeds: speedsOf("Gemma 4 31B Q4_K_XL"),
  }),
  seed({
    id: "qwen2.5-coder:32b",
    aliases: ["qwen2.5-coder:32b-instruct", "qwen2.5-coder:32b-instruct-q4_K_M", "qwen/qwen2.5-coder-32b-instruct"],
    name: "Qwen2.5-Coder 32B",
    where: "local",
    architecture: ARCHITECTURES.qwen25_32b,
    diskBytes: published(gib(18.48), `${VISORCRAFT}, of Qwen2.5 32B Q4_K_M`, "2026-03-03"),
    // 128k needs YaRN, which Ollama's build does not switch on.
    contextLength: published(32_768, CONFIG),
    capabilities: believed(["completion", "tools"]),
    ratings: [{ task: "code", score: published(16.4, "aider polyglot, whole-file edits") }],
    knownProblems: {
      brokenToolTemplate: published(true, "ollama issue 12174, reproduced on Ollama 0.20.7"),
    },
    speeds: speedsOf("Qwen2.5 32B Q4_K_M"),
  }),
  seed({
    id: "llama3.1:70b",
    aliases: ["llama3.1:70b-instruct-q4_K_M", "meta/llama-3.1-70b-instruct", "meta-llama/llama-3.1-70b-instruct"],
    name: "Llama 3.1 70B",
    where: "local",
    architecture: ARCHITECTURES.llama31_70b,
    diskBytes: published(gib(39.59), `${VISORCRAFT}, Q4_K_M`, "2026-03-03"),
    contextLength: published(131_072, CONFIG),
    capabilities: believed(["completion", "tools"]),
    ratings: [
      { task: "reasoning", score: published(94.7, "GSM8K, by a secondary page") },
      { task: "instructions", score: published(86, "IFEval, by a secondary page") },
      { task: "tools", score: published(84.8, "BFCL, by a secondary page") },
    ],
    speeds: speedsOf("Llama 3.1 70B Q4_K_M"),
  }),
];

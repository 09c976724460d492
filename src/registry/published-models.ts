import type { CacheArchitecture } from "../models/fit.ts";

/** A build of a model that somebody timed. */
export interface PublishedModel {
  /** Name without the quantisation. */
  readonly name: string;
  readonly weightsBytes: number;
  readonly architecture: CacheArchitecture;
}

/** Sizes are printed in GiB with two places. */
export const gib = (size: number): number => Math.round(size * 1024 ** 3);

/** Bits a weight where no file size was published: llama.cpp's Q4_K_M comes to about 4.85, its Q8_0 to 8.5. */
const sized = (parameters: number, bits: number): number => Math.round((parameters * bits) / 8);

/**
 * Architectures from the models' own configuration files; file sizes as
 * `llama-bench` or the publisher prints them, else from bits a weight.
 */
export const ARCHITECTURES = {
  deepseekR1Qwen14b: { layers: 48, kvHeads: 8, headDim: 128, parameters: 14.77e9, activeParameters: 14.77e9 },
  devstralSmall24b: { layers: 40, kvHeads: 8, headDim: 128, parameters: 23.57e9, activeParameters: 23.57e9 },
  gemma4_31b: {
    layers: 60,
    growingLayers: 10,
    kvHeads: 4,
    headDim: 512,
    sliding: { layers: 50, kvHeads: 16, headDim: 256, windowTokens: 1024 },
    parameters: 30.7e9,
    activeParameters: 30.7e9,
  },
  gptOss20b: {
    layers: 24,
    growingLayers: 12,
    kvHeads: 8,
    headDim: 64,
    sliding: { layers: 12, kvHeads: 8, headDim: 64, windowTokens: 128 },
    parameters: 20.91e9,
    activeParameters: 3.6e9,
  },
  gptOss120b: {
    layers: 36,
    growingLayers: 18,
    kvHeads: 8,
    headDim: 64,
    sliding: { layers: 18, kvHeads: 8, headDim: 64, windowTokens: 128 },
    parameters: 116.83e9,
    activeParameters: 5.1e9,
  },
  llama2_7b: { layers: 32, kvHeads: 32, headDim: 128, parameters: 6.74e9, activeParameters: 6.74e9 },
  llama31_70b: { layers: 80, kvHeads: 8, headDim: 128, parameters: 70.55e9, activeParameters: 70.55e9 },
  qwen25_14b: { layers: 48, kvHeads: 8, headDim: 128, parameters: 14.77e9, activeParameters: 14.77e9 },
  qwen25_32b: { layers: 64, kvHeads: 8, headDim: 128, parameters: 32.76e9, activeParameters: 32.76e9 },
  qwen25Coder7b: { layers: 28, kvHeads: 4, headDim: 128, parameters: 7.62e9, activeParameters: 7.62e9 },
  qwen3_30b: { layers: 48, kvHeads: 4, headDim: 128, parameters: 30.53e9, activeParameters: 3.3e9 },
  qwen3_235b: { layers: 94, kvHeads: 4, headDim: 128, parameters: 235.09e9, activeParameters: 22e9 },
  // Three of four layers keep a state of fixed size instead of a cache.
  qwen3Next80b: {
    layers: 48,
    growingLayers: 12,
    kvHeads: 2,
    headDim: 256,
    parameters: 79.67e9,
    activeParameters: 3e9,
  },
  qwen35_122b: {
    layers: 48,
    growingLayers: 12,
    kvHeads: 2,
    headDim: 256,
    parameters: 122.11e9,
    activeParameters: 10e9,
  },
  qwen36_27b: { layers: 64, growingLayers: 16, kvHeads: 4, headDim: 256, parameters: 26.9e9, activeParameters: 26.9e9 },
  qwen36_35b: { layers: 40, growingLayers: 10, kvHeads: 2, headDim: 256, parameters: 34.66e9, activeParameters: 3e9 },
} as const satisfies Readonly<Record<string, CacheArchitecture>>;

/** Of a class of models that was timed without saying which: without a cache, as it was timed at no depth. */
const dense = (parameters: number): CacheArchitecture => ({
  layers: 0,
  kvHeads: 0,
  headDim: 0,
  parameters,
  activeParameters: parameters,
});

const A = ARCHITECTURES;

export const MODELS = {
  "9B Q4": { name: "9B dense", weightsBytes: sized(9e9, 4.85), architecture: dense(9e9) },
  "DeepSeek-R1 14B Q4_K_M": {
    name: "DeepSeek-R1-14B",
    weightsBytes: gib(8.37),
    architecture: A.deepseekR1Qwen14b,
  },
  "28B Q4": { name: "28B dense", weightsBytes: sized(28e9, 4.85), architecture: dense(28e9) },
  "Devstral Small 24B Q4_K_M": {
    name: "Devstral-Small-24B",
    weightsBytes: 14.33e9,
    architecture: A.devstralSmall24b,
  },
  "Gemma 4 31B Q4_K_XL": { name: "Gemma-4-31B", weightsBytes: 18_822_970_304, architecture: A.gemma4_31b },
  "Gemma 4 31B Q8": { name: "Gemma-4-31B", weightsBytes: sized(30.7e9, 8.5), architecture: A.gemma4_31b },
  "gpt-oss-20b MXFP4": { name: "gpt-oss-20b", weightsBytes: gib(11.27), architecture: A.gptOss20b },
  "gpt-oss-120b MXFP4": { name: "gpt-oss-120b", weightsBytes: gib(58.5), architecture: A.gptOss120b },
  "Llama 2 7B Q4_K_M": { name: "Llama-2-7B", weightsBytes: gib(3.8), architecture: A.llama2_7b },
  "Llama 3.1 70B Q4_K_M": { name: "Llama-3.1-70B", weightsBytes: gib(39.59), architecture: A.llama31_70b },
  "Qwen2.5 14B Q4_K_M": { name: "Qwen2.5-14B", weightsBytes: gib(8.37), architecture: A.qwen25_14b },
  "Qwen2.5 32B Q4_K_M": { name: "Qwen2.5-32B", weightsBytes: gib(18.48), architecture: A.qwen25_32b },
  "Qwen2.5-Coder 7B Q6_K": { name: "Qwen2.5-Coder-7B", weightsBytes: gib(5.82), architecture: A.qwen25Coder7b },
  "Qwen3 30B-A3B Q4_K_M": { name: "Qwen3-30B-A3B", weightsBytes: gib(17.28), architecture: A.qwen3_30b },
  "Qwen3 235B-A22B Q3_K_M": { name: "Qwen3-235B-A22B", weightsBytes: gib(104.72), architecture: A.qwen3_235b },
  "Qwen3-Coder-Next 80B-A3B Q4_K_M": {
    name: "Qwen3-Coder-Next-80B-A3B",
    weightsBytes: gib(45.17),
    architecture: A.qwen3Next80b,
  },
  "Qwen3.5 122B-A10B Q4": {
    name: "Qwen3.5-122B-A10B",
    weightsBytes: sized(122.11e9, 4.85),
    architecture: A.qwen35_122b,
  },
  "Qwen3.6 27B Q4_K_M": { name: "Qwen3.6-27B", weightsBytes: gib(15.65), architecture: A.qwen36_27b },
  "Qwen3.6 27B Q8": { name: "Qwen3.6-27B", weightsBytes: sized(26.9e9, 8.5), architecture: A.qwen36_27b },
  "Qwen3.6 35B-A3B Q4_K_XL": {
    name: "Qwen3.6-35B-A3B",
    weightsBytes: gib(20.81),
    architecture: A.qwen36_35b,
  },
} as const satisfies Readonly<Record<string, PublishedModel>>;

export type PublishedBuild = keyof typeof MODELS;

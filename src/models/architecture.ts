/** What of a model's build decides how much memory and time it takes. */
export interface ModelArchitecture {
  /** Transformer blocks. */
  readonly layers: number;
  /** Heads whose keys and values are cached; fewer than the attention heads under grouped-query attention. */
  readonly kvHeads: number;
  /** Width of one head, numbers. */
  readonly headDim: number;
  /** All weights. */
  readonly parameters: number;
  /** Weights that are read for one token: all of a dense model, some experts of a mixture. */
  readonly activeParameters: number;
}

/** How keys and values are kept: f16 takes 2 bytes a number, q8_0 about 1.06, q4_0 about 0.56 (llama.cpp's block formats). */
export type CacheType = "f16" | "q8_0" | "q4_0";

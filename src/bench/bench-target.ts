import type { ModelRef } from "../models/model-ref.ts";
import type { ModelServer } from "../servers/model-server.ts";

/** A model as it can be asked now. */
export interface BenchTarget {
  readonly ref: ModelRef;
  readonly server: ModelServer;
  /** What it is asked stays on this network; unknown counts as cloud. */
  readonly local: boolean;
  /** Where its server is: what runs there shares memory and processor. */
  readonly host: string;
  /** The window that OpenClaw would ask for, so that a loaded model is not loaded anew; the server's default where absent. */
  readonly contextTokens: number | undefined;
  /** The most that question and answer may take together, tokens. */
  readonly windowTokens: number | undefined;
  /** Such as `Q4_K_M`. */
  readonly quantization: string | undefined;
}

import type { ModelRef } from "./model-ref.ts";

/** A model that is in the cloud by definition and in truth a trap on this machine: whoever reaches it could have left. */
export const CANARY: ModelRef = { provider: "clutch-canary", model: "canary" };

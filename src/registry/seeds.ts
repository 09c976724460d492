import { CLAUDE_SEEDS } from "./claude-seeds.ts";
import { LOCAL_SEEDS } from "./local-seeds.ts";
import type { SeedProfile } from "./seed-profile.ts";

/** What Clutch knows of models before it has measured any. */
export const SEEDS: readonly SeedProfile[] = [...LOCAL_SEEDS, ...CLAUDE_SEEDS];

/** The seed for a model as its server calls it; undefined where only its like is known. */
export const seedFor = (modelName: string): SeedProfile | undefined => SEEDS.find((seed) => seed.matches(modelName));

import { defineConfig } from "vitest/config";

/** What Clutch needs of any OpenClaw: to be let in, to switch, to watch, to count, and to put its guard there. */
export default defineConfig({
  test: {
    include: ["connect", "switch", "watch", "usage", "guard-install"].map((name) => `test/gateway/${name}.test.ts`),
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});

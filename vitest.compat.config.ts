import { defineConfig } from "vitest/config";

/** What Clutch needs of any OpenClaw: to be let in, to switch, to watch, to count, to write, to put its guard there, and to lock. */
export default defineConfig({
  test: {
    include: ["connect", "switch", "watch", "usage", "soul", "local-only", "guard-install"].map(
      (name) => `test/gateway/${name}.test.ts`,
    ),
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});

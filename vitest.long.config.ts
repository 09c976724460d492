import { defineConfig } from "vitest/config";

/**
 * Suites that would take `npm test` beyond what anybody waits for: minutes of broken
 * connections, processes killed at every step, hundreds of sessions, and OpenClaw's
 * configuration in depth, of which `npm test` has the unit tests.
 */
export const LONG_GATEWAY_SUITES = [
  "test/gateway/faults.test.ts",
  "test/gateway/everywhere.test.ts",
  "test/gateway/crash.test.ts",
  "test/gateway/config-changes.test.ts",
  "test/gateway/helper-models.test.ts",
  "test/gateway/soul.test.ts",
  "test/gateway/wall.test.ts",
  "test/gateway/guard-install.test.ts",
  "test/gateway/leaks.test.ts",
  "test/gateway/leaks-everywhere.test.ts",
  "test/gateway/leaks-degraded.test.ts",
  "test/gateway/lock-crash.test.ts",
  "test/gateway/bench.test.ts",
  "test/gateway/budget.test.ts",
  "test/gateway/usage-crash.test.ts",
  "test/gateway/lost-store.test.ts",
];

/** The longer forms: `npm run test:long`. One gateway at a time. */
export default defineConfig({
  test: {
    include: [
      "test/long/**/*.test.ts",
      ...LONG_GATEWAY_SUITES,
      // A hundred thousand payloads instead of two thousand, a thousand flips instead of 150.
      "test/adapters/**/*fuzz.test.ts",
      "test/wall/many-flips.test.ts",
      // Every step instead of some of them.
      "test/local-only/two-people.test.ts",
      "test/local-only/crash-matrix.test.ts",
      "test/local-only/lock.property.test.ts",
      "test/usage/budget.property.test.ts",
    ],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 300_000,
  },
});

import { defineConfig } from "vitest/config";

/** The longer forms: `npm run test:long`. One gateway at a time. */
export default defineConfig({
  test: {
    include: [
      "test/long/**/*.test.ts",
      "test/gateway/faults.test.ts",
      "test/gateway/everywhere.test.ts",
      "test/gateway/crash.test.ts",
      // A hundred thousand payloads instead of two thousand.
      "test/adapters/**/*fuzz.test.ts",
    ],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 300_000,
  },
});

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Unit tests first, then the suites with a gateway of about 1 GB each, one at a time: two cores are enough.
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/gateway/**", "test/cli/**", "test/long/**"],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "gateway",
          include: ["test/gateway/**/*.test.ts", "test/cli/**/*.test.ts"],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // One gateway of about 1 GB at a time on two cores; unit tests run beside it.
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/gateway/**", "test/cli/**", "test/long/**"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "gateway",
          include: ["test/gateway/**/*.test.ts", "test/cli/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});

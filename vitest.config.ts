import { defineConfig } from "vitest/config";
import { LONG_GATEWAY_SUITES } from "./vitest.long.config.ts";

export default defineConfig({
  test: {
    // Unit tests first, then the suites with a gateway of about 1 GB each, three at a time: each waits about as much
    // as it works. Every suite has ports and directories of its own.
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/gateway/**", "test/cli/**", "test/long/**", "test/live/**"],
          // One less than the cores is the usual number, which leaves one of two idle.
          maxWorkers: 2,
          // Time fails no test: a machine that is busy with the other worker takes its own.
          testTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "gateway",
          include: ["test/gateway/**/*.test.ts", "test/cli/**/*.test.ts"],
          exclude: LONG_GATEWAY_SUITES,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          // A real gateway on a busy machine stalls for seconds now and then; what is wrong fails twice.
          retry: 1,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});

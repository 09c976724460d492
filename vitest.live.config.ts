import { defineConfig } from "vitest/config";

/** Against a real Ollama and real Claude, where they can be reached: `npm run test:live`. */
export default defineConfig({
  test: { include: ["test/live/**/*.test.ts"], fileParallelism: false, testTimeout: 600_000 },
});

import { expect, it } from "vitest";
import { ollamaCloud } from "../../src/local-only/ollama-cloud.ts";

const SERVE = "/usr/local/bin/ollama\0serve\0";
const system = (files: Readonly<Record<string, string>>, service?: string) => ({
  run: async () => service,
  read: async (path: string) => files[path],
  list: async () => [...new Set(Object.keys(files).flatMap((path) => /^\/proc\/(\d+)\//.exec(path)?.[1] ?? []))],
});

it.each([
  [
    "the running one is told",
    system({ "/proc/7/cmdline": SERVE, "/proc/7/environ": "A=1\0OLLAMA_NO_CLOUD=1\0" }),
    "off",
  ],
  [
    "the running one is told not to",
    system({ "/proc/7/cmdline": SERVE, "/proc/7/environ": "OLLAMA_NO_CLOUD=0\0" }),
    "on",
  ],
  ["the running one is not told", system({ "/proc/7/cmdline": SERVE, "/proc/7/environ": "A=1\0" }), "on"],
  [
    "another user's, and its service is told",
    system({ "/proc/7/cmdline": SERVE }, "OLLAMA_HOST=0.0.0.0 OLLAMA_NO_CLOUD=true"),
    "off",
  ],
  ["only its service is known", system({}, "OLLAMA_HOST=0.0.0.0"), "on"],
  ["its file says so", system({ "/home/me/.ollama/server.json": '{"disable_ollama_cloud": true}' }), "off"],
  ["nothing is known", system({}), "unknown"],
  ["another program runs", system({ "/proc/7/cmdline": "vim\0ollama serve\0" }), "unknown"],
])("%s", async (_, known, state) => {
  expect((await ollamaCloud(known, "/home/me")).state).toBe(state);
});

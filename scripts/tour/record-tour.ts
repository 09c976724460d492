import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readScreen } from "./read-screen.ts";
import { COLUMNS, tourSvg } from "./tour-svg.ts";

/**
 * Plays `clutch start --tour` in a pseudo-terminal, which `script` of util-linux opens, and writes what was seen, with
 * its moments, as docs/images/tour.svg. On a machine of its own, so that nothing of this one is in the picture.
 */
const ROOT = join(import.meta.dirname, "../..");

const dir = await mkdtemp(join(tmpdir(), "clutch-tour-"));
try {
  const [home, tmp] = [join(dir, "home"), join(dir, "tmp")];
  for (const folder of [home, tmp]) await mkdir(folder);
  const command = `stty cols ${COLUMNS} rows 40; exec "${process.execPath}" "${join(ROOT, "src/main.ts")}" start --tour`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: home,
    env: {
      PATH: "/usr/bin:/bin",
      LANG: "C.UTF-8",
      TERM: "xterm-256color",
      SHELL: "/bin/sh",
      HOME: home,
      TMPDIR: tmp,
      // A closed port, so that the demo's server is shown.
      OLLAMA_HOST: "127.0.0.1:1",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const began = performance.now();
  const heard: { text: string; at: number }[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => heard.push({ text, at: performance.now() - began }));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  if (code !== 0) throw new Error(`the tour ended with ${code}:\n${heard.map(({ text }) => text).join("")}`);
  const svg = tourSvg(readScreen(heard, COLUMNS));
  await writeFile(join(ROOT, "docs/images/tour.svg"), svg);
  process.stdout.write(`docs/images/tour.svg: ${Math.round(svg.length / 1_000)} kB\n`);
} finally {
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { KEY } from "./terminals.ts";
import { createVirtualScreen } from "./virtual-screen.ts";

const present = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true;

describe.skipIf(!present)(
  `in a real pseudo-terminal${present ? "" : " (left out: there is no `script` of util-linux)"}`,
  () => {
    it("edits, completes, answers and leaves like a program that belongs there", async () => {
      const folder = mkdtempSync(join(tmpdir(), "clutch-pty-"));
      const historyFile = join(folder, "history");
      const fixture = new URL("./echo-terminal.ts", import.meta.url).pathname;
      const command = `stty cols 60 rows 24; ${process.execPath} ${fixture} ${historyFile}`;
      const child = spawn("script", ["-qec", command, "/dev/null"], {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, TERM: "xterm-256color", LC_ALL: "C.UTF-8", SHELL: "/bin/sh" },
      });
      try {
        const screen = createVirtualScreen(60);
        child.stdout.on("data", (chunk: Buffer) => screen.write(chunk.toString()));
        const sees = (text: string): Promise<void> =>
          vi.waitFor(() => expect(screen.text()).toContain(text), { timeout: 10_000, interval: 20 });
        const exited = new Promise((resolve) => child.on("exit", resolve));

        await sees("• Echo\n\n›");
        child.stdin.write("hello");
        await sees("› hello");
        child.stdin.write(KEY.enter);
        await sees("› hello\nre: hello\n— ollama/demo\n\n›");
        child.stdin.write("/mo");
        await sees("› /mo");
        child.stdin.write(KEY.tab);
        await sees("› /model");
        child.stdin.write("x");
        await sees("› /model x");
        child.stdin.write(KEY.enter);
        await sees("✓ did /model x\n\n›");
        child.stdin.write(KEY.ctrlD);
        expect(await exited).toBe(0);
        expect(screen.text()).toBe("• Echo\n\n› hello\nre: hello\n— ollama/demo\n\n› /model x\n✓ did /model x");
        expect(readFileSync(historyFile, "utf8")).toBe("hello\n/model x\n");
        expect(statSync(historyFile).mode & 0o777).toBe(0o600);
      } finally {
        child.kill();
        rmSync(folder, { recursive: true });
      }
    });

    it("ends like any other where its window is closed", async () => {
      const folder = mkdtempSync(join(tmpdir(), "clutch-pty-"));
      const [code, errors] = [join(folder, "code"), join(folder, "errors")];
      const fixture = new URL("./echo-terminal.ts", import.meta.url).pathname;
      // Without the signal that comes with it, so that only the terminal tells.
      const command = `trap "" HUP; ${process.execPath} ${fixture} 2>${errors}; echo $? >${code}`;
      const child = spawn("script", ["-qec", command, "/dev/null"], {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, TERM: "xterm-256color", LC_ALL: "C.UTF-8", SHELL: "/bin/sh" },
      });
      try {
        const screen = createVirtualScreen(60);
        child.stdout.on("data", (chunk: Buffer) => screen.write(chunk.toString()));
        await vi.waitFor(() => expect(screen.text()).toContain("• Echo\n\n›"), { timeout: 10_000, interval: 20 });
        child.kill("SIGKILL");
        await vi.waitFor(() => expect(readFileSync(code, "utf8")).toBe("0\n"), { timeout: 30_000, interval: 50 });
        expect(readFileSync(errors, "utf8")).toBe("");
      } finally {
        child.kill();
        rmSync(folder, { recursive: true });
      }
    });
  },
);

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConfigChanges, SlotDifference } from "../../src/agents/config-changes.ts";
import { clutchVersion } from "../../src/clutch-version.ts";
import { formatSlot, type Slot } from "../../src/openclaw/config-slots.ts";
import { createUserService, type Systemctl } from "../../src/service/user-service.ts";
import { systemdUnit } from "../../src/wall/systemd-unit.ts";
import { createWallInstaller, type WallInstaller } from "../../src/wall/wall-installer.ts";
import { parseListen, wallSettings } from "../../src/wall/wall-settings.ts";
import { forget, startWallLab, temporaryDirectory, type WallLab } from "./wall-lab.ts";

describe("settings", () => {
  it("take Ollama and what is trusted for local, and nothing else", () => {
    const settings = wallSettings({
      wall: { listen: "127.0.0.1:3128", allow: ["discord.com"], local: ["10.0.0.5:9000"] },
      servers: {
        ollama: { kind: "ollama", baseUrl: "http://127.0.0.1:11434" },
        lmstudio: { kind: "openai-compatible", baseUrl: "http://192.168.1.4:1234/v1" },
        relay: { kind: "openai-compatible", baseUrl: "http://127.0.0.1:4000" },
        anthropic: { kind: "anthropic", baseUrl: "https://api.anthropic.com" },
      },
      trustedLocal: ["lmstudio"],
    });
    expect(settings).toEqual({
      listen: { host: "127.0.0.1", port: 3128 },
      rules: { allow: ["discord.com"], local: ["10.0.0.5:9000", "127.0.0.1:11434", "192.168.1.4:1234"] },
    });
  });

  it.each(["0.0.0.0:3128", "192.168.1.4:3128", "3128", "127.0.0.1", "127.0.0.1:99999", "wall.example:3128"])(
    "do not let the wall listen at %s",
    (listen) => {
      expect(() => parseListen(listen)).toThrow(/cannot listen/);
    },
  );
});

const settings = {
  listen: { host: "127.0.0.1", port: 3128 },
  rules: { allow: ["discord.com"], local: ["[fd00::5]:11434"] },
};

describe("the service", () => {
  it("names everything on its command line, as systemd reads it", () => {
    const unit = systemdUnit({
      command: ["/usr/bin/node", "/opt/my tools/100%/$x/main.js"],
      settings,
      directory: "/home/a/.local/state/clutch",
    });
    expect(unit).toContain(
      'ExecStart=/usr/bin/node "/opt/my tools/100%%/$$x/main.js" wall run --listen 127.0.0.1:3128 ' +
        '--state /home/a/.local/state/clutch --allow discord.com --local "[fd00::5]:11434"\n',
    );
    // With another release the unit is another one, so that the wall that runs is restarted.
    expect(unit).toMatch(new RegExp(`^# Clutch ${clutchVersion()}\n`));
    expect(unit).toContain("Restart=always\n");
    expect(unit).toContain("Before=openclaw-gateway.service\n");
  });

  const hasVerify = ((): boolean => {
    try {
      execFileSync("systemd-analyze", ["--version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();
  it.skipIf(!hasVerify)("is a unit that systemd accepts", () => {
    const directory = temporaryDirectory();
    try {
      const file = join(directory, "clutch-wall.service");
      writeFileSync(file, systemdUnit({ command: [process.execPath, "/a b/main.js"], settings, directory }));
      const env = { ...process.env, XDG_RUNTIME_DIR: directory };
      expect(() => execFileSync("systemd-analyze", ["verify", "--user", file], { env, stdio: "pipe" })).not.toThrow();
    } finally {
      forget(directory);
    }
  });
});

describe("installing", () => {
  let directory: string;
  let lab: WallLab | undefined;
  let config: Map<string, unknown>;
  /** What was changed on whose account, oldest first. */
  let made: SlotDifference[];
  let ran: string[];
  let hasSystemd: boolean;
  /** Clutch's store is another one than that of the installation. */
  let forgotten: boolean;
  /** What the guard tells of OpenClaw's proxy. */
  let address: string | undefined;

  beforeEach(() => {
    forgotten = false;
    address = undefined;
    directory = temporaryDirectory();
    config = new Map();
    made = [];
    ran = [];
    hasSystemd = true;
  });
  afterEach(async () => {
    await lab?.stop();
    lab = undefined;
    forget(directory);
  });

  /** A configuration in memory; what the real one does has its own tests. */
  const changes: Pick<ConfigChanges, "preview" | "apply" | "undoAll" | "outstanding"> = {
    preview: async (slots) => differences(slots),
    async apply(slots) {
      const changed = differences(slots);
      set(changed);
      made.push(...changed);
      return changed;
    },
    outstanding: async () => back(),
    async undoAll() {
      const undone = back();
      set(undone);
      made = [];
      return { undone, kept: [] };
    },
  };
  const back = (): SlotDifference[] =>
    forgotten ? [] : made.map((change) => ({ ...change, before: change.after, after: change.before })).toReversed();
  const set = (changed: readonly SlotDifference[]): void => {
    for (const { name, after } of changed) {
      if (after === null) config.delete(name);
      else config.set(name, after);
    }
  };
  const differences = (slots: readonly Slot[]): SlotDifference[] =>
    slots
      .map(({ path, value }) => ({
        path,
        name: formatSlot(path),
        before: config.get(formatSlot(path)) ?? null,
        after: value,
      }))
      // OpenClaw hides what proxy it has, so any counts as the one that is wanted.
      .filter(({ name, before, after }) => before !== after && !(name === "proxy.proxyUrl" && before && after));

  const systemctl: Systemctl = async (words) => {
    if (!hasSystemd) return undefined;
    ran.push(words.join(" "));
    // The service comes up with what the unit says.
    if (words[0] === "enable") lab ??= await startWallLab(undefined, { directory });
    return { ok: true, text: "" };
  };

  const installer = (more: { listen?: string; strict?: boolean; unit?: string } = {}): WallInstaller =>
    createWallInstaller({
      changes,
      proxy: async () => ({ enabled: config.get("proxy.enabled") === true, address }),
      client: { status: async () => lab?.client.status(), close: rejects, open: rejects },
      service: createUserService({
        name: "clutch-wall.service",
        file: join(directory, "units", "clutch-wall.service"),
        unit: more.unit ?? "[Unit]\n",
        systemctl,
      }),
      listen: more.listen ?? "",
      directory,
      strict: more.strict ?? false,
      patienceMs: 300,
    });
  const rejects = async (): Promise<never> => {
    throw new Error("not asked for");
  };

  it("shows first, then starts the service, and points OpenClaw at it last", async () => {
    lab = await startWallLab(undefined, { directory });
    const { listen } = lab.wall.status();
    const plan = await installer({ listen }).plan();
    expect(plan).toMatchObject({ unitBefore: undefined, unitAfter: "[Unit]\n", keeper: "unit" });
    expect(plan.config.map(({ name, after }) => [name, after])).toEqual([
      ["proxy.enabled", true],
      ["proxy.proxyUrl", `http://${listen}`],
    ]);
    expect(existsSync(plan.unitFile)).toBe(false);
    expect(config.size).toBe(0);

    expect(ran).toEqual(["show-environment"]);
    ran = [];
    const done = await installer({ listen, strict: true }).install("terminal:owner");
    expect(done.service).toBe(true);
    expect(readFileSync(plan.unitFile, "utf8")).toBe("[Unit]\n");
    expect(ran).toEqual([
      "show-environment",
      "daemon-reload",
      "enable --now clutch-wall.service",
      "restart clutch-wall.service",
    ]);
    expect(config.get("proxy.loopbackMode")).toBe("proxy");
    // Once more: nothing to do, and no restart that would cut connections.
    ran = [];
    expect((await installer({ listen, strict: true }).install("terminal:owner")).config).toEqual([]);
    expect(ran).not.toContain("restart clutch-wall.service");
  });

  it("never points OpenClaw at a wall that does not answer where it should", async () => {
    await expect(installer({ listen: "127.0.0.1:1" }).install("terminal:owner")).rejects.toMatchObject({
      code: "not_verified",
    });
    expect(config.size).toBe(0);
  });

  it("wants a wall that runs where there is no systemd", async () => {
    hasSystemd = false;
    await expect(installer({ listen: "127.0.0.1:1" }).install("terminal:owner")).rejects.toMatchObject({
      code: "bad_config",
    });
    expect(config.size).toBe(0);
    lab = await startWallLab(undefined, { directory });
    const done = await installer({ listen: lab.wall.status().listen }).install("terminal:owner");
    expect(done.service).toBe(false);
    expect(config.get("proxy.enabled")).toBe(true);
  });

  it("is not removed while the wall is closed, running or not", async () => {
    lab = await startWallLab(undefined, { directory });
    const { listen } = lab.wall.status();
    await installer({ listen }).install("terminal:owner");
    await lab.client.close("one");
    await expect(installer({ listen }).remove("terminal:owner")).rejects.toMatchObject({ code: "bad_config" });
    await lab.stop();
    lab = undefined;
    await expect(installer({ listen }).remove("terminal:owner")).rejects.toMatchObject({ code: "bad_config" });
    expect(config.size).toBe(2);
  });

  it("puts the configuration back and leaves the wall running when it is removed", async () => {
    lab = await startWallLab(undefined, { directory });
    const { listen } = lab.wall.status();
    await installer({ listen }).install("terminal:owner");
    ran = [];
    const { undone } = await installer({ listen }).remove("terminal:owner");
    expect(undone.map(({ name }) => name)).toEqual(["proxy.proxyUrl", "proxy.enabled"]);
    expect(config.size).toBe(0);
    expect(ran).toEqual(["disable clutch-wall.service", "daemon-reload"]);
    expect(existsSync(join(directory, "units", "clutch-wall.service"))).toBe(false);
    expect(await lab.client.status()).toBeDefined();
  });

  it("takes OpenClaw off the wall before it goes, also where nobody remembers who pointed it there", async () => {
    lab = await startWallLab(undefined, { directory });
    const { listen } = lab.wall.status();
    await installer({ listen }).install("terminal:owner");
    forgotten = true;
    await expect(installer({ listen }).remove("terminal:owner")).rejects.toMatchObject({
      code: "bad_config",
      hint: expect.stringContaining(listen),
    });
    expect(existsSync(join(directory, "units", "clutch-wall.service"))).toBe(true);

    address = listen;
    expect((await installer({ listen }).outstanding()).map(({ name }) => name)).toEqual([
      "proxy.enabled",
      "proxy.proxyUrl",
    ]);
    await installer({ listen }).remove("terminal:owner");
    expect(config.size).toBe(0);
  });

  it("takes back whatever it was installed with, one time after the other", async () => {
    lab = await startWallLab(undefined, { directory });
    const { listen } = lab.wall.status();
    await installer({ listen }).install("terminal:owner");
    const { config: added } = await installer({ listen, strict: true }).install("terminal:owner");
    expect(added.map(({ name }) => name)).toEqual(["proxy.loopbackMode"]);
    await installer({ listen }).remove("terminal:owner");
    expect([...config]).toEqual([]);
  });

  it.each([
    ["the guard tells where OpenClaw goes", "127.0.0.1:1", "[Unit]\n"],
    ["only the former unit tells where the wall was", undefined, 'ExecStart=clutch wall run --listen "127.0.0.1:1"\n'],
  ])("does not move away from under OpenClaw: %s", async (_, told, unit) => {
    lab = await startWallLab(undefined, { directory });
    const { listen } = lab.wall.status();
    await installer({ listen, unit }).install("terminal:owner");
    config.set("proxy.enabled", true).set("proxy.proxyUrl", "__OPENCLAW_REDACTED__");
    const file = join(directory, "units", "clutch-wall.service");
    expect(readFileSync(file, "utf8")).toBe(unit);
    address = told;
    ran = [];
    await expect(installer({ listen }).install("terminal:owner")).rejects.toMatchObject({
      code: "bad_config",
      message: expect.stringContaining("127.0.0.1:1 already"),
      hint: expect.stringContaining("clutch wall remove"),
    });
    expect(readFileSync(file, "utf8")).toBe(unit);
    expect(ran.filter((words) => !words.startsWith("show"))).toEqual([]);
  });

  it("does not take another proxy of OpenClaw's for the wall", async () => {
    lab = await startWallLab(undefined, { directory });
    config.set("proxy.enabled", true).set("proxy.proxyUrl", "__OPENCLAW_REDACTED__");
    const { listen } = lab.wall.status();
    await expect(installer({ listen }).install("terminal:owner")).rejects.toMatchObject({
      code: "bad_config",
      message: expect.stringContaining("through a proxy already"),
    });
    expect(ran.filter((words) => !words.startsWith("show"))).toEqual([]);
  });

  it("leaves another proxy of OpenClaw's alone", async () => {
    lab = await startWallLab(undefined, { directory });
    const { listen } = lab.wall.status();
    await installer({ listen }).install("terminal:owner");
    forgotten = true;
    address = "10.0.0.1:8080";
    expect(await installer({ listen }).outstanding()).toEqual([]);
    expect((await installer({ listen }).remove("terminal:owner")).undone).toEqual([]);
    expect(config.get("proxy.enabled")).toBe(true);
    expect(existsSync(join(directory, "units", "clutch-wall.service"))).toBe(false);
  });

  it("is stopped once nothing goes through it, and says where somebody else has to", async () => {
    expect(await installer().stop()).toBe(true);
    lab = await startWallLab(undefined, { directory });
    const { listen } = lab.wall.status();
    expect(await installer({ listen }).stop()).toBe(false);
    expect(ran).toEqual(["stop clutch-wall.service"]);
  });
});

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pino } from "pino";
import type { ChatAdapter } from "../../adapters/adapter.ts";
import { deliverNotices } from "../../src/cli/deliver.ts";
import { startPlatforms } from "../../src/cli/start-platforms.ts";
import { type Config, defaultConfig } from "../../src/config.ts";
import { findOpenClaw } from "../../src/openclaw/find-openclaw.ts";
import type { ReceivedChat } from "../../src/sandbox/stand-in.ts";
import { type AttachedClutch, type Lab, startLab, turns } from "../gateway/harness.ts";

/** OpenClaw's own plugin of a platform, installed into a state directory that goes with `remove`. */
export interface InstalledPlugin {
  readonly name: Platform;
  readonly stateDir: string;
  remove(): Promise<void>;
}

type Platform = "discord" | "slack";

const run = promisify(execFile);
/** 33 s on an idle machine; 3 minutes were seen on a busy one. */
const INSTALL_MS = 480_000;
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network/i;

/** Gives the reason instead where the npm registry cannot be reached. */
export async function installPlugin(name: Platform): Promise<InstalledPlugin | { readonly missing: string }> {
  const { command, version } = await findOpenClaw({ env: process.env });
  const spec = `@openclaw/${name}@${version}`;
  const dir = await mkdtemp(join(tmpdir(), `clutch-plugin-${name}-`));
  const remove = () => rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  const stateDir = join(dir, "state");
  await mkdir(join(dir, "home"));
  await mkdir(stateDir);
  const config = join(dir, "openclaw.json");
  await writeFile(config, JSON.stringify({ plugins: { allow: [name] } }));
  try {
    await run(command.program, [...command.args, "plugins", "install", spec], {
      timeout: INSTALL_MS,
      env: {
        ...process.env,
        NO_COLOR: "1",
        HOME: join(dir, "home"),
        OPENCLAW_HOME: join(dir, "home"),
        OPENCLAW_STATE_DIR: stateDir,
        OPENCLAW_CONFIG_PATH: config,
      },
    });
    return { name, stateDir, remove };
  } catch (thrown) {
    await remove();
    const { message = "", stdout = "", stderr = "" } = thrown as { message?: string; stdout?: string; stderr?: string };
    const said = `${message}\n${stdout}\n${stderr}`;
    if (!NO_NETWORK.test(said)) throw new Error(`${spec} could not be installed:\n${said}`);
    return { missing: `${spec} could not be installed, since the npm registry is out of reach` };
  }
}

/** A gateway whose channel plugin runs with this section of `channels`. */
export function startLabWith(
  plugin: InstalledPlugin,
  channel: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>>,
  fallbacks: readonly string[],
): Promise<Lab> {
  return startLab(
    (config) => {
      const plugins = config["plugins"] as { allow: string[]; entries: Record<string, unknown> };
      const agents = config["agents"] as { defaults: { model: object } };
      return {
        ...config,
        channels: { [plugin.name]: channel },
        agents: {
          ...agents,
          defaults: { ...agents.defaults, model: { ...agents.defaults.model, fallbacks } },
        },
        plugins: {
          ...plugins,
          allow: [...plugins.allow, plugin.name],
          entries: { ...plugins.entries, [plugin.name]: { enabled: true } },
        },
      };
    },
    { channels: true, timeoutMs: 240_000, extraEnv: { ...env, OPENCLAW_STATE_DIR: plugin.stateDir } },
  );
}

export interface RunningClutch {
  readonly clutch: AttachedClutch;
  /** What it told the person who started it. */
  readonly said: readonly string[];
  close(): Promise<void>;
}

/** Clutch with the platforms of `config`, as `clutch start` runs it: commands, notices, ends of temporary switches. */
export async function startClutch(
  lab: Lab,
  platforms: Pick<Config, "discord" | "slack">,
  owner: string,
): Promise<RunningClutch> {
  const access = { owners: [owner], operators: [], viewers: [] };
  const clutch = await lab.attach(access);
  const logger = pino({ level: process.env["CLUTCH_TEST_LOG"] ?? "silent" }, pino.destination(2));
  const config: Omit<Config, "wall"> = { ...defaultConfig, store: clutch.store, access, ...platforms };
  const said: string[] = [];
  const adapters: ChatAdapter[] = [];
  await startPlatforms(config, {
    ...{ dispatch: clutch.app.dispatcher, actions: clutch.app.actions, adapters },
    say: (line) => void said.push(line),
    logger,
    clock: Date.now,
  });
  clutch.app.watch(deliverNotices(adapters, "agent:main:main", logger));
  return {
    clutch,
    said,
    async close() {
      for (const adapter of adapters) await adapter.stop();
      await clutch.close();
    },
  };
}

/** Keys of the sessions that the gateway holds, without the agents' main ones. */
export async function sessionKeys(clutch: AttachedClutch): Promise<string[]> {
  const { sessions } = (await clutch.call("sessions.list", { limit: 100 })) as { sessions: { key: string }[] };
  return sessions.map(({ key }) => key).sort();
}

/** What a request to a model held, as one text. */
export const heardIn = (chat: ReceivedChat | undefined): string =>
  chat === undefined ? "" : [chat.system, ...turns(chat)].join("\n");

/** Models that never say the same twice. */
export interface SpeakingModels {
  /** All that was said so far. */
  readonly replies: readonly string[];
  failing(server: ReceivedChat["server"]): void;
  working(): void;
}

export function numberedReplies(lab: Lab): SpeakingModels {
  const replies: string[] = [];
  let broken: ReceivedChat["server"] | undefined;
  lab.answerWith((chat) => {
    if (chat.server === broken) return { text: "model is not here", status: 404 };
    const text = `${chat.model} gives reply ${replies.length + 1} of this day.`;
    replies.push(text);
    return { text };
  });
  return {
    replies,
    failing(server) {
      broken = server;
    },
    working() {
      broken = undefined;
    },
  };
}

import { lookup } from "node:dns/promises";
import { renderCard } from "../../adapters/terminal/render-card.ts";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import type { Card } from "../../commands/card.ts";
import { loadConfig } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { createLogger, hideSecrets } from "../logger.ts";
import { readState, stateDirectory, type WallState } from "../wall/state-file.ts";
import { createWall } from "../wall/wall.ts";
import { createWallClient } from "../wall/wall-client.ts";
import { parseListen, type WallSettings, wallSettings } from "../wall/wall-settings.ts";
import type { WallStatus } from "../wall/wall-status.ts";
import { type ExitCode, type Runtime, untilSignalled } from "./runtime.ts";

export interface WallRunOptions {
  /** `host:port`. Where it is given, the configuration is not read. */
  readonly listen?: string;
  readonly allow?: readonly string[];
  readonly local?: readonly string[];
  /** Directory of its state and its socket. */
  readonly state?: string;
}

/**
 * Runs the wall until it is signalled; its log goes to standard error. Exit code 0
 * then, 2 where another runs already, the port is taken or a rule cannot be read.
 */
export async function wallRun(options: WallRunOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const { listen, rules } = await settingsOf(options, runtime, secrets);
    const directory = options.state ?? stateDirectory(runtime.env, runtime.home);
    const wall = await createWall({
      listen,
      rules,
      directory,
      resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
      clock: runtime.clock,
      logger: createLogger({
        level: runtime.env["CLUTCH_LOG"] ?? "info",
        destination: runtime.stderr,
        secrets: () => secrets,
      }),
    });
    const status = wall.status();
    const state = status.closed ? `closed${status.damage === undefined ? "" : `: its state ${status.damage}`}` : "open";
    runtime.stdout.write(`The wall stands at ${status.listen}, ${state}. Ctrl-C stops it.\n`);
    await untilSignalled(runtime.signal);
    await wall.stop();
    return 0;
  } catch (thrown) {
    return printError(thrown, runtime, secrets);
  }
}

async function settingsOf(options: WallRunOptions, runtime: Runtime, secrets: string[]): Promise<WallSettings> {
  const { listen, allow = [], local = [] } = options;
  if (listen !== undefined) return { listen: parseListen(listen), rules: { allow, local } };
  const config = await loadConfig(runtime);
  secrets.push(...config.secrets);
  const settings = wallSettings(config);
  return {
    ...settings,
    rules: { allow: [...settings.rules.allow, ...allow], local: [...settings.rules.local, ...local] },
  };
}

/**
 * Prints what the wall does, or with `json` one line `{ok, wall, recorded, error}`
 * (`recorded` is what it left on the disk). Exit code 1 where none runs.
 */
export async function wallStatus(
  options: { readonly json?: boolean; readonly state?: string },
  runtime: Runtime,
): Promise<ExitCode> {
  const directory = options.state ?? stateDirectory(runtime.env, runtime.home);
  const recorded = readState(directory);
  let wall: WallStatus | undefined;
  let error: ClutchError | undefined;
  try {
    wall = await createWallClient({ directory }).status();
    if (wall === undefined) error = notRunning(recorded);
  } catch (thrown) {
    error = toClutchError(thrown);
  }
  if (options.json === true) {
    const shown = error === undefined ? null : { code: error.code, message: error.message, hint: error.hint };
    runtime.stdout.write(
      `${JSON.stringify({ ok: error === undefined, wall: wall ?? null, recorded, error: shown })}\n`,
    );
  } else if (wall !== undefined) {
    printCard(statusCard(wall, directory), runtime);
  }
  if (error === undefined) return 0;
  return options.json === true ? (error.isFault ? 1 : 2) : printError(error, runtime, []);
}

const notRunning = ({ closed }: WallState): ClutchError =>
  new ClutchError(
    "server_unreachable",
    closed
      ? "No wall is running. It was left closed, and will be closed when it starts."
      : "No wall is running. It was left open, and will be open when it starts.",
    {
      hint: "An OpenClaw that is pointed at it reaches nothing now. Start it with clutch wall run, or clutch wall install.",
    },
  );

function statusCard(wall: WallStatus, directory: string): Card {
  const { passed, denied, cut, failed } = wall.totals;
  const since = wall.at === 0 ? "" : ` since ${when(wall.at)}`;
  return {
    tone: wall.damage === undefined ? "info" : "warning",
    title: wall.closed ? `The wall is closed${since}` : `The wall is open${since}`,
    body:
      wall.damage === undefined
        ? []
        : [
            `Its state in ${directory} ${wall.damage}, so it is closed. Turn local-only mode on or off to write it anew, or delete wall.json there and restart the wall: it is open then.`,
          ],
    fields: [
      { name: "Listens at", value: `${wall.listen} (process ${wall.pid}, since ${when(wall.startedAt)})` },
      ...(wall.closed ? [{ name: "Closed by", value: wall.id }] : []),
      { name: "Passes when closed", value: [...wall.rules.allow, ...wall.rules.local].join(", ") || "nothing" },
      {
        name: "Connections",
        value: `${wall.connections} now; ${passed} passed, ${denied} denied, ${cut} cut, ${failed} without an address`,
      },
    ],
    ...(wall.hosts.length === 0
      ? {}
      : {
          table: {
            columns: ["Host", "Passed", "Denied", "Cut", "Last", "Why"],
            rows: wall.hosts
              .slice(0, 20)
              .map((host) => [
                host.host,
                String(host.passed),
                String(host.denied),
                String(host.cut),
                when(host.lastAt),
                host.lastReason,
              ]),
          },
        }),
    footer: "times are UTC; counted since the wall started",
  };
}

const when = (at: number): string => new Date(at).toISOString().replace("T", " ").slice(0, 19);

export function printCard(card: Card, { stdout, stdin, env }: Runtime): void {
  const shape = { columns: stdout.columns || 100, ...terminalTraits(stdin, stdout, env) };
  stdout.write(`${renderCard(card, shape)}\n`);
}

export function printError(thrown: unknown, { stderr }: Runtime, secrets: readonly string[]): ExitCode {
  const error = toClutchError(thrown);
  const text = [`✗ ${error.message}`, ...(error.hint === "" ? [] : [`  ${error.hint}`])].join("\n");
  stderr.write(`${hideSecrets(text, secrets)}\n`);
  return error.isFault ? 1 : 2;
}

import { join } from "node:path";
import type { App } from "../app.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { freeCanaryPort } from "../guard/canary-port.ts";
import { createGuardFiles, type GuardCopy, type GuardFiles } from "../guard/guard-files.ts";
import { createGuardInstaller, type GuardInstalled, type GuardPlan } from "../guard/guard-installer.ts";
import { type GuardReport, readGuardReport } from "../guard/guard-report.ts";
import { classifyHost } from "../models/address.ts";
import { createPlugins, type Plugins } from "../openclaw/plugins.ts";
import { withScratchSession } from "../openclaw/scratch-session.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { changeText } from "./change-text.ts";
import { installElsewhere } from "./guard-elsewhere.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard, printError } from "./wall.ts";
import { withApp } from "./with-app.ts";

export interface GuardOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
}

const ACTOR = "terminal:owner";

/**
 * Shows the files and the settings of OpenClaw that the guard takes, writes them with
 * `yes`, and proves that the guard works; with `json` one line `{ok, plan, done,
 * error}`. Exit code 2 where a yes is needed, where something has to be done first or
 * where the gateway is on another machine; 1 where it did not work.
 */
export const guardInstall = (options: GuardOptions, runtime: Runtime): Promise<ExitCode> =>
  withGuard(options, runtime, async ({ app, files, installer, isHere, tell }) => {
    if (!isHere) {
      if ((await app.guard.status()) === undefined) throw installElsewhere(app.connection.url, files.source);
      return { text: ["The guard answers in this gateway, which is on another machine: update it there."] };
    }
    const plan = await installer.plan();
    tell(guardPlanText(plan));
    if (options.yes !== true) throw Object.assign(needsYes(), { plan });
    const done = await installer.install(ACTOR);
    return { plan, done, text: guardDoneText(done) };
  });

/** Takes the guard out again, which it refuses while it keeps any turn local; the same options and exit codes. */
export const guardRemove = (options: GuardOptions, runtime: Runtime): Promise<ExitCode> =>
  withGuard(options, runtime, async ({ installer, isHere, plugins }) => {
    if (options.yes !== true) throw needsYes(plugins.restarts() ? ` ${RESTARTS}` : "");
    const done = await installer.remove(ACTOR);
    const left = isHere ? done.elsewhere : "the gateway's machine";
    return {
      done,
      text: [
        ...done.undone.map(changeText),
        "The guard is out of OpenClaw.",
        ...(left === undefined ? [] : [`Its files are left where they are: ${left}.`]),
      ],
    };
  });

/**
 * Says how the guard stands; with `json` one line `{ok, report, error}`. Exit code 1
 * where it is not as it should be.
 */
export const guardStatus = (options: GuardOptions, runtime: Runtime): Promise<ExitCode> =>
  withGuard(options, runtime, async ({ app, files, directory, isHere }) => {
    const plugins = createPlugins(app.connection);
    const report = await readGuardReport({ guard: app.guard, plugins, files, directory, isHere });
    if (options.json !== true) printCard(statusCard(report), runtime);
    const [problem] = report.problems;
    if (problem === undefined) return { report, text: [] };
    throw Object.assign(new ClutchError("not_verified", problem), { report, wasShown: true });
  });

export interface GuardContext {
  readonly app: App;
  readonly files: GuardFiles;
  readonly installer: ReturnType<typeof createGuardInstaller>;
  readonly plugins: Plugins;
  readonly directory: string;
  /** Whether the gateway is on this machine. */
  readonly isHere: boolean;
  /** Prints, except where one line of JSON is wanted. */
  tell(text: string): void;
}

type Outcome = { readonly text: readonly string[] } & Readonly<Record<string, unknown>>;

async function withGuard(
  options: GuardOptions,
  runtime: Runtime,
  work: (context: GuardContext) => Promise<Outcome>,
): Promise<ExitCode> {
  const secrets: string[] = [];
  const print = (text: string): void => void (options.json === true || runtime.stdout.write(text));
  try {
    const { text, ...told } = await withApp(runtime, secrets, (app) => work(guardContext(app, runtime, print)));
    if (options.json === true) runtime.stdout.write(`${JSON.stringify({ ok: true, ...told, error: null })}\n`);
    else if (text.length > 0) print(`${text.join("\n")}\n`);
    return 0;
  } catch (thrown) {
    const error = toClutchError(thrown);
    const { plan, report, wasShown } = error as ClutchError & Readonly<Record<string, unknown>>;
    if (options.json === true) {
      const { code, message, hint } = error;
      const told = { ...(plan === undefined ? {} : { plan }), ...(report === undefined ? {} : { report }) };
      runtime.stdout.write(`${JSON.stringify({ ok: false, ...told, error: { code, message, hint } })}\n`);
    } else if (wasShown !== true) {
      printError(error, runtime, secrets);
    }
    return error.isFault ? 1 : 2;
  }
}

export function guardContext(app: App, runtime: Runtime, tell: (text: string) => void): GuardContext {
  const directory = join(stateDirectory(runtime.env, runtime.home), "guard");
  const files = createGuardFiles(directory);
  const plugins = createPlugins(app.connection);
  const installer = createGuardInstaller({
    changes: app.changes,
    openclaw: app.openclaw,
    guard: app.guard,
    plugins,
    withScratchSession: (request, work) => withScratchSession(app.connection, request, work),
    files,
    directory,
    freePort: freeCanaryPort,
    signal: runtime.signal,
  });
  const host = URL.parse(app.connection.url)?.hostname ?? "";
  return { app, files, installer, plugins, directory, isHere: classifyHost(host) === "loopback", tell };
}

const COPIES: Readonly<Record<GuardCopy, string>> = {
  absent: "New",
  different: "Changed",
  same: "As it should be",
};

export const RESTARTS =
  "OpenClaw restarts for it, as soon as the turns that run now have ended, after 5 minutes at the latest.";

export const guardPlanText = ({ path, copy, version, config, restarts }: GuardPlan): string =>
  [
    `${COPIES[copy]}: ${path} (the guard, version ${version})`,
    config.length === 0 ? "OpenClaw's configuration is as it should be." : "OpenClaw's configuration:",
    ...config.map((difference) => `  ${changeText(difference)}`),
    ...(restarts ? [RESTARTS] : []),
    "",
  ].join("\n");

export const guardDoneText = ({ wrote, config, restarted, canary, status }: GuardInstalled): readonly string[] => [
  restarted
    ? "The guard is in OpenClaw, which has restarted for it."
    : wrote || config.length > 0
      ? "The guard is in OpenClaw; no restart is needed."
      : "The guard was there already.",
  {
    passed: "Proved: a turn went through its hooks and, since it is off, reached the canary.",
    stopped: "Proved: it is on, and a turn to the canary was stopped.",
    "not allowed":
      "Not proved: OpenClaw's modelPolicy.allow does not name clutch-canary/canary, so no turn can be tried on it.",
  }[canary],
  ...(status.state.on
    ? [`It is on${status.state.damage === undefined ? "" : `: its state ${status.state.damage}`}.`]
    : []),
];

const statusCard = ({ path, version, copy, guard, openclaw, problems }: GuardReport) => ({
  tone: problems.length === 0 ? ("info" as const) : ("warning" as const),
  title:
    guard === undefined
      ? "The guard does not run"
      : guard.state.on
        ? `The guard is on${since(guard.state.at)}`
        : "The guard is off",
  body: [...problems],
  fields: [
    { name: "Files", value: copy === undefined ? "on another machine" : `${path} (${FILES[copy]} version ${version})` },
    { name: "OpenClaw says", value: [openclaw.state ?? "it knows no such plugin", ...openclaw.says].join(". ") },
    ...(guard === undefined
      ? []
      : [
          { name: "State", value: guard.directory },
          { name: "Kept local", value: `${Object.keys(guard.state.kept).length} conversations` },
          {
            name: "Local models",
            value: guard.state.models.map((one) => `${one.provider}/${one.model}`).join(", ") || "none told yet",
          },
          { name: "Canary", value: `port ${guard.canary.port ?? "none"}, reached ${guard.canary.hits} times` },
          { name: "Escapes", value: String(guard.escapes.length) },
        ]),
  ],
});

const FILES: Readonly<Record<GuardCopy, string>> = {
  absent: "not there; this Clutch has",
  different: "differ from",
  same: "as",
};
const since = (at: number): string =>
  at === 0 ? "" : ` since ${new Date(at).toISOString().replace("T", " ").slice(0, 19)} UTC`;

const needsYes = (more = ""): ClutchError =>
  new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
    hint: `Run it again with --yes.${more}`,
  });

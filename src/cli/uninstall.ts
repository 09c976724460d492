import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import { show } from "../agents/configured-defaults.ts";
import { jobStateOf } from "../agents/job-models.ts";
import type { App } from "../app.ts";
import { type Config, configPath, loadConfig } from "../config.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import { readLocalGateway } from "../openclaw/find-gateway.ts";
import { HIDDEN_COMMANDS } from "../set-up/hidden-commands.ts";
import { openclawFileCopy } from "../set-up/openclaw-file.ts";
import { createSetupJournal } from "../set-up/setup-journal.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { createWallClient } from "../wall/wall-client.ts";
import { changeText } from "./change-text.ts";
import { guardContext, RESTARTS } from "./guard.ts";
import { ownerAtTerminal } from "./open-terminal.ts";
import { type LeftOnPlatforms, tracesOnPlatforms } from "./platform-traces.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { serviceRemoval } from "./service.ts";
import { removeWall, wallInstallerFor } from "./wall-install.ts";
import { withApp } from "./with-app.ts";

export interface UninstallOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
  /** Configuration, secrets, store and state go as well. */
  readonly purge?: boolean;
  /** What starts Clutch, for the wall's service. */
  readonly command: readonly string[];
}

/** Something of Clutch's that is there, and how it goes. */
interface Part {
  readonly name: string;
  /** What would change. */
  readonly lines: readonly string[];
  /** What the person has to know afterwards. */
  undo(): Promise<readonly string[]>;
  /** The rest goes on where it fails, and this remains. */
  readonly mayRemain?: boolean;
}

interface Outcome {
  plan: readonly { readonly name: string; readonly lines: readonly string[] }[];
  done: string[];
  remains: string[];
  notes: string[];
}

/**
 * Takes back what Clutch did on this machine, by its journals: local-only mode off
 * first, then guard, helper calls, SOUL.md's defaults, hidden commands, wall, service,
 * and last what the chat platforms keep of Clutch.
 * Shows it all, and does it with `yes` or after one. With `json` one line `{ok, plan,
 * done, remains, notes, error}`. Configuration and store stay unless `purge` is given.
 * Exit code 2 where a yes is needed or something has to be done first, 1 where
 * something could not be taken back; what comes after it is left as it is then.
 */
export async function uninstall(options: UninstallOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  const outcome: Outcome = { plan: [], done: [], remains: [], notes: [] };
  let error: ClutchError | undefined;
  try {
    const config = await loadConfig(runtime);
    refuseElsewhere(config, runtime);
    await withApp(runtime, secrets, (app) => takeBack(app, config, options, runtime, outcome), config);
    if (options.purge === true) await purge(config, runtime, outcome);
  } catch (thrown) {
    error = toClutchError(thrown);
  }
  if (options.json === true) {
    const told = error === undefined ? null : { code: error.code, message: error.message, hint: error.hint };
    runtime.stdout.write(
      `${hideSecrets(JSON.stringify({ ok: error === undefined, ...outcome, error: told }), secrets)}\n`,
    );
  } else if (error !== undefined) {
    const text = `✗ ${error.message}\n${error.hint === "" ? "" : `  ${error.hint}\n`}`;
    runtime.stderr.write(hideSecrets(text, secrets));
  } else {
    const remains =
      outcome.remains.length === 0 ? ["Nothing of it remains."] : ["What remains:", ...indented(outcome.remains)];
    runtime.stdout.write(`${[...remains, REMOVE_PACKAGE].join("\n")}\n`);
  }
  return error === undefined ? 0 : error.isFault ? 1 : 2;
}

/** The configuration names the store that remembers what was changed: without it only a part would be taken back. */
function refuseElsewhere({ path }: Config, runtime: Runtime): void {
  if (path !== undefined) return;
  const { files } = createSetupJournal(stateDirectory(runtime.env, runtime.home), runtime.clock).read();
  const configured = files
    .map((file) => file.replace(/\.\d{8}T\d{6}\.bak$/, ""))
    .find((file) => /\.json5?$/.test(file) && existsSync(file));
  if (configured === undefined) return;
  throw new ClutchError("bad_config", `Clutch was set up in ${dirname(configured)}, not here; nothing was changed.`, {
    hint: `Run it there, or with CLUTCH_CONFIG=${configured}: that names the store that remembers what was changed.`,
  });
}

async function takeBack(
  app: App,
  config: Config,
  options: UninstallOptions,
  runtime: Runtime,
  outcome: Outcome,
): Promise<void> {
  const left = await tracesOnPlatforms(config);
  const parts = [...(await partsOf(app, config, options, runtime)), ...left.traces.map(partOfPlatform)];
  const say = (...lines: readonly string[]): void =>
    void (options.json === true || runtime.stdout.write(`${lines.join("\n")}\n`));
  outcome.plan = parts.map(({ name, lines }) => ({ name, lines }));
  for (const { name, lines } of parts) say(`${name}:`, ...indented(lines), "");
  const purged = options.purge === true ? purgeable(config, runtime) : [];
  if (purged.length > 0) say("To be deleted:", ...indented(purged), "");
  if (parts.length === 0 && purged.length === 0) say("Nothing of Clutch's is in OpenClaw.");
  else if (options.yes !== true) await agreed(options, runtime);

  // A Clutch that runs would mirror SOUL.md again meanwhile.
  const service = serviceRemoval(runtime);
  await service?.stop();
  try {
    for (const { name, undo, mayRemain } of parts) {
      try {
        const notes = await undo();
        outcome.done.push(name);
        outcome.notes.push(...notes);
        say(`✓ ${name}`, ...indented(notes));
      } catch (thrown) {
        if (mayRemain !== true) throw thrown;
        const { message } = toClutchError(thrown);
        outcome.remains.push(`${name}: ${message}`);
        say(`✗ ${name}`, `  ${message}`);
      }
    }
  } catch (thrown) {
    if (!outcome.done.includes(SERVICE)) await service?.startAgain();
    throw thrown;
  }
  outcome.remains.push(...(await leftInOpenClaw(app)), ...(await formerOpenclawFile(runtime)), ...left.stays);
  if (options.purge !== true) outcome.remains.push(...purgeable(config, runtime));
}

/** All that there is to take back, in the order in which it goes. */
async function partsOf(
  app: App,
  config: Config,
  { command }: UninstallOptions,
  runtime: Runtime,
): Promise<readonly Part[]> {
  const actor = ownerAtTerminal();
  const about = { actor, reason: "clutch uninstall" };
  const parts: Part[] = [];
  const lock = await app.localOnly.status();
  const mustOff = lock.enforcement !== "off";
  if (mustOff || lock.kept.length > 0) {
    parts.push({
      name: "Local-only mode",
      lines: [
        ...(mustOff ? ["on -> off: what was typed meanwhile may go to the cloud with the next turn"] : []),
        ...(lock.kept.length > 0 ? [`${lock.kept.length} conversations that are kept local are released`] : []),
      ],
      undo: () => unlock(app, about),
    });
  }

  const { installer, isHere, files, plugins } = guardContext(app, runtime, () => undefined);
  const [guard, guardSlots] = [await app.guard.status().catch(() => undefined), await app.changes.outstanding("guard")];
  if (guard !== undefined || guardSlots.length > 0 || (isHere && files.look() !== "absent")) {
    parts.push({
      name: "The guard",
      lines: [
        ...guardSlots.map(changeText),
        ...(isHere ? [`deleted: ${files.path}`] : []),
        ...(plugins.restarts() ? [RESTARTS] : []),
      ],
      undo: () => installer.remove(actor).then(nothing),
    });
  }

  const helpers = await app.services.journal.undoable("helpers");
  if (helpers.length > 0) {
    const jobs = helpers.flatMap(({ before, after }) => {
      const [former, latter] = [jobStateOf(before), jobStateOf(after)];
      return former === undefined
        ? []
        : [`job “${former.name}”: ${show(latter?.model ?? null)} -> ${show(former.model)}`];
    });
    const slots = await app.changes.outstanding("helpers");
    parts.push({
      name: "Models of OpenClaw's own calls",
      lines: [...slots.map(changeText), ...jobs],
      undo: () => undoHelpers(app, about),
    });
  }

  const souls = await app.souls.release({ look: true });
  if (souls.length > 0) {
    parts.push({
      name: "Defaults from SOUL.md",
      lines: souls.map(({ agentId, mirrored, former, kept }) =>
        kept ? `${agentId}: changed since, stays` : `${agentId}: ${show(mirrored)} -> ${show(former)}`,
      ),
      undo: () => app.souls.release().then(nothing),
    });
  }

  const hidden = await app.changes.outstanding(HIDDEN_COMMANDS);
  if (hidden.length > 0) {
    parts.push({
      name: "OpenClaw's own chat commands",
      lines: hidden.map(changeText),
      undo: async () => (await app.changes.undoAll({ ...about, about: HIDDEN_COMMANDS })).kept.map(keptText),
    });
  }

  // The last of OpenClaw's settings: it restarts for it.
  const wall = await wallInstallerFor(app, { command }, runtime, config);
  const wallSlots = await wall.outstanding();
  const { unitFile, unitBefore } = await wall.plan();
  if (wallSlots.length > 0 || unitBefore !== undefined) {
    parts.push({
      name: "The wall",
      lines: [...wallSlots.map(changeText), ...(unitBefore === undefined ? [] : [`deleted: ${unitFile}`])],
      async undo() {
        const { done, text } = await removeWall(app, wall, actor, runtime.signal);
        return [...done.kept.map(keptText), ...text];
      },
    });
  }

  const service = serviceRemoval(runtime);
  if (service !== undefined) {
    parts.push({
      name: SERVICE,
      lines: service.files.map((file) => `deleted: ${file}`),
      undo: () => service.remove().then(nothing),
    });
  }
  return parts;
}

const partOfPlatform = ({ name, lines, remove }: LeftOnPlatforms["traces"][number]): Part => ({
  name,
  lines,
  undo: () => remove().then(nothing),
  mayRemain: true,
});

/** Throws where it does not come off: then nothing else may go. */
async function unlock(
  { localOnly }: App,
  about: { readonly actor: string; readonly reason: string },
): Promise<string[]> {
  const { status, notes } = await localOnly.turnOff({ ...about, restore: "all" });
  if (status.enforcement !== "off") {
    throw new ClutchError("not_verified", "Local-only mode did not come off, so nothing else was taken back.", {
      hint: `${status.problems.join(" ")} clutch localonly off says more, and --force gets it off in any case.`.trim(),
    });
  }
  if (status.kept.length > 0) await localOnly.release(undefined, about);
  return [...notes];
}

async function undoHelpers(app: App, about: { readonly actor: string; readonly reason: string }): Promise<string[]> {
  const { helpers, journal } = app.services;
  const kept: string[] = [];
  const made = await journal.undoable("helpers");
  for (const batch of new Set(made.flatMap((change) => change.batch ?? []))) {
    try {
      const { rows, failure } = await helpers.undo(batch, about);
      if (failure !== undefined) throw failure;
      kept.push(
        ...rows.filter(({ outcome }) => outcome === "kept").map(({ name, why }) => `${name}: ${why ?? "stays"}`),
      );
    } catch (thrown) {
      if (toClutchError(thrown).code !== "changed_meanwhile") throw thrown;
      kept.push("Some were set to something else since, which stays.");
    }
  }
  return kept;
}

/** What Clutch changed on a person's order and is theirs now. */
async function leftInOpenClaw({ services }: App): Promise<readonly string[]> {
  const left = await services.journal.undoable();
  const count = (what: string, some: boolean): string[] => (some ? [what] : []);
  return [
    ...count(
      "models that clutch models setup defined (clutch models setup --undo)",
      left.some(({ target }) => target === "models.setup"),
    ),
    ...count(
      "defaults of agents that were set with /model",
      left.some(({ scope, actor }) => (scope === "agent" || scope === "global") && actor !== "clutch"),
    ),
    ...count(
      "models of single conversations that were set with /model",
      left.some(({ scope }) => scope === "session"),
    ),
  ];
}

/** It holds a person's comments, so it is theirs to delete. */
async function formerOpenclawFile(runtime: Runtime): Promise<readonly string[]> {
  const copy = openclawFileCopy((await readLocalGateway(runtime))?.configPath ?? "");
  return existsSync(copy) ? [`${copy}: OpenClaw's configuration as it was before Clutch, with your comments`] : [];
}

/** Files of Clutch's own that are there. */
function purgeable(config: Config, runtime: Runtime): readonly string[] {
  const state = stateDirectory(runtime.env, runtime.home);
  const store = /^sqlite:(?!\/\/[^/])(.+)$/.exec(config.store)?.[1];
  const database = store === undefined || store === ":memory:" ? [] : [resolve(runtime.cwd, store)];
  const files = [
    ...createSetupJournal(state, runtime.clock).read().files,
    ...(config.path === undefined ? [] : [configPath(runtime)]),
    ...database.flatMap(withCompanions),
    state,
  ];
  return [...new Set(files)].filter((file) => existsSync(file));
}

/** A SQLite file with its logs, its backups, and those that were set aside. */
function withCompanions(file: string): readonly string[] {
  const [folder, name] = [dirname(file), basename(file)];
  if (!existsSync(folder)) return [];
  const endings = ["-wal", "-shm", ".backup-", ".damaged-", ".before-restore-", ".replaced-", ".mended.json"];
  return readdirSync(folder)
    .filter((entry) => entry === name || endings.some((ending) => entry.startsWith(`${name}${ending}`)))
    .map((entry) => join(folder, entry));
}

async function purge(config: Config, runtime: Runtime, outcome: Outcome): Promise<void> {
  const state = stateDirectory(runtime.env, runtime.home);
  const wall = await createWallClient({ directory: state })
    .status()
    .catch(() => undefined);
  for (const file of purgeable(config, runtime)) {
    if (file !== state) rmSync(file, { force: true });
    else if (wall === undefined) rmSync(file, { recursive: true, force: true });
    else {
      for (const name of readdirSync(file)) {
        if (!name.startsWith("wall.")) rmSync(join(file, name), { recursive: true, force: true });
      }
      outcome.remains.push(`${file}, which the wall uses until it is stopped`);
    }
    removeIfEmpty(dirname(file), runtime);
  }
  if (/^postgres/.test(config.store)) outcome.remains.push("the tables in PostgreSQL");
}

/** Directories that Clutch made for its own files; others are never empty, or not its own. */
function removeIfEmpty(directory: string, { home, cwd }: Runtime): void {
  if (![home, cwd].some((base) => directory.startsWith(`${base}/`)) || !/[/\\](clutch|secrets)$/.test(directory))
    return;
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory);
}

async function agreed({ json }: UninstallOptions, runtime: Runtime): Promise<void> {
  const isTerminal = terminalTraits(runtime.stdin, runtime.stdout, runtime.env).interactive;
  if (json !== true && isTerminal) {
    const { confirmed } = await import("./models-choose.ts");
    if (await confirmed("Take all of this back?", runtime)) return;
  }
  throw new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
    hint: "Run it again with --yes.",
  });
}

const SERVICE = "The service";
const nothing = (): readonly string[] => [];
const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);
const keptText = ({ name }: { readonly name: string }): string => `${name} was changed since, and is left as it is.`;
const REMOVE_PACKAGE = "The program itself goes with npm uninstall --global openclaw-clutch.";

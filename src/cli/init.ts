import { chmodSync, copyFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { diff } from "node:util";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import type { App } from "../app.ts";
import { type Config, checkConfigText, loadConfig } from "../config.ts";
import { writeConfigFile, writeWhole } from "../config-file.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import type { ModelRef } from "../models/model-ref.ts";
import { claudeKeyPlace } from "../set-up/claude-key.ts";
import { type Answers, draftConfig } from "../set-up/config-draft.ts";
import { isHandWritten, keepOpenclawFile, openclawFileCopy } from "../set-up/openclaw-file.ts";
import type { Secret } from "../set-up/secret.ts";
import { createSetupJournal } from "../set-up/setup-journal.ts";
import { stateDirectory } from "../wall/state-file.ts";
import { isOneGateway } from "./choose-gateway.ts";
import { type Desk, type InitFlags, type Known, type Learned, learn } from "./init-answers.ts";
import { lookAround } from "./init-look.ts";
import { initOffers, localModelNamed, localModels, type Offer, type OfferName, type OfferView } from "./init-offers.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { withApp } from "./with-app.ts";

export interface InitOptions extends InitFlags {
  /** Writes without asking what the flags name. */
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly guard?: boolean;
  readonly wall?: boolean;
  /** A local model for OpenClaw's own calls. */
  readonly helpers?: string;
  readonly souls?: boolean;
  readonly hideCommands?: boolean;
  /** What starts Clutch, for the wall's service. */
  readonly command: readonly string[];
}

interface Step {
  readonly name: OfferName;
  readonly state: "done" | "already" | "skipped" | "impossible" | "failed";
  readonly lines: readonly string[];
}

/** What a run did, as far as it came. */
interface Outcome {
  readonly found: Record<string, unknown>;
  config: { path: string; difference: readonly string[]; written: boolean; backup: string | null } | null;
  learned: Learned | undefined;
  readonly steps: Step[];
  /** What `clutch doctor` printed as JSON; null where it did not come to that. */
  doctor: unknown;
}

/**
 * Sets Clutch up: looks what is there, asks or takes the flags, shows what it would
 * write and change, and does it after a yes. Nothing is written before the last
 * question is answered. With `json` it prints one object. Exit code 0 when all is
 * done; 2 where an answer or a yes is missing or something has to be corrected; 1
 * where something broke.
 */
export async function init(options: InitOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  const outcome: Outcome = { found: {}, config: null, learned: undefined, steps: [], doctor: null };
  let error: ClutchError | undefined;
  try {
    await setUp(options, runtime, secrets, outcome);
    error = failureIn(outcome);
  } catch (thrown) {
    error = runtime.signal.aborted ? interrupted() : toClutchError(thrown);
  }
  if (options.json === true) runtime.stdout.write(`${hideSecrets(JSON.stringify(jsonOf(outcome, error)), secrets)}\n`);
  else if (error !== undefined) {
    const text = `✗ ${error.message}\n${error.hint === "" ? "" : `  ${error.hint}\n`}`;
    runtime.stderr.write(hideSecrets(text, secrets));
  }
  return error === undefined ? 0 : error.isFault ? 1 : 2;
}

async function setUp(options: InitOptions, runtime: Runtime, secrets: string[], outcome: Outcome): Promise<void> {
  const isTerminal = terminalTraits(runtime.stdin, runtime.stdout, runtime.env).interactive;
  const desk: Desk = {
    runtime,
    asks: isTerminal && options.yes !== true && options.json !== true,
    say: (...lines) => void (options.json === true || runtime.stdout.write(`${lines.join("\n")}\n`)),
  };
  const { known, found } = await lookAround(options, desk, secrets);
  Object.assign(outcome.found, found);
  const learned = await learn(known, options, desk);
  outcome.learned = learned;
  const values = secretsIn(learned.answers).map(({ value }) => value);
  secrets.push(...values);
  runtime.secrets?.push(...values);
  desk.say(...learned.remarks);

  const { file } = known;
  const draft = draftConfig(file.text, learned.answers);
  checkConfigText(draft, file.path);
  const chosen = await chooseOffers(known, learned, options, desk, secrets, outcome);
  const rewritten = chosen.length === 0 ? undefined : rewrittenFile(known, learned);
  if (rewritten !== undefined) desk.say("", ...rewrittenText(rewritten));

  const difference = differenceOf(file.text, draft);
  outcome.config = { path: file.path, difference, written: false, backup: null };
  if (difference.length === 0) desk.say("", `${file.path} is as it should be.`);
  else desk.say("", `${file.text === undefined ? "New" : "Changed"}: ${file.path}`, ...difference, "");
  if (difference.length > 0 || chosen.length > 0)
    await agreed("Write this, and do what you said yes to?", options, desk);
  // With --yes no question has shown that somebody wants out.
  runtime.signal.throwIfAborted();
  writeAll(known, learned.answers, draft, outcome, runtime);
  if (outcome.config.written) desk.say(`Written: ${file.path} (mode 0600)`);
  if (rewritten !== undefined) keepOpenclawFile(rewritten);
  await accept(chosen, options, desk, secrets, outcome);
  await examine(desk, options, outcome);
  desk.say("", "Next: clutch start, or clutch service install to have it run by itself.");
}

/** OpenClaw's configuration on this machine, where it loses comments by being changed. */
function rewrittenFile({ gateway, config }: Known, { answers }: Learned): string | undefined {
  const url = answers.gateway?.url ?? config.gateway?.url;
  if (gateway === undefined || (url !== undefined && !isOneGateway(url, gateway.url))) return undefined;
  return isHandWritten(gateway.configPath) ? gateway.configPath : undefined;
}

const rewrittenText = (file: string): readonly string[] => [
  `OpenClaw then writes ${file} anew, as plain JSON: your comments go.`,
  `As it is now it stays in ${openclawFileCopy(file)}.`,
];

/** An offer that was accepted, and what it takes to carry it out. */
interface Chosen {
  readonly name: OfferName;
  readonly helpers: ModelRef | undefined;
}

/** Shows what each offer would change, by a Clutch that remembers nothing, and asks. */
async function chooseOffers(
  known: Known,
  learned: Learned,
  options: InitOptions,
  desk: Desk,
  secrets: string[],
  outcome: Outcome,
): Promise<readonly Chosen[]> {
  const named = namedOffers(options);
  const { answers } = learned;
  const gateway = answers.gateway ?? known.config.gateway;
  const config: Config = {
    ...known.config,
    ...(gateway === undefined ? {} : { gateway: { ...known.config.gateway, ...plainGateway(gateway) } }),
    servers: {
      ...known.config.servers,
      ...(answers.ollama === undefined
        ? {}
        : { [answers.ollama.id]: { kind: "ollama", baseUrl: answers.ollama.baseUrl } }),
    },
    store: known.file.text === undefined ? "sqlite::memory:" : known.config.store,
  };
  desk.say("Asking the gateway …");
  try {
    return await withApp(
      desk.runtime,
      secrets,
      async (app) => {
        const { models } = await app.services.registry.current();
        const claude = models.filter(({ ref }) => ref.provider === "anthropic").length;
        const local = await localModels(app);
        const key = claudeKeyPlace((await app.openclaw.readConfig()).authored);
        Object.assign(outcome.found, {
          models: { all: models.length, claude, local: local.length },
          claudeKey: key ?? null,
        });
        desk.say(
          `The gateway answers: ${models.length} models, ${local.length} of them local, ${claude} of Claude's.`,
          ...(key !== undefined
            ? [`Claude: OpenClaw has its key in ${key}, where it stays.`]
            : claude === 0
              ? []
              : ["Claude: OpenClaw's configuration names no key; an agent's own store may hold one."]),
        );
        const helpers = await helperModel(app, local, options, desk);
        const platforms = platformsOf(known.config, answers);
        const offers = initOffers({ app, config, runtime: desk.runtime, command: options.command, helpers, platforms });
        const chosen: Chosen[] = [];
        for (const offer of offers) {
          if (!desk.asks && options.yes === true && !named.has(offer.name)) continue;
          const view = await offer.look();
          if (await wanted(offer, view, named.has(offer.name), desk, outcome))
            chosen.push({ name: offer.name, helpers });
        }
        return chosen;
      },
      config,
    );
  } catch (thrown) {
    const { code, message, hint } = toClutchError(thrown);
    // What the flags ask for needs the gateway; a person may come back when it runs.
    if (!/^(gateway_|no_gateway|deadline)/.test(code) || named.size > 0) throw thrown;
    desk.say(`${message} ${hint}`.trim(), "Guard, wall and the rest need it: run clutch init again when it answers.");
    return [];
  }
}

async function wanted(offer: Offer, view: OfferView, isNamed: boolean, desk: Desk, outcome: Outcome): Promise<boolean> {
  const { name, title, question } = offer;
  const skip = (state: Step["state"]): false => {
    outcome.steps.push({ name, state, lines: view.lines });
    return false;
  };
  if (view.state === "possible") {
    desk.say("", `${title}:`, ...view.lines.map((line) => `  ${line}`));
    if (isNamed) return true;
    if (!desk.asks) return skip("skipped");
    const { confirmed } = await import("./models-choose.ts");
    return (await confirmed(question, desk.runtime)) ? true : skip("skipped");
  }
  if (view.state === "done") {
    desk.say("", `${title}: already so. ${view.lines.at(-1) ?? ""}`.trimEnd());
    return skip("already");
  }
  if (isNamed) throw new ClutchError("bad_option", `${FLAGS[name]}: ${view.lines.join(" ")}`);
  return skip("impossible");
}

async function helperModel(
  app: App,
  local: readonly ModelRef[],
  { helpers }: InitOptions,
  { asks, runtime }: Desk,
): Promise<ModelRef | undefined> {
  if (helpers !== undefined) return localModelNamed(app, helpers);
  if (!asks || local.length === 0) return undefined;
  return (await import("./init-prompts.ts")).askHelperModel(local, runtime);
}

/** Secrets first, each noted before it is there, so that an uninstall finds it after a crash, too. */
function writeAll({ file }: Known, answers: Answers, draft: string, outcome: Outcome, runtime: Runtime): void {
  const journal = createSetupJournal(stateDirectory(runtime.env, runtime.home), runtime.clock);
  for (const { write, value } of secretsIn(answers)) {
    if (write === undefined) continue;
    journal.noteFile(write);
    writeWhole(write, `${value}\n`, 0o600);
  }
  if (draft === file.text || outcome.config === null) return;
  if (file.text === undefined) journal.noteFile(file.path);
  else {
    const backup = `${file.path}.${new Date(runtime.clock()).toISOString().replace(/\W/g, "").slice(0, 15)}.bak`;
    journal.noteFile(backup);
    copyFileSync(file.path, backup);
    chmodSync(backup, 0o600);
    outcome.config.backup = backup;
  }
  writeConfigFile(file, draft, 0o600);
  journal.noteStep("config");
  outcome.config.written = true;
}

/** Carries out what was chosen, one after the other; one that fails leaves the others alone. */
async function accept(
  chosen: readonly Chosen[],
  options: InitOptions,
  desk: Desk,
  secrets: string[],
  outcome: Outcome,
): Promise<void> {
  const [first] = chosen;
  if (first === undefined) return;
  const { runtime, say } = desk;
  const journal = createSetupJournal(stateDirectory(runtime.env, runtime.home), runtime.clock);
  const config = await loadConfig(runtime);
  await withApp(
    runtime,
    secrets,
    async (app) => {
      const platforms = platformsOf(config, { owners: [] });
      const { helpers } = first;
      for (const offer of initOffers({ app, config, runtime, command: options.command, helpers, platforms })) {
        if (!chosen.some(({ name }) => name === offer.name)) continue;
        try {
          const lines = await offer.accept();
          journal.noteStep(offer.name);
          outcome.steps.push({ name: offer.name, state: "done", lines });
          say("", `✓ ${offer.title}`, ...lines.map((line) => `  ${line}`));
        } catch (thrown) {
          const { message, hint } = toClutchError(thrown);
          outcome.steps.push({ name: offer.name, state: "failed", lines: [message, ...(hint === "" ? [] : [hint])] });
          say("", `✗ ${offer.title}`, `  ${message}`, ...(hint === "" ? [] : [`  ${hint}`]));
        }
      }
    },
    config,
  );
}

/** Ends with a look at everything, whose result is the person's to judge: what was asked for is done. */
async function examine({ runtime, say }: Desk, { json }: InitOptions, outcome: Outcome): Promise<void> {
  const { doctor } = await import("./doctor.ts");
  say("");
  if (json !== true) return void (await doctor({}, runtime));
  const printed = new PassThrough();
  const [text] = await Promise.all([
    buffer(printed),
    doctor({ json: true }, { ...runtime, stdout: printed }).finally(() => printed.end()),
  ]);
  outcome.doctor = JSON.parse(text.toString());
}

const FLAGS: Readonly<Record<OfferName, string>> = {
  guard: "--guard",
  wall: "--wall",
  helpers: "--helpers",
  souls: "--souls",
  commands: "--hide-commands",
};

function namedOffers({ guard, wall, helpers, souls, hideCommands }: InitOptions): ReadonlySet<OfferName> {
  const given = { guard, wall, helpers: helpers !== undefined, souls, commands: hideCommands };
  return new Set(Object.entries(given).flatMap(([name, is]) => (is === true ? [name as OfferName] : [])));
}

async function agreed(question: string, { yes }: InitOptions, { asks, runtime }: Desk): Promise<void> {
  if (yes === true) return;
  if (asks && (await (await import("./models-choose.ts")).confirmed(question, runtime))) return;
  throw new ClutchError("confirmation_required", "This needs a yes first; nothing was written or changed.", {
    hint: "Run it again, or with --yes and a flag for each thing to be done.",
  });
}

const platformsOf = ({ discord, slack }: Pick<Config, "discord" | "slack">, answers: Answers): readonly string[] => [
  ...(discord === undefined && answers.discord === undefined ? [] : ["discord"]),
  ...(slack === undefined && answers.slack === undefined ? [] : ["slack"]),
];

const secretsIn = ({ gateway, claudeKey, discord, slack }: Answers): readonly Secret[] =>
  [gateway?.token, claudeKey, discord?.token, slack?.botToken, slack?.appToken].filter((one) => one !== undefined);

function plainGateway({ url, token }: { readonly url: string; readonly token?: Secret | string | undefined }) {
  const value = typeof token === "object" ? token.value : token;
  return { url, ...(value === undefined ? {} : { token: value }) };
}

/** The lines that change, marked as patches are. */
function differenceOf(before: string | undefined, after: string): readonly string[] {
  const lines = (text: string): string[] => text.replace(/\r?\n$/, "").split("\n");
  if (before === undefined) return lines(after).map((line) => `+ ${line}`);
  if (before === after) return [];
  return diff(lines(after), lines(before)).flatMap(([kind, line]) =>
    kind === 0 ? [] : [`${kind === 1 ? "+" : "-"} ${line}`],
  );
}

function failureIn({ steps }: Outcome): ClutchError | undefined {
  const failed = steps.filter(({ state }) => state === "failed");
  if (failed.length === 0) return undefined;
  return new ClutchError("not_verified", `Not done: ${failed.map(({ name }) => name).join(", ")}. The rest is.`, {
    hint: "Run clutch init again once what stands above is mended.",
  });
}

const interrupted = (): ClutchError =>
  new ClutchError("interrupted", "Interrupted.", { hint: "clutch init goes on from what is there." });

function jsonOf({ found, config, learned, steps, doctor }: Outcome, error: ClutchError | undefined): object {
  return {
    ok: error === undefined,
    found,
    discord: learned?.discord ?? null,
    slack: learned?.slack ?? null,
    config,
    steps,
    doctor,
    remarks: learned?.remarks ?? [],
    error: error === undefined ? null : { code: error.code, message: error.message, hint: error.hint },
  };
}

import { renderCard } from "../../adapters/terminal/render-card.ts";
import { terminalTraits } from "../../adapters/terminal/terminal-traits.ts";
import type { Card } from "../../commands/card.ts";
import { show } from "../agents/configured-defaults.ts";
import type { SoulProblem } from "../agents/soul-front-matter.ts";
import type { SoulReport, SoulState } from "../agents/soul-sync.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { withApp } from "./with-app.ts";

export interface AgentsSyncOptions {
  readonly json?: boolean;
  /** Writes without asking. */
  readonly yes?: boolean;
}

/**
 * Brings the defaults of all agents in step with their SOUL.md, and prints how
 * they stand: a table, or with `json` one line `{ok, agents, error}`. Where
 * something would be written and `yes` is not given, it is only shown. Exit code
 * 0 when all is done, also with drift; 2 where a yes or a correction of a SOUL.md
 * is needed; 1 where a file could not be read or a default not written.
 */
export async function agentsSync(options: AgentsSyncOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  let reports: readonly SoulReport[] = [];
  let error: ClutchError | undefined;
  try {
    reports = await withApp(runtime, secrets, ({ souls }) => (options.yes === true ? souls.sync() : souls.preview()));
    error = errorIn(reports);
  } catch (thrown) {
    error = toClutchError(thrown);
  }
  if (options.json === true) {
    const shown = error === undefined ? null : { code: error.code, message: error.message, hint: error.hint };
    runtime.stdout.write(`${JSON.stringify({ ok: error === undefined, agents: reports, error: shown })}\n`);
  } else {
    if (reports.length > 0) printTable(runtime, reports, error === undefined);
    const text = error === undefined ? [] : [`✗ ${error.message}`, ...(error.hint === "" ? [] : [`  ${error.hint}`])];
    for (const line of text) runtime.stderr.write(`${hideSecrets(line, secrets)}\n`);
  }
  return error === undefined ? 0 : error.isFault ? 1 : 2;
}

function errorIn(reports: readonly SoulReport[]): ClutchError | undefined {
  const has = (...states: readonly SoulState[]): boolean => reports.some(({ state }) => states.includes(state));
  if (has("to-mirror", "to-restore")) {
    return new ClutchError("confirmation_required", "This needs a yes first; nothing was changed.", {
      hint: "Run it again with --yes.",
    });
  }
  if (has("unreadable", "failed")) {
    return new ClutchError("not_verified", "Not every agent could be brought in step with its SOUL.md.");
  }
  if (has("invalid")) {
    return new ClutchError("bad_config", "Not every SOUL.md can be used; those agents are as they were.", {
      hint: "Correct the lines that are named.",
    });
  }
  return undefined;
}

function printTable({ stdout, stdin, env }: Runtime, reports: readonly SoulReport[], isDone: boolean): void {
  const shape = { columns: stdout.columns || 100, ...terminalTraits(stdin, stdout, env) };
  stdout.write(`${renderCard(soulCard(reports, isDone), shape)}\n`);
}

const STATES: Readonly<Record<SoulState, string>> = {
  none: "declares nothing",
  "in-step": "in step",
  mirrored: "written now",
  restored: "put back",
  "to-mirror": "to be written",
  "to-restore": "to be put back",
  drift: "changed since, left alone",
  invalid: "not usable, untouched",
  unreadable: "could not be read",
  failed: "could not be written",
};

function soulCard(reports: readonly SoulReport[], isDone: boolean): Card {
  const isFine = isDone && reports.every(({ problems }) => problems.length === 0);
  return {
    tone: isFine ? "success" : "warning",
    title: isFine
      ? "The configuration is in step with every SOUL.md"
      : "SOUL.md of the agents and OpenClaw's configuration",
    body: reports.flatMap(({ agentId, problems }) => problems.map((problem) => problemLine(agentId, problem))),
    table: {
      columns: ["Agent", "SOUL.md says", "Configured", "State"],
      rows: reports.map(({ agentId, declared, configured, state }) => [
        agentId,
        [declared?.model ?? "", ...(declared?.fallbacks ?? []).map((name) => `else ${name}`)].join(" ").trim(),
        configured === undefined ? "" : show(configured),
        STATES[state],
      ]),
    },
  };
}

const problemLine = (agentId: string, { line, message }: SoulProblem): string =>
  `${agentId}${line === undefined ? "" : `, SOUL.md line ${line}`}: ${message}`;

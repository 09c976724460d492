import type { Command, CommandContext } from "./command.ts";
import { keepHere, letGoHere, releaseAll, releaseHere } from "./localonly-here.ts";
import { checkLockOptions, LOCK_ACTIONS, lockAccess } from "./localonly-options.ts";
import { type LockContext, runLock } from "./localonly-switch.ts";
import { actorOf } from "./model-switch.ts";
import type { Services } from "./services.ts";

/** Each path is tried, one after another, and a gateway that takes new settings is waited for. */
const TRYING_MS = 3 * 60_000;

/** `/localonly`: keeps everything that agents write from models in the cloud. */
export const localOnlyCommand: Command<Services> = {
  name: "localonly",
  summary: "Show or turn local-only mode: while it is on, agents use local models alone",
  options: [
    {
      name: "action",
      summary: "Show it, turn it on or off, try each path, or release conversations that were kept local",
      kind: "choice",
      positional: true,
      choices: LOCK_ACTIONS,
    },
    { name: "here", summary: "With on or off: keep this conversation alone local", kind: "flag" },
    { name: "all", summary: "With release: every conversation that waits", kind: "flag" },
    {
      name: "for",
      summary: "With on or off: for a while, then back: 90s, 30m, 2h, 1d",
      kind: "text",
      complete: (typed) => offer(["30m", "2h", "8h", "1d"], typed),
    },
    {
      name: "daily",
      summary: "With on: from when to when every day, such as 22:00-07:00; never ends it",
      kind: "text",
      complete: (typed) => offer(["22:00-07:00", "18:00-08:00", "never"], typed),
    },
    {
      name: "restore",
      summary: "With off: all conversations, or all others than those with text that was written meanwhile",
      kind: "choice",
      choices: ["all", "others"],
    },
    { name: "reason", summary: "Why, for the cards and the audit log", kind: "text" },
    { name: "agent", summary: "Which agent, where several answer here", kind: "text" },
  ],
  access: lockAccess,
  deadlineMs: ({ action, here }) =>
    here === undefined && (action === "on" || action === "off" || action === "verify") ? TRYING_MS : undefined,
  forms: [
    { line: "/localonly", does: "Shows whether local-only mode is on, what holds it, and where turns go" },
    {
      line: "/localonly on",
      does: "Turns it on, after a question: agents use local models alone, then each path is tried",
    },
    { line: "/localonly on for:2h", does: "The same for a while (90s, 30m, 2h, 1d), then off by itself" },
    { line: "/localonly on daily:22:00-07:00", does: "Turns it on and off by itself every day, after a question" },
    { line: "/localonly on daily:never", does: "Ends the daily times" },
    { line: "/localonly on reason:audit", does: "Says why, for the cards and the audit log; goes with every change" },
    { line: "/localonly off", does: "Turns it off, after a question that says what would go to the cloud then" },
    { line: "/localonly off restore:all", does: "The same; every conversation goes to its own model again" },
    {
      line: "/localonly off restore:others",
      does: "The same; conversations with text that was written while it was on stay local until released",
    },
    { line: "/localonly off for:2h", does: "Turns it off for a while, then on again by itself" },
    { line: "/localonly verify", does: "Tries each path with a canary and shows which of them hold" },
    { line: "/localonly here on", does: "Keeps the turns of this conversation local, whatever its model" },
    { line: "/localonly here off", does: "Lets this conversation go to its own model again" },
    {
      line: "/localonly release",
      does: "Lets this conversation go to the cloud with what was written in it meanwhile",
    },
    { line: "/localonly release all", does: "The same for every conversation that waits for it" },
  ],
  run: async (context) => {
    const { action, here, all } = context.options;
    checkLockOptions(context.options);
    if (here !== undefined) return action === "on" ? keepHere(context) : letGoHere(context);
    if (action === "release") return all === undefined ? releaseHere(context) : releaseAll(context);
    return runLock(await lockContext(context));
  },
};

const offer = (values: readonly string[], typed: string) =>
  values.filter((value) => value.startsWith(typed.trim())).map((value) => ({ value, label: value }));

async function lockContext(context: CommandContext<Services>): Promise<LockContext> {
  const { services, options, level, confirmed, progress } = context;
  const doing =
    options["action"] === "verify" ? "Trying each path" : `Turning local-only mode ${options["action"] ?? ""}`;
  return {
    localOnly: services.localOnly,
    options,
    actor: actorOf(context),
    place: confirmed ? await placeOf(context) : undefined,
    level,
    confirmed,
    clock: services.clock,
    onStep: (step) => progress({ tone: "info", title: `${doing}: ${step}…` }),
  };
}

/** The lock is every conversation's: it must not fail because it is unclear which one this is. */
async function placeOf({ services, conversation }: CommandContext<Services>): Promise<string | undefined> {
  try {
    return (await services.sessions.view(conversation)).key;
  } catch {
    return undefined;
  }
}

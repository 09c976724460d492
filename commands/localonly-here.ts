import type { LockStatus } from "../src/local-only/lock-status.ts";
import { forAgent } from "./agent-option.ts";
import type { Card, Field } from "./card.ts";
import type { CommandContext, Reply } from "./command.ts";
import { conversations, modelsField } from "./localonly-card.ts";
import { actorOf } from "./model-switch.ts";
import type { Services } from "./services.ts";

/** `/localonly here on`: this conversation stays local, whatever the lock says. */
export async function keepHere(context: CommandContext<Services>): Promise<Reply> {
  const key = await keyOf(context);
  const { changed, status, notes } = await context.services.localOnly.keepLocal(key, requestOf(context, key));
  return reply(changed, {
    title: changed ? "This conversation stays local from now on" : "This conversation is kept local already",
    body: [...notes, "Its turns go to a local model, whatever model it is set to.", helperWords(status)],
    fields: [{ ...modelsField(status), name: "Turns go to" }, ...whoFields(context)],
    actions: [
      { label: "No longer", line: forAgent("/localonly here off", context.options["agent"]), style: "secondary" },
    ],
    footer: `session ${key}`,
  });
}

/** `/localonly here off`; text of the locked time needs a `release`. */
export async function letGoHere(context: CommandContext<Services>): Promise<Reply> {
  const key = await keyOf(context);
  const { kept } = await context.services.localOnly.status();
  if (kept.some(({ sessionKey, why }) => sessionKey === key.toLowerCase() && why === "unreleased")) {
    return reply(false, {
      title: "This conversation stays local: it holds text that was written while local-only mode was on",
      body: ["Released, its next cloud turn or recap sends that text to the provider. Nothing was changed."],
      actions: [
        { label: "Release it", line: forAgent("/localonly release", context.options["agent"]), style: "danger" },
      ],
      footer: `session ${key}`,
    });
  }
  return release(context, key);
}

/** `/localonly release`: this conversation may go to the cloud again, with what was written in it. */
export async function releaseHere(context: CommandContext<Services>): Promise<Reply> {
  return release(context, await keyOf(context));
}

/** `/localonly release all`. */
export async function releaseAll(context: CommandContext<Services>): Promise<Reply> {
  const { localOnly } = context.services;
  const before = waiting(await localOnly.status());
  const { changed, status, notes } = await localOnly.release(undefined, requestOf(context, undefined));
  const left = waiting(status);
  return reply(changed, {
    title: changed
      ? `${conversations(Math.max(1, before - left))} may go to the cloud again`
      : "No conversation waits to be released; nothing was changed",
    body: [
      ...notes,
      ...(changed ? ["Their next cloud turn or recap sends what was written in them to the provider."] : []),
      ...(left > 0 ? [`${conversations(left)} still ${left === 1 ? "waits" : "wait"}.`] : []),
      ...lockWords(status),
    ],
    fields: changed ? whoFields(context) : [],
  });
}

async function release(context: CommandContext<Services>, key: string): Promise<Reply> {
  const { changed, status, notes } = await context.services.localOnly.release(key, requestOf(context, key));
  return reply(changed, {
    title: changed
      ? "This conversation may go to the cloud again"
      : "This conversation was not kept local by itself; nothing was changed",
    body: [
      ...notes,
      ...(changed ? ["Its next cloud turn or recap sends what was written here meanwhile to the provider."] : []),
      ...lockWords(status),
    ],
    fields: changed ? whoFields(context) : [],
    footer: `session ${key}`,
  });
}

const reply = (changed: boolean, card: Omit<Card, "tone">): Reply => ({
  card: { tone: changed ? "success" : "info", ...card },
  visibility: changed ? "public" : "private",
});

const keyOf = async ({ services, conversation, options }: CommandContext<Services>): Promise<string> =>
  (await services.sessions.view(conversation, options["agent"])).key;

const requestOf = (context: CommandContext<Services>, place: string | undefined) => ({
  actor: actorOf(context),
  place,
  reason: context.options["reason"],
});

function whoFields(context: CommandContext<Services>): Field[] {
  const { reason } = context.options;
  return [{ name: "By", value: actorOf(context) }, ...(reason === undefined ? [] : [{ name: "Why", value: reason }])];
}

/** The guard sees turns alone. */
const helperWords = ({ enforcement }: LockStatus): string =>
  enforcement === "enforced"
    ? "Its recaps, titles, compaction and pictures stay local while local-only mode is on; after that they follow their own settings (/model NAME scope:helpers)."
    : "Its recaps, titles, compaction and pictures follow their own settings and may go to the cloud: /model NAME scope:helpers sends all but the pictures to a local model.";

const lockWords = ({ isOn }: LockStatus): string[] =>
  isOn ? ["Local-only mode is on, so not before that is turned off."] : [];

const waiting = ({ kept }: LockStatus): number => kept.filter(({ why }) => why === "unreleased").length;

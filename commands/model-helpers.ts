import type { HelperUse } from "../src/agents/helper-calls.ts";
import type { HelperRow } from "../src/agents/helper-models.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import type { ModelProfile } from "../src/registry/model-profile.ts";
import type { Action, Card } from "./card.ts";
import type { CommandContext, Reply } from "./command.ts";
import { refuseUnanswerable } from "./model-prepare.ts";
import { lastHere, undoButton } from "./model-undo.ts";
import type { Services } from "./services.ts";

/** `/model scope:helpers`: which models OpenClaw's silent calls use now. */
export async function showHelpers(context: CommandContext<Services>): Promise<Reply> {
  const calls = await context.services.helpers.read();
  const cloud = calls.filter(({ now, off }) => off === undefined && now.model !== undefined && !isLocal(now)).length;
  return {
    visibility: "private",
    card: {
      tone: cloud === 0 ? "info" : "warning",
      title:
        cloud === 0 ? "No silent call uses a cloud model" : `${cloud} of ${calls.length} silent calls use the cloud`,
      body: ["OpenClaw makes these calls by itself, besides the answers that you read."],
      table: {
        columns: ["Call", "Model", "Runs"],
        rows: calls.map(({ name, now, off }) => [name, off ?? now.text, off === undefined ? localityOf(now) : "–"]),
      },
      footer: "To send them to one model: /model NAME scope:helpers",
    },
  };
}

/** `/model NAME scope:helpers`: asks first, since it is system-wide. Null goes back to OpenClaw's own choice. */
export async function setHelpers(context: CommandContext<Services>, target: ModelProfile | null): Promise<Reply> {
  const { helpers, sessions, journal } = context.services;
  if (target !== null) await refuseUnanswerable(context, target);
  const ref = target?.ref ?? null;
  const to = target === null ? "OpenClaw's own choice" : target.name;
  if (!context.confirmed) {
    const { rows, warnings } = await helpers.plan(ref);
    const changing = rows.filter(({ outcome }) => outcome === "changed").length;
    const body = warnings.map(({ text }) => text);
    if (changing === 0) {
      const card: Card = { tone: "info", title: `All silent calls use ${to} already`, body, table: tableOf(rows) };
      return { card, visibility: "private" };
    }
    return {
      visibility: "private",
      needsConfirmation: true,
      card: {
        tone: "warning",
        title: `Send ${changing} silent ${changing === 1 ? "call" : "calls"} to ${to}?`,
        body: ["It changes OpenClaw's configuration, for every agent.", ...body],
        table: tableOf(rows),
        actions: [
          {
            label: "Change it",
            line: `/model ${target === null ? "default" : formatModelRef(target.ref)} scope:helpers`,
            style: "danger",
            confirms: true,
          },
        ],
      },
    };
  }
  const { key } = await sessions.view(context.conversation, context.options["agent"]);
  const actor = `${context.person.platform}:${context.person.id}`;
  const { rows, warnings, batch, failure } = await helpers.set(ref, { actor, place: key });
  const first = batch === undefined ? undefined : (await journal.inBatch(batch))[0];
  const undo = undoButton(first?.id);
  const card = helpersCard(`Silent calls use ${to} now`, rows, { failure: failure?.message, undo });
  return { card: { ...card, body: [...(card.body ?? []), ...warnings.map(({ text }) => text)] }, visibility: "public" };
}

/** The undo of a whole `scope:helpers`. */
export async function undoHelpers(context: CommandContext<Services>, batch: string, place: string): Promise<Reply> {
  const { helpers, journal } = context.services;
  const actor = `${context.person.platform}:${context.person.id}`;
  const { rows, failure } = await helpers.undo(batch, { actor, place });
  const undo = undoButton((await lastHere(journal, place))?.id);
  const card = helpersCard("Silent calls are as they were before", rows, { failure: failure?.message, undo });
  return { card, visibility: "public" };
}

/** Only for what was read back. */
function helpersCard(
  title: string,
  rows: readonly HelperRow[],
  { failure, undo }: { readonly failure: string | undefined; readonly undo: readonly Action[] },
): Card {
  const changed = rows.filter(({ outcome }) => outcome === "changed").length;
  const open = rows.filter(({ outcome }) => outcome === "failed" || outcome === "kept").length;
  return {
    tone: open > 0 ? "warning" : "success",
    title: open > 0 ? `${title}, except ${open}` : title,
    body: failure === undefined ? [] : [failure],
    table: tableOf(rows),
    actions: changed === 0 ? [] : undo,
    footer: `${changed} changed, read back from OpenClaw`,
  };
}

const tableOf = (rows: readonly HelperRow[]) => ({
  columns: ["Call", "Before", "Now", "Runs"],
  rows: rows.map(({ name, before, after, outcome, why }) => [
    name,
    before.text,
    outcome === "changed" ? after.text : outcome === "same" ? "same" : (why ?? "same"),
    localityOf(after),
  ]),
});

const isLocal = ({ locality }: HelperUse): boolean => locality?.kind === "local";
const localityOf = ({ locality }: HelperUse): string => locality?.kind ?? "–";

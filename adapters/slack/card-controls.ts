import type { ActionStore, SealedAction } from "../../commands/action-store.ts";
import type { Action, Card } from "../../commands/card.ts";
import { type Button, cardBlocks, type Drawn, MAX_BUTTONS } from "./card-blocks.ts";
import type { ChoiceMenus } from "./choice-menus.ts";
import { placeOf, type Spot } from "./places.ts";

/** What a pressed button is for; the rest of its `action_id` only makes it unique. */
export const RUN = "run";
export const CANCEL = "cancel";

/** Draws a card with its buttons and menu sealed: what they do stays in the store, and they carry an opaque id. */
export async function drawWithControls(options: {
  readonly card: Card;
  readonly spot: Spot;
  /** The line that asked, where the card is a question; a card without a button for its yes gets one. */
  readonly question?: string;
  readonly actions: ActionStore;
  readonly menus: ChoiceMenus;
}): Promise<Drawn> {
  const { card, spot, question, actions, menus } = options;
  const place = placeOf(spot);
  const actor = `slack:${spot.user}`;
  const seal = (action: Pick<SealedAction, "line" | "confirms">): Promise<string> =>
    actions.seal({ ...action, actor, place });

  // A yes is to what was asked, with all that was said there.
  const given = (card.actions ?? [])
    .slice(0, MAX_BUTTONS - 2)
    .map((action) => (action.confirms === true && question !== undefined ? { ...action, line: question } : action));
  const asked: readonly Action[] =
    question === undefined || given.some(({ confirms }) => confirms === true)
      ? given
      : [{ label: "Confirm", line: question, style: "primary", confirms: true }, ...given];
  const buttons: Button[] = [];
  for (const [index, { label, line, style, confirms = false }] of asked.entries()) {
    const value = await seal({ line, confirms });
    buttons.push({ actionId: `${RUN}.${index}`, value, label, style });
    if (confirms) buttons.push({ actionId: `${CANCEL}.${index}`, value, label: "Cancel", style: "secondary" });
  }
  const { choices } = card;
  const menu =
    choices === undefined || choices.items.length === 0
      ? undefined
      : menus.open(await seal({ line: choices.command, confirms: false }), choices);
  return cardBlocks(card, {
    buttons,
    ...(menu === undefined ? {} : { menu }),
    blockPrefix: blockPrefix(spot.thread),
  });
}

/** A `block_id` begins with the thread of its card: Slack's own word on a press may mean the card's replies instead. */
const blockPrefix = (thread: string | undefined): string => `${thread ?? "channel"}/`;

export const threadOfBlock = (blockId: string): string | undefined => /^(\d+\.\d+)\//.exec(blockId)?.[1];

/** A card of a sentence or two, without controls. */
export const sayCard = (tone: Card["tone"], title: string, body: readonly string[] = []): Drawn =>
  cardBlocks({ tone, title, body }, { buttons: [], blockPrefix: "say/" });

import { randomUUID } from "node:crypto";
import {
  type APIActionRowComponent,
  type APIButtonComponentWithCustomId,
  type APIComponentInMessageActionRow,
  type APIEmbed,
  ButtonStyle,
  ComponentType,
  type RawFile,
} from "discord.js";
import type { Logger } from "pino";
import type { Action, Card, Choices } from "../../commands/card.ts";
import type { OptionValues, Person } from "../../commands/command.ts";
import { withPicture } from "../picture.ts";
import type { Buttons } from "./buttons.ts";
import { drawEmbed } from "./draw-embed.ts";
import { plainLine } from "./inert.ts";
import { LIMITS } from "./limits.ts";

/** A message ready to be sent. An edit leaves those parts of what stood before that are not given. */
export interface DrawnMessage {
  readonly body: {
    readonly content: string;
    readonly embeds?: readonly APIEmbed[];
    readonly components: readonly Row[];
    readonly attachments?: readonly { readonly id: string; readonly filename: string; readonly description?: string }[];
    readonly allowed_mentions: { readonly parse: readonly [] };
  };
  readonly files: readonly RawFile[];
}

type Row = APIActionRowComponent<APIComponentInMessageActionRow>;
type Button = APIButtonComponentWithCustomId;

/** A card and what its controls need to know. */
export interface CardToDraw {
  readonly card: Card;
  readonly channelId: string;
  /** Who is answered; nobody for a notice. */
  readonly person?: Person;
  /** Set where the card asks: what the yes runs. */
  readonly question?: { readonly line: string; readonly options?: OptionValues };
}

export interface MessageDrawer {
  /** `page` of the choices, from 0. */
  draw(request: CardToDraw, page?: number): Promise<DrawnMessage>;
  /** For the interim cards of one answer: without a picture and a menu, and with the same buttons each time. */
  interim(): (request: CardToDraw) => Promise<DrawnMessage>;
  /** The same card turned to another page; undefined where the card is no longer known. */
  turn(cardId: string, page: number): Promise<DrawnMessage | undefined>;
}

/** Cards with more than one page of choices that can still be turned. Older ones say so. */
const MAX_TURNABLE = 200;
const IMAGE = "image.png";
const STYLES = { primary: ButtonStyle.Primary, secondary: ButtonStyle.Secondary, danger: ButtonStyle.Danger } as const;

export function createMessageDrawer(buttons: Buttons, logger?: Logger): MessageDrawer {
  const turnable = new Map<string, CardToDraw>();

  const button = (label: string, style: Action["style"], customId: string): Button => ({
    type: ComponentType.Button,
    style: STYLES[style],
    label: plainLine(label, LIMITS.buttonLabel) || "–",
    custom_id: customId,
  });

  const drawChoices = async (request: CardToDraw, choices: Choices, cardId: string, page: number): Promise<Row[]> => {
    const items = [...Map.groupBy(choices.items, ({ group }) => group).values()].flat();
    const pages = Math.ceil(items.length / LIMITS.selectOptions);
    const shown = items.slice(page * LIMITS.selectOptions, (page + 1) * LIMITS.selectOptions);
    if (shown.length === 0) return [];
    const { channelId, person } = request;
    const actor = person === undefined ? {} : { actor: person };
    // The menu offers numbers and the store knows their values: a value that was not offered means nothing.
    const options = Object.fromEntries(shown.map(({ value }, index) => [String(index), value]));
    const label = pages > 1 ? `${choices.label} (${page + 1} of ${pages})` : choices.label;
    const menu: Row = {
      type: ComponentType.ActionRow,
      components: [
        {
          type: ComponentType.StringSelect,
          custom_id: await buttons.seal("pick", { line: choices.command, options, ...actor }, channelId),
          placeholder: plainLine(label, LIMITS.selectPlaceholder),
          options: shown.map(({ label: name, detail, group, current }, index) => {
            const description = plainLine(
              [group, detail].filter((part) => part !== "").join(" · "),
              LIMITS.optionDescription,
            );
            return {
              label: plainLine(current ? `✓ ${name}` : name, LIMITS.optionLabel) || "–",
              value: String(index),
              ...(description === "" ? {} : { description }),
            };
          }),
        },
      ],
    };
    if (pages < 2) return [menu];
    const turns = [
      { label: "◀ Previous", to: page - 1 },
      { label: "Next ▶", to: page + 1 },
    ].filter(({ to }) => to >= 0 && to < pages);
    const turners = turns.map(async ({ label: name, to }) =>
      button(
        name,
        "secondary",
        await buttons.seal("page", { line: cardId, options: { page: String(to) }, ...actor }, channelId),
      ),
    );
    return [menu, { type: ComponentType.ActionRow, components: await Promise.all(turners) }];
  };

  const drawActions = async (
    { card, question, person, channelId }: CardToDraw,
    room: number,
    seal = buttons.seal,
  ): Promise<Row[]> => {
    const actor = person === undefined ? {} : { actor: person };
    const actions = card.actions ?? [];
    const drawn: Button[] = [];
    if (question !== undefined) {
      const yes = actions.find(({ confirms }) => confirms === true);
      const confirm = await seal("confirm", { ...question, ...actor }, channelId);
      // A no uses the question up as well, so the seal of the no names that of the yes.
      const cancel = await seal("cancel", { line: confirm, ...actor }, channelId);
      drawn.push(
        button(yes?.label ?? "Confirm", yes?.style ?? "primary", confirm),
        button("Cancel", "secondary", cancel),
      );
    }
    for (const action of actions.filter(({ confirms }) => question === undefined || confirms !== true)) {
      if (drawn.length === room * LIMITS.buttonsInRow) break;
      drawn.push(button(action.label, action.style, await seal("run", { line: action.line, ...actor }, channelId)));
    }
    const rows: Row[] = [];
    for (let from = 0; from < drawn.length; from += LIMITS.buttonsInRow) {
      rows.push({ type: ComponentType.ActionRow, components: drawn.slice(from, from + LIMITS.buttonsInRow) });
    }
    return rows;
  };

  const draw = async (request: CardToDraw, page: number, cardId: string): Promise<DrawnMessage> => {
    const { card } = request;
    const choices = card.choices === undefined ? [] : await drawChoices(request, card.choices, cardId, page);
    if ((card.choices?.items.length ?? 0) > LIMITS.selectOptions) {
      turnable.delete(cardId);
      turnable.set(cardId, request);
      for (const oldest of turnable.keys()) if (turnable.size > MAX_TURNABLE) turnable.delete(oldest);
    }
    return withFiles(card, drawEmbed(card), [
      ...choices,
      ...(await drawActions(request, LIMITS.rows - choices.length)),
    ]);
  };

  return {
    async draw(request, page = 0) {
      return draw({ ...request, card: await withPicture(withoutTooLarge(request.card), logger) }, page, randomUUID());
    },
    interim() {
      const known = new Map<string, Promise<string>>();
      const seal: Buttons["seal"] = (kind, what, channelId) => {
        const key = JSON.stringify([kind, what, channelId]);
        const id = known.get(key) ?? buttons.seal(kind, what, channelId);
        known.set(key, id);
        return id;
      };
      return async (request) => {
        const { file: _, image: __, ...card } = request.card;
        return withFiles(card, drawEmbed(card), await drawActions({ ...request, card }, 1, seal));
      };
    },
    async turn(cardId, page) {
      const request = turnable.get(cardId);
      return request === undefined ? undefined : draw(request, page, cardId);
    },
  };
}

/** A card to look at only: without its controls, and without a chart, which takes time to draw. */
export const drawPlain = (card: Card): DrawnMessage => withFiles(card, drawEmbed(card), []);

/** One line of Clutch's own, without a card around it. It must hold nothing of others. */
export const drawLine = (content: string): DrawnMessage => ({
  body: { content, embeds: [], components: [], attachments: [], allowed_mentions: { parse: [] } },
  files: [],
});

/** An edit that ends a card: what it says stays, its controls give way to one line of Clutch's own. */
export const drawEnding = (content: string): DrawnMessage => ({
  body: { content, components: [], allowed_mentions: { parse: [] } },
  files: [],
});

function withFiles({ image, file }: Card, embed: APIEmbed, components: readonly Row[]): DrawnMessage {
  const picture = image !== undefined && image.png.byteLength <= LIMITS.attachmentBytes ? image : undefined;
  const files: RawFile[] = [
    ...(picture === undefined ? [] : [{ name: IMAGE, data: Buffer.from(picture.png), contentType: "image/png" }]),
    ...(file === undefined ? [] : [{ name: file.name, data: Buffer.from(file.text), contentType: file.mediaType }]),
  ];
  return {
    body: {
      content: "",
      embeds: [picture === undefined ? embed : { ...embed, image: { url: `attachment://${IMAGE}` } }],
      components,
      attachments: files.map(({ name }, index) => ({
        id: String(index),
        filename: name,
        ...(picture !== undefined && index === 0
          ? { description: plainLine(picture.alt, LIMITS.attachmentDescription) }
          : {}),
      })),
      allowed_mentions: { parse: [] },
    },
    files,
  };
}

/** The card without a file that Discord would not take, and with words that say so. */
function withoutTooLarge(card: Card): Card {
  const { file, ...rest } = card;
  if (file === undefined || Buffer.byteLength(file.text) <= LIMITS.attachmentBytes) return card;
  return { ...rest, body: [...(card.body ?? []), `${file.name} is larger than the 10 MB that Discord takes.`] };
}

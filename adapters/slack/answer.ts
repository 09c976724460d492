import type { Logger } from "pino";
import type { Card, Image } from "../../commands/card.ts";
import type { Drawn } from "./card-blocks.ts";
import { sayCard } from "./card-controls.ts";
import type { Spot } from "./places.ts";
import { type Poster, putHere } from "./poster.ts";
import type { ResponseUrl } from "./response-url.ts";

/** The way back to the person for one interaction. Nothing here rejects: what cannot be delivered is logged. */
export interface Answer {
  /** Shows an interim card, at most one every few seconds. */
  progress(card: Card): void;
  /** The last word; interim cards are gone with it. */
  finish(drawn: Drawn, visibility: "public" | "private", image?: Card["image"]): Promise<void>;
  /** Says something to the person beside whatever stands there. */
  aside(drawn: Drawn): Promise<void>;
}

export interface AnswerOptions {
  readonly spot: Spot;
  readonly direct: boolean;
  readonly url?: ResponseUrl;
  /** The message whose button was pressed, and whether the answer takes its place. */
  readonly pressed?: { readonly ephemeral: boolean; readonly done: boolean };
  readonly poster: Poster;
  readonly drawInterim: (card: Card) => Promise<Drawn>;
  readonly logger: Logger;
}

/** Work that is over sooner needs no interim card. */
const FIRST_PROGRESS_MS = 1_000;
const PROGRESS_EVERY_MS = 3_000;
/** Uses of the response_url kept for the last word: one to take away what stands there, one to say it. */
const KEPT_USES = 2;

/**
 * In a channel the response_url is used first, since it works where Clutch is
 * no member; in a thread ordinary messages are, since they stay in it. Each
 * stands in for the other, and Clutch's own conversation with the person for
 * both. Interim cards go by the response_url as long as it can be spared, then
 * as one ordinary message that is edited. Where a card was pressed that stays
 * they are that message from the start: the response_url would replace the card.
 */
export function createAnswer({ spot, direct, url, pressed, poster, drawInterim, logger }: AnswerOptions): Answer {
  const { channel, thread, user } = spot;
  /** The response_url's own message, or the pressed one, may be replaced. */
  let replaceable = pressed?.done === true;
  const pressedStays = pressed?.done === false;
  let interim: string | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let waiting: Card | undefined;
  let over = false;

  const enqueue = (work: () => Promise<unknown>): Promise<unknown> => {
    queue = queue.then(work).catch((thrown: unknown) => {
      logger.warn({ channel, reason: reasonOf(thrown) }, "an answer did not reach Slack");
    });
    return queue;
  };

  const showProgress = async (drawn: Drawn): Promise<void> => {
    if (interim !== undefined) return poster.update(channel, interim, drawn);
    if (thread === undefined && !pressedStays && url !== undefined && url.left > KEPT_USES) {
      if (await url.send({ drawn, to: "person", replace: replaceable })) replaceable = true;
      return;
    }
    interim = await poster.message(channel, thread, drawn);
  };
  const tick = (): void => {
    timer = undefined;
    const card = waiting;
    waiting = undefined;
    if (card === undefined || over) return;
    enqueue(async () => showProgress(await drawInterim(card)));
    timer = setTimeout(tick, PROGRESS_EVERY_MS);
  };

  const byUrl = async (to: "person" | "channel", drawn: Drawn, replace: boolean): Promise<boolean> =>
    url !== undefined && (await url.send({ drawn, to, replace, ...(thread === undefined ? {} : { thread }) }));
  const taken = async (put: () => Promise<unknown>): Promise<boolean> => {
    try {
      await put();
      return true;
    } catch (thrown) {
      logger.debug({ channel, reason: reasonOf(thrown) }, "no ordinary message here");
      return false;
    }
  };
  const byMessage = (to: "person" | "channel", drawn: Drawn): Promise<boolean> =>
    taken(() =>
      to === "channel" || direct
        ? poster.message(channel, thread, drawn)
        : poster.ephemeral(channel, thread, user, drawn),
    );
  const byDirect = (drawn: Drawn): Promise<boolean> =>
    taken(async () => poster.message(await poster.direct(user), undefined, drawn));
  const deliver = async (to: "person" | "channel", drawn: Drawn): Promise<void> => {
    const ways = [() => byUrl(to, drawn, false), () => byMessage(to, drawn)];
    if (thread !== undefined) ways.reverse();
    for (const way of [...ways, () => byDirect(drawn)]) if (await way()) return;
    logger.error({ channel, user }, "an answer could not be delivered; is Clutch in that channel?");
  };

  const lastWord = async (drawn: Drawn, visibility: "public" | "private"): Promise<void> => {
    const { ephemeral = true } = pressed ?? {};
    const shown = interim;
    if (shown !== undefined) {
      if (visibility === "public") {
        if (replaceable) await url?.send({ delete: true });
        replaceable = false;
        // Somebody may have deleted it meanwhile.
        if (await taken(() => poster.update(channel, shown, drawn))) return;
      }
      await poster.remove(channel, shown).catch(() => undefined);
    }
    if (replaceable && url !== undefined) {
      const inPlace = visibility === "private" ? ephemeral : !ephemeral;
      if (inPlace && (await url.send({ drawn, to: visibility === "private" ? "person" : "channel", replace: true })))
        return;
      if (!inPlace) await url.send({ delete: true });
    }
    await deliver(visibility === "public" ? "channel" : "person", drawn);
  };

  /** Never lost in silence: a picture that cannot be shown is told in words. */
  const showPicture = async (image: Image, to: "person" | "channel"): Promise<void> => {
    try {
      await putHere(spot, poster, (where, root) => poster.image(where, root, image));
    } catch (thrown) {
      logger.warn({ channel, reason: reasonOf(thrown) }, "a picture could not be shown; its words are told instead");
      await deliver(to, sayCard("info", "Picture", [image.alt]));
    }
  };

  return {
    progress(card) {
      if (over) return;
      waiting = card;
      timer ??= setTimeout(tick, FIRST_PROGRESS_MS);
    },
    async finish(drawn, visibility, image) {
      over = true;
      clearTimeout(timer);
      await enqueue(() => lastWord(drawn, visibility));
      if (image !== undefined && (visibility === "public" || direct)) {
        await enqueue(() => showPicture(image, visibility === "public" ? "channel" : "person"));
      }
    },
    async aside(drawn) {
      await enqueue(() => deliver("person", drawn));
    },
  };
}

const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : "unknown");

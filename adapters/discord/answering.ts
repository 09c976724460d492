import type { Logger } from "pino";
import type { Card } from "../../commands/card.ts";
import type { DiscordApi } from "./discord-api.ts";
import {
  type CardToDraw,
  type DrawnMessage,
  drawEnding,
  drawLine,
  drawPlain,
  type MessageDrawer,
} from "./draw-message.ts";
import type { Interaction } from "./interaction.ts";
import { createPacer } from "./pacer.ts";
import { CODES, codeOf } from "./platform-error.ts";

/**
 * How an interaction is answered. Discord wants to know within 3 s whether the
 * answer will be private, while only the outcome says so. In a server every
 * answer therefore begins as one that the person alone sees; a public outcome
 * goes below it as a message of its own, once, and the private one shrinks to a
 * line. In a DM there is nobody to hide from, and the first message is the answer.
 */
export interface Answering {
  /** Shows the newest interim card, about once a second. */
  progress(card: Card): void;
  finish(request: Omit<CardToDraw, "channelId">, visibility: "public" | "private"): Promise<void>;
  /** Puts this message in the place of the one that is answered with. */
  replace(message: DrawnMessage): Promise<void>;
  /** Tells the person alone, and leaves the card whose button was pressed as it is. */
  notice(card: Card): Promise<void>;
}

export interface AnsweringParts {
  readonly api: DiscordApi;
  readonly drawer: MessageDrawer;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly progressEveryMs: number;
  /** Told how long each acknowledgement took, with Discord's answer to it, ms. */
  readonly onAcknowledged?: ((ms: number) => void) | undefined;
}

/** A token lives 15 minutes; one is left for clocks that differ and requests that wait. */
const TOKEN_MS = 14 * 60_000;
const TOKEN_IS_GONE: readonly (number | undefined)[] = [
  CODES.invalidWebhookToken,
  CODES.unknownWebhook,
  CODES.unknownInteraction,
];

const BELOW = drawLine("The answer is below, for everybody here to see.");
const TO_YOU = drawEnding("Answered. Only the person who pressed can see how it went.");
const GOES_ON = drawLine("This takes longer than Discord keeps this answer open. It goes on below.");
const BY_DIRECT_MESSAGE = drawLine("Done. The answer went to the person who asked, as a direct message.");
const NOT_DELIVERED = drawLine(
  "Done, but the answer is for the person who asked alone, and Discord does not let Clutch write to them. Run the command again to see it.",
);

/**
 * Acknowledges an interaction; undefined where Discord did not take that in
 * time, and then nothing may be done either, since nobody would hear of it.
 * `base` says what the answer is written into: a new message, or the one whose
 * button was pressed.
 */
export async function beginAnswer(
  interaction: Interaction,
  base: "new" | "pressed",
  parts: AnsweringParts,
): Promise<Answering | undefined> {
  const { api, drawer, clock, logger } = parts;
  const began = clock();
  const isDirect = interaction.conversation.kind === "direct";
  const onEphemeral = interaction.kind === "component" && interaction.onEphemeral;
  const isPrivate = !isDirect && (base === "new" || onEphemeral);
  const { channelId } = interaction;
  /** The ordinary message with which it goes on once the token is dead. */
  let later: string | undefined;

  const received = performance.now();
  try {
    await api.defer(interaction, base === "new" ? { kind: "message", ephemeral: isPrivate } : { kind: "update" });
    parts.onAcknowledged?.(performance.now() - received);
  } catch (error) {
    const code = codeOf(error);
    // Also what keeps an event that comes twice from being answered twice.
    if (code === CODES.alreadyAcknowledged)
      logger.warn(
        "an interaction was answered already, perhaps by another process with the same bot token; nothing was done",
      );
    else if (code === CODES.unknownInteraction)
      logger.warn("an interaction came too late to be answered; nothing was done");
    else logger.error({ err: error }, "an interaction could not be acknowledged; nothing was done");
    return undefined;
  }

  const draw = (request: CardToDraw): Promise<DrawnMessage> =>
    drawer.draw(request).catch((error: unknown) => {
      logger.error({ err: error }, "a card could not be drawn with its buttons");
      return drawPlain(request.card);
    });
  const isOver = (): boolean => clock() - began >= TOKEN_MS;
  /** Runs `first` while the token lives, and `instead` when it turns out to be dead. */
  const byToken = async (first: () => Promise<void>, instead: () => Promise<void>): Promise<void> => {
    if (later !== undefined || isOver()) return instead();
    try {
      await first();
    } catch (error) {
      if (!TOKEN_IS_GONE.includes(codeOf(error))) throw error;
      await instead();
    }
  };
  const goOn = async (message: DrawnMessage): Promise<void> => {
    if (later === undefined) await api.editOriginal(interaction, GOES_ON).catch(() => undefined);
    else {
      try {
        return await api.edit(channelId, later, message);
      } catch (error) {
        // Somebody has deleted it meanwhile.
        if (codeOf(error) !== CODES.unknownMessage) throw error;
      }
    }
    later = await api.send(channelId, message);
  };
  const editBase = async (message: DrawnMessage, ephemeral: boolean): Promise<void> => {
    try {
      await api.editOriginal(interaction, message);
    } catch (error) {
      // The person has dismissed it meanwhile.
      if (codeOf(error) !== CODES.unknownMessage) throw error;
      await api.followUp(interaction, message, ephemeral);
    }
  };
  const sendPrivatelyLater = async (request: Omit<CardToDraw, "channelId">): Promise<void> => {
    try {
      const direct = await api.directChannel(interaction.person.id);
      await api.send(direct, await draw({ ...request, channelId: direct }));
    } catch (error) {
      logger.info({ err: error }, "a late private answer could not be sent as a direct message");
      return goOn(NOT_DELIVERED);
    }
    if (later !== undefined) await goOn(BY_DIRECT_MESSAGE);
  };

  const drawInterim = drawer.interim();
  const showInterim = async (card: Card): Promise<void> => {
    const message = await drawInterim({ card, channelId, person: interaction.person });
    await byToken(
      () => api.editOriginal(interaction, message),
      () => goOn(message),
    );
  };
  const pacer = createPacer<Card>(
    (card) => showInterim(card).catch((error: unknown) => logger.debug({ err: error }, "progress was not shown")),
    parts.progressEveryMs,
  );

  return {
    progress: pacer.push,
    async finish(request, visibility) {
      await pacer.close();
      const here: CardToDraw = { ...request, channelId };
      const fits = isDirect || isPrivate === (visibility === "private");
      if (fits) {
        const message = await draw(here);
        return byToken(
          () => editBase(message, isPrivate),
          () => (isDirect || visibility === "public" ? goOn(message) : sendPrivatelyLater(request)),
        );
      }
      const message = await draw(here);
      await byToken(
        async () => {
          // The deferral must be answered first, or the message that follows takes over its visibility.
          await editBase(visibility === "public" ? BELOW : TO_YOU, isPrivate);
          await api.followUp(interaction, message, visibility === "private");
        },
        () => (visibility === "public" ? goOn(message) : sendPrivatelyLater(request)),
      );
    },
    async replace(message) {
      await pacer.close();
      await editBase(message, isPrivate);
    },
    async notice(card) {
      await pacer.close();
      if (base === "new") await editBase(drawPlain(card), isPrivate);
      else await api.followUp(interaction, drawPlain(card), true);
    },
  };
}

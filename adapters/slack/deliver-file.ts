import type { Logger } from "pino";
import type { Card } from "../../commands/card.ts";
import { toClutchError } from "../../src/errors.ts";
import type { Spot } from "./places.ts";
import { type Poster, putHere } from "./poster.ts";

/**
 * The card without its file, which is uploaded, and with words on where it is. A
 * file in a channel is everybody's there, so that of a private answer goes to the
 * person as a direct message. Never rejects: what was not delivered is told.
 */
export async function deliverFile(
  card: Card,
  {
    spot,
    isPrivate,
    poster,
    logger,
  }: { readonly spot: Spot; readonly isPrivate: boolean; readonly poster: Poster; readonly logger: Logger },
): Promise<Card> {
  const { file, ...rest } = card;
  if (file === undefined) return card;
  const say = (words: string): Card => ({ ...rest, body: [...(card.body ?? []), words] });
  try {
    const put = (channel: string, thread: string | undefined): Promise<void> => poster.file(channel, thread, file);
    if (isPrivate) await put(await poster.direct(spot.user), undefined);
    const isHere = !isPrivate && (await putHere(spot, poster, put));
    return say(isHere ? `${file.name} is beside this message.` : `${file.name} went to you as a direct message.`);
  } catch (thrown) {
    const { code, message, hint } = toClutchError(thrown);
    logger.error({ code, user: spot.user, hint }, `a file was not delivered: ${message}`);
    return { ...say(`${file.name} could not be delivered: ${message} ${hint}`.trim()), tone: "error" };
  }
}

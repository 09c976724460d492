import type { Logger } from "pino";
import type { Card } from "../commands/card.ts";
import { chartPng } from "../src/charts/chart-png.ts";

/** The card with its chart as an image, for platforms that show pictures. Never rejects: a chart that cannot be drawn is told in words. */
export async function withPicture(card: Card, logger?: Logger, draw = chartPng): Promise<Card> {
  const { chart, ...rest } = card;
  if (chart === undefined) return card;
  try {
    return { ...rest, image: { png: await draw(chart), alt: chart.alt } };
  } catch (thrown) {
    logger?.warn({ err: thrown }, "a chart could not be drawn; its words were shown instead");
    return inWords(card);
  }
}

/** The card with words in place of its chart or image, where there can be no picture. */
export function inWords(card: Card): Card {
  const { chart, image, ...rest } = card;
  const alt = chart?.alt ?? image?.alt ?? "";
  return alt === "" ? rest : { ...rest, body: [...(card.body ?? []), `Picture: ${alt}`] };
}

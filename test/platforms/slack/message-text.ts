import { dig, isJson, type Json, listOf, objects, textOf } from "./json.ts";

/** Everything in blocks that a person can read, in order. Markup of `mrkdwn` is shown as Slack would: entities become characters. */
export function blocksText(blocks: unknown): string {
  return objects(blocks).map(blockText).filter(Boolean).join("\n");
}

function blockText(block: Json): string {
  const texts = [
    block["text"],
    ...listOf(block["fields"]),
    ...listOf(block["elements"]),
    block["accessory"],
    block["label"],
    block["element"],
  ];
  return texts.filter(isJson).map(elementText).filter(Boolean).join("\n");
}

function elementText(element: Json): string {
  switch (element["type"]) {
    case "plain_text":
      return textOf(element["text"]);
    case "mrkdwn":
      return decoded(textOf(element["text"]));
    case "button":
      return `[${textOf(dig(element, "text", "text"))}]`;
    case "external_select":
    case "static_select":
      return `{${textOf(dig(element, "placeholder", "text"))}}`;
    default:
      return textOf(element["alt_text"]);
  }
}

const decoded = (text: string): string => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Mentions, links and the like that Slack would make of a text: none are wanted in what Clutch says. */
export function liveMarkup(message: { readonly text: string; readonly blocks: unknown }): string[] {
  const marked = objects(message.blocks).flatMap(markedTexts);
  return [message.text, ...marked].flatMap((text) => text.match(/<[^>\s][^>]*>/g) ?? []);
}

function markedTexts(object: Json): string[] {
  if (object["type"] === "mrkdwn") return [textOf(object["text"])];
  return Object.values(object).flatMap((value) =>
    (Array.isArray(value) ? value : [value]).flatMap((inner: unknown) => (isJson(inner) ? markedTexts(inner) : [])),
  );
}

import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { Message, type MessageProps } from "slack-blocks-to-jsx";
import { inWords } from "../../adapters/picture.ts";
import { drawWithControls } from "../../adapters/slack/card-controls.ts";
import { createChoiceMenus } from "../../adapters/slack/choice-menus.ts";
import type { ActionStore } from "../../commands/action-store.ts";
import type { Card } from "../../commands/card.ts";
import { avatar, packageFile } from "./page.ts";

/** A card as the Slack adapter sends it, shown by slack-blocks-to-jsx. */
export async function slackPage(card: Card, actions: ActionStore): Promise<string> {
  const menus = createChoiceMenus({ commands: [], complete: () => [], run: () => Promise.reject(new Error("unused")) });
  const spot = { team: "T1", channel: "C1", user: "U0ANNA" };
  const { blocks } = await drawWithControls({ card: inWords(card), spot, actions, menus });
  const message = createElement(Message, {
    theme: "light",
    name: "Clutch",
    logo: avatar("C", "#4a154b"),
    time: new Date("2026-11-22T16:20:00"),
    blocks: JSON.parse(asShown(blocks)) as MessageProps["blocks"],
  });
  return `<!doctype html><meta charset="utf-8">
<link rel="stylesheet" href="${packageFile("slack-blocks-to-jsx/dist/style.css")}">
<style>
  html { background: white }
  body { margin: 0; padding: 16px 20px; font-family: "Lato", "Noto Sans", "Liberation Sans", Arial, sans-serif }
  .aside { color: #616061; font-size: 12px; margin: 0 0 6px 44px }
</style>
<p class="aside">Only visible to you</p>
${renderToStaticMarkup(message)}`;
}

/** A fence is text to the component; this is what Slack makes of one. */
const fenced = (text: string) => ({
  type: "rich_text",
  elements: [{ type: "rich_text_preformatted", elements: [{ type: "text", text }] }],
});

/** The component reads `:main:` as an emoji where Slack is told not to, so its colons become ratio signs; and it notes under a menu that it cannot fill it. */
const asShown = (blocks: unknown): string =>
  JSON.stringify(blocks, (key, value: unknown) => {
    if (key === "text" && typeof value === "string") return value.replaceAll(":", "\u2236");
    const fence = /^```\n(.*)\n```$/s.exec(textOf(value))?.[1];
    if (fence !== undefined) return fenced(fence);
    if (typeof value !== "object" || value === null || !("type" in value) || value.type !== "external_select")
      return value;
    return { ...value, type: "static_select", options: [] };
  });

const textOf = (block: unknown): string => {
  const text = typeof block === "object" && block !== null && "text" in block ? block.text : undefined;
  return typeof text === "object" && text !== null && "text" in text ? String(text.text) : "";
};

import { type APIEmbed, type APIEmbedField, ButtonStyle, ComponentType } from "discord.js";
import { createButtons } from "../../adapters/discord/buttons.ts";
import { createMessageDrawer, type DrawnMessage } from "../../adapters/discord/draw-message.ts";
import type { ActionStore } from "../../commands/action-store.ts";
import type { Card } from "../../commands/card.ts";
import { avatar, escapeHtml, MARK_SCRIPT, packageFile } from "./page.ts";

/** A card as the Discord adapter sends it, shown by @skyra/discord-components-core. */
export async function discordPage(
  card: Card,
  { visibleTo, command }: { readonly visibleTo: "person" | "everybody"; readonly command: string },
  actions: ActionStore,
): Promise<string> {
  const drawer = createMessageDrawer(createButtons(actions));
  const { body, files } = await drawer.draw({ card, channelId: "1", person: { platform: "discord", id: "123" } });
  return `<!doctype html><meta charset="utf-8">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">import "@skyra/discord-components-core";</script>
<style>
  html { background: #313338 }
  body { margin: 0; font-family: "gg sans", "Noto Sans", "Liberation Sans", Arial, sans-serif }
  discord-messages { border: 0 }
  pre { margin: 6px 0 0; padding: 7px; border: 1px solid #202225; border-radius: 4px; background: #2b2d31;
        font: 13px/18px "Noto Sans Mono", "Liberation Mono", monospace; white-space: pre-wrap }
</style>
<discord-messages>
  <discord-message author="Clutch" avatar="${avatar("C", "#5865f2")}" bot timestamp="16:20" ${visibleTo === "person" ? "ephemeral" : ""}>
    <discord-command slot="reply" author="anna" avatar="${avatar("A", "#eb459e")}" command="${command}"></discord-command>
    ${(body.embeds ?? []).map((each) => embed(each, files)).join("")}
    ${controls(body.components)}
  </discord-message>
</discord-messages>${MARK_SCRIPT}`;
}

function embed(
  { color = 0, title = "", description, fields = [], footer, image }: APIEmbed,
  files: DrawnMessage["files"],
): string {
  const file = files.find(({ name }) => image?.url === `attachment://${name}`);
  const picture =
    file === undefined ? "" : `image="data:image/png;base64,${Buffer.from(file.data).toString("base64")}"`;
  return `<discord-embed slot="embeds" color="#${color.toString(16).padStart(6, "0")}" embed-title="${escapeHtml(shown(title))}" ${picture}>
    ${description === undefined ? "" : `<discord-embed-description slot="description">${text(description)}</discord-embed-description>`}
    <discord-embed-fields slot="fields">${fields
      .map(
        (field, index) =>
          `<discord-embed-field field-title="${escapeHtml(shown(field.name))}" ${inlineAt(fields, index)}>${text(field.value)}</discord-embed-field>`,
      )
      .join("")}</discord-embed-fields>
    ${footer === undefined ? "" : `<discord-embed-footer slot="footer">${escapeHtml(footer.text)}</discord-embed-footer>`}
  </discord-embed>`;
}

/** Fields beside each other say which place in their row is theirs, from 1 to 3. */
function inlineAt(fields: readonly APIEmbedField[], index: number): string {
  if (fields[index]?.inline !== true) return "";
  const before = fields.slice(0, index).findLastIndex(({ inline }) => inline !== true);
  return `inline inline-index="${((index - before - 1) % 3) + 1}"`;
}

const STYLES: Readonly<Record<number, string>> = {
  [ButtonStyle.Primary]: "primary",
  [ButtonStyle.Secondary]: "secondary",
  [ButtonStyle.Danger]: "destructive",
};

function controls(rows: DrawnMessage["body"]["components"]): string {
  const drawn = rows.map(({ components }) => {
    const inside = components.map((component) => {
      if (component.type === ComponentType.StringSelect) {
        return `<discord-string-select-menu placeholder="${escapeHtml(component.placeholder ?? "")}"></discord-string-select-menu>`;
      }
      if (component.type !== ComponentType.Button || !("label" in component)) return "";
      return `<discord-button type="${STYLES[component.style] ?? "secondary"}">${escapeHtml(component.label ?? "")}</discord-button>`;
    });
    return `<discord-action-row>${inside.join("")}</discord-action-row>`;
  });
  return `<discord-attachments slot="components">${drawn.join("")}</discord-attachments>`;
}

/** Discord shows no backslash before punctuation. */
const shown = (markdown: string): string => markdown.replace(/\\([^\w\s])/g, "$1").replaceAll("\u200b", "");

const text = (markdown: string): string =>
  markdown
    .split("```")
    .map((part, index) => (index % 2 === 0 ? prose(part) : `<pre>${escapeHtml(part.trim())}</pre>`))
    .join("");

const prose = (markdown: string): string =>
  escapeHtml(shown(markdown))
    .replace(/`([^`]+)`/g, "<discord-code>$1</discord-code>")
    .replaceAll("\n", "<br>");

/** The packages' own modules, without a bundler. */
const IMPORTS = Object.fromEntries(
  [
    ["@skyra/discord-components-core", "dist/index.js"],
    ["lit", "index.js"],
    ["lit-html", "lit-html.js"],
    ["lit-element", "lit-element.js"],
    ["@lit/reactive-element", "reactive-element.js"],
    ["@lit/context", "index.js"],
  ].flatMap(([name, main]) => [
    [name, packageFile(`${name}/${main}`)],
    [`${name}/`, packageFile(`${name}/`)],
  ]),
);

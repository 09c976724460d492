import { isJson, type Json, listOf } from "./json.ts";

/**
 * Block Kit's limits as data, from Slack's reference pages: what an object of a
 * type may hold, and how much of it. Written apart from the adapter's own table,
 * so that a wrong figure there shows.
 */
interface Shape {
  /** Keys that Slack knows besides `type`; another one is a slip. */
  readonly keys: readonly string[];
  readonly needs?: readonly string[];
  /** Characters of a string, or of a text object's text. */
  readonly length?: Readonly<Record<string, number>>;
  /** Pieces in a list. */
  readonly items?: Readonly<Record<string, readonly [least: number, most: number]>>;
  /** Where only `plain_text` is taken. */
  readonly plain?: readonly string[];
  readonly oneOf?: Readonly<Record<string, readonly string[]>>;
  /** Types of the elements in a list or under a key. */
  readonly holds?: Readonly<Record<string, readonly string[]>>;
}

const SELECT_KEYS = ["action_id", "placeholder", "initial_option", "confirm", "focus_on_load"];
const SELECT = { length: { action_id: 255, placeholder: 150 }, plain: ["placeholder"], needs: ["action_id"] };
const INTERACTIVE = ["button", "static_select", "external_select", "overflow", "checkboxes", "radio_buttons"];

export const SHAPES: Readonly<Record<string, Shape>> = {
  section: {
    keys: ["block_id", "text", "fields", "accessory", "expand"],
    length: { block_id: 255, text: 3_000, "fields.*": 2_000 },
    items: { fields: [1, 10] },
    holds: { accessory: [...INTERACTIVE, "image"] },
  },
  header: { keys: ["block_id", "text"], needs: ["text"], length: { block_id: 255, text: 150 }, plain: ["text"] },
  context: {
    keys: ["block_id", "elements"],
    needs: ["elements"],
    length: { block_id: 255 },
    items: { elements: [1, 10] },
    holds: { elements: ["plain_text", "mrkdwn", "image"] },
  },
  actions: {
    keys: ["block_id", "elements"],
    needs: ["elements"],
    length: { block_id: 255 },
    items: { elements: [1, 25] },
    holds: { elements: INTERACTIVE },
  },
  divider: { keys: ["block_id"], length: { block_id: 255 } },
  image: {
    keys: ["block_id", "image_url", "slack_file", "alt_text", "title"],
    needs: ["alt_text"],
    length: { block_id: 255, image_url: 3_000, alt_text: 2_000, title: 2_000 },
  },
  markdown: { keys: ["block_id", "text"], needs: ["text"], length: { text: 12_000 } },
  input: {
    keys: ["block_id", "label", "element", "hint", "optional", "dispatch_action"],
    needs: ["label", "element"],
    length: { block_id: 255, label: 2_000, hint: 2_000 },
    plain: ["label", "hint"],
  },
  button: {
    keys: ["action_id", "text", "value", "url", "style", "confirm", "accessibility_label"],
    needs: ["text"],
    length: { action_id: 255, text: 75, value: 2_000, url: 3_000, accessibility_label: 75 },
    plain: ["text"],
    oneOf: { style: ["primary", "danger"] },
  },
  external_select: { ...SELECT, keys: [...SELECT_KEYS, "min_query_length"] },
  static_select: {
    ...SELECT,
    keys: [...SELECT_KEYS, "options", "option_groups"],
    items: { options: [1, 100], option_groups: [1, 100] },
  },
  overflow: { keys: ["action_id", "options", "confirm"], length: { action_id: 255 }, items: { options: [1, 5] } },
  checkboxes: { keys: [...SELECT_KEYS, "options", "initial_options"], items: { options: [1, 10] } },
  radio_buttons: { keys: [...SELECT_KEYS, "options"], items: { options: [1, 10] } },
  plain_text_input: {
    keys: [...SELECT_KEYS, "initial_value", "multiline", "min_length", "max_length"],
    length: { initial_value: 3_000 },
  },
  plain_text: { keys: ["text", "emoji"], needs: ["text"] },
  mrkdwn: { keys: ["text", "verbatim"], needs: ["text"] },
  option: {
    keys: ["text", "value", "description", "url"],
    needs: ["text", "value"],
    length: { text: 75, value: 150, description: 75 },
  },
  confirm: {
    keys: ["title", "text", "confirm", "deny", "style"],
    needs: ["title", "text", "confirm", "deny"],
    length: { title: 100, text: 300, confirm: 30, deny: 30 },
  },
  modal: {
    keys: [
      "title",
      "submit",
      "close",
      "blocks",
      "private_metadata",
      "callback_id",
      "clear_on_close",
      "notify_on_close",
      "external_id",
    ],
    needs: ["title", "blocks"],
    length: { title: 24, submit: 24, close: 24, private_metadata: 3_000, callback_id: 255 },
    items: { blocks: [1, 100] },
    plain: ["title", "submit", "close"],
  },
};

const BLOCKS = ["section", "header", "context", "actions", "divider", "image", "markdown"];

/** What Slack would refuse in a message's blocks. */
export function messageIssues(blocks: unknown): string[] {
  if (!Array.isArray(blocks)) return ["blocks: not a list"];
  return [...(blocks.length > 50 ? [`blocks: ${blocks.length} of 50`] : []), ...blocksIssues(blocks, BLOCKS)];
}

export function viewIssues(view: unknown): string[] {
  if (!isJson(view) || view["type"] !== "modal") return ["view: not a modal"];
  return [...objectIssues(view, "view"), ...blocksIssues(listOf(view["blocks"]), [...BLOCKS, "input"])];
}

/** What Slack would refuse in the answer to a menu's request. */
export function suggestionIssues(answer: unknown): string[] {
  if (!isJson(answer)) return ["suggestions: not an object"];
  const groups = listOf(answer["option_groups"]);
  const options = [
    ...listOf(answer["options"]),
    ...groups.flatMap((group) => (isJson(group) ? listOf(group["options"]) : [])),
  ];
  return [
    ...(answer["options"] === undefined && answer["option_groups"] === undefined
      ? ["suggestions: neither options nor groups"]
      : []),
    ...(options.length > 100 ? [`suggestions: ${options.length} of 100`] : []),
    ...groups.flatMap((group, index) =>
      isJson(group) ? lengthIssue(group["label"], 75, `option_groups.${index}.label`) : ["a group is no object"],
    ),
    ...groups.flatMap((group, index) =>
      isJson(group) && listOf(group["options"]).length === 0 ? [`option_groups.${index}: empty`] : [],
    ),
    ...options.flatMap((option, index) =>
      isJson(option) ? objectIssues({ ...option, type: "option" }, `option ${index}`) : ["an option is no object"],
    ),
  ];
}

function blocksIssues(blocks: readonly unknown[], types: readonly string[]): string[] {
  const ids = blocks.flatMap((block) =>
    isJson(block) && typeof block["block_id"] === "string" ? [block["block_id"]] : [],
  );
  return [
    ...(new Set(ids).size < ids.length ? ["block_id: given twice"] : []),
    ...blocks.flatMap((block, index) => {
      if (!isJson(block) || !types.includes(String(block["type"])))
        return [`blocks.${index}: no block of this kind here`];
      return [...objectIssues(block, `blocks.${index}`), ...actionIdIssues(block, index)];
    }),
  ];
}

function actionIdIssues(block: Json, index: number): string[] {
  const elements = [...listOf(block["elements"]), block["accessory"], block["element"]].filter(isJson);
  const ids = elements.flatMap((element) => (typeof element["action_id"] === "string" ? [element["action_id"]] : []));
  return new Set(ids).size < ids.length ? [`blocks.${index}: action_id given twice`] : [];
}

function objectIssues(object: Json, where: string): string[] {
  const type = String(object["type"]);
  const shape = SHAPES[type];
  if (shape === undefined) return [`${where}: unknown type ${type}`];
  const at = (key: string): unknown => object[key];
  return [
    ...Object.keys(object).flatMap((key) =>
      key === "type" || shape.keys.includes(key) ? [] : [`${where}: unknown key ${key}`],
    ),
    ...(shape.needs ?? []).flatMap((key) => (at(key) === undefined ? [`${where}: needs ${key}`] : [])),
    ...(type === "section" && at("text") === undefined && at("fields") === undefined
      ? [`${where}: needs text or fields`]
      : []),
    ...Object.entries(shape.length ?? {}).flatMap(([path, most]) => {
      const [key = "", each] = path.split(".");
      const values = each === "*" ? listOf(at(key)) : [at(key)];
      return values.flatMap((value) => lengthIssue(value, most, `${where}.${path}`));
    }),
    ...Object.entries(shape.items ?? {}).flatMap(([key, [least, most]]) => {
      if (at(key) === undefined) return [];
      const { length } = listOf(at(key));
      return length < least || length > most ? [`${where}.${key}: ${length} pieces, ${least} to ${most} allowed`] : [];
    }),
    ...(shape.plain ?? []).flatMap((key) => {
      const text = at(key);
      return isJson(text) && text["type"] !== "plain_text" ? [`${where}.${key}: must be plain_text`] : [];
    }),
    ...Object.entries(shape.oneOf ?? {}).flatMap(([key, allowed]) =>
      at(key) === undefined || allowed.includes(String(at(key))) ? [] : [`${where}.${key}: ${String(at(key))}`],
    ),
    ...Object.entries(shape.holds ?? {}).flatMap(([key, allowed]) =>
      (Array.isArray(at(key)) ? listOf(at(key)) : [at(key)]).flatMap((held) =>
        held === undefined || (isJson(held) && allowed.includes(String(held["type"])))
          ? []
          : [`${where}.${key}: not allowed here`],
      ),
    ),
    ...Object.entries(object).flatMap(([key, value]) =>
      key === "blocks"
        ? []
        : (Array.isArray(value) ? value : [value]).flatMap((inner: unknown, index) =>
            isJson(inner) && typeof inner["type"] === "string" ? objectIssues(inner, `${where}.${key}.${index}`) : [],
          ),
    ),
  ];
}

function lengthIssue(value: unknown, most: number, where: string): string[] {
  if (value === undefined) return [];
  const text = isJson(value) ? value["text"] : value;
  if (typeof text !== "string") return [`${where}: no text`];
  if (text.length === 0 && isJson(value)) return [`${where}: empty`];
  return text.length > most ? [`${where}: ${text.length} of ${most} characters`] : [];
}

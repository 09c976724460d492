import { describe, expect, it } from "vitest";
import { messageIssues, SHAPES, suggestionIssues, viewIssues } from "./block-rules.ts";

const text = (length: number) => ({ type: "plain_text", text: "x".repeat(length) });
const button = (more: object = {}) => ({ type: "button", action_id: "a", text: text(1), ...more });
const inActions = (...elements: object[]) => [{ type: "actions", elements }];
const times = <Value>(count: number, value: (index: number) => Value) =>
  Array.from({ length: count }, (_, index) => value(index));
const option = (length: number, more: object = {}) => ({ text: text(length), value: "v", ...more });
const modal = (more: object = {}) => ({ type: "modal", title: text(24), blocks: [{ type: "divider" }], ...more });

/** At the limit, and one beyond it. */
const MESSAGES: readonly { readonly limit: string; readonly blocks: (beyond: 0 | 1) => unknown }[] = [
  { limit: "50 blocks", blocks: (beyond) => times(50 + beyond, () => ({ type: "divider" })) },
  { limit: "header 150", blocks: (beyond) => [{ type: "header", text: text(150 + beyond) }] },
  { limit: "section text 3000", blocks: (beyond) => [{ type: "section", text: text(3_000 + beyond) }] },
  { limit: "10 fields", blocks: (beyond) => [{ type: "section", fields: times(10 + beyond, () => text(1)) }] },
  { limit: "field 2000", blocks: (beyond) => [{ type: "section", fields: [text(2_000 + beyond)] }] },
  {
    limit: "10 context elements",
    blocks: (beyond) => [{ type: "context", elements: times(10 + beyond, () => text(1)) }],
  },
  {
    limit: "25 action elements",
    blocks: (beyond) => inActions(...times(25 + beyond, (index) => button({ action_id: `a${index}` }))),
  },
  { limit: "button text 75", blocks: (beyond) => inActions(button({ text: text(75 + beyond) })) },
  { limit: "button value 2000", blocks: (beyond) => inActions(button({ value: "x".repeat(2_000 + beyond) })) },
  { limit: "action_id 255", blocks: (beyond) => inActions(button({ action_id: "x".repeat(255 + beyond) })) },
  { limit: "block_id 255", blocks: (beyond) => [{ type: "divider", block_id: "x".repeat(255 + beyond) }] },
  { limit: "one action_id each", blocks: (beyond) => inActions(button(), button({ action_id: beyond ? "a" : "b" })) },
  {
    limit: "one block_id each",
    blocks: (beyond) => [
      { type: "divider", block_id: "a" },
      { type: "divider", block_id: beyond ? "a" : "b" },
    ],
  },
  {
    limit: "placeholder 150",
    blocks: (beyond) => inActions({ type: "external_select", action_id: "a", placeholder: text(150 + beyond) }),
  },
  {
    limit: "alt text 2000",
    blocks: (beyond) => [{ type: "image", image_url: "https://x.y", alt_text: "x".repeat(2_000 + beyond) }],
  },
  { limit: "markdown 12000", blocks: (beyond) => [{ type: "markdown", text: "x".repeat(12_000 + beyond) }] },
  { limit: "no empty text", blocks: (beyond) => [{ type: "header", text: text(1 - beyond) }] },
  {
    limit: "plain headers",
    blocks: (beyond) => [{ type: "header", text: { type: beyond ? "mrkdwn" : "plain_text", text: "x" } }],
  },
  { limit: "two button styles", blocks: (beyond) => inActions(button({ style: beyond ? "secondary" : "danger" })) },
  { limit: "known keys", blocks: (beyond) => [{ type: "divider", ...(beyond ? { colour: "red" } : {}) }] },
  { limit: "known blocks", blocks: (beyond) => [{ type: beyond ? "carousel" : "divider" }] },
  {
    limit: "no input in messages",
    blocks: (beyond) => (beyond ? [{ type: "input", label: text(1), element: button() }] : [{ type: "divider" }]),
  },
  {
    limit: "a section with something in it",
    blocks: (beyond) => [{ type: "section", ...(beyond ? {} : { text: text(1) }) }],
  },
];

describe("the stand-in's rules for blocks", () => {
  it.each(MESSAGES)("hold at $limit and not beyond", ({ blocks }) => {
    expect(messageIssues(blocks(0))).toEqual([]);
    expect(messageIssues(blocks(1))).not.toEqual([]);
  });

  it.each([
    { limit: "title 24", of: (beyond: 0 | 1) => modal({ title: text(24 + beyond) }) },
    { limit: "private_metadata 3000", of: (beyond: 0 | 1) => modal({ private_metadata: "x".repeat(3_000 + beyond) }) },
    { limit: "callback_id 255", of: (beyond: 0 | 1) => modal({ callback_id: "x".repeat(255 + beyond) }) },
    { limit: "100 blocks", of: (beyond: 0 | 1) => modal({ blocks: times(100 + beyond, () => ({ type: "divider" })) }) },
  ])("hold for modals at $limit", ({ of }) => {
    expect(viewIssues(of(0))).toEqual([]);
    expect(viewIssues(of(1))).not.toEqual([]);
  });

  it.each([
    { limit: "100 options", of: (beyond: 0 | 1) => ({ options: times(100 + beyond, () => option(1)) }) },
    { limit: "text 75", of: (beyond: 0 | 1) => ({ options: [option(75 + beyond)] }) },
    { limit: "value 150", of: (beyond: 0 | 1) => ({ options: [option(1, { value: "x".repeat(150 + beyond) })] }) },
    { limit: "description 75", of: (beyond: 0 | 1) => ({ options: [option(1, { description: text(75 + beyond) })] }) },
    {
      limit: "group label 75",
      of: (beyond: 0 | 1) => ({ option_groups: [{ label: text(75 + beyond), options: [option(1)] }] }),
    },
  ])("hold for menus at $limit", ({ of }) => {
    expect(suggestionIssues(of(0))).toEqual([]);
    expect(suggestionIssues(of(1))).not.toEqual([]);
  });

  it("name only keys that are known in what they limit", () => {
    for (const { keys, length = {}, items = {}, plain = [], needs = [] } of Object.values(SHAPES)) {
      const named = [...Object.keys(length), ...Object.keys(items), ...plain, ...needs].map(
        (path) => path.split(".")[0],
      );
      expect(keys).toEqual(expect.arrayContaining(named));
    }
  });
});

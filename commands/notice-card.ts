import { countsAsCloud } from "../src/models/locality.ts";
import { formatModelRef } from "../src/models/model-ref.ts";
import type { RegistrySnapshot } from "../src/registry/model-registry.ts";
import type { Notice } from "../src/sessions/watcher.ts";
import { cardForAgent } from "./agent-option.ts";
import type { Card } from "./card.ts";
import { localityWord, profileOf } from "./model-card.ts";

/** What a conversation is told when it is not answered by the model that it is set to. */
export function noticeCard(notice: Notice, snapshot: RegistrySnapshot): Card {
  // Where several agents answer in one channel, its buttons would not know which of them is meant.
  const agentId = snapshot.agentIds.length > 1 ? notice.row.agentId : undefined;
  return cardForAgent(cardOf(notice, snapshot), agentId);
}

function cardOf(notice: Notice, snapshot: RegistrySnapshot): Card {
  const footer = `noticed by Clutch · session ${notice.row.key}`;
  if (notice.kind === "lost_pin") {
    const now = notice.row.model;
    const nowWords =
      now === undefined ? "unknown" : `${formatModelRef(now)} (${localityWord(profileOf(now, snapshot))})`;
    return {
      tone: "warning",
      title: `This conversation has lost its pin to ${notice.pin}`,
      body: ["Nobody changed it: OpenClaw dropped it, as it does when a model policy no longer allows the model."],
      fields: [
        { name: "Was", value: notice.pin },
        { name: "Now", value: nowWords },
      ],
      actions: [{ label: "Pin it again", line: `/model ${notice.pin}`, style: "primary" }],
      footer,
    };
  }
  const expected = profileOf(notice.expected, snapshot);
  const actual = profileOf(notice.actual, snapshot);
  const leftTheBox = expected?.locality.kind === "local" && (actual === undefined || countsAsCloud(actual.locality));
  const name = formatModelRef(notice.actual);
  return {
    tone: leftTheBox ? "error" : "warning",
    title: leftTheBox ? `The cloud answered here: ${name}` : `Another model answered here: ${name}`,
    body: [
      notice.fellBack
        ? "OpenClaw fell back to it because the selected model failed."
        : "The selected model did not answer, and OpenClaw does not say why.",
      ...(leftTheBox ? ["This conversation was sent to it, and it may cost money."] : []),
    ],
    fields: [
      { name: "Selected", value: `${formatModelRef(notice.expected)} (${localityWord(expected)})` },
      { name: "Answered", value: `${name} (${localityWord(actual)})` },
    ],
    actions: [
      { label: "Look", line: "/model", style: "secondary" },
      // A pin is strict: with it the turn fails instead of going elsewhere.
      { label: "Never fall back here", line: `/model ${formatModelRef(notice.expected)}`, style: "primary" },
    ],
    footer,
  };
}

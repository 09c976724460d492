import { ClutchError } from "../src/errors.ts";
import type { Command } from "./command.ts";
import { doctorCard } from "./doctor-card.ts";
import type { Services } from "./services.ts";

/** Words of `/clutch` itself. On Slack the same name reaches every other command as well. */
export const CLUTCH_WORDS = ["doctor"] as const;

/** Canaries wait for their refusals, and a model may have to be loaded. */
const DEEP_MS = 5 * 60_000;

/** `/clutch`: Clutch about itself. */
export const clutchCommand: Command<Services> = {
  name: "clutch",
  summary: "Look whether every part of Clutch is as it should be",
  options: [
    {
      name: "what",
      summary: "doctor: looks at every part, and says what to do where something is wrong",
      kind: "choice",
      positional: true,
      choices: CLUTCH_WORDS,
    },
    { name: "deep", summary: "With doctor: also what takes long, such as canaries in the network", kind: "flag" },
  ],
  access: ({ what }) => (what === undefined ? "viewer" : "owner"),
  deadlineMs: ({ deep }) => (deep === undefined ? undefined : DEEP_MS),
  forms: [
    { line: "/clutch", does: "Shows what it can do" },
    { line: "/clutch doctor", does: "Looks at every part, and says what to do where something is wrong" },
    {
      line: "/clutch doctor deep",
      does: "The same, with canaries in the network and a question to each local model in use; takes minutes",
    },
  ],
  async run({ services, options: { what, deep }, progress, signal }) {
    if (what === undefined) {
      if (deep !== undefined) throw alone();
      return { visibility: "private", card: overview() };
    }
    progress({
      tone: "info",
      title: deep === undefined ? "Looking at every part" : "Looking at every part, which takes minutes",
    });
    const checked = await services.doctor.examine({ deep: deep !== undefined, signal });
    return { visibility: "private", card: doctorCard(checked) };
  },
};

const overview = () => ({
  tone: "info" as const,
  title: `/${clutchCommand.name}: ${clutchCommand.summary}`,
  table: { columns: ["Form", "Does"], rows: clutchCommand.forms.map(({ line, does }) => [line, does]) },
});

const alone = (): ClutchError =>
  new ClutchError("bad_option", "“deep” goes with doctor.", { hint: "For instance: /clutch doctor deep" });

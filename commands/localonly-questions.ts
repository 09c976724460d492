import { ClutchError } from "../src/errors.ts";
import type { LayerState, LockStatus } from "../src/local-only/lock-status.ts";
import type { Card } from "./card.ts";
import type { OptionValues } from "./command.ts";
import { lasting } from "./duration.ts";
import { conversations, layerFields, modelsField } from "./localonly-card.ts";

/**
 * What turning it on would mean, or what an end by itself would where it is on and
 * in order. Throws `not_installed` where nothing here would hold it.
 */
export function onQuestion(status: LockStatus, options: OptionValues, forMs: number | undefined): Card {
  refuseUninstalled(status);
  const { daily } = options;
  const ask = (title: string, label: string, more: Pick<Card, "body" | "fields">): Card => ({
    tone: "warning",
    title,
    ...more,
    actions: [{ label, line: lineOf(options), style: "danger", confirms: true }],
    footer: endWords(status, daily, forMs),
  });
  const length = forMs === undefined ? undefined : lasting(forMs);
  if (isInOrder(status) && length !== undefined) {
    return ask(`Let local-only mode end by itself in ${length}?`, "Set the end", {});
  }
  const when = daily === undefined ? (length === undefined ? "" : ` for ${length}`) : ` every day, ${daily}`;
  return ask(`Turn local-only mode on${when}${status.isOn && when === "" ? " again" : ""}?`, "Turn it on", {
    body: [...consequences(status), ...modelWarning(status)],
    fields: [...layerFields(status), modelsField(status)],
  });
}

/** It is on, holds what it can, and nothing is wrong with it. */
export const isInOrder = ({ enforcement, problems }: LockStatus): boolean =>
  (enforcement === "enforced" || enforcement === "partly") && problems.length === 0;

/** What turning it off would mean, with `written` conversations that hold text of the locked time. */
export function offQuestion(
  status: LockStatus,
  options: OptionValues,
  forMs: number | undefined,
  written: number,
): Card {
  const { restore } = options;
  const keeps = restore === "others" && written > 0;
  const chooses = restore === undefined && written > 0;
  return {
    tone: "warning",
    title: `Turn local-only mode off${forMs === undefined ? "" : ` for ${lasting(forMs)}`}?`,
    body: [
      ...(written === 0
        ? ["No conversation holds text that was written while it was on and would go to the cloud now."]
        : [
            `${conversations(written)} ${written === 1 ? "holds" : "hold"} text that was written while it was on; ${written === 1 ? "its" : "their"} next cloud turn or recap sends it to the provider.`,
          ]),
      ...(keeps ? ["Those stay local until they are released; all others go to their own models again."] : []),
      ...(chooses ? ["To keep those local until they are released: /localonly off restore:others"] : []),
    ],
    actions: [
      {
        label: chooses ? "Restore all" : "Turn it off",
        line: lineOf(chooses ? { ...options, restore: "all" } : options),
        style: "danger",
        confirms: true,
      },
      ...(chooses
        ? [
            {
              label: "Keep those local",
              line: lineOf({ ...options, restore: "others" }),
              style: "secondary" as const,
            },
          ]
        : []),
    ],
    ...(forMs === undefined
      ? {}
      : { footer: `then on again by itself${status.isWatched ? "" : `, if a Clutch runs then`}` }),
  };
}

/** Throws `not_installed`. */
function refuseUninstalled(status: LockStatus): void {
  if (has(status, "guard") || has(status, "wall")) return;
  throw new ClutchError(
    "not_installed",
    "Local-only mode cannot be turned on: neither guard nor wall is there, so nothing would hold it. Nothing was changed.",
    { hint: "On the machine of the gateway: clutch guard install, and clutch wall install." },
  );
}

const has = ({ layers }: LockStatus, wanted: LayerState["name"]): boolean =>
  layers.some(({ name, state }) => name === wanted && state !== "absent");

function modelWarning(status: LockStatus): string[] {
  if (status.localModels.length > 0) return [];
  const instead = has(status, "guard") ? "every turn gets a notice instead" : "no turn gets an answer";
  return [`No local model answers now: ${instead}, until one does (clutch models setup).`];
}

function consequences(status: LockStatus): string[] {
  if (has(status, "guard") && has(status, "wall")) {
    return [
      "Every turn goes to a local model, whatever its conversation is set to. The wall lets no connection to a model in the cloud through, and cuts the open ones.",
      "Then each path is tried, which takes about half a minute.",
    ];
  }
  if (has(status, "guard")) {
    return [
      "There is no wall, so it will be partly enforced: the guard sends turns to local models, but recaps, titles, compaction and memory jobs are only configured to stay local, and programs that a tool starts, voice messages and memory embeddings are not held at all.",
      "To have all of them held: clutch wall install",
    ];
  }
  // 76 to 162 s were measured: OpenClaw takes a closed wall for a bad network and tries again.
  return [
    "There is no guard, so it will be partly enforced: the wall lets no connection to a model in the cloud through, but turns are not sent to a local model either. They fail, some after two minutes or more.",
    "To have them redirected: clutch guard install",
  ];
}

function endWords({ isWatched }: LockStatus, daily: string | undefined, forMs: number | undefined): string {
  const unless = isWatched ? "" : "; but no Clutch is running that would do it (clutch start)";
  if (daily !== undefined) return `on and off by itself every day, by this machine's clock${unless}`;
  if (forMs !== undefined) return `then off by itself${unless}`;
  return "until somebody turns it off: /localonly off";
}

/** The line that says yes to these options, as it would be typed. */
function lineOf({ action = "", restore, for: length, daily, reason }: OptionValues): string {
  const words = Object.entries({ restore, for: length, daily, reason }).flatMap(([name, value]) =>
    value === undefined ? [] : [quoted(`${name}:${value}`)],
  );
  return ["/localonly", action, ...words].join(" ");
}

/** Pieces in different quotes that stand together are one word, so any value can be written. */
const quoted = (word: string): string =>
  /[\s"']/.test(word)
    ? word
        .split(/("+)/)
        .filter((piece) => piece !== "")
        .map((piece) => (piece.startsWith('"') ? `'${piece}'` : `"${piece}"`))
        .join("")
    : word;

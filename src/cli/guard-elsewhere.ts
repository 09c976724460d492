import { ClutchError } from "../errors.ts";
import { GUARD_ID, guardSlots } from "../guard/guard-config.ts";
import { withSlot } from "../openclaw/config-slots.ts";

/** Where the guard lies on a machine that Clutch cannot see; the person puts the home directory in. */
const DIRECTORY = "HOME/.local/state/clutch/guard";
const CANARY_PORT = 28_789;

/** What to do where the gateway runs on another machine, as an error: nothing was done here. */
export function installElsewhere(gatewayUrl: string, source: string): ClutchError {
  const host = URL.parse(gatewayUrl)?.hostname ?? "the gateway's machine";
  const slots = guardSlots({}, { path: `${DIRECTORY}/plugin`, directory: DIRECTORY, canaryPort: CANARY_PORT });
  const snippet = JSON.stringify(slots.reduce<unknown>(withSlot, {}), undefined, 2);
  return new ClutchError("bad_config", `The gateway runs on ${host}; the guard's files have to be there.`, {
    hint: [
      "As the person that runs the gateway, on that machine:",
      "",
      "  npx openclaw-clutch guard install --yes",
      "",
      "or from here:",
      "",
      `  ssh ${host} 'mkdir -p -m 700 .local/state/clutch/guard/plugin'`,
      `  scp ${source}/*.js ${source}/package.json ${source}/openclaw.plugin.json ${host}:.local/state/clutch/guard/plugin/`,
      "",
      "and then into its openclaw.json, with the absolute path of that person's home for HOME",
      `(and ${GUARD_ID} into plugins.allow, where there is such a list), then openclaw gateway restart:`,
      "",
      ...snippet.split("\n").map((line) => `  ${line}`),
    ].join("\n"),
  });
}

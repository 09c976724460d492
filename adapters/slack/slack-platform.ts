import { slackSettings } from "../../src/config.ts";
import { definePlatform } from "../platform.ts";
import { lookAtSlack } from "./look-at-slack.ts";
import { createSlackAdapter } from "./slack-adapter.ts";

export const slackPlatform = definePlatform({
  name: "Slack",
  settings: slackSettings,
  listed: userGroups,
  open({ mode, botToken, appToken, signingSecret, port, host, apiUrl, commands }, parts) {
    const { actions, named, logger, clock, onStatus, onAcknowledged } = parts;
    return createSlackAdapter({
      mode,
      botToken,
      ...(appToken === undefined ? {} : { appToken }),
      ...(signingSecret === undefined ? {} : { signingSecret }),
      ...(port === undefined ? {} : { port }),
      ...(host === undefined ? {} : { host }),
      ...(apiUrl === undefined ? {} : { apiUrl }),
      commandNames: commands,
      actions,
      groupsOf: userGroups(named),
      logger,
      clock,
      onStatus,
      ...(onAcknowledged === undefined ? {} : { onAcknowledged }),
    });
  },
  look: ({ mode, botToken, appToken, apiUrl }, { named, logger }) =>
    lookAtSlack({
      ...{ mode, botToken, logger },
      groups: userGroups(named),
      ...(appToken === undefined ? {} : { appToken }),
      ...(apiUrl === undefined ? {} : { apiUrl }),
    }),
  // The commands are part of the app, and no token may delete that.
  traces: () => ({
    name: "Clutch's commands on Slack",
    look: async () => [],
    remove: async () => undefined,
    stays: "Clutch's app on Slack, until you delete it at https://api.slack.com/apps: its commands go with it",
  }),
});

/** Slack is asked for the members of a group only where an access list names one. */
function userGroups(named: readonly string[]): readonly string[] {
  const prefix = "slack:group:";
  return [...new Set(named.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length)))];
}

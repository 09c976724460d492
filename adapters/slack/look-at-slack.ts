import { webApi } from "@slack/bolt";
import type { Logger } from "pino";
import { broken, type Finding, ok, type PlatformLook, problem, skipped, warning } from "../../src/doctor/check.ts";
import { boltLogger } from "./bolt-logger.ts";
import { missingScopes, slackProblem } from "./slack-problems.ts";

const CALL_MS = 8_000;

/** Scopes without which less is shown, and what. */
const WISHED: Readonly<Record<string, string>> = { "files:write": "charts and files", "im:write": "notices to owners" };

/** Looks at Clutch's Slack app by calls alone: a socket of its own would take commands from the one that serves it. */
export function lookAtSlack(options: {
  readonly mode: "socket" | "http";
  readonly botToken: string;
  readonly appToken?: string;
  readonly apiUrl?: string;
  /** Ids of the user groups that access lists name. */
  readonly groups: readonly string[];
  readonly logger: Logger;
}): PlatformLook {
  const { mode, botToken, appToken, apiUrl, groups, logger } = options;
  const client = (token: string) =>
    new webApi.WebClient(token, {
      ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
      logger: boltLogger(logger),
      timeout: CALL_MS,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
    });

  const socketMode = async (): Promise<Finding> => {
    const name = "app token";
    if (mode === "http") {
      return {
        name,
        ...skipped(
          "In HTTP mode Slack calls Clutch; whether it gets through only a command shows.",
          "/clutch help in Slack",
        ),
      };
    }
    try {
      await client(appToken ?? "").apps.connections.open({});
      return { name, ...ok("Slack accepts it and offers a socket, so Socket Mode is on.") };
    } catch (thrown) {
      return { name, ...problem("broken", slackProblem(thrown, "apps.connections.open")) };
    }
  };

  const scopes = (granted: readonly string[]): Finding => {
    const name = "scopes";
    if (granted.length === 0) return { name, ...skipped("Slack did not say which ones the app has.") };
    const lacking = missingScopes(granted, groups);
    if (lacking !== undefined) return { name, ...problem("broken", lacking) };
    const wished = Object.keys(WISHED).filter((scope) => !granted.includes(scope));
    if (wished.length === 0) return { name, ...ok(`The app has all that it needs (${granted.join(", ")}).`) };
    return {
      name,
      ...warning(
        `The app lacks ${wished.join(", ")}, needed for ${wished.map((scope) => WISHED[scope]).join(" and ")}.`,
        "add them under OAuth & Permissions, reinstall the app to the workspace, then restart Clutch",
      ),
    };
  };

  const bot = async (): Promise<{ readonly findings: readonly Finding[]; readonly ids: readonly string[] }> => {
    try {
      const me = await client(botToken).auth.test();
      const ids = [me.bot_id, me.user_id].flatMap((id) => id ?? []);
      const found = ok(`Slack accepts it: ${me.user ?? "the app"} in ${me.team ?? "the workspace"}.`);
      return { findings: [{ name: "bot token", ...found }, scopes(me.response_metadata?.scopes ?? [])], ids };
    } catch (thrown) {
      const error = slackProblem(thrown, "auth.test");
      return { findings: [{ name: "bot token", ...problem("broken", error) }], ids: [] };
    }
  };

  return {
    name: "Slack",
    async look({ bots }) {
      const [{ findings, ids }, socket] = await Promise.all([bot(), socketMode()]);
      const isTheirs = bots.some(({ platform, id }) => platform === "slack" && ids.includes(id));
      const shared: Finding = isTheirs
        ? broken(
            "OpenClaw uses the same app: Slack gives each command to either of the two.",
            "an app of its own: clutch slack manifest, its tokens as slack.botToken and slack.appToken in clutch.config.json (docs/slack.md)",
          )
        : ok("It is not one that OpenClaw is known to use.");
      return [
        ...findings,
        socket,
        ...(ids.length === 0 ? [] : [{ name: "app", ...shared }]),
        {
          name: "commands",
          ...skipped(
            "Slack does not tell which commands an app has.",
            "compare the app's manifest with clutch slack manifest",
          ),
        },
      ];
    },
  };
}

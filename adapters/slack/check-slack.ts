import { webApi } from "@slack/bolt";
import type { Logger } from "pino";
import { boltLogger } from "./bolt-logger.ts";
import { missingScopes, slackProblem } from "./slack-problems.ts";

/** What Slack says of Clutch's app. */
export interface SlackCheck {
  readonly team: string | undefined;
  readonly user: string | undefined;
}

const TIMEOUT_MS = 10_000;
const API_URL = "https://slack.com/api/";

/**
 * Asks Slack about both tokens and the scopes that the app was given. Opens no
 * connection. Throws `platform_auth`, `platform_scope`, `platform_unreachable`.
 */
export async function checkSlack(asked: {
  readonly botToken: string;
  /** Only socket mode has one. */
  readonly appToken: string | undefined;
  readonly apiUrl: string | undefined;
  /** Ids of the user groups that access lists name. */
  readonly groups: readonly string[];
  readonly logger: Logger;
}): Promise<SlackCheck> {
  const { botToken, appToken, apiUrl = API_URL, groups, logger } = asked;
  const clientFor = (token: string) =>
    new webApi.WebClient(token, {
      slackApiUrl: apiUrl,
      logger: boltLogger(logger),
      timeout: TIMEOUT_MS,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
    });
  const me = await clientFor(botToken)
    .auth.test()
    .catch((thrown: unknown) => Promise.reject(slackProblem(thrown, "auth.test")));
  const lacking = missingScopes(me.response_metadata?.scopes ?? [], groups);
  if (lacking !== undefined) throw lacking;
  if (appToken !== undefined) {
    await clientFor(appToken)
      .apps.connections.open({})
      .catch((thrown: unknown) => Promise.reject(slackProblem(thrown, "apps.connections.open")));
  }
  return { team: me.team, user: me.user };
}

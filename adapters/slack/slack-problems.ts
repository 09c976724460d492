import { webApi } from "@slack/bolt";
import { ClutchError } from "../../src/errors.ts";

/** Slack's answers to a token that is wrong, revoked or of another kind. */
const AUTH_ERRORS: ReadonlySet<string> = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "user_removed_from_team",
  "team_disabled",
  "team_access_not_granted",
  "not_allowed_token_type",
]);

/** Slack's own word for what went wrong, such as `channel_not_found`; undefined where Slack did not answer. */
export const slackErrorName = (thrown: unknown): string | undefined =>
  thrown instanceof webApi.WebAPIPlatformError ? thrown.data.error : undefined;

/** Seconds that Slack asks to wait, from a 429. */
export const retryAfterSeconds = (thrown: unknown): number | undefined =>
  thrown instanceof webApi.WebAPIRateLimitedError ? thrown.retryAfter : undefined;

/**
 * A failed call to Slack as a coded error: `platform_auth`, `platform_scope`
 * with the scope by name, or `platform_unreachable`. `method` is the Web API's.
 */
export function slackProblem(thrown: unknown, method: string): ClutchError {
  if (thrown instanceof ClutchError) return thrown;
  const name = slackErrorName(thrown);
  if (name !== undefined && AUTH_ERRORS.has(name)) {
    const token = method === "apps.connections.open" ? "app-level token (xapp-…)" : "bot token (xoxb-…)";
    return new ClutchError("platform_auth", `Slack refuses Clutch's ${token}: ${name}.`, {
      hint: "Copy it anew from https://api.slack.com/apps (Basic Information, OAuth & Permissions) and restart Clutch.",
      cause: thrown,
    });
  }
  if (name === "missing_scope") return missingScope([neededScope(thrown) ?? `the scope of ${method}`], method, thrown);
  if (name !== undefined) {
    return new ClutchError("platform_unreachable", `Slack did not carry out ${method}: ${name}.`, {
      hint: ADVICE[name] ?? "If it stays, look at https://status.slack.com and at Clutch's log.",
      cause: thrown,
    });
  }
  return new ClutchError("platform_unreachable", `Slack could not be reached (${method}).`, {
    hint: "Clutch goes on trying. Check this machine's network and https://status.slack.com.",
    cause: thrown,
  });
}

/** Scopes that the installed app lacks, by name. */
export function missingScope(scopes: readonly string[], what: string, cause?: unknown): ClutchError {
  const names = scopes.join(", ");
  return new ClutchError("platform_scope", `Clutch's Slack app lacks ${names}, needed for ${what}.`, {
    hint: `Add ${names} under OAuth & Permissions → Bot Token Scopes, then reinstall the app to the workspace and restart Clutch. \`clutch slack manifest\` has them all.`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function neededScope(thrown: unknown): string | undefined {
  if (!(thrown instanceof webApi.WebAPIPlatformError)) return undefined;
  const { needed } = thrown.data as { readonly needed?: unknown };
  return typeof needed === "string" && needed !== "" ? needed : undefined;
}

const INVITE = "Invite Clutch to that channel: /invite @Clutch";
const ADVICE: Readonly<Record<string, string>> = {
  not_in_channel: INVITE,
  channel_not_found: INVITE,
  user_not_in_channel: INVITE,
  is_archived: "The channel is archived.",
};

/** Bot scopes without which part of Clutch fails, and the part. */
const SCOPES: Readonly<Record<string, string>> = {
  commands: "slash commands and the message shortcut",
  "chat:write": "answers in threads and notices",
  "app_mentions:read": "commands in threads, by mention",
};

/** What the scopes that Slack granted are short of; undefined where it did not say, or nothing is. */
export function missingScopes(granted: readonly string[], groups: readonly string[]): ClutchError | undefined {
  if (granted.length === 0) return undefined;
  const needed = groups.length === 0 ? SCOPES : { ...SCOPES, "usergroups:read": "the user groups of the access lists" };
  const lacking = Object.keys(needed).filter((scope) => !granted.includes(scope));
  return lacking.length === 0 ? undefined : missingScope(lacking, lacking.map((scope) => needed[scope]).join(", "));
}

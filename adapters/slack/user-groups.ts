import { setTimeout as sleep } from "node:timers/promises";
import type { webApi } from "@slack/bolt";
import type { ClutchError } from "../../src/errors.ts";
import { ageOf } from "../../src/models/age.ts";
import { slackProblem } from "./slack-problems.ts";

export interface UserGroups {
  /**
   * `group:S…` for each watched group that the person belongs to. Waits for Slack where
   * what we know is old, for `patienceMs` at the most where there is no time for more.
   */
  groupsOf(user: string, patienceMs?: number): Promise<readonly string[]>;
}

/** Someone taken out of a group loses its rights within this, ms. */
const KEPT_MS = 60_000;

/**
 * Membership of the user groups that access lists name. Slack is asked for
 * whole groups, at most once a minute each, and never if there are none.
 * While Slack cannot be asked, what was known last counts; a group that was
 * never read has no members.
 */
export function createUserGroups(options: {
  readonly client: webApi.WebClient;
  readonly groups: readonly string[];
  readonly clock: () => number;
  readonly onProblem: (problem: ClutchError | undefined) => void;
}): UserGroups {
  const { client, groups, clock, onProblem } = options;
  const members = new Map<string, ReadonlySet<string>>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    try {
      for (const usergroup of groups) {
        const { users = [] } = await client.usergroups.users.list({ usergroup });
        members.set(usergroup, new Set(users));
      }
      onProblem(undefined);
    } catch (thrown) {
      onProblem(slackProblem(thrown, "usergroups.users.list"));
    }
    readAt = clock();
  };

  return {
    async groupsOf(user, patienceMs) {
      if (groups.length === 0) return [];
      if (ageOf(readAt, clock()) > KEPT_MS) {
        reading ??= read().finally(() => {
          reading = undefined;
        });
        const enough = patienceMs === undefined ? [] : [sleep(patienceMs, undefined, { ref: false })];
        await Promise.race([reading, ...enough]);
      }
      return groups.filter((group) => members.get(group)?.has(user) === true).map((group) => `group:${group}`);
    },
  };
}

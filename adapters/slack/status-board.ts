import type { ClutchError } from "../../src/errors.ts";
import type { SlackStatus } from "./slack-options.ts";

/** Puts together from several sources how the adapter is doing, and tells of each change once. */
export interface StatusBoard {
  /** How the way from Slack to us stands: up, with `problem` if only in part, or down. */
  connection(up: boolean, problem?: ClutchError): void;
  /** Something that fails beside the connection, under a name of its own; undefined when it works again. */
  part(name: string, problem: ClutchError | undefined): void;
  readonly current: SlackStatus;
}

export function createStatusBoard(onStatus: (status: SlackStatus) => void): StatusBoard {
  const parts = new Map<string, ClutchError>();
  let up = false;
  let trouble: ClutchError | undefined;
  let current: SlackStatus = { state: "connecting" };

  const judge = (): SlackStatus => {
    const problem = trouble ?? parts.values().next().value;
    if (problem === undefined) return { state: up ? "ready" : "connecting" };
    const refused = [trouble, ...parts.values()].find((one) => one?.code === "platform_auth");
    if (refused !== undefined && (!up || trouble === undefined)) return { state: "failed", problem: refused };
    return { state: "degraded", problem };
  };
  const update = (): void => {
    const next = judge();
    if (next.state === current.state && next.problem?.message === current.problem?.message) return;
    current = next;
    onStatus(next);
  };
  return {
    connection(isUp, problem) {
      up = isUp;
      trouble = problem;
      update();
    },
    part(name, problem) {
      if (problem === undefined) parts.delete(name);
      else parts.set(name, problem);
      update();
    },
    get current() {
      return current;
    },
  };
}

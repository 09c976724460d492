import type { Logger } from "pino";
import type { ActionStore } from "../../commands/action-store.ts";
import type { ClutchError } from "../../src/errors.ts";

/** What the adapter needs to be Clutch's own Slack app. */
export interface SlackOptions {
  /** `socket`: Clutch calls Slack. `http`: Slack calls Clutch, at `POST /slack/events`. */
  readonly mode: "socket" | "http";
  /** `xapp-…` with `connections:write`; needed in socket mode. */
  readonly appToken?: string;
  /** `xoxb-…` */
  readonly botToken: string;
  /** Needed in HTTP mode: requests that are not signed with it are refused. */
  readonly signingSecret?: string;
  /** HTTP mode: where to listen; port 3000 on every address unless given, port 0 takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Another root of the Web API, such as `http://127.0.0.1:1234/api/`. */
  readonly apiUrl?: string;
  /** The slash command of each of Clutch's commands, `{ model: "/model" }`; one that is left out is `/` and its name. `/clutch COMMAND` always works. */
  readonly commandNames: Readonly<Record<string, string>>;
  readonly actions: ActionStore;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told how long each acknowledgement took, ms. */
  readonly onAcknowledged?: (ms: number) => void;
  /** Called on each change, never after `stop`. */
  readonly onStatus: (status: SlackStatus) => void;
  /** Ids of the user groups (`S…`) that access lists name; Slack is asked for their members only if there are any. */
  readonly groupsOf?: readonly string[];
}

export interface SlackStatus {
  /**
   * `connecting` before the first success; `degraded` works in part, or is
   * retrying; `failed` needs a person, though Clutch goes on trying.
   */
  readonly state: "connecting" | "ready" | "degraded" | "failed";
  /** What is wrong and what to do, where something is. */
  readonly problem?: ClutchError;
}

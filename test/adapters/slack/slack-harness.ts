import { pino } from "pino";
import { afterEach } from "vitest";
import { createSlackAdapter, type SlackAdapter } from "../../../adapters/slack/slack-adapter.ts";
import type { SlackOptions, SlackStatus } from "../../../adapters/slack/slack-options.ts";
import { createActionStore } from "../../../commands/action-store.ts";
import { openStore } from "../../../src/store/open-store.ts";
import { openSlackStandIn, type SlackStandIn, type StandInOptions } from "../../platforms/slack/slack-stand-in.ts";

export type Mode = SlackOptions["mode"];
export const MODES = ["socket", "http"] as const satisfies readonly Mode[];

export interface SlackHarness {
  readonly slack: SlackStandIn;
  readonly adapter: SlackAdapter;
  readonly statuses: SlackStatus[];
  /** What was logged, as JSON lines. */
  readonly log: string[];
  /** Moves the adapter's and Slack's clock. */
  readonly time: { now: number };
  start(dispatch: Parameters<SlackAdapter["start"]>[0]): Promise<void>;
  close(): Promise<void>;
}

const open: SlackHarness[] = [];

afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

/** The real adapter against a stand-in Slack; both end with the test, which fails where Slack's rules were broken. */
export async function openSlack(
  mode: Mode = "socket",
  options: Partial<SlackOptions> = {},
  standIn: StandInOptions = {},
): Promise<SlackHarness> {
  const time = { now: Date.now() };
  const clock = (): number => time.now;
  const slack = await openSlackStandIn({ clock, ...standIn });
  const store = await openStore("sqlite::memory:", { clock });
  const statuses: SlackStatus[] = [];
  const log: string[] = [];
  const adapter = createSlackAdapter({
    mode,
    appToken: slack.app.appToken,
    botToken: slack.app.botToken,
    signingSecret: slack.app.signingSecret,
    port: 0,
    host: "127.0.0.1",
    apiUrl: slack.apiUrl,
    commandNames: { model: "/model" },
    actions: createActionStore(store.expiring("actions")),
    logger: pino({ level: "debug" }, { write: (line: string) => void log.push(line) }),
    clock,
    onStatus: (status) => void statuses.push(status),
    ...options,
  });
  let closed = false;
  const harness: SlackHarness = {
    slack,
    statuses,
    log,
    time,
    // The address is known once it listens, and then Slack is told.
    adapter: {
      ...adapter,
      get status() {
        return adapter.status;
      },
      get missedAcks() {
        return adapter.missedAcks;
      },
      get port() {
        return adapter.port;
      },
      async start(dispatch) {
        await adapter.start(dispatch);
        if (mode === "http") slack.app.requestUrl = `http://127.0.0.1:${adapter.port}/slack/events`;
      },
    },
    start: (dispatch) => harness.adapter.start(dispatch),
    async close() {
      if (closed) return;
      closed = true;
      await adapter.stop();
      await store.close();
      await slack.close();
    },
  };
  open.push(harness);
  return harness;
}

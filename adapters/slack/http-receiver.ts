import { HTTPReceiver } from "@slack/bolt";
import type { Logger } from "pino";
import type { AckWatch } from "./ack-watch.ts";
import { boltLogger } from "./bolt-logger.ts";

/**
 * Bolt's own receiver at `POST /slack/events`: it refuses requests with a wrong
 * signature or one older than five minutes with 401, and answers Slack's
 * `url_verification`. It has its own watch for acknowledgements, which reports here.
 */
export function createHttpReceiver(options: {
  readonly signingSecret: string;
  readonly watch: AckWatch;
  readonly logger: Logger;
}): HTTPReceiver {
  return new HTTPReceiver({
    signingSecret: options.signingSecret,
    logger: boltLogger(options.logger),
    unhandledRequestHandler: ({ response }) => {
      options.watch.miss("request over HTTP");
      response.writeHead(404).end();
    },
    dispatchErrorHandler: ({ response }) => {
      response.writeHead(404).end();
    },
    processEventErrorHandler: async ({ error, response }) => {
      options.logger.warn({ err: error }, "Bolt could not make sense of a payload");
      if (!response.headersSent) response.writeHead(400).end();
      return true;
    },
  });
}

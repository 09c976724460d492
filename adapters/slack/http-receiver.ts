import type { ServerOptions } from "node:http";
import { HTTPReceiver } from "@slack/bolt";
import type { Logger } from "pino";
import type { AckWatch } from "./ack-watch.ts";
import { boltLogger } from "./bolt-logger.ts";

/** Slack's largest payloads, of messages with many blocks, stay far below. */
const MAX_BODY_BYTES = 1_000_000;

/**
 * What Bolt's server does not do by itself: whoever trickles a request is cut off
 * soon, and so is a connection that says nothing. All in ms. Slack sends a request
 * within fractions of a second.
 */
export const HTTP_LIMITS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
};

/** More than Slack opens at a time. */
export const MAX_CONNECTIONS = 256;

/**
 * Bolt's own receiver at `POST /slack/events`: it refuses requests with a wrong
 * signature or one older than five minutes with 401, and answers Slack's
 * `url_verification`. It has its own watch for acknowledgements, which reports here.
 */
export function createHttpReceiver(options: {
  readonly signingSecret: string;
  readonly watch: AckWatch;
  /** Told how long each acknowledgement took, ms. */
  readonly onAcknowledged?: ((ms: number) => void) | undefined;
  readonly logger: Logger;
}): HTTPReceiver {
  const receiver = new HTTPReceiver({
    signingSecret: options.signingSecret,
    bodyLimit: MAX_BODY_BYTES,
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
  const answer = receiver.requestListener;
  receiver.requestListener = (request, response) => {
    const began = performance.now();
    response.once("finish", () => {
      if (response.statusCode === 200) options.onAcknowledged?.(performance.now() - began);
    });
    answer(request, response);
  };
  return receiver;
}

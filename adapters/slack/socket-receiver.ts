import type { App, Receiver } from "@slack/bolt";
import type { Logger } from "pino";
import type { AckWatch } from "./ack-watch.ts";
import type { Envelope } from "./socket-connection.ts";
import { createSocketPool, type SocketPoolOptions } from "./socket-pool.ts";

/** Socket Mode as Bolt wants a receiver to be, on sockets that leave no gap and cannot end the process. */
export interface SocketReceiver extends Receiver {
  /** Resolves after the first attempt: with what went wrong, or undefined. */
  start(): Promise<unknown>;
}

export function createSocketReceiver(
  options: Pick<SocketPoolOptions, "openUrl" | "onChange"> & { readonly watch: AckWatch; readonly logger: Logger },
): SocketReceiver {
  const { watch, logger } = options;
  let app: App | undefined;

  const onEnvelope = (envelope: Envelope): void => {
    const acknowledged = watch.watch(envelope.type);
    let answered = false;
    const ack = async (answer?: unknown): Promise<void> => {
      if (answered) return;
      answered = true;
      acknowledged();
      if (!envelope.ack(answer)) logger.warn({ type: envelope.type }, "the socket was gone before the acknowledgement");
    };
    const { payload: body } = envelope;
    if (typeof body !== "object" || body === null) {
      ack();
      return;
    }
    app?.processEvent({ body: { ...body }, ack }).catch((thrown: unknown) => {
      logger.warn({ type: envelope.type, err: thrown }, "Bolt could not make sense of a payload");
    });
  };
  const pool = createSocketPool({ ...options, onEnvelope });

  return {
    init(bolt) {
      app = bolt;
    },
    start: () => pool.start(),
    async stop() {
      pool.stop();
    },
  };
}

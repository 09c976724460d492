import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { toClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Readiness } from "../observe/readiness.ts";
import { type StatusServer, startStatusServer } from "../observe/status-server.ts";

/** The server that tells how Clutch is; without it Clutch goes on all the same. */
export interface StatusPlace {
  open(http: Config["http"]): Promise<void>;
  close(): Promise<void>;
}

export function createStatusPlace(parts: {
  readonly ready: () => Promise<Readiness>;
  readonly say: (line: string) => void;
  readonly secrets: readonly string[];
  readonly metrics: Metrics;
  readonly logger: Logger;
}): StatusPlace {
  const { say, secrets, logger } = parts;
  let server: StatusServer | undefined;
  return {
    async open({ listen, hosts }) {
      await server?.close();
      server = undefined;
      if (listen === false) return;
      try {
        server = await startStatusServer({ ...parts, listen, hosts, hide: (text) => hideSecrets(text, secrets) });
        logger.info({ url: server.url }, "health and metrics are served");
      } catch (thrown) {
        const { message, hint } = toClutchError(thrown);
        logger.warn({ listen }, message);
        say(`${message} Clutch goes on without /healthz, /readyz and /metrics. ${hint}`);
      }
    },
    close: async () => server?.close(),
  };
}

import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Logger } from "pino";
import { ClutchError, toClutchError } from "../errors.ts";
import { CONTROL_SOCKET, controlRequestSchema, type WallStatus } from "./wall-status.ts";

const MAX_BODY_BYTES = 200_000;
/** What the shortest system allows in the name of a socket. */
const MAX_PATH_BYTES = 103;

/**
 * HTTP on a Unix socket in the state directory, which only its owner can open: no
 * token to leak, no port to find, and no web page reaches it. `GET /status`,
 * `POST /close` and `POST /open`. Returns what closes it.
 */
export async function startControlServer(parts: {
  readonly directory: string;
  readonly status: () => WallStatus;
  readonly close: (id: string, rules: WallStatus["rules"] | undefined) => void;
  readonly open: (id: string) => void;
  readonly logger: Logger;
}): Promise<() => Promise<void>> {
  const path = socketPath(parts.directory);
  const handle = async (request: IncomingMessage): Promise<void> => {
    const asked = `${request.method} ${request.url}`;
    if (asked === "GET /status") return;
    const { id, rules } = controlRequestSchema.parse(JSON.parse(await bodyOf(request)));
    if (asked === "POST /close") parts.close(id, rules);
    else if (asked === "POST /open") parts.open(id);
    else throw new ClutchError("bad_option", "The wall knows status, close and open.");
  };
  const server = createServer((request, response) => {
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify(body));
    };
    handle(request).then(
      () => reply(200, { status: parts.status() }),
      (thrown: unknown) => {
        const error = isUnreadable(thrown)
          ? new ClutchError("bad_option", "The request is not one.")
          : toClutchError(thrown);
        if (error.isFault) parts.logger.error({ err: thrown }, "the wall could not do what it was told");
        const { code, message, hint } = error;
        reply(error.isFault ? 500 : 409, { error: { code, message, hint } });
      },
    );
  });
  mkdirSync(parts.directory, { recursive: true, mode: 0o700 });
  chmodSync(parts.directory, 0o700);
  // Left behind by a wall that was killed; one that runs was asked for before.
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

/** Throws `bad_config` where the system could not open it. */
export function socketPath(directory: string): string {
  const path = join(directory, CONTROL_SOCKET);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path;
  throw new ClutchError("bad_config", `The wall's state directory ${directory} has too long a name for a socket.`, {
    hint: `Set XDG_STATE_HOME to a shorter one: ${path.length} characters are ${path.length - MAX_PATH_BYTES} too many.`,
  });
}

const isUnreadable = (thrown: unknown): boolean =>
  thrown instanceof SyntaxError || (thrown instanceof Error && thrown.name.endsWith("ZodError"));

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ClutchError("bad_option", "The request is too long.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

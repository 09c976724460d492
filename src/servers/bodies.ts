import { ServerFault } from "./server-fault.ts";

/** Far above any list of models, far below what would hurt this process. */
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_LINE_BYTES = 1024 * 1024;
const MOST_ERROR_BYTES = 16 * 1024;
const LINE_FEED = 10;

/** Reads the body here, under the deadline and the size limit, so that nothing behind it waits on a socket. */
export async function wholeBody(response: Response): Promise<Response> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MOST_BYTES) throw new ServerFault("not_understood", `sent more than ${MOST_BYTES >> 20} MiB`);
    parts.push(part);
  }
  return new Response(Buffer.concat(parts));
}

/** As much of an error's body as can hold its message. */
export async function readSome(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    parts.push(part);
    if (bytes > MOST_ERROR_BYTES) break;
  }
  return Buffer.concat(parts).toString("utf8");
}

/**
 * A stream's bytes as they come, each wait under `watched`. All streams here are made
 * of lines, and whoever reads them keeps a line until it is whole: one without end
 * would take all memory.
 */
export async function* guardedBody(
  response: Response,
  watched: <T>(wait: () => Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  let lineBytes = 0;
  try {
    for (;;) {
      const part = await watched(async () => {
        const { done, value } = await reader.read();
        if (done) return undefined;
        const first = value.indexOf(LINE_FEED);
        if (lineBytes + (first < 0 ? value.length : first) > MOST_LINE_BYTES) {
          throw new ServerFault("not_understood", `sent a line of more than ${MOST_LINE_BYTES >> 20} MiB`);
        }
        lineBytes = first < 0 ? lineBytes + value.length : value.length - value.lastIndexOf(LINE_FEED) - 1;
        return value;
      });
      if (part === undefined) return;
      yield part;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

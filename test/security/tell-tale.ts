import type { rawServers } from "../servers/raw-servers.ts";

/** Says what it was sent, in a way that each kind of server may say it. */
export const tellTale = (servers: ReturnType<typeof rawServers>, status: number): Promise<string> =>
  servers.http((request, response) => {
    const heard = `${JSON.stringify(request.headers)} ${request.url}`;
    response.writeHead(status, { "content-type": "application/json", "x-heard": "yes" });
    response.end(
      JSON.stringify({ error: { type: heard, message: heard, code: heard }, message: heard, version: heard }),
    );
  });

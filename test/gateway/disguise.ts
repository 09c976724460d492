import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A model whose remote host is left out at this place. */
export interface Hidden {
  readonly inTags: string;
  readonly inShow: string;
}

/**
 * Stands before Ollama and takes from its answers where it passes a model on to,
 * in its list for one model and in the description for another. All else passes.
 */
export async function startDisguise(
  url: string,
  hidden: Hidden,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((incoming, response) => void pass(url, hidden, incoming, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function pass(url: string, hidden: Hidden, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(incoming);
  const { url: path = "/", method = "GET" } = incoming;
  const outgoing = request(`${url}${path}`, { method, headers: { "content-type": "application/json" } }, (answer) => {
    const isEdited = path === "/api/tags" || (path === "/api/show" && body.includes(`"${hidden.inShow}"`));
    response.writeHead(answer.statusCode ?? 500, { "content-type": answer.headers["content-type"] });
    if (!isEdited) answer.pipe(response);
    else
      void text(answer).then((said) => response.end(path === "/api/tags" ? without(said, hidden.inTags) : bare(said)));
  });
  outgoing.on("error", () => response.destroy());
  response.on("close", () => outgoing.destroy());
  outgoing.end(body);
}

const without = (tags: string, name: string): string => {
  const { models } = JSON.parse(tags) as { models: { name: string }[] };
  return JSON.stringify({
    models: models.map((model) => (model.name === name ? JSON.parse(bare(JSON.stringify(model))) : model)),
  });
};

const bare = (entry: string): string => {
  const { remote_host, remote_model, ...rest } = JSON.parse(entry) as Record<string, unknown>;
  return JSON.stringify(rest);
};

import { createServer } from "node:http";

/**
 * A model server that is nothing but a trap: Clutch defines it in OpenClaw as a
 * model in the cloud, so whatever reaches it would have left this machine. It
 * answers like Anthropic, since a canary that gets out must end quickly.
 * @param {{ port: number, onError: (error: unknown) => void }} options
 */
export function startCanary({ port, onError }) {
  let hits = 0;
  const server = createServer((request, response) => {
    hits += 1;
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of ANSWER) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
      response.end();
    });
  });
  server.on("error", onError);
  server.listen(port, "127.0.0.1");
  server.unref();
  return {
    hits: () => hits,
    isListening: () => server.listening,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const ANSWER = [
  {
    type: "message_start",
    message: {
      id: "canary",
      type: "message",
      role: "assistant",
      model: "canary",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "The canary got out." } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 0 } },
  { type: "message_stop" },
];

import { randomBytes } from "node:crypto";
import { toClutchError } from "../errors.ts";
import type { ToolCalls } from "../registry/model-facts.ts";
import type { GenerateRequest, LocalModelServer, ToolDefinition } from "../servers/model-server.ts";

const WANTED = "read_thermometer";

const TOOLS: readonly ToolDefinition[] = [
  {
    name: WANTED,
    description: "Reads the thermometer of a room and gives the temperature there in degrees Celsius.",
    parameters: {
      type: "object",
      properties: { room: { type: "string", description: "Name of the room" } },
      required: ["room"],
    },
  },
  {
    name: "send_message",
    description: "Sends a short message to a person.",
    parameters: {
      type: "object",
      properties: { person: { type: "string" }, message: { type: "string" } },
      required: ["person", "message"],
    },
  },
];

/** Room for a model that thinks before it calls. */
const MOST_TOKENS = 1_024;

/**
 * Whether a model calls the one of two tools that a question needs: `works` where
 * the server passes the call on as such, `text` where it comes as plain text that
 * no agent acts on, `none` where there is no call. Rejects with the server's codes.
 */
export async function askForTool(
  server: LocalModelServer,
  base: Omit<GenerateRequest, "messages">,
  signal: AbortSignal,
): Promise<ToolCalls> {
  const system = `You run a house and know nothing about its rooms but what your tools tell you. Note ${randomBytes(6).toString("hex")}.`;
  const messages = [{ role: "user" as const, text: "How warm is it in the cellar at this moment?" }];
  let text = "";
  let called = false;
  try {
    const request = { ...base, system, messages, tools: TOOLS, maxTokens: MOST_TOKENS };
    for await (const event of server.generate(request, signal)) {
      if (event.kind === "text") text += event.text;
      if (event.kind === "tool") called ||= event.name === WANTED && /cellar/i.test(String(event.args["room"]));
    }
  } catch (thrown) {
    // Ollama refuses the request where the model's template has no place for tools.
    if (/does not support tools/i.test(toClutchError(thrown).message)) return "none";
    throw thrown;
  }
  if (called) return "works";
  return text.includes(WANTED) && text.includes("{") ? "text" : "none";
}

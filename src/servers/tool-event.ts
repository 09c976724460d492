import { z } from "zod";
import type { GenerateEvent } from "./model-server.ts";

const args = z.record(z.string(), z.unknown());

/**
 * A tool call whose arguments came as JSON text. What a model writes there is its
 * own doing, not its server's: arguments that cannot be read, or that were cut at
 * `maxTokens`, are passed on as plain text, so that the answer counts as one
 * without a usable tool call rather than as a broken server.
 */
export function toolEvent(name: string, json: string): GenerateEvent {
  try {
    return { kind: "tool", name, args: args.parse(json.trim() === "" ? {} : JSON.parse(json)) };
  } catch {
    return { kind: "text", text: `${name}(${json})` };
  }
}

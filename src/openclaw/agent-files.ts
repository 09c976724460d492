import { createHash } from "node:crypto";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import { parseReply } from "./wire.ts";

export interface AgentFile {
  readonly content: string;
  /** SHA-256 of the file's bytes, hex; of the content, where the gateway (before 2026.9.6) does not say. */
  readonly hash: string;
}

/** The files in an agent's workspace that make up its prompt. Throws the codes of `GatewayConnection.request`. */
export interface AgentFiles {
  /** Undefined where the agent has no such file. The gateway refuses links and what lies outside the workspace. */
  readAgentFile(agentId: string, name: string, options?: RequestOptions): Promise<AgentFile | undefined>;
  /**
   * Replaces a file whose bytes still have the hash that was read, otherwise
   * `changed_meanwhile`. A gateway that can't compare refuses.
   */
  writeAgentFile(
    agentId: string,
    name: string,
    content: string,
    expectedHash: string,
    options?: RequestOptions,
  ): Promise<void>;
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export function createAgentFiles(connection: Pick<GatewayConnection, "request">): AgentFiles {
  return {
    async readAgentFile(agentId, name, options) {
      const raw = await connection.request("agents.files.get", { agentId, name }, options);
      const { file } = parseReply(fileReply, "agents.files.get", raw);
      return file.missing ? undefined : { content: file.content, hash: file.hash ?? sha256(file.content) };
    },
    async writeAgentFile(agentId, name, content, expectedHash, options) {
      try {
        await connection.request("agents.files.set", { agentId, name, content, expectedHash }, options);
      } catch (thrown) {
        if (!(thrown instanceof ClutchError) || !conflict.safeParse(thrown.cause).success) throw thrown;
        throw new ClutchError(
          "changed_meanwhile",
          `${name} of agent ${agentId} changed at the same moment; nothing was written.`,
          { hint: "Try again.", cause: thrown },
        );
      }
    },
  };
}

const fileReply = z.object({
  file: z.discriminatedUnion("missing", [
    z.object({ missing: z.literal(true) }),
    z.object({ missing: z.literal(false), content: z.string(), hash: z.string().optional() }),
  ]),
});

const conflict = z.object({ details: z.object({ type: z.literal("agent_file_conflict") }) });

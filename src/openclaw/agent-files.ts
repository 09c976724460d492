import { createHash } from "node:crypto";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import type { GatewayConnection, RequestOptions } from "./connection.ts";
import { refusesProperty } from "./request-errors.ts";
import { parseReply } from "./wire.ts";

export interface AgentFile {
  readonly content: string;
  /**
   * SHA-256 of the file's bytes, hex. Where the gateway does not say (2026.8.1), that of the content,
   * and empty where the content cannot be taken for the bytes, since they are not all UTF-8.
   */
  readonly hash: string;
}

/** The files in an agent's workspace that make up its prompt. Throws the codes of `GatewayConnection.request`. */
export interface AgentFiles {
  /** Undefined where the agent has no such file. The gateway refuses links and what lies outside the workspace. */
  readAgentFile(agentId: string, name: string, options?: RequestOptions): Promise<AgentFile | undefined>;
  /**
   * Replaces a file whose bytes still have the hash that was read, otherwise
   * `changed_meanwhile`. For a gateway that can't compare (2026.8.1) it is read again
   * and compared here, right before it is written.
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
  const read: AgentFiles["readAgentFile"] = async (agentId, name, options) => {
    const raw = await connection.request("agents.files.get", { agentId, name }, options);
    const { file } = parseReply(fileReply, "agents.files.get", raw);
    return file.missing ? undefined : { content: file.content, hash: file.hash ?? hashOf(file) };
  };

  return {
    readAgentFile: read,
    async writeAgentFile(agentId, name, content, expectedHash, options) {
      const write = (only: object) =>
        connection.request("agents.files.set", { agentId, name, content, ...only }, options);
      try {
        await write({ expectedHash });
      } catch (thrown) {
        if (conflict.safeParse(thrown instanceof ClutchError ? thrown.cause : undefined).success)
          throw changedMeanwhile(agentId, name, thrown);
        if (!refusesProperty(thrown, "expectedHash")) throw thrown;
        // What anybody writes between these two requests is lost, some ms. To refuse would not be
        // safer for the file, which its agent and editors write without asking anyway.
        if ((await read(agentId, name, options))?.hash !== expectedHash) throw changedMeanwhile(agentId, name, thrown);
        await write({});
      }
    },
  };
}

/** Bytes that are not UTF-8 came as the replacement character, or as fewer or more bytes than there are. */
const hashOf = ({ content, size }: { readonly content: string; readonly size?: number | undefined }): string =>
  content.includes("\u{fffd}") || (size !== undefined && size !== Buffer.byteLength(content)) ? "" : sha256(content);

const changedMeanwhile = (agentId: string, name: string, cause: unknown): ClutchError =>
  new ClutchError("changed_meanwhile", `${name} of agent ${agentId} changed at the same moment; nothing was written.`, {
    hint: "Try again.",
    cause,
  });

const fileReply = z.object({
  file: z.discriminatedUnion("missing", [
    z.object({ missing: z.literal(true) }),
    z.object({
      missing: z.literal(false),
      content: z.string(),
      hash: z.string().optional(),
      size: z.number().optional().catch(undefined),
    }),
  ]),
});

const conflict = z.object({ details: z.object({ type: z.literal("agent_file_conflict") }) });
